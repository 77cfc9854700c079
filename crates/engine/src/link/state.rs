//! What a link keeps under its lock.

use std::{collections::VecDeque, task::Waker};

use super::{Outgoing, Taken};

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
    /// Whoever found the queue full, and is to be woken when there is room.
    pub(super) refused: Option<Waker>,
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
            refused: None,
        }
    }

    /// Hands `take` one after the other until it wants no more, and remembers the waker when nothing is left.
    pub(super) fn take_from_queue_into(
        &mut self,
        waker: &Waker,
        mut take: impl FnMut(Outgoing) -> bool,
    ) -> Taken {
        if self.phase == Phase::Broken {
            return Taken::Broken;
        }
        while let Some(outgoing) = self.queue.pop_front() {
            if !take(outgoing) {
                // It may get stuck with what it has, and then only the end of the session is to wake it.
                self.remember_waker_of_busy(waker);
                return Taken::Enough;
            }
        }
        // Nearly all sockets are idle nearly always: an empty queue keeps no memory.
        self.queue = VecDeque::new();
        if self.phase == Phase::Closing && self.reserved == 0 {
            return Taken::Last;
        }
        self.remember_waker_of_starving(waker);
        Taken::All
    }

    pub(super) fn has_room_within_limit(&self, limit: usize) -> bool {
        self.queue.len() + self.reserved < limit
    }

    /// Once half of the queue is free, not for each place: whoever waits has more than one thing to put there. To be
    /// woken outside of the lock.
    pub(super) fn take_refused_if_roomy(&mut self, limit: usize) -> Option<Waker> {
        let is_roomy = self.phase != Phase::Open || self.has_room_within_limit(limit.div_ceil(2));
        if is_roomy { self.refused.take() } else { None }
    }

    pub(super) fn remember_waker_of_starving(&mut self, waker: &Waker) {
        self.starved = true;
        self.remember_waker_of_busy(waker);
    }

    /// Not to be woken by what comes, but by the end of the session.
    pub(super) fn remember_waker_of_busy(&mut self, waker: &Waker) {
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
