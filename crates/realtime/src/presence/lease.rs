//! A node's claim that its sockets live, and the sweep of nodes that no longer make it.

use std::time::Duration;

use owlpost_domain::{Result, Topic, presence::SocketState};

use crate::{
    Realtime,
    presence::{task::PresenceTask, writer::SWEEP_SOCKETS},
};

/// Two thirds of the promise: with a look every sixth, a dead node is swept within five sixths of it.
pub(crate) fn lease_time_within_promise(presence_timeout: Duration) -> Duration {
    presence_timeout * 2 / 3
}

impl Realtime {
    /// Claims the lease and reads who is there; the task it gives keeps that right.
    pub(crate) async fn begin_presence_of_node(&self) -> Result<PresenceTask> {
        if self.0.config.sole_node {
            self.0.store.clear_presence_of_cluster().await?;
        }
        self.0.store.renew_presence_lease_of(self.0.node_id, self.lease_time()).await?;
        // It also draws a number, without which nothing could be read after a crash of Postgres.
        self.0.store.sweep_sockets_of_dead_nodes(SWEEP_SOCKETS).await?;
        let mut task = PresenceTask::new(self.clone());
        task.load_view_before_start().await?;
        Ok(task)
    }

    fn lease_time(&self) -> Duration {
        lease_time_within_promise(self.0.config.presence_timeout)
    }

    pub(crate) async fn renew_lease_until_stop(&self) {
        let mut had_lease = true;
        loop {
            tokio::time::sleep(self.0.config.presence_timeout / 6).await;
            match self.renew_lease_and_sweep().await {
                Ok(()) if !had_lease => {
                    had_lease = true;
                    tracing::info!("the presence lease is renewed again");
                }
                Ok(()) => {}
                Err(error) => {
                    had_lease = false;
                    tracing::warn!(%error, "the presence lease could not be renewed");
                }
            }
        }
    }

    async fn renew_lease_and_sweep(&self) -> Result<()> {
        let store = &self.0.store;
        let renewal = store.renew_presence_lease_of(self.0.node_id, self.lease_time());
        if !self.wait_for_presence_statement(renewal).await? {
            tracing::warn!("the presence lease was lost: every socket is written again");
            self.write_every_socket_again();
        }
        self.0.health.presence_lease.note_success_of_task();
        self.0.presence_writer.request_sweep_of_dead_nodes();
        // Messages can be lost, and whoever was deleted sent none; what the database says cannot be missed.
        self.0.presence_inbox.request_reading_of_presence();
        self.wait_for_presence_statement(store.delete_expired_presence_leases(None)).await
    }

    pub(crate) fn write_every_socket_again(&self) {
        let sessions = self.0.registry.list_all_live_sessions();
        for session in sessions.iter().filter(|session| session.counts_as_presence) {
            let room = session.viewed_incident().map(Topic::Incident);
            let state = SocketState::Connected { room };
            self.0.presence_writer.request_change_without_answer(session, state);
        }
    }
}
