//! The logins of a person: seen, and ended one by one or all at once.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Applicant, DomainError, Result, Store, User, UserId, access_token::LoginId,
    model::serialize_time_as_utc,
};

/// One login of a person, as they see it.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginSession {
    /// Stable id.
    pub id: Uuid,
    /// When they logged in.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub created_at: DateTime<Utc>,
    /// When its tokens were last renewed.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub last_used_at: DateTime<Utc>,
    /// When it ends by itself, unless its tokens are renewed before.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub expires_at: DateTime<Utc>,
    /// The address it was last used from; of IPv6 the network.
    #[schema(required)]
    pub address: Option<String>,
    /// What its client says it is.
    #[schema(required)]
    pub user_agent: Option<String>,
}

/// Which logins of a person end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoginEnd {
    /// One.
    OfLogin(LoginId),
    /// Every one but this, if it is one.
    AllBut(Option<LoginId>),
    /// Those that were not used for longest, so that as many are left.
    AllButNewest(i64),
}

impl LoginEnd {
    /// Ends them, with their refresh tokens; how many were live. The database tells every node.
    pub(crate) async fn end_logins_within_transaction(
        self,
        connection: &mut PgConnection,
        user_id: UserId,
    ) -> Result<usize> {
        let (only, spared, most) = match self {
            Self::OfLogin(login) => (Some(login), None, None),
            Self::AllBut(login) => (None, login, None),
            Self::AllButNewest(most) => (None, None, Some(most)),
        };
        let ended: Vec<Uuid> = sqlx::query_scalar(
            "with gone as (
                 select id from login_sessions
                 where user_id = $1 and ended_at is null and expires_at > now()
                     and ($2::uuid is null or id = $2) and ($3::uuid is null or id <> $3)
                 order by last_used_at desc, id desc offset coalesce($4, 0)),
             revoked as (
                 update refresh_tokens set revoked_at = coalesce(revoked_at, now())
                 where family_id in (select id from gone) or family_id = $2)
             update login_sessions set ended_at = now() where id in (select id from gone) returning id",
        )
        .bind(user_id)
        .bind(only)
        .bind(spared)
        .bind(most)
        .fetch_all(connection)
        .await?;
        Ok(ended.len())
    }
}

impl Store {
    /// The live logins of a person, the last used first.
    pub async fn list_live_logins_by_user(&self, user_id: UserId) -> Result<Vec<LoginSession>> {
        Ok(sqlx::query_as(
            "select id, created_at, last_used_at, expires_at, address, user_agent from login_sessions
             where user_id = $1 and ended_at is null and expires_at > now()
             order by last_used_at desc, id desc limit $2",
        )
        .bind(user_id)
        .bind(self.config.limits.logins_per_user)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Ends one login of a person.
    pub async fn end_one_login_by_id(&self, user_id: UserId, login: LoginId) -> Result<()> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let ended = LoginEnd::OfLogin(login)
            .end_logins_within_transaction(&mut transaction, user_id)
            .await?;
        if ended == 0 {
            return Err(DomainError::NotFound("Session"));
        }
        transaction.commit_transaction_within_limit().await?;
        self.forget_user_in_memory(user_id);
        Ok(())
    }

    /// Gives somebody who knows their password another one. Every login but this one ends, and so do tokens that belong
    /// to none.
    pub async fn change_own_password_by_current(
        &self,
        user: &User,
        login: Option<LoginId>,
        (current, new): (&str, &str),
        applicant: Applicant,
    ) -> Result<()> {
        let hash: Option<String> =
            sqlx::query_scalar("select password_hash from users where id = $1")
                .bind(user.id)
                .fetch_optional(&self.pool)
                .await?
                .flatten();
        if !self.verify_password_off_thread(current, hash, applicant).await? {
            // Not `Unauthenticated`: their token is good.
            return Err(DomainError::Forbidden("The current password is wrong"));
        }
        let own = [&*user.email, &*user.name];
        let hash = self.hash_new_password_of_person(new, &own, applicant).await?;
        self.set_password_hash_and_end_logins(user.id, hash, login).await
    }

    /// Gives somebody another password, with nobody to ask: for the command line.
    pub async fn set_user_password_without_asking(
        &self,
        user: &User,
        password: &str,
    ) -> Result<()> {
        let own = [&*user.email, &*user.name];
        let hash = self.hash_new_password_of_person(password, &own, Applicant::default()).await?;
        self.set_password_hash_and_end_logins(user.id, hash, None).await
    }

    async fn set_password_hash_and_end_logins(
        &self,
        user_id: UserId,
        hash: String,
        spared: Option<LoginId>,
    ) -> Result<()> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        write_password_hash_to_user(&mut transaction, user_id, &hash, spared).await?;
        transaction.commit_transaction_within_limit().await?;
        self.forget_user_in_memory(user_id);
        Ok(())
    }
}

/// Writes a new password, and ends what the old one had begun. Whoever has a password of their own is none of the demo.
pub(super) async fn write_password_hash_to_user(
    connection: &mut PgConnection,
    user_id: UserId,
    hash: &str,
    spared: Option<LoginId>,
) -> Result<()> {
    sqlx::query(
        "update users set password_hash = $2, tokens_valid_from = now(), is_demo = false where id = $1",
    )
    .bind(user_id)
    .bind(hash)
    .execute(&mut *connection)
    .await?;
    LoginEnd::AllBut(spared).end_logins_within_transaction(connection, user_id).await?;
    Ok(())
}
