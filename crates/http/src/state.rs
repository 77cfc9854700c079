//! What every handler holds.

use std::sync::Arc;

use owlpost_admission::KeyedRateLimiter;
use owlpost_domain::Store;
use owlpost_realtime::Realtime;

use crate::config::HttpConfig;

/// The realtime core, the configuration, and the rates so far. Cheap to clone.
#[derive(Clone)]
pub struct HttpState(Arc<Shared>);

struct Shared {
    realtime: Realtime,
    config: HttpConfig,
    auth_rate: KeyedRateLimiter,
    user_rate: KeyedRateLimiter,
}

impl HttpState {
    /// State for one router.
    pub fn new(realtime: Realtime, config: HttpConfig) -> Self {
        let auth_rate = KeyedRateLimiter::per_minute(config.rate_limit_auth);
        let user_rate = KeyedRateLimiter::per_second(config.rate_limit_http);
        Self(Arc::new(Shared { realtime, config, auth_rate, user_rate }))
    }

    pub(crate) fn realtime(&self) -> &Realtime {
        &self.0.realtime
    }

    pub(crate) fn store(&self) -> &Store {
        self.0.realtime.store()
    }

    pub(crate) fn config(&self) -> &HttpConfig {
        &self.0.config
    }

    pub(crate) fn auth_rate(&self) -> &KeyedRateLimiter {
        &self.0.auth_rate
    }

    pub(crate) fn user_rate(&self) -> &KeyedRateLimiter {
        &self.0.user_rate
    }
}
