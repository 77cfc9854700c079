//! What all connections of a server share.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use owlpost_admission::Places;
use owlpost_metrics::SESSIONS_REFUSED;
use owlpost_realtime::Realtime;

use crate::{
    browser_guard::BrowserGuard, call_counters::begin_counters_of_calls, limits::GatewayLimits,
};

/// What all connections of a server share, whatever their protocol. Cheap to clone.
#[derive(Clone)]
pub struct GatewayContext {
    /// The realtime core.
    pub core: Realtime,
    /// Bounds of each connection.
    pub limits: Arc<GatewayLimits>,
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
        Self { core, limits: Arc::new(limits), browsers, places }
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
