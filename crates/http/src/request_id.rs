//! The id of a request: taken over from a client or proxy, or made here.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Carries the id of a request both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken over from a client or proxy.
const REQUEST_ID_CHARS: usize = 128;

/// The id that the request came with, when it is a plain one, and a new one otherwise.
pub(crate) fn accept_or_make_request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(REQUEST_ID).filter(|value| {
        (1..=REQUEST_ID_CHARS).contains(&value.len())
            && value
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
    });
    let made = || HeaderValue::from_str(&Uuid::now_v7().to_string());
    given.cloned().or_else(|| made().ok()).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_after_sending(value: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(value).expect("header"));
        accept_or_make_request_id(&headers).to_str().expect("ASCII").to_owned()
    }

    #[test]
    fn should_keep_a_request_id_that_is_fit_for_the_log() {
        assert_eq!(id_after_sending(b"trace-1:a_b.C"), "trace-1:a_b.C");
        for bad in [&b""[..], b"a b", b"a\tb", b"\xff", &[b'x'; 129]] {
            assert!(Uuid::parse_str(&id_after_sending(bad)).is_ok(), "{bad:?}");
        }
    }
}
