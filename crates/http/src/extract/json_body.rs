//! JSON bodies, within the size limit, strict about types and lenient about fields nobody knows.

#[cfg(test)]
mod fuzz;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::{error::HttpError, extract::AuthenticatedUser, state::HttpState};

/// Bytes past the limit that are still read and thrown away: a client that is answered while it writes would see its
/// connection reset instead of the answer.
const DISCARDED_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a body on the routes that need no token, at most.
pub(crate) const STRANGER_BODY_BYTES: usize = 16 * 1024;
/// Longest explanation sent: it may quote the body.
const EXPLANATION_CHARS: usize = 200;

/// A JSON object read as `T`, and its bytes as they came.
#[derive(Debug)]
pub(crate) struct JsonBody<T> {
    pub(crate) value: T,
    pub(crate) bytes: Bytes,
}

/// As [`JsonBody`], for requests that may have no body at all.
#[derive(Debug)]
pub(crate) struct OptionalJsonBody<T> {
    pub(crate) value: Option<T>,
    pub(crate) bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest<HttpState> for JsonBody<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &HttpState) -> Result<Self, HttpError> {
        let (parts, body) = request.into_parts();
        let bytes = read_body_within_limit(body, limit_bytes_of_body(&parts, state)).await?;
        require_json_content_type(&parts.headers)?;
        Ok(Self { value: parse_json_object_strictly(&bytes)?, bytes })
    }
}

impl<T: DeserializeOwned> FromRequest<HttpState> for OptionalJsonBody<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &HttpState) -> Result<Self, HttpError> {
        let (parts, body) = request.into_parts();
        let bytes = read_body_within_limit(body, limit_bytes_of_body(&parts, state)).await?;
        if bytes.is_empty() {
            return Ok(Self { value: None, bytes });
        }
        require_json_content_type(&parts.headers)?;
        Ok(Self { value: Some(parse_json_object_strictly(&bytes)?), bytes })
    }
}

/// What a stranger sends is small: an address and a password, or a token. Whoever has no token yet may not make the
/// server keep more.
fn limit_bytes_of_body(parts: &Parts, state: &HttpState) -> usize {
    let limit_bytes = state.config().body_limit_bytes;
    match parts.extensions.get::<AuthenticatedUser>() {
        Some(_) => limit_bytes,
        None => limit_bytes.min(STRANGER_BODY_BYTES),
    }
}

/// Reads a whole body that has at most `limit_bytes`.
pub(crate) async fn read_body_within_limit(
    mut body: Body,
    limit_bytes: usize,
) -> Result<Bytes, HttpError> {
    let mut read = BytesMut::new();
    let mut received = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            HttpError::refuse_field_with_message("body", "ended before it was complete")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        received = received.saturating_add(data.len());
        if received <= limit_bytes {
            read.extend_from_slice(&data);
        } else if received > limit_bytes.saturating_add(DISCARDED_BYTES) {
            break;
        }
    }
    if received > limit_bytes {
        Err(HttpError::BodyTooLarge { limit_bytes })
    } else {
        Ok(read.freeze())
    }
}

/// `application/json` and its kin, and `text/plain`, which is what `fetch` says of a string when the page names no
/// type. Forms and files are not read as JSON by accident.
fn require_json_content_type(headers: &HeaderMap) -> Result<(), HttpError> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !codings.all(is_plain) {
        return Err(HttpError::EncodingUnknown);
    }
    let value =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let json = essence == "application/json"
        || essence == "text/plain"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        Ok(())
    } else {
        Err(HttpError::refuse_field_with_message(
            "Content-Type",
            "must be application/json, with a JSON object as the body",
        ))
    }
}

fn parse_json_object_strictly<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HttpError> {
    // Serde looks at the encoding of known fields only.
    let text = std::str::from_utf8(bytes)
        .map_err(|_| HttpError::refuse_field_with_message("body", "must be UTF-8"))?;
    // Some tools begin every text with it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Serde would take an array for a struct, field by field in order of declaration.
    if !text.trim_start().starts_with('{') {
        return Err(HttpError::refuse_field_with_message("body", "must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        explain_json_error_by_field(&path, &error.into_inner())
    })?;
    json.end().map_err(|error| explain_json_error_by_field(".", &error))?;
    Ok(value)
}

fn explain_json_error_by_field(path: &str, error: &serde_json::Error) -> HttpError {
    let text = error.to_string();
    if !matches!(error.classify(), Category::Data) {
        return HttpError::refuse_field_with_message(
            "body",
            format!("must be JSON: {}", cut_explanation_when_long(&text)),
        );
    }
    // The place in the text helps nobody who built it with a serializer.
    let message = text.split(" at line ").next().unwrap_or(&text);
    let named = ["missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.strip_suffix('`'));
    match named {
        Some(field) if message.starts_with("missing") => {
            HttpError::refuse_field_with_message(field, "is required")
        }
        Some(field) => HttpError::refuse_field_with_message(field, "must be given once"),
        None if path == "." => {
            HttpError::refuse_field_with_message("body", "must be a JSON object")
        }
        None => HttpError::refuse_field_with_message(path, cut_explanation_when_long(message)),
    }
}

fn cut_explanation_when_long(text: &str) -> String {
    text.chars().take(EXPLANATION_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use owlpost_domain::{DomainError, Severity};
    use serde::Deserialize;

    use super::super::{read_optional_word_value, read_present_field_value};
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Example {
        title: String,
        #[serde(default, deserialize_with = "read_present_field_value")]
        place_name: Option<Option<String>>,
        #[serde(default, deserialize_with = "read_optional_word_value")]
        severity: Option<Severity>,
        version: Option<i32>,
    }

    fn expect_refused_field(json: impl AsRef<[u8]>) -> String {
        match parse_json_object_strictly::<Example>(json.as_ref()) {
            Err(HttpError::Domain(DomainError::Validation { field, .. })) => field,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn should_name_the_field_that_is_wrong() {
        assert_eq!(expect_refused_field(r#"{}"#), "title");
        assert_eq!(expect_refused_field(r#"{"title":5}"#), "title");
        assert_eq!(expect_refused_field(r#"{"title":null}"#), "title");
        assert_eq!(expect_refused_field(r#"{"title":"a","title":"b"}"#), "title");
        assert_eq!(expect_refused_field(r#"{"title":"a","placeName":5}"#), "placeName");
        assert_eq!(expect_refused_field(r#"{"title":"a","severity":"BAD"}"#), "severity");
        assert_eq!(
            expect_refused_field(r#"{"title":"a","severity":{"SERIOUS":null}}"#),
            "severity"
        );
        for number in ["1.0", "\"1\"", "1e400", "99999999999", "true"] {
            let field = expect_refused_field(format!(r#"{{"title":"a","version":{number}}}"#));
            assert!(["version", "body"].contains(&&*field), "{number}: {field}");
        }
    }

    #[test]
    fn should_refuse_what_is_no_json_object() {
        let deep = format!(r#"{{"title":{}1{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        let bodies: [&[u8]; 9] = [
            br#"["a",null,null,"x"]"#,
            b"",
            b"{",
            b"null",
            b"5",
            br#"["a",null,null,1]"#,
            br#"{"title":"a"} x"#,
            b"{\"title\":\"\xff\"}",
            b"{'title':1}",
        ];
        for body in bodies {
            assert_eq!(expect_refused_field(body), "body");
        }
        assert!(["body", "title"].contains(&&*expect_refused_field(deep)));
    }

    #[test]
    fn should_pass_over_the_mark_that_some_tools_begin_with() {
        let marked = b"\xef\xbb\xbf{\"title\":\"a\"}";
        assert_eq!(parse_json_object_strictly::<Example>(marked).expect("accepted").title, "a");
        assert_eq!(expect_refused_field("\u{feff}\u{feff}{\"title\":\"a\"}"), "body");
    }

    #[test]
    fn should_ignore_unknown_fields_however_deep() {
        let deep = format!(r#"{{"x":{}1{},"title":"a"}}"#, "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(
            parse_json_object_strictly::<Example>(deep.as_bytes()).expect("accepted").title,
            "a"
        );
    }

    #[test]
    fn should_tell_null_from_absent() {
        let parse = |json: &str| {
            parse_json_object_strictly::<Example>(json.as_bytes()).expect("accepted").place_name
        };
        assert_eq!(parse(r#"{"title":"a"}"#), None);
        assert_eq!(parse(r#"{"title":"a","placeName":null}"#), Some(None));
        assert_eq!(parse(r#"{"title":"a","placeName":"x"}"#), Some(Some("x".to_owned())));
    }

    #[test]
    fn should_not_quote_a_large_body_back() {
        let json = format!(r#"{{"title":"a","version":"{}"}}"#, "x".repeat(10_000));
        let refusal = parse_json_object_strictly::<Example>(json.as_bytes()).expect_err("refused");
        assert!(refusal.to_string().len() < 300);
    }

    #[tokio::test]
    async fn should_read_a_body_of_the_limit_and_not_one_byte_more() {
        assert_eq!(
            read_body_within_limit(Body::from(vec![b'x'; 10]), 10).await.expect("fits").len(),
            10
        );
        let refused = read_body_within_limit(Body::from(vec![b'x'; 11]), 10).await;
        assert!(matches!(refused, Err(HttpError::BodyTooLarge { limit_bytes: 10 })));
    }
}
