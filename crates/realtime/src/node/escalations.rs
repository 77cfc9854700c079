//! Makes the steps that are due, at whichever node is first.

use std::time::Duration;

use owlpost_domain::Result;

use super::Realtime;

/// Between two looks for what is due: the most that a step is late by, while the database answers.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

impl Realtime {
    /// Runs until the node stops.
    pub(super) async fn escalate_incidents_until_stop(self) {
        loop {
            match self.escalate_next_due_incident().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK_PAUSE).await,
                Err(error) => {
                    let cause = error.describe_chain_of_causes();
                    tracing::warn!(cause, "an escalation could not be made; it is tried again");
                    tokio::time::sleep(LOOK_PAUSE).await;
                }
            }
        }
    }

    /// Whether a step was due.
    async fn escalate_next_due_incident(&self) -> Result<bool> {
        let store = self.store().clone();
        let limit = store.longest_wait_for_database();
        let step = tokio::time::timeout(limit, store.escalate_next_due_incident()).await??;
        let Some(step) = step else { return Ok(false) };
        if !step.events.is_empty() {
            crate::metrics::count_escalation_step_made();
        }
        self.publish_committed_log_events(step.events);
        Ok(true)
    }
}
