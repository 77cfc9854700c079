//! Pauses after failures: twice as long each time, with chance in them, so that those who failed together do not come back together.

use std::time::Duration;

use rand::RngExt as _;

/// The first pause, before chance.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How many failures there were in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) const fn note_success_of_attempt(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure: at least half of the whole one, and never longer than `longest`.
    pub(crate) fn draw_pause_after_failure(&mut self, longest: Duration) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        doubled.min(longest).mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_double_up_to_its_bound_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let longest = Duration::from_secs(10);
        for whole in [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000] {
            let pause = backoff.draw_pause_after_failure(longest).as_millis();
            assert!((whole / 2..=whole).contains(&pause), "{pause} of {whole}");
        }
        for _ in 0..100 {
            assert!(backoff.draw_pause_after_failure(longest) <= longest);
        }
        backoff.note_success_of_attempt();
        assert!(backoff.draw_pause_after_failure(longest) <= FIRST_PAUSE);
    }
}
