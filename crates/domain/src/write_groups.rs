//! Changes that share a commit: those that arrive while others are being committed go together in the next.
//!
//! A plain report and a plain comment are a row and an event, and a statement that writes one of them can write many. What
//! holds for a change alone holds for each of a group:
//!
//! - None waits for what somebody else has locked while others wait for it: what cannot be written at once is left out of
//!   the group, and its caller writes it alone.
//! - None fails for another: when the database refuses a row, every change of the group is written alone.
//! - A change that comes after its deadline is not written, whatever becomes of the others.
//! - An `Idempotency-Key` is claimed with its change. One that was used before leaves its change out, and whoever writes
//!   that alone finds the first answer.
//!
//! Nobody waits for company: while few are being committed, a change is sent as it comes.

mod lane;
mod queue;
mod statement;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde::Serialize;
use sqlx::postgres::PgArguments;
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use self::statement::{ColumnArrays, GroupStatement};
use self::{
    lane::CommitLane,
    queue::{GroupQueue, WaitingChange},
    statement::StatementTexts,
};
use crate::{
    Committed, DomainError, EventPayload, LoggedEvent, Result, Topic, UserId,
    connections::ConnectionPool,
    deadline::{ANSWER_GRACE, Deadline},
    event_drafts::{EventDrafts, stamp_events_after_commit},
    idempotency::IdempotencyKey,
};

/// A row that is, with its events, the whole of a change, and what its request is answered.
pub(crate) trait GroupedRow: Serialize + std::fmt::Debug + Send + Sync + 'static {
    /// Inserts one, and waits for what it refers to when somebody else has locked that. Returns a row when it did.
    const ALONE: &'static str;
    /// Inserts many, and leaves out those that would have to wait.
    const TOGETHER: GroupStatement;

    /// The primary key.
    fn id(&self) -> Uuid;

    /// The parameters of [`Self::ALONE`].
    fn bind_columns_of_row(&self) -> Result<PgArguments>;

    /// An array of each column of [`Self::TOGETHER`].
    fn bind_arrays_of_columns(rows: &[&Self]) -> Result<PgArguments>;
}

/// A row that is to be written, and the events that tell of it.
#[derive(Debug)]
pub(crate) struct GroupedChange<R> {
    row: R,
    events: EventDrafts,
    claim: Option<(UserId, IdempotencyKey)>,
    deadline: Deadline,
}

/// What a group comes to for one of its changes.
#[derive(Debug)]
enum Outcome<R> {
    /// It is committed, and these are its events.
    Written(R, Vec<LoggedEvent>),
    /// It was left out, and can be written alone.
    LeftOut(GroupedChange<R>),
    /// Something that it refers to does not exist; nothing is written.
    Dangling,
    /// Nobody knows whether it is committed, or its time is over.
    Failed(DomainError),
}

/// What writing a change comes to.
#[derive(Debug)]
pub(crate) enum Grouped<R> {
    /// It is committed.
    Committed(Committed<R>),
    /// Something that it refers to does not exist; nothing is written.
    Dangling,
    /// It has a key and was left out; it is to be written in a transaction of its own, which finds out what the key was
    /// used for.
    LeftOut,
}

/// The changes of one kind. Shared by all who write.
#[derive(Debug)]
pub(crate) struct WriteGroups<R> {
    pool: ConnectionPool,
    texts: StatementTexts,
    queue: Mutex<GroupQueue<R>>,
}

impl<R: GroupedRow> WriteGroups<R> {
    pub(crate) fn new(pool: ConnectionPool) -> Self {
        let connections = pool.library_pool().options().get_max_connections();
        let queue = Mutex::new(GroupQueue::for_connections(connections));
        Self { pool, texts: StatementTexts::from_row_kind::<R>(), queue }
    }

    /// Writes the change beside those that wait. What nobody waits for any more is not begun.
    pub(crate) async fn write_change_with_others(
        self: &Arc<Self>,
        change: GroupedChange<R>,
    ) -> Result<Grouped<R>> {
        let patience = change.deadline.time_left() + ANSWER_GRACE;
        let (answer, answered) = oneshot::channel();
        let has_own_lane =
            self.queue.lock().add_change_and_ask_lane(WaitingChange { change, answer })?;
        if has_own_lane {
            tokio::spawn(CommitLane::new(self.clone()).commit_groups_until_empty());
        }
        let outcome = tokio::time::timeout(patience, answered).await?;
        match outcome.map_err(DomainError::internal_error_from_cause)? {
            Outcome::LeftOut(change) if change.claim.is_some() => Ok(Grouped::LeftOut),
            Outcome::LeftOut(change) => {
                self.write_change_without_others(change).await.into_result()
            }
            settled => settled.into_result(),
        }
    }

    /// In a transaction of its own, which may wait for what somebody else has locked.
    async fn write_change_without_others(&self, change: GroupedChange<R>) -> Outcome<R> {
        match statement::write_row_of_change(&self.pool, &self.texts, &change).await {
            Ok(Some((positions, asked_at))) => {
                change.settle_change_with_positions(positions, asked_at)
            }
            Ok(None) => Outcome::Dangling,
            Err(error) => Outcome::Failed(error),
        }
    }
}

impl<R> GroupedChange<R> {
    /// A row that one event tells of, waited for within `limit` from now on.
    pub(crate) fn with_event_for_audience<P: EventPayload>(
        row: R,
        (audience, payload): (&[Topic], &P),
        claim: Option<(UserId, IdempotencyKey)>,
        limit: Duration,
    ) -> Result<Self> {
        let mut events = EventDrafts::default();
        events.draft_event_for_audience(audience, payload)?;
        Ok(Self { row, events, claim, deadline: Deadline::from_limit(limit) })
    }

    fn settle_change_with_positions(self, positions: Vec<i64>, asked_at: Instant) -> Outcome<R> {
        Outcome::Written(self.row, self.events.into_logged_events(positions, asked_at))
    }
}

impl<R> Outcome<R> {
    fn into_result(self) -> Result<Grouped<R>> {
        match self {
            Self::Written(row, events) => {
                Ok(Grouped::Committed(stamp_events_after_commit(row, events)))
            }
            Self::LeftOut(_) => Ok(Grouped::LeftOut),
            Self::Dangling => Ok(Grouped::Dangling),
            Self::Failed(error) => Err(error),
        }
    }
}
