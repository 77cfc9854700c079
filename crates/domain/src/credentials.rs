//! Passwords and refresh tokens.

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use rand::RngExt;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgConnection};
use std::sync::OnceLock;
use uuid::Uuid;

use crate::{
    DomainError, Result, Role, Store, User, UserId, validate::check_password_length_bounds,
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

#[derive(FromRow)]
struct RefreshRow {
    id: Uuid,
    family_id: Uuid,
    user_id: Uuid,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
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

    /// Spends a refresh token for new tokens. One that was spent before revokes its whole family: either the thief
    /// or the owner holds a copy, and both must log in again.
    pub async fn rotate_refresh_token_family(&self, refresh_token: &str) -> Result<LoginGrant> {
        let mut transaction = self.pool.begin().await?;
        let row = find_refresh_token_locked(&mut transaction, refresh_token)
            .await?
            .ok_or(DomainError::Unauthenticated)?;
        if row.used_at.is_some() || row.revoked_at.is_some() {
            revoke_refresh_token_family(&mut transaction, row.family_id).await?;
            transaction.commit().await?;
            return Err(DomainError::Unauthenticated);
        }
        if row.expires_at <= Utc::now() {
            return Err(DomainError::Unauthenticated);
        }
        sqlx::query("update refresh_tokens set used_at = now() where id = $1")
            .bind(row.id)
            .execute(&mut *transaction)
            .await?;
        let refresh_token =
            self.issue_refresh_token_in(&mut transaction, row.user_id, row.family_id).await?;
        transaction.commit().await?;
        let user = self.find_user_by_id(row.user_id).await?.ok_or(DomainError::Unauthenticated)?;
        self.build_login_grant_for(user, refresh_token)
    }

    /// Logs out: the token and its family are good for nothing any more. An unknown token is no error.
    pub async fn revoke_family_of_token(&self, refresh_token: &str) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        if let Some(row) = find_refresh_token_locked(&mut transaction, refresh_token).await? {
            revoke_refresh_token_family(&mut transaction, row.family_id).await?;
        }
        Ok(transaction.commit().await?)
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
        self.run_hashing_in_turn(move || {
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
            .run_hashing_in_turn(move || {
                PasswordHash::new(&hash)
                    .is_ok_and(|hash| Argon2::default().verify_password(&password, &hash).is_ok())
            })
            .await?;
        Ok(matches && fits)
    }

    async fn run_hashing_in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _turn = self.hashing.acquire().await.map_err(DomainError::internal_error_from_cause)?;
        tokio::task::spawn_blocking(work).await.map_err(DomainError::internal_error_from_cause)
    }

    async fn grant_tokens_to_user(&self, user: User) -> Result<LoginGrant> {
        let mut connection = self.pool.acquire().await?;
        let refresh_token =
            self.issue_refresh_token_in(&mut connection, user.id, Uuid::new_v4()).await?;
        self.build_login_grant_for(user, refresh_token)
    }

    async fn issue_refresh_token_in(
        &self,
        connection: &mut PgConnection,
        user_id: UserId,
        family_id: Uuid,
    ) -> Result<String> {
        let token = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>());
        sqlx::query(
            "insert into refresh_tokens (id, family_id, user_id, token_hash, expires_at)
             values ($1, $2, $3, $4, now() + make_interval(secs => $5))",
        )
        .bind(Uuid::now_v7())
        .bind(family_id)
        .bind(user_id)
        .bind(hash_of_refresh_token(&token))
        .bind(self.config.refresh_token_ttl.as_secs_f64())
        .execute(connection)
        .await?;
        Ok(token)
    }

    fn build_login_grant_for(&self, user: User, refresh_token: String) -> Result<LoginGrant> {
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
        "select id, family_id, user_id, expires_at, used_at, revoked_at from refresh_tokens
         where token_hash = $1 for update",
    )
    .bind(hash_of_refresh_token(token))
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
