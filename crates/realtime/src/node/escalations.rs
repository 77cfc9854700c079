//! Makes the steps that are due, at whichever node is first.

use std::{sync::Arc, time::Duration};

use owlpost_domain::{Result, Store};

use crate::{cluster::bus::Bus, log::feed::LogFeed, metrics};

/// Between two looks for what is due: the most that a step is late by, while the database answers.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// The task that escalates, beside those of the other nodes.
pub(super) struct Escalator {
    pub(super) store: Store,
    pub(super) bus: Arc<Bus>,
    pub(super) feed: Arc<LogFeed>,
}

impl Escalator {
    pub(super) async fn escalate_incidents_until_stop(self) {
        let mut is_failing = false;
        loop {
            let made = self.make_next_due_step().await;
            if let Err(error) = &made
                && !is_failing
            {
                let cause = error.describe_chain_of_causes();
                tracing::warn!(cause, "escalations cannot be made; they are tried again");
            }
            if made.is_ok() && is_failing {
                tracing::info!("escalations are made again");
            }
            is_failing = made.is_err();
            if !matches!(made, Ok(true)) {
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        }
    }

    /// Whether a step was due.
    async fn make_next_due_step(&self) -> Result<bool> {
        let limit = self.store.longest_wait_for_database();
        let step = self.store.escalate_next_due_incident();
        let Some(step) = tokio::time::timeout(limit, step).await?? else { return Ok(false) };
        if !step.events.is_empty() {
            metrics::count_escalation_step_made();
            self.bus.send_log_events_to_nodes(&step.events);
            self.feed.publish_committed_log_events(step.events);
        }
        Ok(true)
    }
}
