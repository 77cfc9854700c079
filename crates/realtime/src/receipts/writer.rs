//! Writes receipts in groups: a statement for all that came within a moment, never one for each frame.

use std::{sync::Arc, time::Duration};

use owlpost_domain::Store;

use super::{announcer::ReceiptAnnouncer, queue::ReceiptQueue};

/// How long receipts are gathered for one statement.
const GATHER_TIME: Duration = Duration::from_millis(50);
/// Pause after a failure of the database.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn write_receipts_until_stop(
    store: Store,
    queue: Arc<ReceiptQueue>,
    announcer: Arc<ReceiptAnnouncer>,
) {
    loop {
        queue.wait_until_something_waits().await;
        tokio::time::sleep(GATHER_TIME).await;
        let group = queue.take_group_of_waiting();
        let writing = store.apply_receipt_changes_group(&group);
        let written = tokio::time::timeout(store.longest_wait_for_database(), writing).await;
        match written.map_err(Into::into).and_then(|written| written) {
            Ok(incidents) => announcer.announce_receipts_of_incidents(&incidents),
            Err(error) => {
                tracing::warn!(%error, receipts = group.len(), "receipts not written; trying again");
                queue.put_group_back_after_failure(group);
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}
