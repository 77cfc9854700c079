//! What waits to be written.

use std::collections::HashSet;

use owlpost_domain::receipts::ReceiptChange;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::metrics;

/// Changes that wait. What comes beyond it is dropped and counted: a receipt that is missing says that nobody knows.
const MOST_WAITING: usize = 10_000;
/// Changes of one group.
const MOST_OF_GROUP: usize = 2_000;

/// Changes that wait, each once.
#[derive(Default)]
pub(crate) struct ReceiptQueue {
    waiting: Mutex<HashSet<ReceiptChange>>,
    came: Notify,
}

impl ReceiptQueue {
    /// Takes note of what a client proved or said. Does not block.
    pub(crate) fn note_receipt_change_of_client(&self, change: ReceiptChange) {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MOST_WAITING && !waiting.contains(&change) {
            drop(waiting);
            metrics::count_receipts_without_room(1);
            return;
        }
        waiting.insert(change);
        drop(waiting);
        self.came.notify_one();
    }

    /// Resolves when something waits.
    pub(super) async fn wait_until_something_waits(&self) {
        loop {
            if !self.waiting.lock().is_empty() {
                return;
            }
            self.came.notified().await;
        }
    }

    /// What is to be written by one statement.
    pub(super) fn take_group_of_waiting(&self) -> Vec<ReceiptChange> {
        let mut waiting = self.waiting.lock();
        let group: Vec<_> = waiting.iter().take(MOST_OF_GROUP).copied().collect();
        for change in &group {
            waiting.remove(change);
        }
        group
    }

    /// For a group that could not be written. As much of it is kept as there is room for.
    pub(super) fn put_group_back_after_failure(&self, group: Vec<ReceiptChange>) {
        let mut waiting = self.waiting.lock();
        let room = MOST_WAITING.saturating_sub(waiting.len());
        let lost = group.len().saturating_sub(room);
        waiting.extend(group.into_iter().take(room));
        drop(waiting);
        if lost > 0 {
            metrics::count_receipts_without_room(lost as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn should_hold_as_many_as_may_wait_each_once_and_hand_them_out_in_groups() {
        let queue = ReceiptQueue::default();
        let ids: Vec<Uuid> = (0..=MOST_WAITING).map(|_| Uuid::new_v4()).collect();
        for id in ids.iter().chain(&ids[..10]) {
            queue.note_receipt_change_of_client(ReceiptChange::Delivered(*id));
        }
        let mut taken = 0;
        loop {
            let group = queue.take_group_of_waiting();
            assert!(group.len() <= MOST_OF_GROUP);
            if group.is_empty() {
                break;
            }
            taken += group.len();
        }
        assert_eq!(taken, MOST_WAITING);
    }

    #[test]
    fn should_keep_what_there_is_room_for_after_a_failure() {
        let queue = ReceiptQueue::default();
        let change = || ReceiptChange::Delivered(Uuid::new_v4());
        for _ in 0..MOST_WAITING - 1 {
            queue.note_receipt_change_of_client(change());
        }
        queue.put_group_back_after_failure(vec![change(), change()]);
        assert_eq!(queue.waiting.lock().len(), MOST_WAITING);
    }
}
