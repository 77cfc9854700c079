//! What telling of presence may cost a node, in deliveries.

use std::time::{Duration, Instant};

/// Least and longest time between two `presence:counts`.
const COUNTS_PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(5)];

/// Deliveries that announcements may still cost. At most those of a second are saved.
pub(crate) struct DeliveryBudget {
    per_second: f64,
    deliveries: f64,
    refilled_at: Instant,
}

impl DeliveryBudget {
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, deliveries: per_second, refilled_at: now }
    }

    /// Whether so many announcements are paid for, each of which goes to so many listeners: all of them or none, because a
    /// client that misses one refetches everybody.
    pub(crate) fn pay_for_all_announcements(
        &mut self,
        announcements: usize,
        listeners: usize,
        now: Instant,
    ) -> bool {
        let earned = now.duration_since(self.refilled_at).as_secs_f64() * self.per_second;
        self.deliveries = (self.deliveries + earned).min(self.per_second);
        self.refilled_at = now;
        #[allow(clippy::cast_precision_loss)]
        let cost = announcements.saturating_mul(listeners) as f64;
        // A full purse pays for any one: a node with more clients than budget still announces now and then.
        let is_paid =
            cost <= self.deliveries || announcements == 1 && self.deliveries >= self.per_second;
        if is_paid {
            self.deliveries -= cost;
        }
        is_paid
    }

    /// How long the next `presence:counts` waits after one that went to so many: twice a second, unless that alone would cost
    /// more than the budget.
    pub(crate) fn find_pause_after_counts(&self, listeners: usize) -> Duration {
        let [least, longest] = COUNTS_PAUSES;
        #[allow(clippy::cast_precision_loss)]
        let seconds = listeners as f64 / self.per_second;
        Duration::from_secs_f64(seconds.min(longest.as_secs_f64())).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_pay_for_what_it_has_and_nothing_more() {
        let now = Instant::now();
        let mut budget = DeliveryBudget::new(1_000, now);
        assert!(!budget.pay_for_all_announcements(11, 91, now), "1,001 of 1,000");
        assert!(budget.pay_for_all_announcements(10, 100, now), "none was taken for those before");
        assert!(!budget.pay_for_all_announcements(1, 1, now));
        assert!(budget.pay_for_all_announcements(1_000, 0, now), "nobody hears them");
        let later = now + Duration::from_millis(100);
        assert!(!budget.pay_for_all_announcements(1, 101, later));
        assert!(budget.pay_for_all_announcements(1, 100, later));
    }

    #[test]
    fn should_save_no_more_than_a_second_gives() {
        let now = Instant::now();
        let mut budget = DeliveryBudget::new(1_000, now);
        assert!(!budget.pay_for_all_announcements(2, 501, now + Duration::from_secs(60)));
        assert!(budget.pay_for_all_announcements(2, 500, now + Duration::from_secs(60)));
    }

    #[test]
    fn should_pay_for_one_announcement_to_more_than_its_budget_when_it_is_full() {
        let now = Instant::now();
        let mut budget = DeliveryBudget::new(1_000, now);
        assert!(budget.pay_for_all_announcements(1, 5_000, now));
        assert!(!budget.pay_for_all_announcements(1, 5_000, now + Duration::from_millis(4_999)));
        assert!(budget.pay_for_all_announcements(1, 5_000, now + Duration::from_secs(6)));
    }

    #[test]
    fn should_send_counts_less_often_to_more_than_its_budget() {
        let budget = DeliveryBudget::new(8_000, Instant::now());
        let pause = |listeners| budget.find_pause_after_counts(listeners).as_millis();
        assert_eq!(
            [0, 4_000, 10_000, 40_000, 1_000_000].map(pause),
            [500, 500, 1_250, 5_000, 5_000]
        );
    }
}
