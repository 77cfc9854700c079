//! `Idempotency-Key`: a retried change gives the first answer again, and one event.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::{DomainError, Result, UserId};

/// First key of the advisory locks (`owid`) of keys that are being used; the second is a hash of the key and its user.
macro_rules! key_lock_class {
    () => {
        "1870096740"
    };
}

/// Whether nobody else is using the key of this row (`key`, of `key_user_id`): a statement that has more to do does not wait
/// for them. From then on to the end of the transaction they wait.
pub(crate) const TRY_LOCK_OF_KEY: &str = concat!(
    "pg_try_advisory_xact_lock(",
    key_lock_class!(),
    ", hashtext(key_user_id::text || key))"
);

/// A key as the client sent it, with a fingerprint of the request it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    key: String,
    request_hash: Vec<u8>,
}

impl IdempotencyKey {
    /// A key for a request whose meaning `fingerprint` holds: what is asked for (such as the path) and the body.
    pub fn new(key: &str, fingerprint: &[&[u8]], max_chars: usize) -> Result<Self> {
        let printable = key.chars().all(|c| !c.is_control());
        if key.is_empty() || key.chars().count() > max_chars || !printable {
            return Err(DomainError::invalid_field_value(
                "Idempotency-Key",
                format!("must have 1 to {max_chars} printable characters"),
            ));
        }
        let mut hash = Sha256::new();
        for part in fingerprint {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Ok(Self { key: key.to_owned(), request_hash: hash.finalize().to_vec() })
    }

    /// As the client sent it.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Of the request it belongs to.
    pub(crate) fn request_hash(&self) -> &[u8] {
        &self.request_hash
    }

    /// Keeps the answer beside the change, in the same transaction, for the requests that bring this key again.
    pub(crate) async fn keep_answer_for_retries<T: Serialize + Sync>(
        &self,
        connection: &mut PgConnection,
        user_id: UserId,
        answer: &T,
    ) -> Result<()> {
        sqlx::query(
            "update idempotency_keys set response = $3::json where user_id = $1 and key = $2",
        )
        .bind(user_id)
        .bind(&self.key)
        .bind(serde_json::to_string(answer)?)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// The first answer to this key, when there was one. Otherwise the key is claimed by this transaction: another
    /// request with the same key waits here until it ends.
    pub(crate) async fn claim_key_or_find_answer<T: DeserializeOwned>(
        &self,
        connection: &mut PgConnection,
        user_id: UserId,
        lifetime: Duration,
    ) -> Result<Option<T>> {
        let claimed = sqlx::query(concat!(
            "insert into idempotency_keys as known (user_id, key, request_hash, response)
             select $1, $2, $3, 'null'
             from (select pg_advisory_xact_lock(",
            key_lock_class!(),
            ", hashtext($1::uuid::text || $2::text)) offset 0) as turn
             on conflict (user_id, key) do update set request_hash = excluded.request_hash, response = 'null',
                 created_at = now()
             where known.created_at < now() - make_interval(secs => $4)"
        ))
        .bind(user_id)
        .bind(&self.key)
        .bind(&self.request_hash)
        .bind(lifetime.as_secs_f64())
        .execute(&mut *connection)
        .await?;
        if claimed.rows_affected() == 1 {
            return Ok(None);
        }
        let (hash, response): (Vec<u8>, String) = sqlx::query_as(
            "select request_hash, response::text from idempotency_keys where user_id = $1 and key = $2",
        )
        .bind(user_id)
        .bind(&self.key)
        .fetch_one(connection)
        .await?;
        if hash != self.request_hash {
            return Err(DomainError::Conflict(
                "This Idempotency-Key was used for another request".into(),
            ));
        }
        Ok(Some(serde_json::from_str(&response)?))
    }
}
