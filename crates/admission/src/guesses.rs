//! How often a secret may be guessed. A right one gives its try back, so that people never use their tries up by knowing
//! what they say; who gives up in the middle has used one.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use moka::sync::Cache;
use parking_lot::Mutex;

use crate::rate_limit::RateExceeded;

/// Keys remembered at most; those that were not asked about for longest are forgotten first.
const MAX_KEYS: u64 = 100_000;
/// A wait doubles with every further wrong guess, from and to.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// Doublings after which the wait is the longest, whatever its number of guesses.
const MOST_DOUBLINGS: u32 = 16;

/// What is known of one key.
trait Tries: Send + Sync + 'static {
    fn take_one_at_time(&mut self, now: Instant) -> Result<(), RateExceeded>;
    fn give_back_when_right(&mut self);
}

/// A try that was taken. Dropped, it counts as wrong.
#[must_use = "a guess that is dropped counts as wrong"]
pub struct Guess(Option<Arc<Mutex<dyn Tries>>>);

impl Guess {
    /// It was no wrong guess.
    pub fn count_as_right_guess(self) {
        if let Some(tries) = &self.0 {
            tries.lock().give_back_when_right();
        }
    }
}

struct KeyedTries<T> {
    of_keys: Cache<u64, Arc<Mutex<T>>>,
    hasher: RandomState,
}

impl<T: Tries> KeyedTries<T> {
    fn with_idle_time(idle: Duration, most: u64) -> Self {
        let of_keys = Cache::builder().max_capacity(most).time_to_idle(idle).build();
        Self { of_keys, hasher: RandomState::new() }
    }

    fn take_try_of_key(
        &self,
        key: impl Hash,
        unknown: impl FnOnce() -> T,
    ) -> Result<Guess, RateExceeded> {
        let slot = self.hasher.hash_one(key);
        let tries = self.of_keys.get_with(slot, || Arc::new(Mutex::new(unknown())));
        tries.lock().take_one_at_time(Instant::now())?;
        Ok(Guess(Some(tries)))
    }
}

/// So many wrong guesses of each key in a time: for addresses.
pub struct GuessBudget {
    tries: Option<KeyedTries<Budget>>,
    most: u32,
    per: Duration,
}

struct Budget {
    left: f64,
    most: f64,
    per_second: f64,
    looked_at: Instant,
}

impl GuessBudget {
    /// `most` in the time `per`; with 0, any number.
    pub fn new(most: u32, per: Duration) -> Self {
        let tries = (most > 0).then(|| KeyedTries::with_idle_time(per, MAX_KEYS));
        Self { tries, most, per }
    }

    /// Takes a try of this key, or says how long to wait.
    pub fn take_try_of_key(&self, key: impl Hash) -> Result<Guess, RateExceeded> {
        let Some(tries) = &self.tries else { return Ok(Guess(None)) };
        let most = f64::from(self.most);
        tries.take_try_of_key(key, || Budget {
            left: most,
            most,
            per_second: most / self.per.as_secs_f64(),
            looked_at: Instant::now(),
        })
    }
}

impl Tries for Budget {
    fn take_one_at_time(&mut self, now: Instant) -> Result<(), RateExceeded> {
        let passed = now.saturating_duration_since(self.looked_at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.most);
        self.looked_at = now;
        if self.left < 1.0 {
            let seconds = (1.0 - self.left) / self.per_second;
            return Err(RateExceeded { retry_after: Duration::from_secs_f64(seconds) });
        }
        self.left -= 1.0;
        Ok(())
    }

    fn give_back_when_right(&mut self) {
        self.left = (self.left + 1.0).min(self.most);
    }
}

/// So many wrong guesses of each key, and after each further one a wait that doubles, up to a quarter of an hour: for
/// accounts. A right guess begins anew, and so does an hour without any.
pub struct GuessBrake {
    tries: Option<KeyedTries<Brake>>,
    free: u32,
}

struct Brake {
    free: u32,
    wrong: u32,
    closed_until: Instant,
}

impl GuessBrake {
    /// `free` tries without a wait; with 0, any number.
    pub fn with_free_tries(free: u32) -> Self {
        let idle = LONGEST_WAIT * 4;
        let tries = (free > 0).then(|| KeyedTries::with_idle_time(idle, MAX_KEYS));
        Self { tries, free }
    }

    /// Takes a try of this key, or says how long to wait.
    pub fn take_try_of_key(&self, key: impl Hash) -> Result<Guess, RateExceeded> {
        let Some(tries) = &self.tries else { return Ok(Guess(None)) };
        let free = self.free;
        tries.take_try_of_key(key, || Brake { free, wrong: 0, closed_until: Instant::now() })
    }
}

impl Tries for Brake {
    fn take_one_at_time(&mut self, now: Instant) -> Result<(), RateExceeded> {
        let left = self.closed_until.saturating_duration_since(now);
        if !left.is_zero() {
            return Err(RateExceeded { retry_after: left });
        }
        self.wrong = self.wrong.saturating_add(1);
        if let Some(beyond) = self.wrong.checked_sub(self.free) {
            let wait = FIRST_WAIT * 2_u32.pow(beyond.min(MOST_DOUBLINGS));
            self.closed_until = now + wait.min(LONGEST_WAIT);
        }
        Ok(())
    }

    fn give_back_when_right(&mut self) {
        self.wrong = 0;
        self.closed_until = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_count_wrong_guesses_of_a_key_and_no_right_ones() {
        let budget = GuessBudget::new(2, Duration::from_secs(3_600));
        for _ in 0..100 {
            budget.take_try_of_key("a").expect("right ones").count_as_right_guess();
        }
        drop(budget.take_try_of_key("a").expect("the first wrong one"));
        drop(budget.take_try_of_key("a").expect("the last one"));
        let refused = budget.take_try_of_key("a").err().expect("one too many");
        assert!((1_700..=1_800).contains(&refused.as_whole_seconds()), "{refused:?}");
        assert!(budget.take_try_of_key("b").is_ok());
    }

    #[test]
    fn should_count_guesses_under_way_as_wrong() {
        let budget = GuessBudget::new(1, Duration::from_secs(60));
        let under_way = budget.take_try_of_key("a").expect("a try");
        assert!(budget.take_try_of_key("a").is_err());
        under_way.count_as_right_guess();
        assert!(budget.take_try_of_key("a").is_ok());
    }

    #[test]
    fn should_fill_a_budget_with_time() {
        let now = Instant::now();
        let mut budget = Budget { left: 0.0, most: 30.0, per_second: 0.5, looked_at: now };
        assert!(budget.take_one_at_time(now + Duration::from_millis(1_990)).is_err());
        assert!(budget.take_one_at_time(now + Duration::from_millis(2_010)).is_ok());
        assert!(budget.take_one_at_time(now + Duration::from_millis(2_020)).is_err());
    }

    #[test]
    fn should_make_each_further_wrong_guess_wait_twice_as_long() {
        let mut now = Instant::now();
        let mut brake = Brake { free: 2, wrong: 0, closed_until: now };
        assert!(brake.take_one_at_time(now).is_ok());
        assert!(brake.take_one_at_time(now).is_ok(), "as many as are free");
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let refused = brake.take_one_at_time(now).expect_err("too soon");
            assert_eq!(refused.retry_after, Duration::from_secs(seconds));
            now += refused.retry_after;
            assert!(brake.take_one_at_time(now).is_ok(), "{seconds}");
        }
    }

    #[test]
    fn should_forget_wrong_guesses_after_a_right_one() {
        let brake = GuessBrake::with_free_tries(3);
        for _ in 0..10 {
            drop(brake.take_try_of_key("a").expect("a try"));
            brake.take_try_of_key("a").expect("a try").count_as_right_guess();
        }
        (0..3).for_each(|_| drop(brake.take_try_of_key("a").expect("a try")));
        assert!(brake.take_try_of_key("a").is_err());
        assert!(brake.take_try_of_key("b").is_ok());
    }

    #[test]
    fn should_limit_nothing_when_switched_off() {
        let (budget, brake) = (GuessBudget::new(0, FIRST_WAIT), GuessBrake::with_free_tries(0));
        assert!((0..1000).all(|_| budget.take_try_of_key("a").is_ok()));
        assert!((0..1000).all(|_| brake.take_try_of_key("a").is_ok()));
    }

    #[test]
    fn should_bound_the_keys_it_remembers() {
        let tries = KeyedTries::<Brake>::with_idle_time(FIRST_WAIT, 10);
        for key in 0..1_000_u32 {
            let unknown = || Brake { free: 1, wrong: 0, closed_until: Instant::now() };
            drop(tries.take_try_of_key(key, unknown));
        }
        tries.of_keys.run_pending_tasks();
        assert!(tries.of_keys.entry_count() <= 10);
    }
}
