//! Which web pages may connect. CORS does not cover websockets: the browser asks nobody, so the server looks.

#[cfg(test)]
mod fuzz;
mod own_origin;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use owlpost_metrics::ORIGINS_REFUSED;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use self::own_origin::{is_origin_of_this_server, says_browser_that_origin_is_own};

/// Origins whose pages may connect, besides the server's own.
#[derive(Debug, Clone)]
pub struct BrowserGuard {
    allowed_origins: Arc<[String]>,
}

impl BrowserGuard {
    /// Pages of these origins may connect; `*` is any.
    pub fn new(allowed_origins: impl Into<Arc<[String]>>) -> Self {
        Self { allowed_origins: allowed_origins.into() }
    }

    /// The answer to a request of a page that may not connect; `None` when the request may go on.
    pub fn refuse_request_of_foreigner(&self, headers: &HeaderMap) -> Option<Response> {
        if is_origin_allowed_to_connect(headers, &self.allowed_origins) {
            return None;
        }
        metrics::counter!(ORIGINS_REFUSED).increment(1);
        let body = r#"{"error":{"code":"FORBIDDEN","message":"This origin is not allowed"}}"#;
        let kind = [(header::CONTENT_TYPE, "application/json")];
        Some((StatusCode::FORBIDDEN, kind, body).into_response())
    }

    /// Refuses requests of pages that may not connect, in front of everything that the router does.
    pub fn guard_router_from_foreigners(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), refuse_foreigners_or_go_on))
    }

    /// Lets the pages read what they are answered. Clients may send credentials, so `*` mirrors, and the headers that
    /// client libraries add are as many as there are libraries.
    pub fn build_cors_layer_of_methods<const N: usize>(&self, methods: [Method; N]) -> CorsLayer {
        let allowed = if self.allowed_origins.iter().any(|origin| origin == "*") {
            AllowOrigin::mirror_request()
        } else {
            let origins = self.allowed_origins.iter();
            AllowOrigin::list(origins.filter_map(|origin| HeaderValue::from_str(origin).ok()))
        };
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_credentials(true)
            .allow_methods(methods)
            .allow_headers(AllowHeaders::mirror_request())
    }
}

async fn refuse_foreigners_or_go_on(
    State(guard): State<BrowserGuard>,
    request: Request,
    next: Next,
) -> Response {
    match guard.refuse_request_of_foreigner(request.headers()) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// A client that is no browser sends no `Origin`; a page of this server sends its own.
fn is_origin_allowed_to_connect(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let listed = allowed
        .iter()
        .any(|known| known == "*" || known.trim_end_matches('/').eq_ignore_ascii_case(origin));
    listed || says_browser_that_origin_is_own(headers) || is_origin_of_this_server(headers, origin)
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
