//! Every event is answered: by acknowledgement when its client asked for one, and failures by `error` when not.

use owlpost_domain::{DomainError, ErrorCode, payload::ErrorPayload};
use owlpost_realtime::{Frame, Transport};
use serde_json::{Map, Value, json};

use crate::transport::SocketTransport;

/// What a handler answers besides `ok: true`.
pub(crate) type Answer = Map<String, Value>;

/// Why an event was not done: the code and the text for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
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

    pub(crate) fn to_answer(&self) -> Value {
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

/// For a socket that gets no session: an `error` event says why.
pub(crate) fn send_refusal_to_socket(transport: &SocketTransport, error: &DomainError) {
    let refusal = Refusal::from(error);
    let payload = ErrorPayload { code: refusal.code, message: refusal.message };
    let frame = Frame::from_payload(&payload);
    // The first packet of a new socket always fits.
    let _ = transport.try_send_frame(&frame);
}
