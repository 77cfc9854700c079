//! What is served without a session: the greeting, `/info`, and the page for browsers that cannot ask another origin.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rand::RngExt as _;
use serde_json::json;

use crate::{
    config::SockJsConfig,
    headers::{
        allow_page_to_read, answer_preflight_of_page, answer_wrong_method_of_request,
        cache_answer_for_year, forbid_caching_of_answer,
    },
};

const TEXT: (HeaderName, HeaderValue) =
    (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
const HTML: (HeaderName, HeaderValue) =
    (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=UTF-8"));
const JSON: (HeaderName, HeaderValue) =
    (header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));

/// What a server of SockJS says at its address.
pub fn answer_request_with_greeting() -> Response {
    ([TEXT], "Welcome to SockJS!\n").into_response()
}

/// `iframe.html`, and its tag for caches.
#[derive(Debug, Clone)]
pub(crate) struct IframePage {
    html: String,
    tag: HeaderValue,
}

impl IframePage {
    /// A page that loads the client library from there.
    pub(crate) fn from_client_url(url: &str) -> Self {
        let url = url.replace('&', "&amp;").replace('"', "&quot;");
        let html = include_str!("iframe.html").replace("{client_url}", &url);
        let mut hasher = DefaultHasher::new();
        html.hash(&mut hasher);
        let tag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()));
        Self { html, tag: tag.unwrap_or(HeaderValue::from_static("\"iframe\"")) }
    }
}

/// `GET …/iframe*.html`; any other page is not there.
pub(crate) async fn answer_with_iframe_page(
    State(page): State<IframePage>,
    Path(name): Path<String>,
    method: Method,
    request: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::NOT_FOUND.into_response();
    }
    let version = name.strip_prefix("iframe").and_then(|rest| rest.strip_suffix(".html"));
    if version.is_none_or(|version| !version.is_empty() && !version.starts_with('-')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut headers = HeaderMap::from_iter([(header::ETAG, page.tag.clone())]);
    cache_answer_for_year(&mut headers);
    if request.get(header::IF_NONE_MATCH) == Some(&page.tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [HTML], page.html).into_response()
}

/// `/info`: what the server can do, and random bits for browsers that have none of their own.
pub(crate) fn answer_request_with_info(
    config: &SockJsConfig,
    method: &Method,
    request: &HeaderMap,
) -> Response {
    if method == Method::OPTIONS {
        return answer_preflight_of_page(request, "OPTIONS, GET").into_response();
    }
    if method != Method::GET {
        return answer_wrong_method_of_request("OPTIONS, GET").into_response();
    }
    let mut headers = HeaderMap::new();
    allow_page_to_read(request, &mut headers);
    forbid_caching_of_answer(&mut headers);
    let info = json!({
        "websocket": config.serves_websocket,
        "cookie_needed": config.needs_cookie,
        "origins": ["*:*"],
        "entropy": rand::rng().random::<u32>(),
    });
    (headers, [JSON], info.to_string()).into_response()
}
