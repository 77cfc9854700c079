//! What all connections of a server share.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use owlpost_admission::{KeyedRateLimiter, Places};
use owlpost_metrics::SESSIONS_REFUSED;
use owlpost_realtime::Realtime;

use crate::{
    browser_guard::BrowserGuard, call_counters::begin_counters_of_calls, limits::GatewayLimits,
};

/// Connections of one user that may call as often as one may, all at the same time.
const CONNECTIONS_AT_FULL_RATE: u32 = 4;

/// What all connections of a server share, whatever their protocol. Cheap to clone.
#[derive(Clone)]
pub struct GatewayContext {
    /// The realtime core.
    pub core: Realtime,
    /// Bounds of each connection.
    pub limits: Arc<GatewayLimits>,
    /// How often one user may call, through however many connections, one after the other or at once.
    pub rate_of_users: Arc<KeyedRateLimiter>,
    /// Which web pages may connect.
    pub browsers: BrowserGuard,
    /// Places for connections, of all protocols together.
    pub places: Arc<Places>,
}

impl GatewayContext {
    /// One for all gateways of a server.
    pub fn new(
        core: Realtime,
        limits: GatewayLimits,
        browsers: BrowserGuard,
        places: Arc<Places>,
    ) -> Self {
        begin_counters_of_calls();
        let of_user = limits.calls_per_second.saturating_mul(CONNECTIONS_AT_FULL_RATE);
        let rate_of_users = Arc::new(KeyedRateLimiter::per_second(of_user));
        Self { core, limits: Arc::new(limits), rate_of_users, browsers, places }
    }
}

/// When a client that found no place may find one.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("10");

/// Counts and answers a request whose connection found no place.
pub fn refuse_client_without_place() -> Response {
    metrics::counter!(SESSIONS_REFUSED).increment(1);
    let retry = [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)];
    let line = "As many are connected as may be\n";
    (StatusCode::SERVICE_UNAVAILABLE, retry, line).into_response()
}
