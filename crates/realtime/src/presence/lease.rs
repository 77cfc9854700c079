//! A node's claim that its sockets live, and the sweep of nodes that no longer make it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use owlpost_domain::{Result, presence::LeaseRenewal};

use crate::{
    delivery::dispatcher::Dispatcher,
    known_incidents::KnownIncidents,
    metrics,
    presence::{inbox::PresenceInbox, queue::PresenceQueue, store::PresenceStore},
    task_health::TaskHealth,
};

/// Two thirds of the promise: with a look every sixth, a dead node is swept within five sixths of it.
pub(crate) fn lease_time_within_promise(presence_timeout: Duration) -> Duration {
    presence_timeout * 2 / 3
}

/// The task that keeps the claim.
pub(crate) struct PresenceLease<S> {
    pub(crate) store: S,
    pub(crate) queue: Arc<PresenceQueue>,
    pub(crate) inbox: Arc<PresenceInbox>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) health: Arc<TaskHealth>,
    pub(crate) known_incidents: Arc<KnownIncidents>,
    /// Presence of a node that died is gone within this time.
    pub(crate) promise: Duration,
}

impl<S: PresenceStore> PresenceLease<S> {
    /// Claims the lease for the first time. `sole_node`: whoever is found there is not there any more.
    pub(crate) async fn claim_lease_before_start(&self, sole_node: bool) -> Result<()> {
        if sole_node {
            self.store.clear_cluster().await?;
        }
        let renewal = self.store.renew_lease(lease_time_within_promise(self.promise)).await?;
        self.tell_of_other_secrets(0, renewal.nodes_with_other_secret);
        // It also draws a number, without which nothing could be read after a crash of Postgres.
        self.store.sweep_dead_nodes().await.map(drop)
    }

    pub(crate) async fn renew_lease_until_stop(self) {
        let (mut had_lease, mut other_secrets) = (true, 0);
        loop {
            tokio::time::sleep(self.promise / 6).await;
            match self.renew_lease_and_sweep().await {
                Ok(renewal) => {
                    if !std::mem::replace(&mut had_lease, true) {
                        tracing::info!("the presence lease is renewed again");
                    }
                    let now = renewal.nodes_with_other_secret;
                    self.tell_of_other_secrets(std::mem::replace(&mut other_secrets, now), now);
                }
                Err(error) => {
                    had_lease = false;
                    tracing::warn!(%error, "the presence lease could not be renewed");
                }
            }
        }
    }

    /// People who reconnect to another node are sent away there: nobody would look for the cause in a secret.
    fn tell_of_other_secrets(&self, before: u32, nodes: u32) {
        metrics::show_nodes_with_other_secret(nodes);
        if nodes > before {
            tracing::error!(
                nodes,
                "other nodes on this database have another JWT_SECRET: tokens of one are refused by the other"
            );
        } else if nodes == 0 && before > 0 {
            tracing::info!("every node has the same JWT_SECRET again");
        }
    }

    async fn renew_lease_and_sweep(&self) -> Result<LeaseRenewal> {
        let renewal = self.store.renew_lease(lease_time_within_promise(self.promise)).await?;
        if !renewal.was_held {
            tracing::warn!("the presence lease was lost: every socket is written again");
            // Within it all others renew theirs, too.
            self.known_incidents.note_loss_of_leases(Instant::now() + self.promise);
            let sessions = self.dispatcher.registry.list_all_live_sessions();
            self.queue.request_rewrite_of_sockets(&sessions);
        }
        self.health.presence_lease.note_success_of_task();
        self.queue.request_sweep_of_dead_nodes();
        // Messages can be lost, and whoever was deleted sent none; what the database says cannot be missed.
        self.inbox.request_reading_of_presence();
        self.store.delete_expired_leases().await?;
        Ok(renewal)
    }
}
