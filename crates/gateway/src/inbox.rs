//! Each connection's calls, one after the other in the order they came, and no more of them than may be.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{calls::ClientCall, limits::GatewayLimits};

/// What a client wants.
pub struct Call<T> {
    /// What is called; the name as the client wrote it when there is no such call.
    pub call: Result<ClientCall, String>,
    /// A JSON object; what is wrong with it if it could not be read.
    pub payload: Result<Value, String>,
    /// Where the answer belongs; without one, only a failure is told, as an `error` event.
    pub ticket: Option<T>,
    /// Size of the message it came in.
    pub message_bytes: usize,
}

/// Whether a worker takes what was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerState {
    /// One is at work.
    Busy,
    /// The caller must start one.
    Resting,
}

/// As many wait as may.
pub(crate) struct Full<W>(pub(crate) W);

struct Waiting<W> {
    work: VecDeque<W>,
    /// A task is at work: it takes what is added.
    busy: bool,
}

/// What of one connection waits for its turn.
pub(crate) struct Inbox<W> {
    waiting: Mutex<Waiting<W>>,
    limit: usize,
    rate: Option<DefaultDirectRateLimiter>,
    refused: AtomicU32,
    /// Refusals after which the connection is ended; none without a rate, since then none is exceeded.
    refusals_allowed: Option<u32>,
}

impl<W> Inbox<W> {
    /// An inbox whose first worker is under way already (it opens the session).
    pub(crate) fn new(limits: &GatewayLimits) -> Self {
        let rate = NonZeroU32::new(limits.calls_per_second).map(|per_second| {
            let burst = NonZeroU32::new(limits.calls_burst).unwrap_or(per_second);
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        });
        let refusals_allowed =
            rate.is_some().then(|| limits.calls_burst.max(limits.calls_per_second));
        Self {
            waiting: Mutex::new(Waiting { work: VecDeque::new(), busy: true }),
            limit: limits.inbox_calls,
            rate,
            refused: AtomicU32::new(0),
            refusals_allowed,
        }
    }

    pub(crate) fn forget_all_waiting_work(&self) {
        self.waiting.lock().work = VecDeque::new();
    }

    pub(crate) fn is_within_call_rate(&self) -> bool {
        let within = self.rate.as_ref().is_none_or(|rate| rate.check().is_ok());
        if within {
            // Behaving again pays off what was refused, one by one.
            let _ =
                self.refused.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        }
        within
    }

    /// Takes what is next, or ends the work.
    pub(crate) fn take_next_or_rest(&self) -> Option<W> {
        let mut waiting = self.waiting.lock();
        let next = waiting.work.pop_front();
        if next.is_none() {
            waiting.busy = false;
            waiting.work.shrink_to_fit();
        }
        next
    }

    /// Adds work unless so much waits already.
    pub(crate) fn put_work_within_limit(&self, work: W) -> Result<WorkerState, Full<W>> {
        let mut waiting = self.waiting.lock();
        if waiting.work.len() >= self.limit {
            return Err(Full(work));
        }
        waiting.work.push_back(work);
        let was_busy = std::mem::replace(&mut waiting.busy, true);
        Ok(if was_busy { WorkerState::Busy } else { WorkerState::Resting })
    }

    /// Counts a refusal; true when there have been more than may be.
    pub(crate) fn count_refusal_over_rate(&self) -> bool {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed);
        self.refusals_allowed.is_some_and(|allowed| refused >= allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_hold_as_much_as_may_wait_and_no_more() {
        let limits = GatewayLimits { inbox_calls: 2, ..GatewayLimits::default() };
        let inbox = Inbox::new(&limits);
        assert!(matches!(inbox.put_work_within_limit(1), Ok(WorkerState::Busy)));
        assert!(inbox.put_work_within_limit(2).is_ok());
        assert!(matches!(inbox.put_work_within_limit(3), Err(Full(3))));
        assert_eq!(inbox.take_next_or_rest(), Some(1));
        assert!(inbox.put_work_within_limit(4).is_ok());
        assert_eq!([inbox.take_next_or_rest(), inbox.take_next_or_rest()], [Some(2), Some(4)]);
        assert_eq!(inbox.take_next_or_rest(), None);
        assert!(matches!(inbox.put_work_within_limit(5), Ok(WorkerState::Resting)));
        assert!(matches!(inbox.put_work_within_limit(6), Ok(WorkerState::Busy)));
    }

    #[test]
    fn should_allow_a_burst_and_as_many_refusals_as_calls() {
        let limits =
            GatewayLimits { calls_per_second: 1, calls_burst: 3, ..GatewayLimits::default() };
        let inbox = Inbox::<()>::new(&limits);
        assert_eq!((0..3).filter(|_| inbox.is_within_call_rate()).count(), 3);
        assert!(!inbox.is_within_call_rate());
        assert_eq!((0..3).filter(|_| inbox.count_refusal_over_rate()).count(), 0);
        assert!(inbox.count_refusal_over_rate());
    }

    #[test]
    fn should_limit_nothing_without_a_rate() {
        let limits = GatewayLimits { calls_per_second: 0, ..GatewayLimits::default() };
        let inbox = Inbox::<()>::new(&limits);
        assert!((0..1000).all(|_| inbox.is_within_call_rate()));
        assert!((0..1000).all(|_| !inbox.count_refusal_over_rate()));
    }
}
