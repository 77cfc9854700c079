//! Every event is answered: by acknowledgement when its client asked for one, and failures by `error` when not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use owlpost_domain::{DomainError, ErrorCode, EventName, payload::ErrorPayload};
use owlpost_realtime::{CloseReason, Frame, SendOutcome, Transport};
use serde_json::{Map, Value, json};

use crate::{connection::Connection, transport::SocketTransport};

/// What a handler answers besides `ok: true`.
pub(crate) type Answer = Map<String, Value>;

/// Pause before an answer is offered to a full queue again, and for how long it is.
const OFFER_PAUSE: Duration = Duration::from_millis(2);
const OFFER_TIME: Duration = Duration::from_secs(10);

/// Why an event was not done: the code and the text for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: ErrorCode,
    message: String,
    field: Option<String>,
}

impl Refusal {
    pub(crate) fn rate_limited() -> Self {
        let message = "Too many events; slow down or be disconnected".to_owned();
        Self { code: ErrorCode::RateLimited, message, field: None }
    }

    pub(crate) fn payload_too_large() -> Self {
        let message = "The message is larger than the limit".to_owned();
        Self { code: ErrorCode::PayloadTooLarge, message, field: None }
    }

    fn to_answer(&self) -> Value {
        json!({ "ok": false, "error": self.to_json() })
    }

    fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(field) = &self.field {
            error["details"] = json!({ "field": field });
        }
        error
    }
}

/// The one place where a failure becomes what a socket client sees. Causes are logged, never sent.
impl From<&DomainError> for Refusal {
    fn from(error: &DomainError) -> Self {
        let field = match error {
            DomainError::Validation { field, .. } => Some(field.clone()),
            DomainError::Internal(cause) => {
                tracing::error!(%cause, "an event failed");
                None
            }
            DomainError::Unavailable(cause) => {
                tracing::warn!(%cause, "an event could not be worked on");
                None
            }
            DomainError::Unauthenticated
            | DomainError::TokenExpired
            | DomainError::Forbidden(_)
            | DomainError::NotFound(_)
            | DomainError::Conflict(_) => None,
        };
        Self { code: error.code(), message: error.to_string(), field }
    }
}

impl Connection {
    pub(crate) async fn answer_event_with_result(
        &self,
        ack: Option<i64>,
        result: Result<Answer, DomainError>,
    ) {
        let result = result.map_err(|error| Refusal::from(&error));
        match (ack, result) {
            (None, Ok(_)) => {}
            (None, Err(refusal)) => self.send_refusal_as_error_event(&refusal),
            (Some(ack), Ok(mut answer)) => {
                answer.insert("ok".to_owned(), Value::Bool(true));
                self.send_answer_with_patience(ack, &Value::Object(answer).to_string()).await;
            }
            (Some(ack), Err(refusal)) => self.answer_refused_event_now(ack, &refusal).await,
        }
    }

    pub(crate) async fn answer_refused_event_now(&self, ack: i64, refusal: &Refusal) {
        self.send_answer_with_patience(ack, &refusal.to_answer().to_string()).await;
    }

    /// Without waiting: for a client that sends faster than it may. Where there is no room, the answer takes its turn.
    pub(crate) fn answer_refused_event_soon(self: &Arc<Self>, ack: Option<i64>, refusal: Refusal) {
        let Some(ack) = ack else { return self.send_refusal_as_error_event(&refusal) };
        let answer = refusal.to_answer().to_string();
        let packet = self.shared.format.encode_answer_for_ack(&answer, ack);
        match self.transport.send_packet_to_client(packet) {
            SendOutcome::Sent | SendOutcome::Closed => {}
            SendOutcome::Full => self.answer_refused_event_later(ack, refusal),
        }
    }

    fn send_refusal_as_error_event(&self, refusal: &Refusal) {
        self.shared.core.send_error_to_session(&self.session, refusal.code, &refusal.message);
    }

    async fn send_answer_with_patience(&self, ack: i64, answer: &str) {
        let begun = Instant::now();
        loop {
            let packet = self.shared.format.encode_answer_for_ack(answer, ack);
            match self.transport.send_packet_to_client(packet) {
                SendOutcome::Sent | SendOutcome::Closed => return,
                SendOutcome::Full if begun.elapsed() > OFFER_TIME || self.session.is_closed() => {
                    // Not answering in silence is no option: the client sees its connection break.
                    let reason = CloseReason::SlowConsumer;
                    self.shared.core.close_session_with_reason(&self.session, reason);
                    return;
                }
                SendOutcome::Full => tokio::time::sleep(OFFER_PAUSE).await,
            }
        }
    }
}

/// For a socket that gets no session: an `error` event says why.
pub(crate) fn send_refusal_to_socket(transport: &SocketTransport, error: &DomainError) {
    let refusal = Refusal::from(error);
    let payload = ErrorPayload { code: refusal.code, message: refusal.message };
    let frame = Frame::from_payload(EventName::Error, &payload);
    // The first packet of a new socket always fits.
    let _ = transport.try_send_frame(&frame);
}
