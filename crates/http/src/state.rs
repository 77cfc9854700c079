//! What every handler holds.

use std::{num::NonZeroU32, sync::Arc};

use governor::Quota;
use owlpost_domain::Store;
use owlpost_realtime::Realtime;

use crate::{config::HttpConfig, rate_limit::KeyedRateLimiter};

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
        let auth_rate =
            KeyedRateLimiter::new(NonZeroU32::new(config.rate_limit_auth).map(Quota::per_minute));
        let user_rate =
            KeyedRateLimiter::new(NonZeroU32::new(config.rate_limit_http).map(Quota::per_second));
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
