//! Tokens of an identity provider, for people who have one: RS256, ES256 and EdDSA, by keys that the provider publishes.
//!
//! - [`KeySetSource`]: where its keys come from; the server reads a file or an address;
//! - `key_set`: the keys, each with the one algorithm it is for;
//! - `foreign_token`: what a token says that one of them signed.
//!
//! Keys are kept in memory, looked for again when they are old or a token names one that is not known, and never more
//! often than [`LEAST_PAUSE`], whoever asks. A provider that is away changes nothing for the keys that are known.

mod foreign_token;
mod key_set;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use moka::sync::Cache;
use parking_lot::RwLock;

pub(crate) use self::foreign_token::{ForeignToken, is_signed_with_public_key};
use self::key_set::KeySet;
use crate::{DomainError, Result, UserId};

/// Least time between two readings of the keys.
pub const LEAST_PAUSE: Duration = Duration::from_secs(10);
/// Age at which keys are read again.
const KEYS_AGE: Duration = Duration::from_secs(600);
/// Longest wait for a source.
const SOURCE_PATIENCE: Duration = Duration::from_secs(5);
/// People of the provider kept in memory at most, and for how long.
const PEOPLE_CAPACITY: u64 = 50_000;
const PEOPLE_TTL: Duration = Duration::from_secs(60);

/// What reading a source comes to: the text of a JSON Web Key Set (RFC 7517).
pub type KeySetText =
    Pin<Box<dyn Future<Output = Result<String, Box<dyn std::error::Error + Send + Sync>>> + Send>>;

/// Where the keys of a provider come from.
pub trait KeySetSource: Send + Sync + 'static {
    /// Reads it now. Bounded in size by the source; its time is bounded here.
    fn read_key_set_text(&self) -> KeySetText;
}

/// Who vouches for people, and how.
#[derive(Clone)]
pub struct ProviderConfig {
    /// `iss` of its tokens.
    pub issuer: String,
    /// What must be among the `aud` of its tokens.
    pub audience: String,
    /// Its keys.
    pub source: Arc<dyn KeySetSource>,
    /// Whether whoever is seen for the first time becomes a STUDENT; otherwise they must be known by their address.
    pub creates_users: bool,
}

impl std::fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderConfig").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A provider, and what is known of it.
pub(crate) struct IdentityProvider {
    pub(crate) config: ProviderConfig,
    keys: RwLock<Arc<KeySet>>,
    read_at: tokio::sync::Mutex<Option<Instant>>,
    /// By the subject of their tokens.
    pub(crate) people: Cache<String, UserId>,
}

impl std::fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.config.fmt(f)
    }
}

impl IdentityProvider {
    pub(crate) fn from_provider_config(config: ProviderConfig) -> Self {
        let people = Cache::builder().max_capacity(PEOPLE_CAPACITY).time_to_live(PEOPLE_TTL);
        Self {
            config,
            keys: RwLock::default(),
            read_at: tokio::sync::Mutex::default(),
            people: people.build(),
        }
    }

    /// What a token says that a key of the provider signed.
    pub(crate) async fn verify_token_with_keys(&self, token: &str) -> Result<ForeignToken> {
        let verify = |keys: Arc<KeySet>| {
            keys.verify_token_of_issuer(token, &self.config.issuer, &self.config.audience)
        };
        let keys = self.keys.read().clone();
        if keys.knows_key_of_token(token) {
            // One reads the keys again; nobody else waits for that.
            if let Ok(read_at) = self.read_at.try_lock() {
                self.read_keys_older_than(KEYS_AGE, read_at).await;
            }
            let keys = self.keys.read().clone();
            if keys.knows_key_of_token(token) {
                return verify(keys);
            }
        }
        // The provider may have begun to use another key since.
        let read_at = self.read_at.lock().await;
        self.read_keys_older_than(LEAST_PAUSE, read_at).await;
        let keys = self.keys.read().clone();
        if keys.is_empty() {
            return Err(DomainError::Unavailable("the provider's keys cannot be read".into()));
        }
        verify(keys)
    }

    /// Reads the keys, unless that was tried less than `age` ago.
    async fn read_keys_older_than(
        &self,
        age: Duration,
        mut read_at: tokio::sync::MutexGuard<'_, Option<Instant>>,
    ) {
        if read_at.is_some_and(|at| at.elapsed() < age) {
            return;
        }
        let reading = tokio::time::timeout(SOURCE_PATIENCE, self.config.source.read_key_set_text());
        let read = match reading.await {
            Ok(Ok(text)) => KeySet::from_json_text(&text).map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(elapsed) => Err(elapsed.to_string()),
        };
        *read_at = Some(Instant::now());
        match read {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "keys of the identity provider read");
                *self.keys.write() = Arc::new(keys);
            }
            Err(error) => {
                tracing::warn!(%error, "the keys of the identity provider cannot be read");
            }
        }
    }
}
