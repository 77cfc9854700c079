//! Writes presence changes in groups: while one group commits, the next gathers.

use std::{sync::Arc, time::Duration};

use owlpost_domain::Result;
use tokio::time::MissedTickBehavior;

use crate::{
    cluster::bus::Bus,
    metrics,
    presence::{
        inbox::PresenceInbox,
        queue::{PresenceQueue, QueuedGroup},
        store::PresenceStore,
    },
    task_health::TaskHealth,
};

/// From one group to the next, at least. A change alone is written at once; in a storm of thousands, groups of
/// hundreds cost the database a fraction of what groups of ten would.
const GROUP_PAUSE: Duration = Duration::from_millis(2);
/// Pause after a failure of the database.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The task that writes what is in the queue.
pub(crate) struct PresenceWriter<S> {
    pub(crate) store: S,
    pub(crate) queue: Arc<PresenceQueue>,
    pub(crate) inbox: Arc<PresenceInbox>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) health: Arc<TaskHealth>,
}

impl<S: PresenceStore> PresenceWriter<S> {
    pub(crate) async fn write_presence_until_stop(self) {
        let mut pauses = tokio::time::interval(GROUP_PAUSE);
        pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let group = self.queue.take_group_when_ready().await;
            match self.write_group_of_changes(&group).await {
                Ok(()) => {
                    self.health.presence_writer.note_success_of_task();
                    self.queue.answer_group_after_commit(group);
                }
                Err(error) => {
                    let changes = group.len();
                    tracing::warn!(%error, changes, "presence not written; trying again");
                    self.queue.put_group_back_after_failure(group);
                    // It may have committed, and its answer was lost: then others know what this node does not.
                    self.inbox.request_reading_of_presence();
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
            pauses.tick().await;
        }
    }

    async fn write_group_of_changes(&self, group: &QueuedGroup) -> Result<()> {
        let changes = group.changes();
        if !changes.is_empty() {
            let written = self.store.apply_group(&changes).await?;
            metrics::observe_presence_group_size(changes.len());
            self.bus.send_presence_to_nodes(&written);
            self.inbox.show_own_group_of_node(written, changes).await;
        }
        if group.sweep
            && let Some(swept) = self.store.sweep_dead_nodes().await?
        {
            let people = swept.people.len();
            tracing::warn!(people, "swept the sockets of a node that died");
            self.bus.send_presence_to_nodes(&swept);
            self.inbox.offer_group_of_node(swept);
            // There may be more of them.
            self.queue.request_sweep_of_dead_nodes();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
