//! Until when a change is waited for.

use std::time::{Duration, Instant};

use crate::{DomainError, Result};

/// For the answer to come after the database has given up.
pub(crate) const ANSWER_GRACE: Duration = Duration::from_millis(500);

/// The change was not ready in time, and is rolled back.
#[derive(Debug, thiserror::Error)]
#[error("the change was not ready to be committed within {0:?}")]
struct DeadlinePassed(Duration);

/// When a change must be ready to be committed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    begun: Instant,
    limit: Duration,
}

impl Deadline {
    /// One that begins at this moment.
    pub(crate) fn from_limit(limit: Duration) -> Self {
        Self { begun: Instant::now(), limit }
    }

    /// Zero from the deadline on.
    pub(crate) fn time_left(self) -> Duration {
        self.limit.saturating_sub(self.begun.elapsed())
    }

    /// Fails with `Unavailable` from the moment on at which the caller has given up.
    pub(crate) fn refuse_change_after_limit(self) -> Result<()> {
        if self.begun.elapsed() < self.limit {
            Ok(())
        } else {
            Err(DomainError::Unavailable(Box::new(DeadlinePassed(self.limit))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_refuse_a_change_from_its_limit_on() {
        let deadline = Deadline::from_limit(Duration::from_secs(60));
        assert!(deadline.refuse_change_after_limit().is_ok());
        let passed = Deadline::from_limit(Duration::ZERO);
        assert!(matches!(passed.refuse_change_after_limit(), Err(DomainError::Unavailable(_))));
    }
}
