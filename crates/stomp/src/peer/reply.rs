//! What a client is answered: receipts, replies, and what failed.

use std::sync::Arc;

use bytes::Bytes;
use owlpost_carrier::websocket::CloseCode;
use owlpost_gateway::{Outcome, Refusal};
use owlpost_metrics::CLIENT_EVENTS_REFUSED;
use owlpost_realtime::{Reply, SendOutcome};

use super::StompPeer;
use crate::{
    destinations::Destination,
    protocol::{
        encoder::{
            append_json_body_with_end, append_present_headers_in_version, encode_receipt_of_frame,
        },
        exchange::Received,
        frame::Command,
        subscriptions::MessageContent,
    },
};

/// What a frame asks of its answer.
#[derive(Debug, Clone)]
pub(crate) struct StompTicket {
    command: Command,
    receipt: Option<String>,
    correlation_id: Option<String>,
    destination: Option<String>,
}

impl StompTicket {
    /// Of a frame that was read.
    pub(crate) fn from_received(received: &Received) -> Self {
        let header = |name| received.headers.find_value_by_name(name).map(ToOwned::to_owned);
        Self {
            command: received.command,
            receipt: header("receipt"),
            correlation_id: header("correlation-id"),
            destination: header("destination"),
        }
    }

    /// Of a frame that broke the rules.
    pub(crate) const fn for_fault(receipt: Option<String>) -> Self {
        Self { command: Command::Connect, receipt, correlation_id: None, destination: None }
    }
}

/// The answer to one frame, on its way.
pub(crate) struct StompReply {
    pub(crate) peer: Arc<StompPeer>,
    pub(crate) ticket: StompTicket,
    pub(crate) outcome: Outcome,
}

impl StompReply {
    /// What a message for its client alone says, without the headers of its subscription.
    fn write_tail_of_answer(&self, headers: &[(&str, Option<&str>)], body: &str) -> Bytes {
        let version = self.peer.greeting.version;
        let mut tail = Vec::new();
        append_present_headers_in_version(version, headers, &mut tail);
        append_json_body_with_end(body, &mut tail);
        tail.into()
    }

    fn send_answer_of_success(&self, body: &str) -> SendOutcome {
        let StompTicket { command, receipt, correlation_id, destination } = &self.ticket;
        let tail = self.write_tail_of_answer(
            &[
                ("event", Some("reply")),
                ("correlation-id", correlation_id.as_deref()),
                ("in-reply-to", destination.as_deref()),
            ],
            body,
        );
        let version = self.peer.greeting.version;
        let receipt = receipt.as_deref().map(|id| encode_receipt_of_frame(version, id));
        self.peer.send_content_to_matching(
            MessageContent { tail: &tail, origin: "e", subject: None },
            |known| *command == Command::Send && known.destination == Destination::Replies,
            receipt.as_deref().unwrap_or_default(),
        )
    }

    fn send_answer_of_failure(&self, refusal: &Refusal) -> SendOutcome {
        let StompTicket { command, receipt, correlation_id, .. } = &self.ticket;
        let is_send = *command == Command::Send;
        if is_send
            && self.peer.subscriptions.lock().has_subscription_to_destination(&Destination::Errors)
        {
            let tail = self.write_tail_of_answer(
                &[
                    ("event", Some("error")),
                    ("code", Some(refusal.code.as_str())),
                    ("correlation-id", correlation_id.as_deref()),
                    ("receipt-id", receipt.as_deref()),
                ],
                &refusal.to_json().to_string(),
            );
            return self.peer.send_content_to_matching(
                MessageContent { tail: &tail, origin: "e", subject: None },
                |known| known.destination == Destination::Errors,
                b"",
            );
        }
        if is_send && receipt.is_none() {
            metrics::counter!(CLIENT_EVENTS_REFUSED).increment(1);
            return SendOutcome::Sent;
        }
        // A frame that asked whether it was done, and was not, ends the connection: so STOMP wants it.
        self.peer.close_peer_with_error(refusal, receipt.as_deref(), CloseCode::Protocol);
        SendOutcome::Sent
    }
}

impl Reply for StompReply {
    fn try_send_reply(&self) -> SendOutcome {
        let sent = match &self.outcome {
            Ok(answer) => {
                let body = serde_json::to_string(answer).unwrap_or_else(|_| "{}".to_owned());
                self.send_answer_of_success(&body)
            }
            Err(refusal) => self.send_answer_of_failure(refusal),
        };
        let is_done = matches!(sent, SendOutcome::Sent | SendOutcome::Unheard);
        if self.ticket.command == Command::Disconnect && is_done {
            (self.peer.goodbye_answered)();
        }
        sent
    }

    fn byte_len(&self) -> usize {
        // Answers are small; what they repeat of the frame is bounded by it.
        let StompTicket { receipt, correlation_id, destination, .. } = &self.ticket;
        let echoed = [receipt, correlation_id, destination];
        echoed.iter().filter_map(|text| text.as_ref()).map(String::len).sum::<usize>() + 256
    }
}
