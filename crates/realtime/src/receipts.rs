//! What clients prove and say of what they were told: gathered, written in groups, and told to who looks at the incident.

mod announcer;
mod queue;
mod writer;

use std::{future::Future, sync::Arc};

use owlpost_domain::Store;

pub(crate) use self::{announcer::ReceiptAnnouncer, queue::ReceiptQueue};
use crate::{cluster::bus::Bus, delivery::dispatcher::Dispatcher};

/// The receipts of a node.
pub(crate) struct Receipts {
    /// What waits to be written.
    pub(crate) queue: Arc<ReceiptQueue>,
    /// Who is told.
    pub(crate) announcer: Arc<ReceiptAnnouncer>,
}

impl Receipts {
    pub(crate) fn new(store: Store, dispatcher: Arc<Dispatcher>, bus: Arc<Bus>) -> Self {
        let announcer = Arc::new(ReceiptAnnouncer::new(store, dispatcher, bus));
        Self { queue: Arc::default(), announcer }
    }

    /// Writes what waits.
    pub(crate) fn build_task_of_writing(&self, store: Store) -> impl Future<Output = ()> + use<> {
        writer::write_receipts_until_stop(store, self.queue.clone(), self.announcer.clone())
    }

    /// Writes what waits at the end of a node. What cannot be written is not known to be delivered.
    pub(crate) async fn write_all_that_wait(&self, store: &Store) {
        loop {
            let group = self.queue.take_group_of_waiting();
            if group.is_empty() || store.apply_receipt_changes_group(&group).await.is_err() {
                return;
            }
        }
    }

    /// Tells what was written.
    pub(crate) fn build_task_of_telling(&self) -> impl Future<Output = ()> + use<> {
        let announcer = self.announcer.clone();
        async move { announcer.tell_receipts_until_stop().await }
    }
}
