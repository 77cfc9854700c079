//! The newest events in memory, so that a storm of resumes after a short cut needs no query at all.

use std::collections::VecDeque;

use owlpost_domain::LoggedEvent;
use parking_lot::RwLock;

/// Payload bytes kept at most, whatever the number of events.
const MOST_PAYLOAD_BYTES: usize = 8 << 20;

/// Every event this node delivered after some position, bounded in number and size.
#[derive(Debug)]
pub(crate) struct RecentEvents {
    limit: usize,
    kept: RwLock<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Every event after this position (and up to the newest kept) is here.
    complete_after: i64,
    events: VecDeque<LoggedEvent>,
    payload_bytes: usize,
}

impl RecentEvents {
    /// Nothing yet, complete after this position.
    pub(crate) fn new(limit: usize, position: i64) -> Self {
        let kept = Kept { complete_after: position, events: VecDeque::new(), payload_bytes: 0 };
        Self { limit, kept: RwLock::new(kept) }
    }

    /// Keeps an event; events come in log order.
    pub(crate) fn keep_event_in_order(&self, event: &LoggedEvent) {
        let mut kept = self.kept.write();
        kept.payload_bytes += event.payload.len();
        kept.events.push_back(event.clone());
        while kept.events.len() > self.limit || kept.payload_bytes > MOST_PAYLOAD_BYTES {
            let Some(oldest) = kept.events.pop_front() else { break };
            kept.payload_bytes -= oldest.payload.len();
            kept.complete_after = oldest.position;
        }
    }

    /// Forgets everything, and goes on after `position`.
    pub(crate) fn forget_all_before_position(&self, position: i64) {
        *self.kept.write() =
            Kept { complete_after: position, events: VecDeque::new(), payload_bytes: 0 };
    }

    /// All events in `(after, through]`, when memory still has every one of them.
    pub(crate) fn find_events_in_range(
        &self,
        after: i64,
        through: i64,
    ) -> Option<Vec<LoggedEvent>> {
        let kept = self.kept.read();
        if after < kept.complete_after {
            return None;
        }
        let start = kept.events.partition_point(|event| event.position <= after);
        let range = kept.events.range(start..).take_while(|event| event.position <= through);
        Some(range.cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: i64) -> LoggedEvent {
        LoggedEvent::from_texts(position, "incident:created", &[], "{}".into())
    }

    #[test]
    fn should_answer_only_for_ranges_it_holds_whole() {
        let recent = RecentEvents::new(2, 10);
        for position in [11, 13, 14] {
            recent.keep_event_in_order(&event(position));
        }
        assert!(recent.find_events_in_range(10, 14).is_none(), "11 was dropped at the bound");
        let found = recent.find_events_in_range(11, 13).unwrap();
        assert_eq!(found.iter().map(|e| e.position).collect::<Vec<_>>(), [13]);
        assert_eq!(recent.find_events_in_range(14, 14).unwrap().len(), 0);
    }
}
