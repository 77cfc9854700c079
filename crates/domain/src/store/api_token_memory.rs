//! What a node knows of API tokens: what never changes of one, by its hash. Whether one was revoked, the account of its owner
//! knows.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use moka::sync::Cache;

use super::lookups::SharedLookups;
use crate::{UserId, access_token::LoginId, authority::ScopeSet, random_token::Sha256Hash};

/// Tokens kept in memory at most, and how long one is that nobody uses.
const KNOWN_CAPACITY: u64 = 50_000;
const KNOWN_IDLE: Duration = Duration::from_secs(3600);
/// Texts that are no token, kept in memory at most, and for how long. None of them ever becomes one: tokens are drawn.
const UNKNOWN_CAPACITY: u64 = 100_000;
const UNKNOWN_TTL: Duration = Duration::from_secs(60);
/// How often it is written that a token is used.
pub(crate) const USE_PAUSE: Duration = Duration::from_secs(60);

/// What never changes of a token.
#[derive(Debug)]
pub(crate) struct KnownToken {
    pub(crate) id: LoginId,
    pub(crate) user_id: UserId,
    pub(crate) scopes: ScopeSet,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// What this node knows of tokens.
#[derive(Debug)]
pub(crate) struct ApiTokenMemory {
    pub(crate) known: Cache<Sha256Hash, Arc<KnownToken>>,
    pub(crate) unknown: Cache<Sha256Hash, ()>,
    /// Those whose use was written a moment ago.
    pub(crate) used: Cache<LoginId, ()>,
    pub(crate) lookups: SharedLookups<Sha256Hash, Arc<KnownToken>>,
}

impl Default for ApiTokenMemory {
    fn default() -> Self {
        let known = Cache::builder().max_capacity(KNOWN_CAPACITY).time_to_idle(KNOWN_IDLE);
        let unknown = Cache::builder().max_capacity(UNKNOWN_CAPACITY).time_to_live(UNKNOWN_TTL);
        let used = Cache::builder().max_capacity(KNOWN_CAPACITY).time_to_live(USE_PAUSE);
        Self {
            known: known.build(),
            unknown: unknown.build(),
            used: used.build(),
            lookups: SharedLookups::default(),
        }
    }
}
