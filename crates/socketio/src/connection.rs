//! What one socket is made of, and how its client is answered.

use std::sync::Arc;

use owlpost_domain::DomainError;
use owlpost_realtime::{Session, SessionEnd};
use serde_json::Value;
use socketioxide::socket::DisconnectReason;

use crate::{
    inbox::Inbox,
    reply::{Answer, Refusal},
    shared::Shared,
    transport::{SocketReply, SocketTransport},
};

/// What the handlers of one socket share.
pub(crate) struct Connection {
    pub(crate) shared: Shared,
    pub(crate) session: Arc<Session>,
    pub(crate) transport: Arc<SocketTransport>,
    pub(crate) inbox: Inbox,
}

impl Connection {
    pub(crate) fn answer_event_with_result(
        &self,
        ack: Option<i64>,
        result: Result<Answer, DomainError>,
    ) {
        match (ack, result) {
            (None, Ok(_)) => {}
            (Some(ack), Ok(mut answer)) => {
                answer.insert("ok".to_owned(), Value::Bool(true));
                self.send_answer_in_turn(ack, &Value::Object(answer));
            }
            (ack, Err(error)) => self.answer_event_with_refusal(ack, &Refusal::from(&error)),
        }
    }

    pub(crate) fn answer_event_with_refusal(&self, ack: Option<i64>, refusal: &Refusal) {
        match ack {
            Some(ack) => self.send_answer_in_turn(ack, &refusal.to_answer()),
            None => {
                let (code, message) = (refusal.code, &refusal.message);
                self.shared.core.send_error_to_session(&self.session, code, message);
            }
        }
    }

    fn send_answer_in_turn(&self, ack: i64, answer: &Value) {
        let packet = self.shared.format.encode_answer_for_ack(&answer.to_string(), ack);
        let reply = SocketReply { transport: self.transport.clone(), packet };
        self.shared.core.send_reply_to_session(&self.session, Arc::new(reply));
    }

    pub(crate) fn note_end_of_connection(&self, reason: DisconnectReason) {
        let end = match reason {
            DisconnectReason::ClientNSDisconnect | DisconnectReason::ServerNSDisconnect => {
                SessionEnd::OnPurpose
            }
            DisconnectReason::TransportClose
            | DisconnectReason::MultipleHttpPollingError
            | DisconnectReason::PacketParsingError
            | DisconnectReason::TransportError
            | DisconnectReason::HeartbeatTimeout
            | DisconnectReason::ClosingServer => SessionEnd::Lost,
        };
        self.shared.core.forget_session_after_close(&self.session, end);
        self.inbox.forget_all_waiting_events();
        tracing::info!(user = %self.session.user().id, reason = ?reason, "disconnected");
    }
}
