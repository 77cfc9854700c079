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
//! A change that is dropped before its commit is rolled back. What is only a row and its event goes another way to the same
//! ends: see [`crate::write_groups`].

use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;

use crate::{
    Committed, DomainError, EventPayload, Result, Store, Topic, UserId,
    connections::{ConnectionPool, Transaction},
    deadline::Deadline,
    event_drafts::{EventDrafts, stamp_events_after_commit},
    idempotency::IdempotencyKey,
    notification_drafts::NotificationDrafts,
};

/// What beginning a change comes to.
pub(crate) enum Begun<T> {
    /// The key was used before: this is the first answer, and nothing is to be done.
    Answered(Committed<T>),
    /// The change is to be made.
    Open(Box<Change>),
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
            let lifetime = self.config.idempotency_ttl;
            let earlier = key.claim_key_or_find_answer(connection, actor_id, lifetime).await?;
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
            deadline: Deadline::from_limit(self.config.statement_timeout),
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
}
