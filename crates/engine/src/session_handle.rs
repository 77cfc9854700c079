//! The other end of a session's queue, for fan-out: without the layers between, and with an answer for each message.

use std::{sync::Arc, task::Waker};

use bytes::Bytes;
use engineioxide_core::Str;
use tokio::sync::mpsc::error::TrySendError;

use crate::link::{Link, Outgoing};

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many wait as may.
    Full,
    /// The session is over.
    Closed,
}

/// Sends to one session and ends it. Found in the extensions of [`crate::Socket::req_parts`]; cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionHandle(Arc<Link>);

impl SessionHandle {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    /// Queues text that is encoded already.
    pub fn send_encoded_text_to_client(&self, text: Str) -> Result<(), Refused> {
        self.send_outgoing_to_client(Outgoing::Text(text))
    }

    /// Queues bytes that are encoded already.
    pub fn send_encoded_bytes_to_client(&self, bytes: Bytes) -> Result<(), Refused> {
        self.send_outgoing_to_client(Outgoing::Binary(bytes))
    }

    fn send_outgoing_to_client(&self, outgoing: Outgoing) -> Result<(), Refused> {
        self.0.put_within_limit_of_queue(outgoing).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Full,
            TrySendError::Closed(_) => Refused::Closed,
        })
    }

    /// For whoever was refused as [`Refused::Full`]: calls the waker once, when half of the queue is free or the session
    /// is over, and at once when the queue is not full. A later waker takes the place of an earlier one.
    pub fn wake_when_queue_writable(&self, waker: &Waker) {
        self.0.wake_when_queue_writable(waker);
    }

    /// Calls `proved` when the client has proved that it has everything that was queued before: at once after a ping of its
    /// own, with a polling client of protocol 3 when it polls again. Never when the session ends before, nor over a websocket of
    /// protocol 3, whose client proves nothing. It is called by a task of the connection, and must not block.
    pub fn call_when_client_has_all(&self, proved: impl FnOnce() + Send + 'static) {
        self.0.call_when_client_has_all(Box::new(proved));
    }

    /// From here on the client may send as much as the engine's bounds allow: until it was let in, it is a stranger,
    /// who may send [`crate::config::EngineIoConfig::max_stranger_bytes`] in all.
    pub fn lift_limits_after_admission(&self) {
        self.0.stranger.lift_limit_after_admission();
    }

    /// Drops the next message that is sent through a [`crate::socket::Permit`]: for whoever answers in place of the
    /// engine's user. What is sent by this handle passes.
    pub fn withhold_next_reserved_message(&self) {
        self.0.withhold_next_reserved_message();
    }

    /// Ends the session as a broken network would, whatever its client is doing: nothing that is queued is written,
    /// and a client that wants the connection comes back by itself.
    pub fn break_transport_without_farewell(&self) {
        self.0.break_transport_without_farewell();
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        !self.0.is_open()
    }
}
