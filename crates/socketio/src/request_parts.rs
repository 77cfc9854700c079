//! The request a session began with, which the engine keeps for as long as the session lives.
//!
//! Each of its strings is a slice of the 8 KiB buffer it was read into, and one slice holds all of it. Copies of the
//! few that are asked for later let the buffer go: that is more than half of what an idle connection takes.

use axum::{body::Body, extract::Request};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use owlpost_admission::ClientAddress;

use crate::recovery::{TakesOneArgument, find_marker_of_client};

/// What the engine reads for an upgrade, and what the handshake may read a token from.
const KEPT_HEADERS: [HeaderName; 6] = [
    header::CONNECTION,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::UPGRADE,
    header::AUTHORIZATION,
];

/// The request with only what a session needs, and nothing of the buffer it came in.
pub(crate) fn copy_needed_request_parts(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    if let Some(marker) = find_marker_of_client(&parts.headers) {
        parts.extensions.insert(marker);
    }
    parts.uri = copy_uri_into_own_memory(&parts.uri);
    parts.headers = copy_kept_headers_only(&parts.headers);
    parts.extensions = move_kept_extensions_only(&mut parts);
    Request::from_parts(parts, body)
}

fn copy_uri_into_own_memory(uri: &Uri) -> Uri {
    // What was parsed once parses again; were it not so, the original serves as well.
    Uri::try_from(uri.to_string()).unwrap_or_else(|_| uri.clone())
}

fn copy_kept_headers_only(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(KEPT_HEADERS.len());
    for name in KEPT_HEADERS {
        // All of them: that there are two of one is a reason to refuse.
        for value in headers.get_all(&name) {
            if let Ok(copied) = HeaderValue::from_bytes(value.as_bytes()) {
                kept.append(&name, copied);
            }
        }
    }
    kept
}

fn move_kept_extensions_only(parts: &mut Parts) -> Extensions {
    let mut kept = Extensions::new();
    if let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() {
        kept.insert(upgrade);
    }
    if let Some(address) = parts.extensions.remove::<ClientAddress>() {
        kept.insert(address);
    }
    if let Some(marker) = parts.extensions.remove::<TakesOneArgument>() {
        kept.insert(marker);
    }
    kept
}

/// Whether the engine begins a session with this request, or takes one over.
pub(crate) fn is_kept_by_session(request: &Request<Body>) -> bool {
    request.headers().contains_key(header::UPGRADE)
        || !request.uri().query().unwrap_or_default().contains("sid=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_keep_what_a_session_needs_and_nothing_else() {
        let request = Request::get("/socket.io/?EIO=4&transport=websocket&token=a%20b")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-protocol", "chat")
            .header("connection", "keep-alive")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("authorization", "Bearer x")
            .header("cookie", "large")
            .header("user-agent", "any")
            .extension(ClientAddress([127, 0, 0, 1].into()))
            .extension("something else")
            .body(Body::empty())
            .unwrap();
        assert!(is_kept_by_session(&request));
        let before = request.uri().clone();
        let kept = copy_needed_request_parts(request);
        assert_eq!(kept.uri(), &before);
        assert_eq!(kept.headers().len(), 7);
        assert_eq!(kept.headers().get_all("connection").iter().count(), 2);
        assert_eq!(kept.headers()["authorization"], "Bearer x");
        assert!(kept.extensions().get::<ClientAddress>().is_some());
        assert!(kept.extensions().get::<&str>().is_none());
    }

    #[test]
    fn should_leave_polls_of_a_session_alone() {
        let poll = Request::get("/socket.io/?EIO=4&transport=polling&sid=x").body(Body::empty());
        assert!(!is_kept_by_session(&poll.unwrap()));
    }
}
