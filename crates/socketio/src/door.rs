//! What requests are checked by before the engine sees them.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use engineioxide::TextRewrite;
use http::StatusCode;
use owlpost_gateway::GatewayContext;
use owlpost_metrics::SESSIONS_REFUSED;

use crate::{
    event_names::make_packet_text_readable,
    request_parts::{copy_needed_request_parts, is_kept_by_session},
};

/// Refuses requests of pages of other origins, lets go of what a session does not need of the others, and has the
/// engine count its sessions.
pub(crate) async fn check_request_before_upgrade(
    State(context): State<GatewayContext>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(refusal) = context.browsers.refuse_request_of_foreigner(request.headers()) {
        return refusal;
    }
    let mut request = if is_kept_by_session(&request) {
        let mut kept = copy_needed_request_parts(request);
        kept.extensions_mut().insert(TextRewrite(make_packet_text_readable));
        kept
    } else {
        request
    };
    request.extensions_mut().insert(context.places);
    let response = next.run(request).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        metrics::counter!(SESSIONS_REFUSED).increment(1);
        tracing::debug!("a session found no place");
    }
    response
}
