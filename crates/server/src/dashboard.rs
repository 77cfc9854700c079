//! The dashboard: the files of `web/dist`, embedded at build, and `index.html` for every page of it.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use owlpost_http::is_value_accepted_with_quality;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct DashboardFiles;

/// First segments that belong to the API: what is unknown below them is an error, not a page.
const RESERVED: [&str; 6] = ["api", "socket.io", "socket.io-msgpack", "docs", "health", "metrics"];
/// The pages of the dashboard, by the first segments of their paths; how many more segments each may have. Other paths are shown a page
/// that says so, with a status that says so.
const PAGES: [(&str, usize); 8] = [
    ("", 0),
    ("login", 0),
    ("register", 0),
    ("reset-password", 0),
    ("incidents", 1),
    ("account", 0),
    ("people", 0),
    ("outlets", 0),
];
/// What browsers and crawlers look for by themselves: missing, it is no page.
const FILES_AT_ROOT: [&str; 4] = ["favicon.ico", "robots.txt", "manifest.webmanifest", "sw.js"];
/// Where Node's servers offer the bundles of the client, for pages without a build step.
const SOCKETIO_PATHS: [&str; 2] = ["socket.io", "socket.io-msgpack"];
/// How the build ends the names of compressed forms, and what they are, the smallest first.
const FORMS: [(&str, &str); 2] = [(".br", "br"), (".gz", "gzip")];
const INDEX: &str = "index.html";
/// Where the build puts the files of the Admin UI.
const ADMIN_UI: &str = "admin/ui";
const PLACEHOLDER: &str = include_str!("dashboard_placeholder.html");
/// Scripts come from us alone. Mantine writes style elements at run time, hence the one exception.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self'; \
    object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// The dashboard as a router, for everything no other route claims.
///
/// The Admin UI of Socket.IO is among its files; it is there when it is wanted.
pub fn build_router_of_dashboard(has_admin_ui: bool, base_path: &str) -> Router {
    let page = Arc::new(StartPage::from_files_below_path(base_path));
    Router::new().fallback(move |request| answer_path_with_file(request, has_admin_ui, page))
}

/// What every page of the dashboard begins with. It names files by where they are, whatever page it is shown as.
struct StartPage {
    html: Bytes,
    etag: HeaderValue,
}

impl StartPage {
    fn from_files_below_path(base: &str) -> Self {
        let file = DashboardFiles::get(INDEX);
        let text = file.as_ref().and_then(|file| std::str::from_utf8(&file.data).ok());
        let html = text.unwrap_or(PLACEHOLDER).replace("=\"./", &format!("=\"{base}/")).replace(
            r#"name="owlpost-base-path" content="""#,
            &format!(r#"name="owlpost-base-path" content="{base}""#),
        );
        let hash = file.map(|file| file.metadata.sha256_hash()).unwrap_or_default();
        let form = base.replace('/', ".");
        let etag = HeaderValue::from_str(&quote_hash_as_etag(&hash, Some(&form)));
        Self { html: html.into(), etag: etag.unwrap_or(HeaderValue::from_static("\"\"")) }
    }
}

async fn answer_path_with_file(
    request: Request,
    has_admin_ui: bool,
    page: Arc<StartPage>,
) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if let Some(page) = path.strip_prefix(ADMIN_UI) {
        return answer_path_of_admin(page, has_admin_ui, request.headers());
    }
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    if SOCKETIO_PATHS.contains(&first)
        && request.method() == Method::GET
        && let Some(bundle) = find_client_bundle_by_name(rest)
    {
        let path = format!("socket.io/{rest}");
        return answer_with_embedded_file(&path, bundle, request.headers());
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(first)) {
        return answer_path_as_unknown();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let hidden = path.split('/').any(|segment| segment.starts_with('.'));
    let is_form = FORMS.iter().any(|(ending, _)| path.ends_with(ending));
    match DashboardFiles::get(path).filter(|_| !hidden && !is_form && !path.is_empty()) {
        Some(file) if path != INDEX => answer_with_embedded_file(path, file, request.headers()),
        // A missing file must not answer with the page: a browser would run HTML as a script.
        _ if hidden || first == "assets" || FILES_AT_ROOT.contains(&path) => {
            answer_path_as_unknown()
        }
        _ => answer_with_start_page(&page, is_path_of_page(first, rest), request.headers()),
    }
}

/// Its page names its files beside itself, so it needs the slash behind its own address.
fn answer_path_of_admin(page: &str, has_admin_ui: bool, headers: &HeaderMap) -> Response {
    let path = match page {
        _ if !has_admin_ui => return answer_path_as_unknown(),
        "" => return Redirect::permanent("/admin/ui/").into_response(),
        "/" => format!("{ADMIN_UI}/{INDEX}"),
        file => format!("{ADMIN_UI}{file}"),
    };
    match DashboardFiles::get(&path) {
        Some(file) => answer_with_embedded_file(&path, file, headers),
        None => answer_path_as_unknown(),
    }
}

fn find_client_bundle_by_name(name: &str) -> Option<EmbeddedFile> {
    let is_name = name.starts_with("socket.io.") && !name.contains('/');
    is_name.then(|| DashboardFiles::get(&format!("socket.io/{name}"))).flatten()
}

fn answer_path_as_unknown() -> Response {
    let body = r#"{"error":{"code":"NOT_FOUND","message":"There is nothing at this address"}}"#;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::NOT_FOUND, headers, body).into_response()
}

fn is_path_of_page(first: &str, rest: &str) -> bool {
    let more = rest.split('/').filter(|segment| !segment.is_empty()).count();
    PAGES.iter().any(|(page, most)| *page == first && more <= *most)
}

fn answer_with_start_page(page: &StartPage, is_page: bool, headers: &HeaderMap) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    let mut response = if !is_page {
        (StatusCode::NOT_FOUND, kind, page.html.clone()).into_response()
    } else if is_known_to_client(headers, page.etag.as_bytes()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (kind, page.html.clone()).into_response()
    };
    response.headers_mut().insert(header::ETAG, page.etag.clone());
    apply_headers_for_browsers(response, "no-cache")
}

fn is_known_to_client(headers: &HeaderMap, etag: &[u8]) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_it = |tag: &str| tag.trim().trim_start_matches("W/").as_bytes() == etag;
    known.is_some_and(|tags| tags.split(',').any(is_it))
}

/// In the smallest form that the client takes and the build has made: compressing at each request would cost 25 ms of a core.
fn answer_with_embedded_file(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let compressed = FORMS.iter().find_map(|(ending, coding)| {
        let form = DashboardFiles::get(&format!("{path}{ending}"))?;
        is_value_accepted_with_quality(headers, header::ACCEPT_ENCODING, coding)
            .then_some((*coding, form))
    });
    let (coding, file) = match compressed {
        Some((coding, form)) => (Some(coding), form),
        None => (None, file),
    };
    let etag = quote_hash_as_etag(&hash, coding);
    // The build puts a hash of the content into the names below assets/.
    let cache_control = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let unchanged = is_known_to_client(headers, etag.as_bytes());
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match file.data {
            Cow::Borrowed(bytes) => Body::from(bytes),
            Cow::Owned(bytes) => Body::from(bytes),
        };
        ([(header::CONTENT_TYPE, content_type_from_path(path))], body).into_response()
    };
    if let Some(coding) = coding.filter(|_| !unchanged) {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    apply_headers_for_browsers(response, cache_control)
}

fn apply_headers_for_browsers(mut response: Response, cache_control: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    headers
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Another form of a file is other bytes, and has another tag.
fn quote_hash_as_etag(hash: &[u8; 32], coding: Option<&str>) -> String {
    let hex: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}{}\"", coding.map(|coding| format!("-{coding}")).unwrap_or_default())
}

fn content_type_from_path(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("mp3") => "audio/mpeg",
        Some("ogg") => "audio/ogg",
        Some("wav") => "audio/wav",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    async fn answer_to_request(method: Method, path: &str) -> Response {
        let request =
            Request::builder().method(method).uri(path).body(Body::empty()).expect("request");
        build_router_of_dashboard(false, "").oneshot(request).await.expect("infallible")
    }

    #[tokio::test]
    async fn should_serve_the_page_everywhere_and_say_where_there_is_none() {
        for (path, status) in [
            ("/", StatusCode::OK),
            ("/incidents/1", StatusCode::OK),
            ("/incidents/", StatusCode::OK),
            ("/login", StatusCode::OK),
            ("/account", StatusCode::OK),
            ("/people", StatusCode::OK),
            ("/outlets", StatusCode::OK),
            ("/incidents/1/2", StatusCode::NOT_FOUND),
            ("/login/1", StatusCode::NOT_FOUND),
            ("/people/1", StatusCode::NOT_FOUND),
            ("/nowhere", StatusCode::NOT_FOUND),
        ] {
            let response = answer_to_request(Method::GET, path).await;
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
            assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        }
    }

    #[tokio::test]
    async fn should_answer_unknown_api_paths_as_json() {
        for path in [
            "/api/nothing",
            "/API/incidents",
            "/Health",
            "/api",
            "/docs/x",
            "/health/x",
            "/socket.io-msgpack/x",
            "/assets/gone.js",
            "/.env",
            "/admin/ui/",
        ] {
            let response = answer_to_request(Method::GET, path).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        }
    }

    #[test]
    fn should_take_codings_that_are_wanted() {
        let accepts = |value: &'static str, coding| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            is_value_accepted_with_quality(&headers, header::ACCEPT_ENCODING, coding)
        };
        assert!(accepts("gzip, deflate, br", "br") && accepts("gzip;q=0.5", "gzip"));
        assert!(
            !accepts("gzip", "br") && !accepts("br;q=0, gzip", "br") && !accepts("br; Q=0.0", "br")
        );
        assert!(!accepts("", "gzip") && !accepts("identity", "gzip"));
    }

    #[tokio::test]
    async fn should_refuse_to_write_to_a_page() {
        let response = answer_to_request(Method::POST, "/incidents").await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
