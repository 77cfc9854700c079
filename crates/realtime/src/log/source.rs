//! What the follower needs of the database and of the node, as interfaces, so that it can be tested in memory.

use std::{collections::HashSet, future::Future};

use owlpost_domain::{
    LoggedEvent, Result, Store,
    event_log::{
        history::LogExtent,
        tail::{LogTail, LogWriter},
    },
};

/// The log, in the database. Every call ends within a bounded time.
pub(crate) trait LogSource: Send + Sync + 'static {
    /// What the log reaches from and to.
    fn read_extent(&self) -> impl Future<Output = Result<LogExtent>> + Send;
    /// The extent, and up to `limit` events from position `first` on, of one snapshot.
    fn read_tail(&self, first: i64, limit: u32) -> impl Future<Output = Result<LogTail>> + Send;
    /// Transactions that are writing to the log.
    fn list_writers(&self) -> impl Future<Output = Result<HashSet<String>>> + Send;
    /// The same for people.
    fn describe_writers(&self) -> impl Future<Output = Result<Vec<LogWriter>>> + Send;
    /// Sees to it that nothing can be committed at `position` or below.
    fn fence_through(&self, position: i64) -> impl Future<Output = Result<()>> + Send;
    /// Begins a new epoch if the database or the table is not the one of the recorded epoch.
    fn begin_epoch_after_restore(&self) -> impl Future<Output = Result<()>> + Send;
    /// Begins a new epoch if the epoch is still `known`.
    fn begin_epoch_after_contradiction(
        &self,
        known: i64,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// The node, as far as it gets events. Called by the follower's task alone, in the order of the log.
pub(crate) trait LogSink: Send + Sync + 'static {
    /// Whether a fan-out would keep the processors busy for so long that it had better begin a moment later.
    fn has_crowd(&self) -> bool;
    /// Hands consecutive events of one audience to the sessions. May pause in between, must not wait for a client.
    fn deliver_batch(&self, batch: &[LoggedEvent]) -> impl Future<Output = ()> + Send;
    /// The log was read: what it had is buffered or delivered.
    fn note_reading(&self);
    /// Ends every session, because what they were told belongs to another history; their clients come back.
    fn end_every_session(&self);
}

/// The log as the domain reads it, with a limit on every call.
pub(crate) struct DatabaseLog(pub(crate) Store);

impl DatabaseLog {
    async fn run_within_longest_wait<T>(
        &self,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        tokio::time::timeout(self.0.longest_wait_for_database(), call).await?
    }
}

impl LogSource for DatabaseLog {
    async fn read_extent(&self) -> Result<LogExtent> {
        self.run_within_longest_wait(self.0.read_log_extent_state()).await
    }

    async fn read_tail(&self, first: i64, limit: u32) -> Result<LogTail> {
        self.run_within_longest_wait(self.0.read_log_tail_from(first, limit)).await
    }

    async fn list_writers(&self) -> Result<HashSet<String>> {
        let writers = self.run_within_longest_wait(self.0.list_open_log_writers()).await?;
        Ok(writers.into_iter().collect())
    }

    async fn describe_writers(&self) -> Result<Vec<LogWriter>> {
        self.run_within_longest_wait(self.0.describe_open_log_writers()).await
    }

    async fn fence_through(&self, position: i64) -> Result<()> {
        self.run_within_longest_wait(self.0.fence_log_through_position(position)).await
    }

    async fn begin_epoch_after_restore(&self) -> Result<()> {
        self.run_within_longest_wait(self.0.begin_epoch_after_restore()).await
    }

    async fn begin_epoch_after_contradiction(&self, known: i64) -> Result<()> {
        self.run_within_longest_wait(self.0.begin_epoch_after_contradiction(known)).await
    }
}
