//! What browsers are told besides the bodies: who may read, what may be kept, and the cookie of load balancers.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

const NOT_CACHED: HeaderValue =
    HeaderValue::from_static("no-store, no-cache, no-transform, must-revalidate, max-age=0");
const CACHED_FOR_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000");
const SECONDS_OF_YEAR: HeaderValue = HeaderValue::from_static("31536000");
/// Years ahead of whoever reads it: caches that know no `max-age` keep it, too.
const FAR_FUTURE: HeaderValue = HeaderValue::from_static("Fri, 31 Dec 2100 23:59:59 GMT");
/// By which load balancers know a client again.
const COOKIE_NAME: &str = "JSESSIONID";
const DUMMY_COOKIE: HeaderValue = HeaderValue::from_static("JSESSIONID=dummy; path=/");

/// Lets the page that sent the request read the answer. Which pages may ask at all is decided before.
pub(crate) fn allow_page_to_read(request: &HeaderMap, response: &mut HeaderMap) {
    match request.get(header::ORIGIN) {
        Some(origin) => {
            response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let allowed = HeaderValue::from_static("true");
            response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
            response.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        None => {
            let anybody = HeaderValue::from_static("*");
            response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
        }
    }
}

/// Keeps caches from keeping the answer.
pub(crate) fn forbid_caching_of_answer(response: &mut HeaderMap) {
    response.insert(header::CACHE_CONTROL, NOT_CACHED);
}

/// Lets caches keep the answer for a year.
pub(crate) fn cache_answer_for_year(response: &mut HeaderMap) {
    response.insert(header::CACHE_CONTROL, CACHED_FOR_YEAR);
    response.insert(header::EXPIRES, FAR_FUTURE);
}

/// Keeps anything on the way from holding a stream back to make it smaller.
pub(crate) const STREAM_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CONTENT_ENCODING, HeaderValue::from_static("identity")),
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// The answer to the question of a browser whether a page may send such a request.
pub(crate) fn answer_preflight_of_page(
    request: &HeaderMap,
    methods: &'static str,
) -> (StatusCode, HeaderMap) {
    let mut headers = HeaderMap::new();
    allow_page_to_read(request, &mut headers);
    cache_answer_for_year(&mut headers);
    let methods = HeaderValue::from_static(methods);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, SECONDS_OF_YEAR);
    let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    (StatusCode::NO_CONTENT, headers)
}

/// The answer to a request with another method than the address is for.
pub(crate) fn answer_wrong_method_of_request(allowed: &'static str) -> (StatusCode, HeaderMap) {
    let headers = HeaderMap::from_iter([(header::ALLOW, HeaderValue::from_static(allowed))]);
    (StatusCode::METHOD_NOT_ALLOWED, headers)
}

/// Sets the cookie that the client has, or one that means nothing.
pub(crate) fn set_cookie_of_balancer(request: &HeaderMap, response: &mut HeaderMap) {
    let cookies = request.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let known = cookies.flat_map(|value| value.split(';')).find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == COOKIE_NAME).then_some(value)
    });
    let echoed = known.map(|value| format!("{COOKIE_NAME}={value}; path=/"));
    let cookie = echoed.and_then(|cookie| HeaderValue::try_from(cookie).ok());
    response.insert(header::SET_COOKIE, cookie.unwrap_or(DUMMY_COOKIE));
}
