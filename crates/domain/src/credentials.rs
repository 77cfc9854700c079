//! Passwords and refresh tokens.

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgConnection};
use std::{sync::OnceLock, time::Duration};
use uuid::Uuid;

use crate::{
    DomainError, Result, Role, Store, User, UserId, rows::UserRow,
    validate::check_password_length_bounds,
};

/// What a login gives: who it is, and the two tokens.
#[derive(Debug)]
pub struct LoginGrant {
    /// Who logged in.
    pub user: User,
    /// For requests and sockets; short-lived.
    pub access_token: String,
    /// Good for one more grant; long-lived.
    pub refresh_token: String,
    /// Lifetime of the access token, in seconds.
    pub expires_in_seconds: u64,
}

/// How long after it was spent a refresh token is taken again while its successors are unused. Longer than a client
/// waits before it tries again, and short for somebody who found a copy.
pub const REUSE_WINDOW: Duration = Duration::from_secs(30);

/// What a refresh token is good for, by the clock of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum RefreshState {
    /// It was not spent.
    Fresh,
    /// It was spent moments ago, and none of its successors was used.
    SpentJustNow,
    /// It was not used in time.
    Expired,
    /// It was spent or revoked.
    Dead,
}

#[derive(FromRow)]
struct RefreshRow {
    #[sqlx(rename = "token_id")]
    id: Uuid,
    family_id: Uuid,
    state: RefreshState,
    #[sqlx(flatten)]
    user: UserRow,
}

/// Where a refresh token comes from: its login, and the token that was spent for it, if it was not the login itself.
struct TokenOrigin {
    family_id: Uuid,
    parent_id: Option<Uuid>,
}

impl Store {
    /// Makes a STUDENT with a password and logs them in.
    pub async fn register_user_with_password(
        &self,
        email: &str,
        name: &str,
        password: &str,
    ) -> Result<LoginGrant> {
        let hash = self.hash_password_off_thread(password).await?;
        let user = self.insert_user_with_role(email, name, Role::Student, Some(hash)).await?;
        self.grant_tokens_to_user(user).await
    }

    /// Logs in. An unknown address and a wrong password take the same time and give the same answer.
    pub async fn login_user_with_password(
        &self,
        email: &str,
        password: &str,
    ) -> Result<LoginGrant> {
        if email.contains('\0') {
            return Err(DomainError::Unauthenticated);
        }
        let found: Option<(Uuid, Option<String>)> =
            sqlx::query_as("select id, password_hash from users where lower(email) = lower($1)")
                .bind(email.trim())
                .fetch_optional(&self.pool)
                .await?;
        let (user_id, hash) = match found {
            Some((id, Some(hash))) => (Some(id), hash),
            _ => (None, hash_that_matches_nothing().to_owned()),
        };
        let matches = self.verify_password_off_thread(password, hash).await?;
        let user_id = user_id.filter(|_| matches).ok_or(DomainError::Unauthenticated)?;
        let user = self.find_user_by_id(user_id).await?.ok_or(DomainError::Unauthenticated)?;
        self.grant_tokens_to_user(user).await
    }

    /// Spends a refresh token for new tokens, in one transaction: an answer that fails spends nothing.
    ///
    /// A token that was spent is taken again for [`REUSE_WINDOW`] while none of the tokens it was spent for was used:
    /// two tabs that renew at the same moment and an answer that was lost on its way are no theft. Each gets a token
    /// of its own. Past that, somebody else holds a copy: the whole family is revoked, and thief and owner must both
    /// log in again.
    pub async fn rotate_refresh_token_family(&self, refresh_token: &str) -> Result<LoginGrant> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let row = find_refresh_token_locked(&mut transaction, refresh_token)
            .await?
            .ok_or(DomainError::Unauthenticated)?;
        match row.state {
            RefreshState::Expired => return Err(DomainError::Unauthenticated),
            RefreshState::Dead => {
                revoke_refresh_token_family(&mut transaction, row.family_id).await?;
                transaction.commit_transaction_within_limit().await?;
                return Err(DomainError::Unauthenticated);
            }
            RefreshState::Fresh | RefreshState::SpentJustNow => {}
        }
        // The window runs from the first time it was spent.
        sqlx::query("update refresh_tokens set used_at = coalesce(used_at, now()) where id = $1")
            .bind(row.id)
            .execute(&mut *transaction)
            .await?;
        let user = User::from(row.user);
        let origin = TokenOrigin { family_id: row.family_id, parent_id: Some(row.id) };
        let refresh_token =
            self.insert_refresh_token_row(&mut transaction, user.id, origin).await?;
        let grant = self.build_login_grant_with_tokens(user, refresh_token)?;
        transaction.commit_transaction_within_limit().await?;
        Ok(grant)
    }

    /// Logs out: the token and its family are good for nothing any more. An unknown token is no error.
    pub async fn revoke_family_of_token(&self, refresh_token: &str) -> Result<()> {
        sqlx::query(
            "update refresh_tokens set revoked_at = coalesce(revoked_at, now())
             where family_id = (select family_id from refresh_tokens where token_hash = $1)",
        )
        .bind(hash_of_refresh_token(refresh_token))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// argon2id with the OWASP parameters of the crate's default, off the async threads and bounded in number.
    pub async fn hash_password_off_thread(&self, password: &str) -> Result<String> {
        let limits = &self.config.limits;
        check_password_length_bounds(
            password,
            limits.password_min_chars,
            limits.password_max_chars,
        )?;
        let password = password.to_owned();
        self.hashing
            .run_blocking_work_in_turn(move || {
                Argon2::default()
                    .hash_password(password.as_bytes())
                    .map(|hash| hash.to_string())
                    .map_err(|error| DomainError::internal_error_from_cause(error.to_string()))
            })
            .await?
    }

    async fn verify_password_off_thread(&self, password: &str, hash: String) -> Result<bool> {
        // Longer than any stored password: hash a bounded part all the same, so that the time tells nothing.
        let longest = self.config.limits.password_max_chars * 4;
        let fits = password.len() <= longest;
        let password = password.as_bytes()[..password.len().min(longest)].to_vec();
        let matches = self
            .hashing
            .run_blocking_work_in_turn(move || {
                PasswordHash::new(&hash)
                    .is_ok_and(|hash| Argon2::default().verify_password(&password, &hash).is_ok())
            })
            .await?;
        Ok(matches && fits)
    }

    async fn grant_tokens_to_user(&self, user: User) -> Result<LoginGrant> {
        let mut connection = self.pool.acquire_connection_with_guard().await?;
        let origin = TokenOrigin { family_id: Uuid::new_v4(), parent_id: None };
        let refresh_token = self.insert_refresh_token_row(&mut connection, user.id, origin).await?;
        connection.return_connection_to_pool();
        self.build_login_grant_with_tokens(user, refresh_token)
    }

    async fn insert_refresh_token_row(
        &self,
        connection: &mut PgConnection,
        user_id: UserId,
        origin: TokenOrigin,
    ) -> Result<String> {
        let token = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>());
        sqlx::query(
            "insert into refresh_tokens (id, family_id, parent_id, user_id, token_hash, expires_at)
             values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))",
        )
        .bind(Uuid::now_v7())
        .bind(origin.family_id)
        .bind(origin.parent_id)
        .bind(user_id)
        .bind(hash_of_refresh_token(&token))
        .bind(self.config.refresh_token_ttl.as_secs_f64())
        .execute(connection)
        .await?;
        Ok(token)
    }

    fn build_login_grant_with_tokens(
        &self,
        user: User,
        refresh_token: String,
    ) -> Result<LoginGrant> {
        let ttl = self.config.access_token_ttl;
        let access_token = self.tokens.sign_token_for_user(&user, ttl)?;
        Ok(LoginGrant { user, access_token, refresh_token, expires_in_seconds: ttl.as_secs() })
    }
}

async fn find_refresh_token_locked(
    connection: &mut PgConnection,
    token: &str,
) -> Result<Option<RefreshRow>> {
    Ok(sqlx::query_as(
        "select token.id as token_id, token.family_id, users.id, users.email, users.name, users.role, users.handle,
             case when token.revoked_at is not null then 'dead'
                  when token.used_at is not null
                      and (token.used_at <= now() - make_interval(secs => $2) or exists (
                          select from refresh_tokens successor
                          where successor.family_id = token.family_id and successor.parent_id = token.id
                              and successor.used_at is not null)) then 'dead'
                  when token.expires_at <= now() then 'expired'
                  when token.used_at is not null then 'spent_just_now'
                  else 'fresh' end as state
         from refresh_tokens token join users on users.id = token.user_id
         where token.token_hash = $1 for update of token",
    )
    .bind(hash_of_refresh_token(token))
    .bind(REUSE_WINDOW.as_secs_f64())
    .fetch_optional(connection)
    .await?)
}

async fn revoke_refresh_token_family(connection: &mut PgConnection, family: Uuid) -> Result<()> {
    sqlx::query(
        "update refresh_tokens set revoked_at = coalesce(revoked_at, now()) where family_id = $1",
    )
    .bind(family)
    .execute(connection)
    .await?;
    Ok(())
}

/// The token is 256 random bits, so a plain hash is enough to keep a copy of the table from being used.
fn hash_of_refresh_token(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn hash_that_matches_nothing() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let random = rand::rng().random::<[u8; 32]>();
        Argon2::default().hash_password(&random).map(|hash| hash.to_string()).unwrap_or_default()
    })
}
