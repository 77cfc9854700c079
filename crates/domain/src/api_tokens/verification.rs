//! From an API token to what it is good for.
//!
//! What never changes of a token (whose it is, its scopes, when it expires) is kept in memory by its hash; whether it was
//! revoked is known of its owner's account, as it is of a login. So a token that is in use costs no statement more than a
//! JSON Web Token. One that is unknown is remembered for a while, too, and simultaneous look-ups share a statement: a flood
//! of guesses costs the database a bounded number of statements, whatever its size.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    DomainError, Result, Store,
    access_token::{TokenBasis, VerifiedToken},
    authority::Authority,
    random_token::{Sha256Hash, hash_of_random_token, read_hash_from_column},
    store::api_token_memory::{KnownToken, USE_PAUSE},
};

/// What every API token begins with.
pub(super) const API_TOKEN_PREFIX: &str = "owl_";

/// Characters of a token: the prefix, and 256 bits in base64.
const API_TOKEN_CHARS: usize = API_TOKEN_PREFIX.len() + 43;

/// Whether a text claims to be an API token.
pub(crate) fn looks_like_api_token(token: &str) -> bool {
    token.starts_with(API_TOKEN_PREFIX)
}

impl Store {
    /// What a token is good for. An unknown one, one that was revoked and one that has expired are told apart for nobody:
    /// there is nothing that its holder could renew.
    pub(crate) async fn verify_api_token_of_tool(&self, token: &str) -> Result<VerifiedToken> {
        if token.len() != API_TOKEN_CHARS {
            return Err(DomainError::Unauthenticated);
        }
        let known = self.find_token_by_hash(hash_of_random_token(token)).await?;
        if known.expires_at.is_some_and(|at| at <= Utc::now()) {
            return Err(DomainError::Unauthenticated);
        }
        Ok(VerifiedToken {
            user_id: known.user_id,
            expires_at: known.expires_at.unwrap_or_else(end_of_all_times),
            basis: TokenBasis {
                login: Some(known.id),
                issued_at: None,
                authority: Authority::Tool(known.scopes),
            },
        })
    }

    async fn find_token_by_hash(&self, hash: Sha256Hash) -> Result<Arc<KnownToken>> {
        let memory = &self.api_tokens;
        if let Some(known) = memory.known.get(&hash) {
            return Ok(known);
        }
        if memory.unknown.contains_key(&hash) {
            return Err(DomainError::Unauthenticated);
        }
        let store = self.clone();
        let fetch = async move |hashes| store.read_tokens_by_hash(hashes).await;
        match memory.lookups.find_value_with_others(hash, fetch).await? {
            Some(known) => {
                memory.known.insert(hash, known.clone());
                Ok(known)
            }
            None => {
                memory.unknown.insert(hash, ());
                Err(DomainError::Unauthenticated)
            }
        }
    }

    async fn read_tokens_by_hash(
        &self,
        hashes: Vec<Sha256Hash>,
    ) -> Result<HashMap<Sha256Hash, Arc<KnownToken>>> {
        type Row = (Vec<u8>, Uuid, Uuid, Vec<String>, Option<DateTime<Utc>>);
        let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
        let rows: Vec<Row> = sqlx::query_as(
            "select token_hash, id, user_id, scopes, expires_at from api_tokens
             where token_hash = any($1) and ended_at is null",
        )
        .bind(hashes)
        .fetch_all(&self.pool)
        .await?;
        let known = rows.into_iter().map(|(hash, id, user_id, scopes, expires_at)| {
            let hash = read_hash_from_column(hash)?;
            let scopes = scopes.iter().map(|scope| scope.parse()).collect::<Result<_>>()?;
            Ok((hash, Arc::new(KnownToken { id, user_id, scopes, expires_at })))
        });
        known.collect()
    }

    /// Writes that a token is in use, unless that was written a moment ago. Nobody waits for it.
    pub(crate) fn note_use_of_token(&self, verified: &VerifiedToken) {
        let (Authority::Tool(_), Some(id)) = (verified.basis.authority, verified.basis.login)
        else {
            return;
        };
        if !self.api_tokens.used.entry(id).or_insert(()).is_fresh() {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            // Another node may have written it, too.
            let written = sqlx::query(
                "update api_tokens set last_used_at = now()
                 where id = $1 and (last_used_at is null or last_used_at < now() - make_interval(secs => $2))",
            )
            .bind(id)
            .bind(USE_PAUSE.as_secs_f64())
            .execute(&store.pool)
            .await;
            if let Err(error) = written {
                tracing::debug!(%error, "the use of a token could not be written");
            }
        });
    }
}

/// For tokens that do not expire, where a time is wanted.
fn end_of_all_times() -> DateTime<Utc> {
    const END_OF_YEAR_9999: i64 = 253_402_300_799;
    DateTime::from_timestamp(END_OF_YEAR_9999, 0).unwrap_or_default()
}
