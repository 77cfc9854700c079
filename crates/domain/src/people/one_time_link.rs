//! Links an Auror makes for somebody else, good once and not for long: to set a password, to register.
//!
//! The token of a link is told once, to the Auror, who hands it on; only its hash is kept.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use utoipa::ToSchema;
use uuid::Uuid;

use super::login_list::write_password_hash_to_user;
use crate::{
    Applicant, DomainError, Result, Role, Store, User, UserId,
    model::serialize_time_as_utc,
    policy::{Action, authorize_user_for_action},
    random_token::{hash_of_random_token, make_random_token_text},
    validate::require_email_with_handle,
};

/// A link, with the token that is told once.
#[derive(Debug, Clone)]
pub struct OneTimeLink {
    /// Stable id.
    pub id: Uuid,
    /// What whoever has it is let in with.
    pub token: String,
    /// When it is good for nothing any more.
    pub expires_at: DateTime<Utc>,
}

/// An invitation that is open.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Stable id.
    pub id: Uuid,
    /// The address it is for; anybody's when there is none.
    #[schema(required)]
    pub email: Option<String>,
    /// What whoever takes it becomes.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// When it was made.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub created_at: DateTime<Utc>,
    /// When it is good for nothing any more.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub expires_at: DateTime<Utc>,
}

/// What a row of a link says.
struct NewLink<'a> {
    kind: &'static str,
    user_id: Option<UserId>,
    email: Option<&'a str>,
    role: Option<Role>,
    created_by: UserId,
    ttl: Duration,
}

impl Store {
    /// A link with which somebody sets a new password. The one made before it is good for nothing any more.
    pub async fn create_password_reset_link(
        &self,
        actor: &User,
        user_id: UserId,
    ) -> Result<OneTimeLink> {
        authorize_user_for_action(actor, Action::ManagePeople)?;
        let user = self.find_user_by_id(user_id).await?.ok_or(DomainError::NotFound("User"))?;
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        sqlx::query("delete from one_time_links where kind = 'password_reset' and user_id = $1")
            .bind(user.id)
            .execute(&mut *transaction)
            .await?;
        let new = NewLink {
            kind: "password_reset",
            user_id: Some(user.id),
            email: None,
            role: None,
            created_by: actor.id,
            ttl: self.config.password_reset_ttl,
        };
        let link = insert_link_with_token(&mut transaction, new).await?;
        transaction.commit_transaction_within_limit().await?;
        Ok(link)
    }

    /// Sets the password of whom the link is for, and ends every login of theirs. A link that is unknown, used or too old
    /// is `NotFound`; a password that is refused leaves it good.
    pub async fn reset_password_by_link(
        &self,
        token: &str,
        password: &str,
        applicant: Applicant,
    ) -> Result<UserId> {
        let found: Option<(Uuid, String, String)> = sqlx::query_as(
            "select users.id, users.email, users.name
             from one_time_links link join users on users.id = link.user_id
             where link.token_hash = $1 and link.kind = 'password_reset' and link.used_at is null
                 and link.expires_at > now() and users.deactivated_at is null",
        )
        .bind(&hash_of_random_token(token)[..])
        .fetch_optional(&self.pool)
        .await?;
        let (user_id, email, name) = found.ok_or(DomainError::NotFound("Link"))?;
        let hash = self.hash_new_password_of_person(password, &[&email, &name], applicant).await?;
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        spend_link_with_token(&mut transaction, "password_reset", token).await?;
        write_password_hash_to_user(&mut transaction, user_id, &hash, None).await?;
        transaction.commit_transaction_within_limit().await?;
        self.forget_user_in_memory(user_id);
        Ok(user_id)
    }

    /// An invitation to register, for one address or for anybody.
    pub async fn create_invitation_as_actor(
        &self,
        actor: &User,
        email: Option<&str>,
        role: Role,
    ) -> Result<OneTimeLink> {
        authorize_user_for_action(actor, Action::ManagePeople)?;
        let email = email.map(require_email_with_handle).transpose()?;
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let open: i64 = sqlx::query_scalar(
            "select count(*) from one_time_links
             where kind = 'invitation' and used_at is null and expires_at > now()",
        )
        .fetch_one(&mut *transaction)
        .await?;
        if open >= self.config.limits.open_invitations {
            return Err(DomainError::Conflict("As many invitations are open as may be".into()));
        }
        let new = NewLink {
            kind: "invitation",
            user_id: None,
            email: email.as_deref(),
            role: Some(role),
            created_by: actor.id,
            ttl: self.config.invitation_ttl,
        };
        let link = insert_link_with_token(&mut transaction, new).await?;
        transaction.commit_transaction_within_limit().await?;
        Ok(link)
    }

    /// The invitations that nobody has taken yet, the newest first.
    pub async fn list_open_invitations_by_actor(&self, actor: &User) -> Result<Vec<Invitation>> {
        authorize_user_for_action(actor, Action::ManagePeople)?;
        Ok(sqlx::query_as(
            "select id, email, coalesce(role, 'STUDENT') as role, created_at, expires_at from one_time_links
             where kind = 'invitation' and used_at is null and expires_at > now()
             order by id desc limit $1",
        )
        .bind(self.config.limits.open_invitations)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation_as_actor(&self, actor: &User, id: Uuid) -> Result<()> {
        authorize_user_for_action(actor, Action::ManagePeople)?;
        let deleted = sqlx::query(
            "delete from one_time_links where id = $1 and kind = 'invitation' and used_at is null",
        )
        .bind(id)
        .execute(&self.pool)
        .await?
        .rows_affected();
        if deleted == 0 { Err(DomainError::NotFound("Invitation")) } else { Ok(()) }
    }

    /// Adds whom an invitation lets in. What is refused leaves it good.
    pub(super) async fn insert_invited_user_with(
        &self,
        token: &str,
        email: &str,
        name: &str,
        password_hash: String,
    ) -> Result<User> {
        let refusal = DomainError::Forbidden("This invitation is not good for this address");
        let mut change = self.begin_change_without_actor();
        let connection = change.open_transaction_when_needed().await?;
        let Ok((of_email, role)) = spend_link_with_token(connection, "invitation", token).await
        else {
            return Err(refusal);
        };
        if of_email.is_some_and(|of_email| of_email != email) {
            return Err(refusal);
        }
        let role = role.map_or(Ok(Role::Student), |role| role.parse())?;
        self.commit_user_in_change(change, email, name, role, Some(password_hash)).await
    }
}

async fn insert_link_with_token(
    connection: &mut PgConnection,
    new: NewLink<'_>,
) -> Result<OneTimeLink> {
    let (id, token) = (Uuid::now_v7(), make_random_token_text());
    let expires_at = sqlx::query_scalar(
        "insert into one_time_links (id, kind, token_hash, user_id, email, role, created_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)) returning expires_at",
    )
    .bind(id)
    .bind(new.kind)
    .bind(&hash_of_random_token(&token)[..])
    .bind(new.user_id)
    .bind(new.email)
    .bind(new.role.map(Role::as_str))
    .bind(new.created_by)
    .bind(new.ttl.as_secs_f64())
    .fetch_one(connection)
    .await?;
    Ok(OneTimeLink { id, token, expires_at })
}

/// Of two who spend it at the same moment, the second finds it spent.
async fn spend_link_with_token(
    connection: &mut PgConnection,
    kind: &str,
    token: &str,
) -> Result<(Option<String>, Option<String>)> {
    sqlx::query_as(
        "update one_time_links set used_at = now()
         where token_hash = $1 and kind = $2 and used_at is null and expires_at > now()
         returning email, role",
    )
    .bind(&hash_of_random_token(token)[..])
    .bind(kind)
    .fetch_optional(connection)
    .await?
    .ok_or(DomainError::NotFound("Link"))
}
