//! What a link keeps under its lock.

use std::{collections::VecDeque, task::Waker};

use super::Outgoing;

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Over, but what was queued may still be written.
    Closing,
    /// Over, and nothing is written any more.
    Broken,
}

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
    pub(super) queue: VecDeque<Outgoing>,
    pub(super) reserved: usize,
    pub(super) phase: Phase,
    pub(super) carrier: Carrier,
    /// The turns that are taken, as bits of [`super::Turn`].
    pub(super) turns: u8,
    /// The task that takes from the queue.
    pub(super) taker: Option<Waker>,
    /// It found nothing there, and is to be woken by the next that comes.
    pub(super) starved: bool,
}

impl State {
    pub(super) fn with_carrier(carrier: Carrier) -> Self {
        Self {
            queue: VecDeque::new(),
            reserved: 0,
            phase: Phase::Open,
            carrier,
            turns: 0,
            taker: None,
            starved: false,
        }
    }

    pub(super) fn register_starving_taker_as(&mut self, waker: &Waker) {
        self.starved = true;
        self.register_busy_taker_as(waker);
    }

    /// Not to be woken by what comes, but by the end of the session.
    pub(super) fn register_busy_taker_as(&mut self, waker: &Waker) {
        match &mut self.taker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// To be woken outside of the lock, which it needs at once.
    pub(super) fn taker_if_starved(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.starved) { self.taker.clone() } else { None }
    }
}
