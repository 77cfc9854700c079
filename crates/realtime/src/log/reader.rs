//! The log from a position on, for whoever tells others of every event.

use std::sync::Arc;

use owlpost_domain::{Result, Store, outlets::window::LogWindow};

use super::feed::LogFeed;

/// Reads what this node has delivered, so nothing can appear below what was read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogReader {
    store: Store,
    feed: Arc<LogFeed>,
}

impl LogReader {
    pub(crate) fn new(store: Store, feed: Arc<LogFeed>) -> Self {
        Self { store, feed }
    }

    /// The newest position that can be read.
    pub fn delivered_position(&self) -> i64 {
        self.feed.delivered_position()
    }

    /// Resolves when there is something to be read behind `position`, whether or not an event is there.
    pub async fn wait_for_position_beyond(&self, position: i64) {
        self.feed.wait_for_position_beyond(position).await;
    }

    /// What comes after `after`, at most `limit` events, and what the log has lost before them. Ends within a bounded time.
    pub async fn read_window_after_position(&self, after: i64, limit: u32) -> Result<LogWindow> {
        let through = self.feed.delivered_position().max(after);
        let reading = self.store.read_log_window_between(after, through, limit);
        tokio::time::timeout(self.store.longest_wait_for_database(), reading).await?
    }
}
