//! Each socket's events, one after the other in the order they came: the library would run them side by side.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use crate::{config::SocketIoConfig, received_event::ReceivedEvent};

/// Whether a worker takes what was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerState {
    /// One is at work.
    Busy,
    /// The caller must start one.
    Resting,
}

/// As many wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Default)]
struct Waiting {
    events: VecDeque<ReceivedEvent>,
    /// A task is at work: it takes what is added.
    busy: bool,
}

/// Events of one socket that wait for their turn.
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    limit: usize,
    rate: Option<DefaultDirectRateLimiter>,
    refused: AtomicU32,
    /// Refusals after which the socket is disconnected; none without a rate, since then none is exceeded.
    refusals_allowed: Option<u32>,
}

impl Inbox {
    /// An inbox whose first worker is under way already (it opens the session).
    pub(crate) fn new(config: &SocketIoConfig) -> Self {
        let rate = NonZeroU32::new(config.events_per_second).map(|per_second| {
            let burst = NonZeroU32::new(config.events_burst).unwrap_or(per_second);
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        });
        let refusals_allowed =
            rate.is_some().then(|| config.events_burst.max(config.events_per_second));
        Self {
            waiting: Mutex::new(Waiting { events: VecDeque::new(), busy: true }),
            limit: config.inbox_events,
            rate,
            refused: AtomicU32::new(0),
            refusals_allowed,
        }
    }

    pub(crate) fn forget_all_waiting_events(&self) {
        self.waiting.lock().events = VecDeque::new();
    }

    pub(crate) fn is_within_event_rate(&self) -> bool {
        let within = self.rate.as_ref().is_none_or(|rate| rate.check().is_ok());
        if within {
            // Behaving again pays off what was refused, one by one.
            let _ =
                self.refused.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        }
        within
    }

    /// Takes the next event, or ends the work.
    pub(crate) fn take_next_or_rest(&self) -> Option<ReceivedEvent> {
        let mut waiting = self.waiting.lock();
        let next = waiting.events.pop_front();
        if next.is_none() {
            waiting.busy = false;
            waiting.events.shrink_to_fit();
        }
        next
    }

    /// Adds an event unless so many wait already.
    pub(crate) fn put_event_within_limit(&self, event: ReceivedEvent) -> Result<WorkerState, Full> {
        let mut waiting = self.waiting.lock();
        if waiting.events.len() >= self.limit {
            return Err(Full);
        }
        waiting.events.push_back(event);
        let was_busy = std::mem::replace(&mut waiting.busy, true);
        Ok(if was_busy { WorkerState::Busy } else { WorkerState::Resting })
    }

    /// Counts a refusal; true when there have been more than may be.
    pub(crate) fn count_refusal_over_rate(&self) -> bool {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed);
        self.refusals_allowed.is_some_and(|allowed| refused >= allowed)
    }
}
