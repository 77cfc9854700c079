//! What waits for the next commit, and how much of it goes together.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::{GroupedChange, Outcome};
use crate::{DomainError, Result};

/// Changes of one kind that wait at most. Whoever comes then is told to come again.
const MOST_WAITING: usize = 4_096;
/// Changes that share a commit at most: a statement of so many takes a few milliseconds.
const MOST_CHANGES: usize = 128;
/// Bytes of events that go together, unless one change alone has more.
const MOST_PAYLOAD_BYTES: usize = 1 << 20;
/// Changes that are sent as they come, while no more are being committed. As few cost little apart, and each would wait for the
/// commit of another; of more, those that come gather.
const FEW_CHANGES: usize = 8;

/// As many changes wait as may.
#[derive(Debug, thiserror::Error)]
#[error("too many changes wait for the database")]
struct TooManyChanges;

/// A change, and who waits for it.
#[derive(Debug)]
pub(super) struct WaitingChange<R> {
    pub(super) change: GroupedChange<R>,
    pub(super) answer: oneshot::Sender<Outcome<R>>,
}

/// In the order in which they came.
#[derive(Debug)]
pub(super) struct GroupQueue<R> {
    waiting: VecDeque<WaitingChange<R>>,
    /// Changes that lanes are committing.
    committing: usize,
    /// Below so many, a change has a lane of its own.
    few: usize,
}

impl<R> GroupQueue<R> {
    /// A queue before a database that can be asked so many things at the same time.
    pub(super) fn for_connections(connections: u32) -> Self {
        let few = usize::try_from(connections).map_or(FEW_CHANGES, |most| most.min(FEW_CHANGES));
        Self { waiting: VecDeque::new(), committing: 0, few }
    }

    /// Adds a change. True when it is to have a lane of its own, which the caller has to begin.
    pub(super) fn add_change_and_ask_lane(&mut self, change: WaitingChange<R>) -> Result<bool> {
        if self.waiting.len() >= MOST_WAITING {
            return Err(DomainError::Unavailable(Box::new(TooManyChanges)));
        }
        let are_few = self.committing + self.waiting.len() < self.few;
        self.waiting.push_back(change);
        Ok(are_few)
    }

    /// The next group for a lane, which has done `committed` changes before. `None` when nothing waits: the lane ends.
    pub(super) fn pop_group_after_commit(
        &mut self,
        committed: usize,
    ) -> Option<Vec<WaitingChange<R>>> {
        self.committing -= committed;
        if self.waiting.is_empty() {
            return None;
        }
        let count = self.count_changes_that_fit();
        self.committing += count;
        Some(self.waiting.drain(..count).collect())
    }

    /// A lane has ended in the middle of so many changes. True when others wait, who need another lane then.
    pub(super) fn give_up_changes_of_lane(&mut self, committing: usize) -> bool {
        self.committing -= committing;
        !self.waiting.is_empty()
    }

    fn count_changes_that_fit(&self) -> usize {
        let mut bytes = 0;
        let fits = |waiting: &&WaitingChange<R>| {
            bytes += waiting.change.events.count_payload_bytes();
            bytes <= MOST_PAYLOAD_BYTES
        };
        self.waiting.iter().take(MOST_CHANGES).take_while(fits).count().max(1)
    }
}
