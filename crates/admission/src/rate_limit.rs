//! Rates per key (an address, a user), in bounded memory.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroU32,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _};

/// Keys remembered at most, before keys begin to share.
const MAX_KEYS: usize = 100_000;
/// Bits of a key that count once there are too many.
const CROWDED_MASK: u64 = 0xFFFF;
/// Checks between two clean-ups of keys whose rate has recovered.
const CHECKS_PER_CLEANUP: u64 = 1024;

/// A key has had as many as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateExceeded {
    /// When the next may be tried.
    pub retry_after: Duration,
}

impl RateExceeded {
    /// The same in whole seconds, at least one, as `Retry-After` has it.
    pub fn as_whole_seconds(self) -> u64 {
        self.retry_after.as_secs_f64().ceil().max(1.0) as u64
    }
}

/// A rate for each key. Keys are kept as hashes; should an attack bring more keys than the bound, new checks fall
/// into a fixed number of shared slots, so memory stays bounded and the limit still limits.
#[derive(Debug)]
pub struct KeyedRateLimiter {
    limiter: Option<DefaultKeyedRateLimiter<u64>>,
    hasher: RandomState,
    checks: AtomicU64,
    crowded: AtomicBool,
    max_keys: usize,
}

impl KeyedRateLimiter {
    /// So many per minute of each key; with 0, everything passes.
    pub fn per_minute(most: u32) -> Self {
        Self::new(NonZeroU32::new(most).map(Quota::per_minute))
    }

    /// So many per second of each key; with 0, everything passes.
    pub fn per_second(most: u32) -> Self {
        Self::new(NonZeroU32::new(most).map(Quota::per_second))
    }

    fn new(quota: Option<Quota>) -> Self {
        Self {
            limiter: quota.map(DefaultKeyedRateLimiter::keyed),
            hasher: RandomState::new(),
            checks: AtomicU64::new(0),
            crowded: AtomicBool::new(false),
            max_keys: MAX_KEYS,
        }
    }

    /// Counts one request of this key, or says how long to wait.
    pub fn check_rate_of_key(&self, key: impl Hash) -> Result<(), RateExceeded> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_CLEANUP
            == CHECKS_PER_CLEANUP - 1
        {
            limiter.retain_recent();
            limiter.shrink_to_fit();
            self.crowded.store(limiter.len() >= self.max_keys, Ordering::Relaxed);
        }
        let mut slot = self.hasher.hash_one(key);
        if self.crowded.load(Ordering::Relaxed) {
            slot &= CROWDED_MASK;
        }
        limiter.check_key(&slot).map_err(|refusal| RateExceeded {
            retry_after: refusal.wait_time_from(limiter.clock().now()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_refuse_the_request_past_the_quota_of_its_key_only() {
        let limiter = KeyedRateLimiter::per_minute(2);
        assert!(limiter.check_rate_of_key("a").is_ok());
        assert!(limiter.check_rate_of_key("a").is_ok());
        let refused = limiter.check_rate_of_key("a");
        let seconds = refused.map_err(RateExceeded::as_whole_seconds).unwrap_err();
        assert!((1..=30).contains(&seconds), "{seconds}");
        assert!(limiter.check_rate_of_key("b").is_ok());
    }

    #[test]
    fn should_let_everything_pass_when_switched_off() {
        let limiter = KeyedRateLimiter::per_second(0);
        assert!((0..1000).all(|_| limiter.check_rate_of_key("a").is_ok()));
    }

    #[test]
    fn should_bound_the_keys_it_remembers() {
        let limiter = KeyedRateLimiter { max_keys: 10, ..KeyedRateLimiter::per_minute(2) };
        for key in 0..200_000_u32 {
            let _ = limiter.check_rate_of_key(key);
        }
        let bound = 10 + CHECKS_PER_CLEANUP as usize + CROWDED_MASK as usize + 1;
        let kept = limiter.limiter.as_ref().map_or(0, |limiter| limiter.len());
        assert!(kept <= bound, "{kept}");
    }
}
