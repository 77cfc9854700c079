//! What a node does for its database: prove that it takes writes, and remove what is old.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use owlpost_domain::{Result, Store, presence::ViewEnd};
use uuid::Uuid;

use crate::task_health::TaskHealth;

/// Between two proofs that the database takes writes, and while it does not.
const WRITE_PROOF_PAUSE: Duration = Duration::from_secs(2);
const FAILED_PROOF_PAUSE: Duration = Duration::from_millis(200);
/// Between two removals of what is old.
const HOUSEKEEPING_PAUSE: Duration = Duration::from_secs(60);
/// Between two looks for rows that search does not find yet. It asks an index that is empty.
const SEARCH_TEXT_PAUSE: Duration = Duration::from_secs(2);
/// Whatever is kept for how short a time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// Whether the database takes writes. A server that only reads and a full disk answer every read; connections that
/// lead to such a server are given up by the first write that fails.
pub(crate) struct WriteProof {
    store: Store,
    health: Arc<TaskHealth>,
    node_id: Uuid,
    takes_writes: AtomicBool,
}

impl WriteProof {
    pub(crate) fn new(store: Store, node_id: Uuid, health: Arc<TaskHealth>) -> Self {
        Self { store, health, node_id, takes_writes: AtomicBool::new(true) }
    }

    /// Whether it did when that was last tried.
    pub(crate) fn takes_writes(&self) -> bool {
        self.takes_writes.load(Ordering::Relaxed)
    }

    pub(crate) async fn prove_writes_until_stop(self: Arc<Self>) {
        loop {
            let proved = self.write_row_of_node().await;
            let pause = if proved.is_ok() { WRITE_PROOF_PAUSE } else { FAILED_PROOF_PAUSE };
            // Whatever the answer is: readiness tells of it by itself.
            self.health.write_proof.note_success_of_task();
            if self.takes_writes.swap(proved.is_ok(), Ordering::Relaxed) != proved.is_ok() {
                match proved {
                    Ok(()) => tracing::info!("the database takes writes again"),
                    Err(error) => {
                        let cause = error.describe_chain_of_causes();
                        tracing::error!(cause, "the database takes no writes");
                    }
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn write_row_of_node(&self) -> Result<()> {
        let proof = self.store.prove_writes_of_node(self.node_id);
        tokio::time::timeout(self.store.longest_wait_for_database(), proof).await?
    }
}

/// Removes what is past its time, now and then, and keeps what is in use from being past it.
pub(super) async fn keep_house_until_stop(store: Store, node_id: Uuid, health: Arc<TaskHealth>) {
    let mut pause = HOUSEKEEPING_PAUSE;
    let keeps_recoveries = !store.config().recovery_retention.is_zero();
    if keeps_recoveries {
        pause = pause.min(store.config().recovery_refresh_age()).max(SHORTEST_PAUSE);
    }
    loop {
        tokio::time::sleep(pause).await;
        let kept = async {
            if keeps_recoveries {
                store.refresh_recoveries_of_node(node_id).await?;
            }
            remove_everything_past_retention(&store).await
        };
        match kept.await {
            Ok(()) => health.housekeeping.note_success_of_task(),
            Err(error) => tracing::warn!(%error, "housekeeping failed; it is tried again"),
        }
    }
}

/// Gives incidents and people that others have written what search compares. That it is behind makes no node unready: what
/// has a text is found.
pub(super) async fn write_search_texts_until_stop(store: Store) {
    loop {
        let written = store.write_missing_search_texts();
        let are_more = match tokio::time::timeout(store.longest_wait_for_database(), written).await
        {
            Ok(Ok(are_more)) => are_more,
            Ok(Err(error)) => {
                tracing::debug!(%error, "search is behind; it is tried again");
                false
            }
            Err(_) => false,
        };
        if !are_more {
            tokio::time::sleep(SEARCH_TEXT_PAUSE).await;
        }
    }
}

async fn remove_everything_past_retention(store: &Store) -> Result<()> {
    while store.trim_oldest_log_batch().await? {}
    while store.trim_oldest_recoveries_batch().await? {}
    while store.fold_changes_into_comment_counts(None).await? {}
    store.close_views_without_socket(ViewEnd::Now).await?;
    store.delete_expired_keys_and_tokens().await
}
