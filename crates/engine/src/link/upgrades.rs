//! What a poll learns of the websocket that its session tries.

use std::task::{Context, Poll};

use owlpost_carrier::queue::Phase;

use super::{Carrier, Link};

/// What became of the websocket that a session tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndOfUpgrade {
    /// It carries the session.
    ByWebsocket,
    /// It came to nothing, or there was none, or the session is over.
    Polling,
}

impl Link {
    /// Ready unless a websocket is being tried. For the one poll there is.
    pub(crate) fn poll_for_end_of_upgrade(&self, cx: &Context<'_>) -> Poll<EndOfUpgrade> {
        let mut state = self.state.lock();
        match (state.carrier, state.queue.phase()) {
            (Carrier::Upgrading, Phase::Open) => {
                // Whatever ends the upgrade wakes the taker.
                state.queue.remember_waker_of_busy(cx.waker());
                Poll::Pending
            }
            (Carrier::Websocket, _) => Poll::Ready(EndOfUpgrade::ByWebsocket),
            (Carrier::Polling | Carrier::Upgrading, _) => Poll::Ready(EndOfUpgrade::Polling),
        }
    }
}
