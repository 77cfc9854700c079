//! Whether other nodes are there, for what a node knows only while it is alone (see [`KnownIncidents`]).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use owlpost_domain::{Result, Store};
use uuid::Uuid;

use crate::known_incidents::KnownIncidents;

/// A node that found itself alone takes that for true so long. One that starts beside others serves so much later: by then
/// whoever was alone has looked again, or knows that it has not.
const TRUST: Duration = Duration::from_millis(500);
/// How often a node that is alone looks.
const LOOK_WHILE_ALONE: Duration = Duration::from_millis(200);
/// How often one that is not looks whether it is by now: nothing but speed depends on it.
const LOOK_BESIDE_OTHERS: Duration = Duration::from_secs(5);
/// Nobody else can come.
const FOR_GOOD: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The looks of a node at the others.
pub(super) struct Neighbours {
    pub(super) store: Store,
    pub(super) node_id: Uuid,
    pub(super) known_incidents: Arc<KnownIncidents>,
    /// The database serves this process alone.
    pub(super) sole_node: bool,
}

impl Neighbours {
    /// Called when the others can see this node.
    pub(super) async fn announce_node_before_start(&self) -> Result<()> {
        if self.sole_node {
            self.known_incidents.note_how_long_node_is_alone(Some(Instant::now() + FOR_GOOD));
        } else if !self.look_for_other_nodes().await? {
            tokio::time::sleep(TRUST).await;
        }
        Ok(())
    }

    pub(super) async fn look_for_others_until_stop(self) {
        if self.sole_node {
            return std::future::pending().await;
        }
        let mut is_alone = true;
        loop {
            tokio::time::sleep(if is_alone { LOOK_WHILE_ALONE } else { LOOK_BESIDE_OTHERS }).await;
            // Without an answer others may be there.
            is_alone = self.look_for_other_nodes().await.unwrap_or(false);
        }
    }

    /// True when there are none.
    async fn look_for_other_nodes(&self) -> Result<bool> {
        let begun_at = Instant::now();
        let asking = self.store.is_only_presence_node(self.node_id);
        let is_alone =
            tokio::time::timeout(self.store.longest_wait_for_database(), asking).await??;
        self.known_incidents.note_how_long_node_is_alone(is_alone.then(|| begun_at + TRUST));
        Ok(is_alone)
    }
}
