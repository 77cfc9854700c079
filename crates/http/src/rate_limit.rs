//! Rates per key (an address, a user), in bounded memory.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _};

use crate::error::HttpError;

/// Keys remembered at most, before keys begin to share.
const MAX_KEYS: usize = 100_000;
/// Bits of a key that count once there are too many.
const CROWDED_MASK: u64 = 0xFFFF;
/// Checks between two clean-ups of keys whose rate has recovered.
const CHECKS_PER_CLEANUP: u64 = 1024;

/// A rate for each key. Keys are kept as hashes; should an attack bring more keys than the bound, new checks fall
/// into a fixed number of shared slots, so memory stays bounded and the limit still limits.
pub(crate) struct KeyedRateLimiter {
    limiter: Option<DefaultKeyedRateLimiter<u64>>,
    hasher: RandomState,
    checks: AtomicU64,
    crowded: AtomicBool,
    max_keys: usize,
}

impl KeyedRateLimiter {
    /// Without a quota, everything passes.
    pub(crate) fn new(quota: Option<Quota>) -> Self {
        Self {
            limiter: quota.map(DefaultKeyedRateLimiter::keyed),
            hasher: RandomState::new(),
            checks: AtomicU64::new(0),
            crowded: AtomicBool::new(false),
            max_keys: MAX_KEYS,
        }
    }

    /// Counts one request of this key, or says how long to wait.
    pub(crate) fn check_rate_of_key(&self, key: impl Hash) -> Result<(), HttpError> {
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
        limiter.check_key(&slot).map_err(|refusal| {
            let wait = refusal.wait_time_from(limiter.clock().now());
            HttpError::RateLimited {
                retry_after_seconds: wait.as_secs_f64().ceil().max(1.0) as u64,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn limiter_of_two_per_minute() -> KeyedRateLimiter {
        KeyedRateLimiter::new(NonZeroU32::new(2).map(Quota::per_minute))
    }

    #[test]
    fn should_refuse_the_request_past_the_quota_of_its_key_only() {
        let limiter = limiter_of_two_per_minute();
        assert!(limiter.check_rate_of_key("a").is_ok());
        assert!(limiter.check_rate_of_key("a").is_ok());
        let refused = limiter.check_rate_of_key("a");
        let Err(HttpError::RateLimited { retry_after_seconds }) = refused else {
            panic!("not limited")
        };
        assert!((1..=30).contains(&retry_after_seconds), "{retry_after_seconds}");
        assert!(limiter.check_rate_of_key("b").is_ok());
    }

    #[test]
    fn should_let_everything_pass_when_switched_off() {
        let limiter = KeyedRateLimiter::new(None);
        assert!((0..1000).all(|_| limiter.check_rate_of_key("a").is_ok()));
    }

    #[test]
    fn should_bound_the_keys_it_remembers() {
        let limiter = KeyedRateLimiter { max_keys: 10, ..limiter_of_two_per_minute() };
        for key in 0..200_000_u32 {
            let _ = limiter.check_rate_of_key(key);
        }
        let bound = 10 + CHECKS_PER_CLEANUP as usize + CROWDED_MASK as usize + 1;
        let kept = limiter.limiter.as_ref().map_or(0, |limiter| limiter.len());
        assert!(kept <= bound, "{kept}");
    }
}
