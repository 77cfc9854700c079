//! Everything below a path: for a proxy that gives this server a part of its own addresses, and hands them on as they are.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, Uri, header, uri::PathAndQuery},
    response::{IntoResponse as _, Redirect, Response},
};
use tower::ServiceExt as _;

/// What asks for these knows nothing of proxies: they are beside the path as well.
const PROBED_PATHS: [&str; 3] = ["/health", "/health/ready", "/metrics"];

/// Serves a router below a path (such as `/owl`; empty for none). Whatever it answers as an address of its own is one
/// below the path.
pub fn serve_router_below_path(router: Router, base: &str) -> Router {
    if base.is_empty() {
        return router;
    }
    let base = base.to_owned();
    Router::new().fallback(move |request: Request| {
        let (router, base) = (router.clone(), base.clone());
        async move { answer_request_below_path(router, &base, request).await }
    })
}

async fn answer_request_below_path(router: Router, base: &str, mut request: Request) -> Response {
    let path = request.uri().path();
    if path == base {
        return Redirect::permanent(&format!("{base}/")).into_response();
    }
    if !PROBED_PATHS.contains(&path) {
        let Some(uri) = strip_base_from_uri(request.uri(), base) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        *request.uri_mut() = uri;
    }
    let Ok(mut response) = router.oneshot(request).await;
    if let Some(location) = response.headers_mut().get_mut(header::LOCATION)
        && location.as_bytes().starts_with(b"/")
        && let Ok(below) = HeaderValue::from_bytes(&[base.as_bytes(), location.as_bytes()].concat())
    {
        *location = below;
    }
    response
}

/// `None` for what is not below it.
fn strip_base_from_uri(uri: &Uri, base: &str) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(base)?;
    if !rest.starts_with('/') {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_strip_whole_segments_only() {
        let strip = |uri: &str| {
            strip_base_from_uri(&uri.parse().expect("an address"), "/owl")
                .map(|uri| uri.to_string())
        };
        assert_eq!(strip("/owl/api/incidents?limit=1").as_deref(), Some("/api/incidents?limit=1"));
        assert_eq!(strip("/owl/?a=/owl/").as_deref(), Some("/?a=/owl/"));
        assert_eq!(strip("http://x/owl/docs").as_deref(), Some("http://x/docs"));
        for beside in ["/owls/api", "/api/owl/", "/owl", "/OWL/api", "/"] {
            assert_eq!(strip(beside), None, "{beside}");
        }
    }
}
