//! Any query and any header that handlers read.

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, Request, header, request::Parts},
};
use futures_util::FutureExt as _;
use owlpost_domain::{DomainError, Limits, Status};
use owlpost_fuzzing::{Choices, FuzzTarget};
use uuid::Uuid;

use super::{IdempotencyKeyHeader, IfMatchHeader, QueryParams};
use crate::error::HttpError;

/// The field a refusal names.
fn read_field_of_refusal(error: &HttpError) -> &str {
    let HttpError::Domain(DomainError::Validation { field, message }) = error else {
        panic!("no refusal of a field: {error}");
    };
    assert!(!field.is_empty() && !message.is_empty() && message.len() < 300, "{message}");
    field
}

/// As form_urlencoded reads it, unless that had to make something up.
fn read_pairs_by_oracle(query: &str) -> Option<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let made_up = |text: &String| text.contains(['\0', char::REPLACEMENT_CHARACTER]);
    (!pairs.iter().any(|(name, value)| made_up(name) || made_up(value))).then_some(pairs)
}

fn check_param_by_oracle(params: &QueryParams, name: &str, pairs: &[(String, String)]) {
    let given: Vec<&str> = pairs
        .iter()
        .filter(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
        .collect();
    match params.read_text_of_param(name) {
        Ok(text) => assert_eq!(text.as_slice(), given),
        Err(error) => assert!(given.len() > 1 && read_field_of_refusal(&error) == name),
    }
    match params.read_number_of_param::<u32>(name) {
        Ok(number) => assert_eq!(number, given.first().and_then(|text| text.parse().ok())),
        Err(error) => assert_eq!(read_field_of_refusal(&error), name),
    }
    match params.read_number_of_param::<i64>(name) {
        Ok(number) => assert!(number.is_none_or(|number| number >= 0)),
        Err(error) => assert_eq!(read_field_of_refusal(&error), name),
    }
    match params.read_id_of_param(name) {
        Ok(id) => assert_eq!(id, given.first().and_then(|text| Uuid::parse_str(text).ok())),
        Err(error) => assert_eq!(read_field_of_refusal(&error), name),
    }
    match params.read_flag_of_param(name) {
        Ok(flag) => {
            assert_eq!(flag.map(|flag| flag.to_string()), given.first().map(|t| (*t).to_owned()))
        }
        Err(error) => assert_eq!(read_field_of_refusal(&error), name),
    }
    let words = params.read_words_of_param(name);
    assert!(words.iter().all(|word| !word.is_empty() && !word.contains(',')));
    match params.read_list_of_param::<Status>(name) {
        Ok(list) => {
            assert_eq!(list.iter().map(|status| status.as_str()).collect::<Vec<_>>(), words)
        }
        Err(error) => assert_eq!(read_field_of_refusal(&error), name),
    }
}

#[test]
fn should_read_any_query_as_forms_are_read_or_say_which_parameter_is_wrong() {
    FuzzTarget::new("http-query").check_each_fuzzed_input(|input| {
        let Ok(query) = std::str::from_utf8(input) else { return };
        let pairs = read_pairs_by_oracle(query);
        match QueryParams::from_query(query) {
            Ok(params) => {
                // A replacement character may also be what the client wrote.
                let Some(pairs) = pairs else { return };
                for name in ["q", "limit", "before", "unread", "status"] {
                    check_param_by_oracle(&params, name, &pairs);
                }
            }
            Err(error) => {
                let field = read_field_of_refusal(&error);
                assert!(pairs.is_none(), "{field} is fine");
            }
        }
    });
}

fn build_request_with_header(name: HeaderName, values: &[&[u8]]) -> Option<Parts> {
    let mut request = Request::builder().uri("/api/incidents").body(()).ok()?;
    for value in values {
        request.headers_mut().append(&name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(request.into_parts().0)
}

fn check_version_of_request(parts: &mut Parts, values: &[&[u8]]) {
    let read = IfMatchHeader::from_request_parts(parts, &()).now_or_never().expect("at once");
    match read {
        Ok(IfMatchHeader(None)) => {
            let mut tags = values.iter().flat_map(|value| value.split(|byte| *byte == b','));
            assert!(values.is_empty() || tags.any(|tag| tag.trim_ascii() == b"*"));
        }
        Ok(IfMatchHeader(Some(versions))) => {
            let tags: Vec<String> = values
                .iter()
                .flat_map(|value| value.split(|byte| *byte == b','))
                .map(|tag| String::from_utf8_lossy(tag).into_owned())
                .collect();
            assert_eq!(tags.len(), versions.len());
            for (tag, version) in tags.iter().zip(versions) {
                let numbers = tag.trim().trim_start_matches("W/").trim_matches('"');
                let first = numbers.split('.').next().expect("a part");
                assert_eq!(first.parse().ok(), Some(version));
                let other = tag.replace(|c: char| c.is_ascii_digit() || c == '.', "");
                assert!(["", "\"\"", "W/\"\"", "W/"].contains(&other.trim()), "{other}");
            }
        }
        Err(error) => assert_eq!(read_field_of_refusal(&error), "If-Match"),
    }
}

fn check_key_of_request(parts: &mut Parts, values: &[&[u8]]) {
    let key = IdempotencyKeyHeader::from_request_parts(parts, &()).now_or_never();
    let Ok(key) = key.expect("at once");
    let limits = Limits::default();
    match key.bind_to_request_body(b"{}", &limits) {
        Ok(None) => assert!(values.is_empty()),
        Ok(Some(_)) => {
            let key = std::str::from_utf8(values[0]).expect("UTF-8");
            let length = key.chars().count();
            assert!(values.len() == 1 && (1..=limits.idempotency_key_chars).contains(&length));
        }
        Err(error) => assert_eq!(read_field_of_refusal(&error), "Idempotency-Key"),
    }
}

#[test]
fn should_read_any_version_and_any_key_or_say_which_header_is_wrong() {
    FuzzTarget::new("http-headers").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let kind = choices.take_byte_or_zero();
        let rest = choices.take_rest_of_input();
        let values: Vec<&[u8]> = rest.split(|byte| *byte == b'\n').collect();
        let name = if kind == b'k' {
            HeaderName::from_static("idempotency-key")
        } else {
            header::IF_MATCH
        };
        let Some(mut parts) = build_request_with_header(name, &values) else { return };
        if kind == b'k' {
            check_key_of_request(&mut parts, &values);
        } else {
            check_version_of_request(&mut parts, &values);
        }
    });
}
