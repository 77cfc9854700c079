//! `If-Match`, the versions a change was made against, and `If-None-Match`, what a reader has already.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use crate::error::HttpError;

/// The versions named by `If-Match`, one of which must be the current one; `None` without the header, and for `*`, which
/// any version matches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IfMatchHeader(pub(crate) Option<Vec<i32>>);

impl<S: Sync> FromRequestParts<S> for IfMatchHeader {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let mut versions = Vec::new();
        for value in parts.headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| refuse_header_as_unreadable())?;
            for tag in text.split(',') {
                match parse_version_from_etag(tag)? {
                    Some(version) => versions.push(version),
                    None => return Ok(Self(None)),
                }
            }
        }
        Ok(Self((!versions.is_empty()).then_some(versions)))
    }
}

impl IfMatchHeader {
    /// The versions the change may be made against, named by the header, the body, or both alike; any when there are none.
    pub(crate) fn agree_with_body_version(
        self,
        in_body: Option<i32>,
    ) -> Result<Vec<i32>, HttpError> {
        match (self.0, in_body) {
            (Some(header), Some(body)) if !header.contains(&body) => Err(
                HttpError::refuse_field_with_message("version", "must be a version If-Match names"),
            ),
            (_, Some(body)) => Ok(vec![body]),
            (header, None) => Ok(header.unwrap_or_default()),
        }
    }
}

/// Whether a reader has what this tag is of. Compared weakly, as RFC 9110 has it for reading.
pub(crate) fn is_known_to_reader(headers: &HeaderMap, etag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let values = headers.get_all(header::IF_NONE_MATCH).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
}

/// `"3"` as we send it; `W/"3.12.2"` as we send it with counts; `W/"3"` as some proxies make of it; `3` as people type it.
fn parse_version_from_etag(text: &str) -> Result<Option<i32>, HttpError> {
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let tag = match tag.strip_prefix('"') {
        Some(opened) => opened.strip_suffix('"').ok_or_else(refuse_header_as_unreadable)?,
        None => tag,
    };
    let mut numbers = tag.split('.');
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = numbers.next().filter(|digits| is_number(digits));
    if !numbers.all(is_number) {
        return Err(refuse_header_as_unreadable());
    }
    let version = version.and_then(|digits| digits.parse().ok());
    version.map(Some).ok_or_else(refuse_header_as_unreadable)
}

fn refuse_header_as_unreadable() -> HttpError {
    HttpError::refuse_field_with_message("If-Match", "must be ETags of the incident, such as \"3\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_versions_in_every_usual_form() {
        for (text, version) in [
            ("\"3\"", Some(3)),
            ("W/\"3\"", Some(3)),
            ("3", Some(3)),
            ("*", None),
            ("W/\"3.12.2\"", Some(3)),
        ] {
            assert_eq!(parse_version_from_etag(text).expect(text), version);
        }
    }

    #[test]
    fn should_refuse_what_is_no_version() {
        for text in ["", "\"\"", "\"3", "\"x\"", "\"1.\"", "\"1.x\"", "+3", "-3", "99999999999"] {
            assert!(parse_version_from_etag(text).is_err(), "{text}");
        }
    }

    #[test]
    fn should_refuse_header_and_body_that_disagree() {
        let named = |versions: &[i32]| IfMatchHeader(Some(versions.to_vec()));
        assert!(named(&[1]).agree_with_body_version(Some(2)).is_err());
        assert_eq!(named(&[1, 2]).agree_with_body_version(Some(2)).ok(), Some(vec![2]));
        assert_eq!(named(&[1, 2]).agree_with_body_version(None).ok(), Some(vec![1, 2]));
        assert_eq!(IfMatchHeader(None).agree_with_body_version(Some(2)).ok(), Some(vec![2]));
        assert_eq!(IfMatchHeader(None).agree_with_body_version(None).ok(), Some(vec![]));
    }

    #[test]
    fn should_know_what_a_reader_has() {
        let known = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, text.parse().expect("a header"));
            is_known_to_reader(&headers, "W/\"3.1.0\"")
        };
        assert!(
            known("W/\"3.1.0\"") && known("\"3.1.0\"") && known("\"2\", W/\"3.1.0\"") && known("*")
        );
        assert!(!known("\"3\"") && !known("\"3.1.1\"") && !known(""));
    }
}
