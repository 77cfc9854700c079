//! When others are told of a critical incident that nobody takes: the plan, without a database.

use std::time::Duration;

use crate::model::EscalationReason;

/// The step that tells everybody there is to tell; those after it repeat it.
pub(crate) const WIDEST_STEP: u32 = 2;

/// When others are told. Zero switches a time off.
#[derive(Debug, Clone)]
pub struct EscalationConfig {
    /// After so long in which none of those told has seen it.
    pub seen_timeout: Duration,
    /// After so long in which nobody has acknowledged it.
    pub ack_timeout: Duration,
    /// Between two steps once everybody was told.
    pub repeat: Duration,
    /// Steps at most; 0 for none.
    pub steps: u32,
}

impl Default for EscalationConfig {
    fn default() -> Self {
        Self {
            seen_timeout: Duration::from_secs(60),
            ack_timeout: Duration::from_secs(5 * 60),
            repeat: Duration::from_secs(5 * 60),
            steps: 12,
        }
    }
}

impl EscalationConfig {
    /// How long after people were last told this step is due; `None` when it is never.
    pub fn find_wait_before_step(&self, step: u32, is_seen: bool) -> Option<Duration> {
        let when_on = |time: Duration| (!time.is_zero()).then_some(time);
        if step > self.steps {
            return None;
        }
        if step > WIDEST_STEP {
            return when_on(self.repeat);
        }
        let unseen = if is_seen { None } else { when_on(self.seen_timeout) };
        unseen.into_iter().chain(when_on(self.ack_timeout)).min()
    }

    pub(crate) const fn name_reason_of_step(&self, is_seen: bool) -> EscalationReason {
        if is_seen || self.seen_timeout.is_zero() {
            EscalationReason::Unacknowledged
        } else {
            EscalationReason::Unseen
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn should_wait_as_long_as_the_contract_says() {
        let config = EscalationConfig::default();
        assert_eq!(config.find_wait_before_step(1, false), Some(seconds(60)));
        assert_eq!(config.find_wait_before_step(1, true), Some(seconds(300)));
        assert_eq!(config.find_wait_before_step(2, false), Some(seconds(60)));
        assert_eq!(config.find_wait_before_step(3, false), Some(seconds(300)));
        assert_eq!(config.find_wait_before_step(12, true), Some(seconds(300)));
        assert_eq!(config.find_wait_before_step(13, false), None);
    }

    #[test]
    fn should_leave_out_what_is_switched_off() {
        let off = EscalationConfig { seen_timeout: seconds(0), ..EscalationConfig::default() };
        assert_eq!(off.find_wait_before_step(1, false), Some(seconds(300)));
        assert_eq!(off.name_reason_of_step(false), EscalationReason::Unacknowledged);
        let off = EscalationConfig { ack_timeout: seconds(0), ..EscalationConfig::default() };
        assert_eq!(off.find_wait_before_step(1, true), None);
        let off = EscalationConfig { repeat: seconds(0), ..EscalationConfig::default() };
        assert_eq!(off.find_wait_before_step(2, true), Some(seconds(300)));
        assert_eq!(off.find_wait_before_step(3, false), None);
        let off = EscalationConfig { steps: 0, ..EscalationConfig::default() };
        assert_eq!(off.find_wait_before_step(1, false), None);
    }
}
