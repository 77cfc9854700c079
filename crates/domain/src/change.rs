//! The unit of work: one change of incidents, comments, notifications or people, from its beginning to its commit.
//!
//! What must hold for every change holds because there is no other way through a [`Change`]:
//!
//! - the `Idempotency-Key` is looked up before anything else, so that a retry is answered as the first time whatever
//!   has changed meanwhile, the rights of who asks included;
//! - notifications are stored after what they tell of, in the turn of those they go to (see [`crate::unread`]);
//! - the rows of the event log come last, in one statement, and exactly once: the log waits for a transaction from
//!   there to its commit;
//! - a change that has taken longer than the caller waits for it (`statement_timeout`) is not committed: it was
//!   answered `Unavailable`, and may have been overtaken.
//!
//! A change that is dropped before its commit is rolled back.

use std::time::{Duration, Instant};

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Arguments as _, PgConnection, postgres::PgArguments};

use crate::{
    Committed, DomainError, EventPayload, Result, Store, Topic, UserId,
    event_log::{EventDrafts, stamp_events_after_commit},
    idempotency::IdempotencyKey,
    notification_drafts::NotificationDrafts,
    store::connections::{ConnectionPool, Transaction},
};

/// What beginning a change comes to.
pub(crate) enum Begun<T> {
    /// The key was used before: this is the first answer, and nothing is to be done.
    Answered(Committed<T>),
    /// The change is to be made.
    Open(Box<Change>),
}

/// The change was not ready in time, and is rolled back.
#[derive(Debug, thiserror::Error)]
#[error("the change was not ready to be committed within {0:?}")]
struct DeadlinePassed(Duration);

/// When a change must be ready to be committed.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    begun: Instant,
    limit: Duration,
}

impl Deadline {
    fn time_left(self) -> Duration {
        self.limit.saturating_sub(self.begun.elapsed())
    }

    /// Fails with `Unavailable` from the moment on at which the caller has given up.
    fn refuse_change_after_limit(self) -> Result<()> {
        if self.begun.elapsed() < self.limit {
            Ok(())
        } else {
            Err(DomainError::Unavailable(Box::new(DeadlinePassed(self.limit))))
        }
    }
}

/// A change that is under way. Its transaction is opened when it is first needed.
#[must_use = "a change that is not committed is rolled back"]
pub(crate) struct Change {
    pool: ConnectionPool,
    transaction: Option<Transaction>,
    claim: Option<(UserId, IdempotencyKey)>,
    deadline: Deadline,
    events: EventDrafts,
    notifications: NotificationDrafts,
}

impl Store {
    /// Begins a change on behalf of somebody, and looks their idempotency key up, if there is one.
    pub(crate) async fn begin_change_for_actor<T: DeserializeOwned>(
        &self,
        actor_id: UserId,
        key: Option<IdempotencyKey>,
    ) -> Result<Begun<T>> {
        let mut change = self.begin_change_without_actor();
        if let Some(key) = key {
            let connection = change.open_transaction_when_needed().await?;
            let earlier = self.claim_idempotency_key_or_answer(connection, actor_id, &key).await?;
            if let Some(earlier) = earlier {
                return Ok(Begun::Answered(Committed::without_events(earlier)));
            }
            change.claim = Some((actor_id, key));
        }
        Ok(Begun::Open(Box::new(change)))
    }

    /// Begins a change nobody in particular asks for, such as one of the command line.
    pub(crate) fn begin_change_without_actor(&self) -> Change {
        Change {
            pool: self.pool.clone(),
            transaction: None,
            claim: None,
            deadline: Deadline { begun: Instant::now(), limit: self.config.statement_timeout },
            events: EventDrafts::default(),
            notifications: NotificationDrafts::default(),
        }
    }
}

impl Change {
    /// The connection of the transaction, which is opened by the first call.
    pub(crate) async fn open_transaction_when_needed(&mut self) -> Result<&mut PgConnection> {
        let transaction = match self.transaction.take() {
            Some(open) => open,
            None => self.pool.begin_transaction_with_guard().await?,
        };
        Ok(self.transaction.insert(transaction))
    }

    /// Adds an event to those that tell of this change, after the ones added before.
    pub(crate) fn stage_event_for_audience<P: EventPayload>(
        &mut self,
        audience: &[Topic],
        payload: &P,
    ) -> Result<()> {
        self.events.draft_event_for_audience(audience, payload)
    }

    /// The notifications of this change. They are stored, and told of, when it is committed.
    pub(crate) const fn notifications(&mut self) -> &mut NotificationDrafts {
        &mut self.notifications
    }

    /// Whether a single statement can be the whole transaction: none is open, and nobody is notified.
    pub(crate) fn fits_in_single_statement(&self) -> bool {
        self.transaction.is_none() && self.notifications.is_empty()
    }

    /// Stores the notifications, keeps the answer for the key, writes the log, and commits. A change that did nothing
    /// is committed without events, so that its key is answered the same again.
    pub(crate) async fn commit_with_staged_events<T: Serialize + Sync>(
        mut self,
        answer: T,
    ) -> Result<Committed<T>> {
        self.open_transaction_when_needed().await?;
        let Self { transaction, claim, deadline, mut events, notifications, .. } = self;
        let Some(mut transaction) = transaction else {
            return Err(DomainError::internal_error_from_cause("a change without a transaction"));
        };
        notifications.insert_drafts_with_events(&mut transaction, &mut events).await?;
        if let Some((actor_id, key)) = &claim {
            key.keep_answer_for_retries(&mut transaction, *actor_id, &answer).await?;
        }
        deadline.refuse_change_after_limit()?;
        let logged = events.append_drafts_to_log(&mut transaction).await?;
        deadline.refuse_change_after_limit()?;
        transaction.commit_transaction_within_limit().await?;
        Ok(stamp_events_after_commit(answer, logged))
    }

    /// Makes one statement of the change and its rows of the log, which is the whole transaction: its positions are
    /// drawn and committed without a round trip between. `writes` is a statement that returns a row when the change
    /// was made, with `arguments` as its parameters; `None` when it returns no row, and then nothing is logged.
    pub(crate) async fn commit_in_single_statement<T>(
        self,
        writes: &'static str,
        mut arguments: PgArguments,
        answer: T,
    ) -> Result<Option<Committed<T>>> {
        let first = arguments.len();
        let EventDrafts { names, audiences, payloads, .. } = &self.events;
        arguments.add(names).map_err(DomainError::internal_error_from_cause)?;
        arguments.add(audiences).map_err(DomainError::internal_error_from_cause)?;
        arguments.add(payloads).map_err(DomainError::internal_error_from_cause)?;
        // It may lie before a server that hangs for long after it was answered 503: the server refuses it then.
        let deadline = self.pool.deadline_by_database_clock(self.deadline.time_left());
        arguments.add(deadline).map_err(DomainError::internal_error_from_cause)?;
        let statement = format!(
            "with written as ({writes})
             insert into event_log (name, audience, payload)
             select name, string_to_array(audience, ' '), payload::json
             from unnest(${}::text[], ${}::text[], ${}::text[]) with ordinality
                 as draft (name, audience, payload, ord)
             where exists (select from written) and refuse_late_statement(${})
             order by ord
             returning position",
            first + 1,
            first + 2,
            first + 3,
            first + 4
        );
        self.deadline.refuse_change_after_limit()?;
        let asked_at = Instant::now();
        let positions: Vec<i64> =
            sqlx::query_scalar_with(sqlx::AssertSqlSafe(statement), arguments)
                .fetch_all(&self.pool)
                .await?;
        if positions.is_empty() {
            return Ok(None);
        }
        let logged = self.events.into_logged_events(positions, asked_at);
        Ok(Some(stamp_events_after_commit(answer, logged)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_refuse_a_change_from_its_limit_on() {
        let deadline = Deadline { begun: Instant::now(), limit: Duration::from_secs(60) };
        assert!(deadline.refuse_change_after_limit().is_ok());
        let passed = Deadline { limit: Duration::ZERO, ..deadline };
        assert!(matches!(passed.refuse_change_after_limit(), Err(DomainError::Unavailable(_))));
    }
}
