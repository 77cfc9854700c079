//! What a link keeps under its lock.

use owlpost_carrier::queue::Queue;

use super::Outgoing;

/// What carries the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Polling,
    /// Polls while its websocket is being tried: the queue rests until that has ended.
    Upgrading,
    Websocket,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: Queue<Outgoing>,
    pub(super) carrier: Carrier,
    /// The turns that are taken, as bits of [`super::Turn`].
    pub(super) turns: u8,
}

impl State {
    pub(super) fn with_carrier(carrier: Carrier) -> Self {
        Self { queue: Queue::default(), carrier, turns: 0 }
    }
}
