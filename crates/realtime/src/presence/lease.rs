//! A node's claim that its sockets live, and the sweep of nodes that no longer make it.

use owlpost_domain::{Result, Topic, presence::SocketState};

use crate::Realtime;

impl Realtime {
    pub(crate) async fn begin_presence_of_node(&self) -> Result<()> {
        if self.0.config.sole_node {
            self.0.store.clear_presence_of_cluster().await?;
        }
        self.0.store.renew_presence_lease_of(self.0.node_id, self.lease_time()).await?;
        self.reload_presence_from_database().await
    }

    /// Two thirds of the promise: with a look every sixth, a dead node is swept within five sixths of it.
    fn lease_time(&self) -> std::time::Duration {
        self.0.config.presence_timeout * 2 / 3
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
        if !store.renew_presence_lease_of(self.0.node_id, self.lease_time()).await? {
            tracing::warn!("the presence lease was lost: every socket is written again");
            self.write_every_socket_again();
        }
        if self.0.config.sole_node {
            return Ok(());
        }
        self.0.presence_writer.request_sweep_of_dead_nodes();
        store.delete_expired_presence_leases(None).await?;
        self.settle_presence_changes_now().await?;
        if self.0.bus.is_connected().is_some() {
            // Messages on the bus can be lost; what the database says cannot.
            self.reload_presence_from_database().await?;
        }
        Ok(())
    }

    /// Makes the directory what the database says, and announces what no message has told.
    pub(crate) async fn reload_presence_from_database(&self) -> Result<()> {
        let reading = self.0.directory.begin_reading_of_cluster();
        let (users, rooms) = self.0.store.load_presence_of_cluster().await?;
        let changed = self.0.directory.replace_view_of_cluster(&reading, users, &rooms);
        self.announce_presence_changes_here(changed);
        Ok(())
    }

    fn write_every_socket_again(&self) {
        let sessions = self.0.registry.list_all_live_sessions();
        for session in sessions.iter().filter(|session| session.counts_as_presence) {
            let room = session.viewed_incident().map(Topic::Incident);
            let state = SocketState::Connected { room };
            self.0.presence_writer.request_change_without_answer(session, state);
        }
    }
}
