//! What presence needs of the database, as an interface, so that its tasks can be tested in memory.

use std::{future::Future, time::Duration};

use owlpost_domain::{
    Result, Store,
    presence::{LeaseRenewal, PresenceChange, PresenceGroup, PresenceReading},
};
use uuid::Uuid;

/// Sockets of dead nodes swept at a time.
const SWEEP_SOCKETS: u32 = 2_000;

/// The presence of the cluster as one of its nodes reads and writes it. Every call ends within a bounded time: a
/// database that neither answers nor refuses would hold a task for ever.
pub(crate) trait PresenceStore: Clone + Send + Sync + 'static {
    /// Commits changes of this node's sockets; gives what they come to for their people.
    fn apply_group(
        &self,
        changes: &[PresenceChange],
    ) -> impl Future<Output = Result<PresenceGroup>> + Send;
    /// Removes some sockets of nodes whose lease ran out; `None` when there were none.
    fn sweep_dead_nodes(&self) -> impl Future<Output = Result<Option<PresenceGroup>>> + Send;
    /// Everybody in the cluster.
    fn read_cluster(&self) -> impl Future<Output = Result<PresenceReading>> + Send;
    /// Claims for `time` that this node's sockets live.
    fn renew_lease(&self, time: Duration) -> impl Future<Output = Result<LeaseRenewal>> + Send;
    /// Forgets nodes whose lease ran out long ago.
    fn delete_expired_leases(&self) -> impl Future<Output = Result<()>> + Send;
    /// Forgets this node, which stops.
    fn delete_own_lease(&self) -> impl Future<Output = Result<()>> + Send;
    /// Forgets everybody: no other node can be there.
    fn clear_cluster(&self) -> impl Future<Output = Result<()>> + Send;
}

/// Presence in the database of the domain.
#[derive(Clone)]
pub(crate) struct DatabasePresence {
    pub(crate) store: Store,
    pub(crate) node_id: Uuid,
}

impl DatabasePresence {
    async fn run_within_statement_timeout<T>(
        &self,
        statement: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        tokio::time::timeout(self.store.config().statement_timeout, statement).await?
    }
}

impl PresenceStore for DatabasePresence {
    async fn apply_group(&self, changes: &[PresenceChange]) -> Result<PresenceGroup> {
        let apply = self.store.apply_presence_changes_group(self.node_id, changes);
        self.run_within_statement_timeout(apply).await
    }

    async fn sweep_dead_nodes(&self) -> Result<Option<PresenceGroup>> {
        let sweep = self.store.sweep_sockets_of_dead_nodes(SWEEP_SOCKETS);
        self.run_within_statement_timeout(sweep).await
    }

    async fn read_cluster(&self) -> Result<PresenceReading> {
        let read = self.store.read_presence_of_cluster(self.node_id);
        self.run_within_statement_timeout(read).await
    }

    async fn renew_lease(&self, time: Duration) -> Result<LeaseRenewal> {
        let renewal = self.store.renew_presence_node_lease(self.node_id, time);
        self.run_within_statement_timeout(renewal).await
    }

    async fn delete_expired_leases(&self) -> Result<()> {
        self.run_within_statement_timeout(self.store.delete_expired_presence_leases(None)).await
    }

    async fn delete_own_lease(&self) -> Result<()> {
        let delete = self.store.delete_expired_presence_leases(Some(self.node_id));
        self.run_within_statement_timeout(delete).await
    }

    async fn clear_cluster(&self) -> Result<()> {
        self.run_within_statement_timeout(self.store.clear_presence_of_cluster()).await
    }
}
