//! Tells who looks at an incident whom its notifications reached, at most twice a second.

use std::{collections::HashSet, sync::Arc, time::Duration};

use owlpost_domain::{DomainError, IncidentId, Result, Store, Topic};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Frame, cluster::bus::Bus, delivery::dispatcher::Dispatcher};

/// Between two tellings of one incident.
const ANNOUNCEMENT_PAUSE: Duration = Duration::from_millis(500);
/// Incidents that wait to be told of. Of others nothing is told: whoever looks asks when they come.
const MOST_WAITING: usize = 10_000;

/// Incidents whose receipts changed, and who is told.
pub(crate) struct ReceiptAnnouncer {
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) waiting: Mutex<HashSet<IncidentId>>,
    pub(crate) came: Notify,
}

impl ReceiptAnnouncer {
    pub(crate) fn new(store: Store, dispatcher: Arc<Dispatcher>, bus: Arc<Bus>) -> Self {
        Self { store, dispatcher, bus, waiting: Mutex::default(), came: Notify::new() }
    }

    /// Their receipts changed: those who look at them are told, here and at the other nodes.
    pub(crate) fn announce_receipts_of_incidents(&self, incidents: &[IncidentId]) {
        if !incidents.is_empty() {
            self.bus.send_receipts_to_nodes(incidents);
            self.announce_receipts_at_node(incidents);
        }
    }

    /// The same for those who look at them here.
    pub(crate) fn announce_receipts_at_node(&self, incidents: &[IncidentId]) {
        let mut waiting = self.waiting.lock();
        let places = MOST_WAITING.saturating_sub(waiting.len());
        let looked_at = incidents.iter().copied().filter(|id| self.has_viewers_at_node(*id));
        waiting.extend(looked_at.take(places));
        let is_needed = !waiting.is_empty();
        drop(waiting);
        if is_needed {
            self.came.notify_one();
        }
    }

    fn has_viewers_at_node(&self, id: IncidentId) -> bool {
        self.dispatcher.registry.count_listeners_of_topic(Topic::Incident(id)) > 0
    }

    pub(crate) async fn tell_receipts_until_stop(&self) {
        loop {
            let incidents = std::mem::take(&mut *self.waiting.lock());
            if incidents.is_empty() {
                self.came.notified().await;
                continue;
            }
            for id in incidents {
                if self.has_viewers_at_node(id)
                    && let Err(error) = self.tell_receipts_of_incident(id).await
                    && !matches!(error, DomainError::NotFound(_))
                {
                    tracing::debug!(%error, "receipts could not be read; whoever looks asks again");
                }
            }
            tokio::time::sleep(ANNOUNCEMENT_PAUSE).await;
        }
    }

    async fn tell_receipts_of_incident(&self, id: IncidentId) -> Result<()> {
        let reading = self.store.read_receipts_of_incident(id);
        let limit = self.store.longest_wait_for_database();
        let receipts = tokio::time::timeout(limit, reading).await??;
        let topic = Topic::Incident(id);
        let frame = Frame::from_payload_for_topic(&receipts.to_event(), topic);
        self.dispatcher.deliver_frame_to_topic(frame, topic, None);
        Ok(())
    }
}
