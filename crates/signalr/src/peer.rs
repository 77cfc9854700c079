//! One client of the hub as the core and its conversation see it.

use std::{sync::Arc, task::Waker};

use bytes::Bytes;
use owlpost_carrier::{Outgoing, Pipe, queue::Refused, websocket::CloseCode};
use owlpost_gateway::{Outcome, Peer, PeerLabels, names::write_event_in_pascal_case};
use owlpost_realtime::{CloseReason, Frame, Reply, SendOutcome, Transport};

use crate::{
    close::describe_close_to_client,
    format::HubFormat,
    hub_carrier::HubCarrier,
    methods::{HubTicket, write_outcome_as_completion},
};

/// The way to one client.
pub(crate) struct HubPeer {
    pub(crate) pipe: Arc<Pipe>,
    pub(crate) format: HubFormat,
    pub(crate) carrier: HubCarrier,
}

/// The event of a frame as JSON.
#[derive(Clone)]
struct JsonInvocation(Outgoing);

/// The event of a frame in msgpack.
#[derive(Clone)]
struct MsgPackInvocation(Outgoing);

impl HubFormat {
    /// A message of the hub as what carries it sends it.
    pub(crate) fn wrap_message_for_carrier(self, message: Bytes) -> Outgoing {
        if self.is_binary() { Outgoing::Binary(message) } else { Outgoing::Text(message) }
    }
}

impl HubPeer {
    /// Puts a message of the hub behind all others.
    pub(crate) fn send_message_to_client(&self, message: &Outgoing) -> SendOutcome {
        match self.pipe.put_within_limit_of_pipe(message.clone()) {
            Ok(()) => SendOutcome::Sent,
            Err(Refused::Full) => SendOutcome::Full,
            Err(Refused::Closed) => SendOutcome::Closed,
        }
    }

    fn encode_event_of_frame(&self, frame: &Frame) -> Outgoing {
        let encode = |frame: &Frame| {
            let target = write_event_in_pascal_case(frame.name);
            self.format.wrap_message_for_carrier(
                self.format.encode_event_as_invocation(&target, &frame.payload),
            )
        };
        match self.format {
            HubFormat::Json => frame.encode_once_as_type(|frame| JsonInvocation(encode(frame))).0,
            HubFormat::MessagePack => {
                frame.encode_once_as_type(|frame| MsgPackInvocation(encode(frame))).0
            }
        }
    }

    /// Ends the connection behind a word that says why.
    pub(crate) fn close_peer_with_error(
        &self,
        error: Option<&str>,
        allow_reconnect: bool,
        code: CloseCode,
    ) {
        let farewell = self.format.encode_close_with_error(error, allow_reconnect);
        self.pipe
            .close_pipe_with_farewell(Some(&self.format.wrap_message_for_carrier(farewell)), code);
    }
}

impl Transport for HubPeer {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        self.send_message_to_client(&self.encode_event_of_frame(frame))
    }

    fn call_when_client_has_all(&self, proved: Box<dyn FnOnce() + Send>) {
        self.pipe.call_when_client_has_all(proved);
    }

    fn wake_when_writable(&self, waker: &Waker) {
        self.pipe.wake_when_pipe_writable(waker);
    }

    fn close_with_reason(&self, reason: CloseReason) {
        match describe_close_to_client(reason) {
            Some(close) => {
                self.close_peer_with_error(Some(&close.error), close.allow_reconnect, close.code)
            }
            // It comes back by itself, as after any broken connection.
            None => self.pipe.break_pipe_without_farewell(),
        }
    }
}

impl Peer for HubPeer {
    type Ticket = HubTicket;

    fn reply_to_call(self: &Arc<Self>, ticket: HubTicket, outcome: Outcome) -> Arc<dyn Reply> {
        let completion = write_outcome_as_completion(&ticket, outcome);
        let bytes = self.format.encode_completion_of_invocation(&ticket.id, &completion);
        Arc::new(HubReply {
            peer: self.clone(),
            message: self.format.wrap_message_for_carrier(bytes),
        })
    }

    fn labels(&self) -> PeerLabels {
        PeerLabels {
            protocol: "signalr",
            transport: self.carrier.as_str(),
            format: self.format.as_str(),
        }
    }
}

/// Something on its way to one client alone.
pub(crate) struct HubReply {
    pub(crate) peer: Arc<HubPeer>,
    pub(crate) message: Outgoing,
}

impl Reply for HubReply {
    fn try_send_reply(&self) -> SendOutcome {
        self.peer.send_message_to_client(&self.message)
    }

    fn byte_len(&self) -> usize {
        self.message.byte_len()
    }
}
