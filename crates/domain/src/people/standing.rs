//! What people may do, and whether they are here at all: roles, deactivation, deletion.

use sqlx::PgConnection;

use super::login_list::LoginEnd;
use crate::{
    Committed, DomainError, Result, Role, Store, User, UserId,
    api_tokens::revoke_tokens_within_transaction,
    change::{Begun, Change},
    idempotency::IdempotencyKey,
    policy::{Action, authorize_user_for_action},
    rows::{UserRow, user_columns},
};

/// What of a person shall change.
#[derive(Debug, Clone, Copy, Default)]
pub struct StandingChange {
    /// What they may do from now on.
    pub role: Option<Role>,
    /// Whether they may come in.
    pub active: Option<bool>,
}

impl StandingChange {
    /// Whether somebody who was an active Auror is none afterwards.
    fn takes_auror_away(self) -> bool {
        self.active == Some(false) || self.role.is_some_and(|role| role != Role::Auror)
    }
}

impl Store {
    /// Changes what somebody may do, on behalf of an Auror. The database writes the events, so that live sockets follow
    /// whoever changed it. The last active Auror stays one.
    pub async fn change_standing_by_actor(
        &self,
        actor: &User,
        id: UserId,
        wanted: StandingChange,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<User>> {
        let mut change = match self.begin_change_for_actor(actor.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        authorize_user_for_action(actor, Action::ManagePeople)?;
        if wanted.takes_auror_away() {
            let connection = change.open_transaction_when_needed().await?;
            require_auror_besides_user(connection, id).await?;
        }
        self.commit_standing_of_user(change, id, wanted).await
    }

    /// The same with nobody to ask: for the command line.
    pub async fn change_standing_without_actor(
        &self,
        id: UserId,
        wanted: StandingChange,
    ) -> Result<User> {
        let change = self.begin_change_without_actor();
        Ok(self.commit_standing_of_user(change, id, wanted).await?.value)
    }

    async fn commit_standing_of_user(
        &self,
        mut change: Change,
        id: UserId,
        wanted: StandingChange,
    ) -> Result<Committed<User>> {
        let connection = change.open_transaction_when_needed().await?;
        let row: UserRow = sqlx::query_as(concat!(
            "update users set role = coalesce($2, role),
                 deactivated_at = case when $3 then null else coalesce(deactivated_at, case when not $3 then now() end) end
             where id = $1 and deleted_at is null returning ",
            user_columns!()
        ))
        .bind(id)
        .bind(wanted.role.map(Role::as_str))
        .bind(wanted.active)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(DomainError::NotFound("User"))?;
        if wanted.active == Some(false) {
            LoginEnd::AllBut(None).end_logins_within_transaction(connection, id).await?;
            revoke_tokens_within_transaction(connection, id).await?;
        }
        let committed = change.commit_with_staged_events(User::from(row)).await;
        // Also when it failed: the answer to a commit can be lost.
        self.forget_user_in_memory(id);
        committed
    }

    /// Deletes a person on behalf of an Auror: they are deactivated for good, and their name, address, handle, password,
    /// logins and notifications are gone. What they wrote stays, as somebody's who was deleted.
    pub async fn delete_user_by_actor(&self, actor: &User, id: UserId) -> Result<()> {
        authorize_user_for_action(actor, Action::ManagePeople)?;
        let mut change = self.begin_change_without_actor();
        let connection = change.open_transaction_when_needed().await?;
        require_auror_besides_user(connection, id).await?;
        self.commit_deletion_of_user(change, id).await
    }

    /// The same with nobody to ask: for the command line.
    pub async fn delete_user_without_actor(&self, id: UserId) -> Result<()> {
        let change = self.begin_change_without_actor();
        self.commit_deletion_of_user(change, id).await
    }

    async fn commit_deletion_of_user(&self, mut change: Change, id: UserId) -> Result<()> {
        let connection = change.open_transaction_when_needed().await?;
        LoginEnd::AllBut(None).end_logins_within_transaction(connection, id).await?;
        let found = sqlx::query(
            "update users set email = 'deleted-' || id || '@deleted.invalid', name = 'Deleted user',
                 handle = 'deleted-' || id, password_hash = null, role = 'STUDENT', is_demo = false,
                 external_issuer = null, external_subject = null,
                 deactivated_at = coalesce(deactivated_at, now()), deleted_at = now()
             where id = $1 and deleted_at is null",
        )
        .bind(id)
        .execute(&mut *connection)
        .await?
        .rows_affected();
        if found == 0 {
            return Err(DomainError::NotFound("User"));
        }
        for statement in [
            "delete from notifications where user_id = $1",
            "delete from idempotency_keys where user_id = $1",
            "delete from recoveries where user_id = $1",
            "delete from login_sessions where user_id = $1",
            "delete from refresh_tokens where user_id = $1",
            "delete from one_time_links where user_id = $1",
            "delete from api_tokens where user_id = $1",
        ] {
            sqlx::query(statement).bind(id).execute(&mut *connection).await?;
        }
        let committed = change.commit_with_staged_events(()).await;
        self.forget_user_in_memory(id);
        committed.map(drop)
    }
}

/// Fails when nobody would be left who may manage people. Aurors are locked in one order: of two who demote each other at
/// the same moment, the second finds the first's change made.
async fn require_auror_besides_user(connection: &mut PgConnection, id: UserId) -> Result<()> {
    let aurors: Vec<UserId> = sqlx::query_scalar(
        "select id from users where role = 'AUROR' and deactivated_at is null order by id for update",
    )
    .fetch_all(connection)
    .await?;
    if aurors == [id] {
        return Err(DomainError::Conflict(
            "The last Auror stays one: make somebody else an Auror first".into(),
        ));
    }
    Ok(())
}
