//! API tokens, with which tools come in: made, listed and revoked. How one is verified is in `verification`.
//!
//! A token is `owl_` and 256 random bits. It is told once, to whoever made it; only its hash is kept. To guess one that is
//! live takes more tries than can ever be made, so tries are not counted by address as those of passwords are; what they
//! may cost the database is bounded in `verification`.

pub(crate) mod verification;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, Row as _, postgres::PgRow};
use utoipa::ToSchema;
use uuid::Uuid;

use self::verification::API_TOKEN_PREFIX;
use crate::{
    DomainError, Result, Role, Store, User, UserId,
    authority::{Scope, ScopeSet},
    model::{serialize_optional_time_utc, serialize_time_as_utc},
    page::Page,
    policy::{Action, authorize_user_for_action},
    random_token::{hash_of_random_token, make_random_token_text},
    rows::{read_user_with_prefix, user_columns},
    validate::require_text_within_limit,
};

/// Characters of a name: the width of its column.
const NAME_CHARS: usize = 100;
/// Days after which a token may expire at most.
pub const MOST_DAYS: i32 = 3650;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What somebody wants a token for.
#[derive(Debug, Clone)]
pub struct NewApiToken<'a> {
    /// What its owner knows it by.
    pub name: &'a str,
    /// What it shall be good for.
    pub scopes: ScopeSet,
    /// Days after which it is good for nothing any more; without, it does not expire.
    pub expires_in_days: Option<i32>,
}

/// An API token, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// Stable id.
    pub id: Uuid,
    /// What its owner knows it by.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// Whose it is: it may what they may, within its scopes.
    pub owner: User,
    /// When it was made.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub created_at: DateTime<Utc>,
    /// When it is good for nothing any more; null for never.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub last_used_at: Option<DateTime<Utc>>,
}

const SELECT_API_TOKEN: &str = concat!(
    "select token.id, token.name, token.scopes, token.created_at, token.expires_at, token.last_used_at, ",
    user_columns!("u", "u"),
    " from api_tokens token join users u on u.id = token.user_id"
);

impl Store {
    /// Makes a token for its owner, and gives its secret, which nobody is told again. The number of live ones is bounded.
    pub async fn create_api_token_for_owner(
        &self,
        owner: &User,
        new: NewApiToken<'_>,
    ) -> Result<(ApiToken, String)> {
        let name = require_text_within_limit("name", new.name, NAME_CHARS)?;
        if name.chars().any(char::is_control) {
            return Err(DomainError::invalid_field_value("name", "must be one line of text"));
        }
        let scopes: Vec<Scope> = new.scopes.iter().collect();
        if scopes.is_empty() {
            return Err(DomainError::invalid_field_value("scopes", "must name one at least"));
        }
        let days = new.expires_in_days;
        if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            let message = format!("must be a whole number from 1 to {MOST_DAYS}");
            return Err(DomainError::invalid_field_value("expiresInDays", message));
        }
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        self.refuse_token_beyond_limit(&mut transaction, owner.id).await?;
        let (id, secret) =
            (Uuid::now_v7(), format!("{API_TOKEN_PREFIX}{}", make_random_token_text()));
        let lifetime = days.and_then(|days| u32::try_from(days).ok()).map(|days| DAY * days);
        let (created_at, expires_at) = sqlx::query_as(
            "insert into api_tokens (id, user_id, name, token_hash, scopes, expires_at)
             values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) returning created_at, expires_at",
        )
        .bind(id)
        .bind(owner.id)
        .bind(&name)
        .bind(&hash_of_random_token(&secret)[..])
        .bind(scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>())
        .bind(lifetime.map(|lifetime| lifetime.as_secs_f64()))
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit_transaction_within_limit().await?;
        // What is in memory does not know the token.
        self.forget_user_in_memory(owner.id);
        let owner = owner.clone();
        let made = ApiToken { id, name, scopes, owner, created_at, expires_at, last_used_at: None };
        Ok((made, secret))
    }

    /// Of two who make their last one at the same moment, the second finds the first's.
    async fn refuse_token_beyond_limit(
        &self,
        connection: &mut PgConnection,
        owner: UserId,
    ) -> Result<()> {
        sqlx::query("select from users where id = $1 for no key update")
            .bind(owner)
            .execute(&mut *connection)
            .await?;
        let live: i64 = sqlx::query_scalar(
            "select count(*) from api_tokens
             where user_id = $1 and ended_at is null and (expires_at is null or expires_at > now())",
        )
        .bind(owner)
        .fetch_one(connection)
        .await?;
        let most = self.config.limits.api_tokens_per_user;
        if live >= most {
            return Err(DomainError::Conflict(format!(
                "A person may have {most} live API tokens; revoke one first"
            )));
        }
        Ok(())
    }

    /// Tokens that are not revoked, the newest first: of one person, or of everybody.
    pub async fn list_api_tokens_of_owner(
        &self,
        owner: Option<UserId>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Page<ApiToken>> {
        let sql = format!(
            "{SELECT_API_TOKEN} where token.ended_at is null and ($1::uuid is null or token.user_id = $1)
                 and ($2::uuid is null or token.id < $2) order by token.id desc limit $3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(owner)
            .bind(before)
            .bind(i64::from(limit) + 1)
            .fetch_all(&self.pool)
            .await?;
        let tokens = rows.iter().map(read_api_token_from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows_with_one_more(tokens, limit, |token: &ApiToken| token.id))
    }

    /// As [`Self::list_api_tokens_of_owner`], of everybody, on behalf of an Auror.
    pub async fn list_every_token_by_actor(
        &self,
        actor: &User,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Page<ApiToken>> {
        authorize_user_for_action(actor, Action::ManagePeople)?;
        self.list_api_tokens_of_owner(None, before, limit).await
    }

    /// Revokes a token of the actor's, or of anybody's when the actor is an Auror; whose it was. The database tells every
    /// node.
    pub async fn revoke_api_token_by_actor(&self, actor: &User, id: Uuid) -> Result<UserId> {
        let of = (actor.role < Role::Auror).then_some(actor.id);
        self.revoke_one_live_token(id, of).await
    }

    /// The same with nobody to ask: for the command line.
    pub async fn revoke_api_token_without_actor(&self, id: Uuid) -> Result<UserId> {
        self.revoke_one_live_token(id, None).await
    }

    async fn revoke_one_live_token(&self, id: Uuid, of: Option<UserId>) -> Result<UserId> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let owner: Option<UserId> = sqlx::query_scalar(
            "update api_tokens set ended_at = now()
             where id = $1 and ended_at is null and ($2::uuid is null or user_id = $2) returning user_id",
        )
        .bind(id)
        .bind(of)
        .fetch_optional(&mut *transaction)
        .await?;
        let owner = owner.ok_or(DomainError::NotFound("Token"))?;
        transaction.commit_transaction_within_limit().await?;
        self.forget_user_in_memory(owner);
        Ok(owner)
    }
}

/// Revokes every token of somebody who may not come in any more, for good.
pub(crate) async fn revoke_tokens_within_transaction(
    connection: &mut PgConnection,
    owner: UserId,
) -> Result<()> {
    sqlx::query("update api_tokens set ended_at = now() where user_id = $1 and ended_at is null")
        .bind(owner)
        .execute(connection)
        .await?;
    Ok(())
}

fn read_api_token_from_row(row: &PgRow) -> Result<ApiToken> {
    let scopes: Vec<String> = row.try_get("scopes")?;
    let scopes: ScopeSet = scopes.iter().map(|scope| scope.parse()).collect::<Result<_>>()?;
    Ok(ApiToken {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        scopes: scopes.iter().collect(),
        owner: read_user_with_prefix(row, "u")?
            .ok_or_else(|| DomainError::internal_error_from_cause("a token without an owner"))?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}
