//! What stands around every route: headers, CORS, compression, panics, the timeout and the size of bodies.

use std::{any::Any, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer, Predicate,
        predicate::{NotForContentType, SizeAbove},
    },
    cors::{AllowOrigin, CorsLayer},
};

use crate::{
    error::HttpError, extract::read_body_within_limit, request_id::REQUEST_ID, state::HttpState,
};

/// Below this, compressing costs more than it saves.
const COMPRESSED_BYTES: u64 = 1024;
/// How long a browser may remember what CORS allows.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(3600);

/// Headers every answer carries unless its handler chose otherwise.
const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Adds the security headers.
pub(crate) async fn add_security_headers_to_answer(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// CORS for these origins, with credentials; a single `*` is any origin, without.
pub(crate) fn build_layer_from_cors_origins(origins: &[String]) -> CorsLayer {
    let cors = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            REQUEST_ID,
        ])
        .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER, REQUEST_ID])
        .max_age(PREFLIGHT_MAX_AGE);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_origin(AllowOrigin::any());
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    cors.allow_origin(AllowOrigin::list(origins)).allow_credentials(true)
}

/// gzip for what is large enough, and never for streams.
pub(crate) fn build_compression_of_answers() -> CompressionLayer<impl Predicate> {
    let worth_it =
        SizeAbove::new(COMPRESSED_BYTES).and(NotForContentType::SSE).and(NotForContentType::IMAGES);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it)
}

/// Answers a request whose handler panicked; what it said goes to the log.
pub(crate) fn answer_panic_as_internal(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast::<&str>().map(|text| (*text).to_owned()).unwrap_or_default(),
    };
    HttpError::Panicked(message).into_response()
}

/// Gives up on an answer that takes too long. Changes under way run to their end all the same. A stream counts as
/// answered when its head is.
pub(crate) async fn bound_time_to_answer(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    tokio::time::timeout(state.config().request_timeout, next.run(request))
        .await
        .map_err(|_| HttpError::TimedOut)
}

/// Refuses a body that says it is too large, also on routes that would not read it.
pub(crate) async fn refuse_oversized_body_early(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let limit_bytes = state.config().body_limit_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit_bytes as u64) {
        read_body_within_limit(request.into_body(), limit_bytes).await?;
        return Err(HttpError::BodyTooLarge { limit_bytes });
    }
    Ok(next.run(request).await)
}
