//! Commits one group after the other, until nothing waits.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{
    GroupedRow, Outcome, WriteGroups,
    queue::WaitingChange,
    statement::{WrittenGroup, is_refusal_of_row, write_rows_of_group},
};
use crate::DomainError;

/// A change that is written alone may wait for what somebody has locked. The others wait this long for it.
const LONE_PATIENCE: Duration = Duration::from_millis(10);

/// Commits what waits, until nothing does.
pub(super) struct CommitLane<R: GroupedRow> {
    groups: Arc<WriteGroups<R>>,
    /// Changes of the group that it is committing.
    committing: usize,
}

impl<R: GroupedRow> Drop for CommitLane<R> {
    fn drop(&mut self) {
        if self.committing == 0 {
            return;
        }
        // It panicked, or the process ends.
        let do_others_wait = self.groups.queue.lock().give_up_changes_of_lane(self.committing);
        if do_others_wait && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(CommitLane::new(self.groups.clone()).commit_groups_until_empty());
        }
    }
}

impl<R: GroupedRow> CommitLane<R> {
    pub(super) const fn new(groups: Arc<WriteGroups<R>>) -> Self {
        Self { groups, committing: 0 }
    }

    pub(super) async fn commit_groups_until_empty(mut self) {
        while let Some(mut group) = self.pop_next_waiting_group() {
            group.retain(|waiting| !waiting.answer.is_closed());
            match <[WaitingChange<R>; 1]>::try_from(group) {
                Ok([lone]) if lone.change.claim.is_none() => {
                    self.write_lone_change_with_patience(lone).await
                }
                Ok([keyed]) => self.groups.write_group_and_answer(vec![keyed]).await,
                Err(group) => self.groups.write_group_and_answer(group).await,
            }
        }
    }

    fn pop_next_waiting_group(&mut self) -> Option<Vec<WaitingChange<R>>> {
        let committed = std::mem::take(&mut self.committing);
        let group = self.groups.queue.lock().pop_group_after_commit(committed)?;
        self.committing = group.len();
        Some(group)
    }

    /// By the statement of one, which costs less.
    async fn write_lone_change_with_patience(&self, waiting: WaitingChange<R>) {
        let groups = self.groups.clone();
        let mut writing = Box::pin(async move {
            let _ = waiting.answer.send(groups.write_change_without_others(waiting.change).await);
        });
        if tokio::time::timeout(LONE_PATIENCE, &mut writing).await.is_err() {
            tokio::spawn(writing);
        }
    }
}

impl<R: GroupedRow> WriteGroups<R> {
    async fn write_group_and_answer(&self, group: Vec<WaitingChange<R>>) {
        let mut keys = HashSet::new();
        let (mut ready, mut repeated) = (Vec::with_capacity(group.len()), Vec::new());
        for waiting in group {
            let is_first_of_key = waiting
                .change
                .claim
                .as_ref()
                .is_none_or(|(user_id, key)| keys.insert((*user_id, key.key().to_owned())));
            if let Err(late) = waiting.change.deadline.refuse_change_after_limit() {
                let _ = waiting.answer.send(Outcome::Failed(late));
            } else if is_first_of_key {
                ready.push(waiting);
            } else {
                repeated.push(waiting);
            }
        }
        if !ready.is_empty() {
            self.write_ready_changes_together(ready).await;
        }
        // They find what became of the first with their key.
        leave_changes_to_callers(repeated);
    }

    async fn write_ready_changes_together(&self, ready: Vec<WaitingChange<R>>) {
        let asked_at = Instant::now();
        let changes: Vec<_> = ready.iter().map(|waiting| &waiting.change).collect();
        match write_rows_of_group(&self.pool, &self.texts, &changes).await {
            Ok(written) => answer_changes_of_group(ready, written, asked_at),
            Err(error) if is_refusal_of_row(&error) => leave_changes_to_callers(ready),
            Err(error) => answer_changes_with_failure(ready, error.into()),
        }
    }
}

fn leave_changes_to_callers<R>(group: Vec<WaitingChange<R>>) {
    for WaitingChange { change, answer } in group {
        let _ = answer.send(Outcome::LeftOut(change));
    }
}

/// Positions are in the order of the changes.
fn answer_changes_of_group<R: GroupedRow>(
    group: Vec<WaitingChange<R>>,
    written: WrittenGroup,
    asked_at: Instant,
) {
    let ids: HashSet<Uuid> = written.ids.into_iter().collect();
    let mut positions = written.positions.into_iter();
    for WaitingChange { change, answer } in group {
        let outcome = if ids.contains(&change.row.id()) {
            let own = positions.by_ref().take(change.events.len()).collect();
            change.settle_change_with_positions(own, asked_at)
        } else {
            Outcome::LeftOut(change)
        };
        let _ = answer.send(outcome);
    }
}

/// All are told the same: nobody knows of any of them whether it was written.
fn answer_changes_with_failure<R>(group: Vec<WaitingChange<R>>, failure: DomainError) {
    let failure = Arc::new(failure);
    for WaitingChange { answer, .. } in group {
        let _ = answer.send(Outcome::Failed(DomainError::from_shared_failure(&failure)));
    }
}
