//! Which web pages may connect. CORS does not cover websockets: the browser asks nobody, so the server looks.

#[cfg(test)]
mod fuzz;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use engineioxide::TextRewrite;
use http::{HeaderMap, StatusCode, header};
use owlpost_admission::Places;
use owlpost_metrics::{ORIGINS_REFUSED, SESSIONS_REFUSED};

use crate::{
    event_names::rewrite_event_name_plainly,
    request_parts::{copy_needed_request_parts, is_kept_by_session},
};

/// What requests are checked by before the engine sees them.
#[derive(Clone)]
pub(crate) struct Door {
    /// Origins browsers may connect from, besides the server's own; `*` is any.
    pub(crate) allowed_origins: Arc<[String]>,
    /// Places for sessions, of both servers together.
    pub(crate) places: Arc<Places>,
}

/// Refuses requests of pages of other origins, lets go of what a session does not need of the others, and has the
/// engine count its sessions.
pub(crate) async fn check_request_before_upgrade(
    State(door): State<Door>,
    request: Request,
    next: Next,
) -> Response {
    if !is_origin_allowed_to_connect(request.headers(), &door.allowed_origins) {
        metrics::counter!(ORIGINS_REFUSED).increment(1);
        let body = r#"{"error":{"code":"FORBIDDEN","message":"This origin is not allowed"}}"#;
        let kind = [(header::CONTENT_TYPE, "application/json")];
        return (StatusCode::FORBIDDEN, kind, body).into_response();
    }
    let mut request = if is_kept_by_session(&request) {
        let mut kept = copy_needed_request_parts(request);
        kept.extensions_mut().insert(TextRewrite(rewrite_event_name_plainly));
        kept
    } else {
        request
    };
    request.extensions_mut().insert(door.places);
    let response = next.run(request).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        metrics::counter!(SESSIONS_REFUSED).increment(1);
        tracing::debug!("a session found no place");
    }
    response
}

/// A client that is no browser sends no `Origin`; a page of this server sends its own.
fn is_origin_allowed_to_connect(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.is_some_and(|host| {
        origin.split_once("://").is_some_and(|(_, of_page)| of_page.eq_ignore_ascii_case(host))
    });
    own || allowed
        .iter()
        .any(|known| known == "*" || known.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: Option<&str>, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        is_origin_allowed_to_connect(&headers, &["http://localhost:3001".to_owned()])
    }

    #[test]
    fn should_allow_listed_own_and_absent_origins_only() {
        assert!(allowed(None, "owl.example"));
        assert!(allowed(Some("http://localhost:3001"), "owl.example"));
        assert!(allowed(Some("https://owl.example"), "owl.example"));
        assert!(!allowed(Some("https://evil.example"), "owl.example"));
        assert!(!allowed(Some("null"), "owl.example"));
        assert!(!allowed(Some("http://localhost:3001.evil.example"), "owl.example"));
    }
}
