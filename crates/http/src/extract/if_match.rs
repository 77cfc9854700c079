//! `If-Match`: the version a change was made against.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use crate::error::HttpError;

/// The version named by `If-Match`; `None` without the header, and for `*`, which any version matches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IfMatchHeader(pub(crate) Option<i32>);

impl<S: Sync> FromRequestParts<S> for IfMatchHeader {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let mut values = parts.headers.get_all(header::IF_MATCH).into_iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let text = value.to_str().map_err(|_| refuse_header_as_unreadable())?;
        if values.next().is_some() {
            return Err(refuse_header_as_unreadable());
        }
        parse_version_from_etag(text).map(Self)
    }
}

impl IfMatchHeader {
    /// The version the change expects, named by the header, the body, or both alike.
    pub(crate) fn agree_with_body_version(
        self,
        in_body: Option<i32>,
    ) -> Result<Option<i32>, HttpError> {
        match (self.0, in_body) {
            (Some(header), Some(body)) if header != body => {
                Err(HttpError::refuse_field_with_message(
                    "version",
                    "must be the version If-Match names",
                ))
            }
            (header, body) => Ok(header.or(body)),
        }
    }
}

/// `"3"` as we send it; `W/"3"` as some proxies make of it; `3` as people type it.
fn parse_version_from_etag(text: &str) -> Result<Option<i32>, HttpError> {
    let text = text.trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let digits = match tag.strip_prefix('"') {
        Some(opened) => opened.strip_suffix('"').ok_or_else(refuse_header_as_unreadable)?,
        None => tag,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse_header_as_unreadable());
    }
    digits.parse().map(Some).map_err(|_| refuse_header_as_unreadable())
}

fn refuse_header_as_unreadable() -> HttpError {
    HttpError::refuse_field_with_message(
        "If-Match",
        "must be one ETag of the incident, such as \"3\"",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_versions_in_every_usual_form() {
        for (text, version) in
            [("\"3\"", Some(3)), ("W/\"3\"", Some(3)), ("3", Some(3)), ("*", None)]
        {
            assert_eq!(parse_version_from_etag(text).expect(text), version);
        }
    }

    #[test]
    fn should_refuse_what_is_no_version() {
        for text in ["", "\"\"", "\"3", "\"x\"", "\"1\", \"2\"", "+3", "-3", "99999999999"] {
            assert!(parse_version_from_etag(text).is_err(), "{text}");
        }
    }

    #[test]
    fn should_refuse_header_and_body_that_disagree() {
        assert!(IfMatchHeader(Some(1)).agree_with_body_version(Some(2)).is_err());
        assert_eq!(IfMatchHeader(Some(2)).agree_with_body_version(Some(2)).ok(), Some(Some(2)));
        assert_eq!(IfMatchHeader(None).agree_with_body_version(Some(2)).ok(), Some(Some(2)));
    }
}
