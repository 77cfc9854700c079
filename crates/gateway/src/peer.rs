//! One connected client as its protocol knows it.

use std::sync::Arc;

use owlpost_realtime::{PreparedSession, Reply, Transport};

use crate::outcome::Outcome;

/// How a connection is named in logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerLabels {
    /// The protocol, with its version where there are several.
    pub protocol: &'static str,
    /// What carries it.
    pub transport: &'static str,
    /// How its messages are encoded.
    pub format: &'static str,
}

/// One connected client of some protocol. As a [`Transport`] it is written events, and ended; here it is answered.
///
/// A conversation calls these methods from its own task, and holds no lock when it does.
pub trait Peer: Transport {
    /// Where the answer to a call belongs: the number of an acknowledgement, the id of an invocation.
    type Ticket: Send + 'static;

    /// The answer to a call, encoded. It is written in its turn, behind every event that was delivered before.
    fn reply_to_call(self: &Arc<Self>, ticket: Self::Ticket, outcome: Outcome) -> Arc<dyn Reply>;

    /// How the connection is named in logs and metrics.
    fn labels(&self) -> PeerLabels;

    /// Tells the client that it is connected, when its protocol says so only once the replay is known. Nothing else is
    /// written before this returns.
    fn greet_before_session_starts(&self, _ready: &PreparedSession) {}

    /// Incidents whose rooms it may be in at a time. With one, entering a room leaves the one before.
    fn most_incidents(&self) -> usize {
        1
    }

    /// Whether the connection ended before its end could be told to the conversation.
    fn has_gone(&self) -> bool {
        false
    }
}
