//! Any payload of a CONNECT, any query and any header of the request before it.

use http::{HeaderValue, Request, Uri, header};
use owlpost_fuzzing::{Choices, FuzzTarget};
use serde_json::json;

use super::*;
use crate::recovery::read_recovery_of_auth;

/// Decodes by hand what form_urlencoded decodes.
fn find_query_value_by_hand(query: &str, name: &str) -> Option<String> {
    query.split('&').filter(|pair| !pair.is_empty()).find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode_percents_by_hand(key) == name).then(|| decode_percents_by_hand(value))
    })
}

fn decode_percents_by_hand(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let decoded = hex
            .filter(|two| *first == b'%' && two.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        rest = if decoded.is_some() { &behind[2..] } else { behind };
        bytes.push(decoded.unwrap_or(if *first == b'+' { b' ' } else { *first }));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The token a reader finds: the payload before the query before the header. Something else than a text in the payload
/// is a token that is none.
fn find_token_by_hand(auth: &Value, query: &str, header: &str) -> Option<String> {
    let in_auth = match &auth["token"] {
        Value::Null => None,
        Value::String(token) => Some(token.clone()),
        _ => Some("-".to_owned()),
    };
    let in_header = || {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    };
    in_auth
        .filter(|token| !token.is_empty())
        .or_else(|| find_query_value_by_hand(query, "token").filter(|token| !token.is_empty()))
        .or_else(in_header)
}

fn check_wishes_of_client(auth: &Value) {
    if let Some(id) = read_auth_last_event_id(auth) {
        let id = bound_wishes_of_client(Some(id), []).last_event_id.expect("a position");
        assert!(id.chars().count() <= 32);
        assert!(auth["lastEventId"].to_string().contains(&id) || auth["lastEventId"].is_string());
    }
    let recovery = read_recovery_of_auth(auth);
    if let Some(pid) = recovery.pid {
        assert_eq!(auth["pid"], json!(pid.to_string()), "in one way only");
    }
    if let Some(offset) = recovery.offset {
        assert!(offset.chars().count() <= 32);
        assert!(auth["offset"].as_str().is_some_and(|given| given.starts_with(&offset)));
    }
    let rooms = read_rooms_of_auth(auth);
    let given = match &auth["room"] {
        Value::Array(rooms) => rooms.clone(),
        room => vec![room.clone()],
    };
    let texts: Vec<Value> = given.into_iter().filter(Value::is_string).collect();
    assert_eq!(json!(rooms), Value::Array(texts));
}

#[test]
fn should_find_the_token_and_the_wishes_of_any_client() {
    FuzzTarget::new("socketio-handshake").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let length = usize::from(choices.take_byte_or_zero());
        let query = choices.take_bytes_up_to(length);
        let length = usize::from(choices.take_byte_or_zero());
        let header = choices.take_bytes_up_to(length);
        // As the library hands it over: what is no JSON is null.
        let auth: Value = serde_json::from_slice(choices.take_rest_of_input()).unwrap_or_default();
        let (Ok(uri), Ok(value)) =
            (Uri::try_from([b"/socket.io/?", query].concat()), HeaderValue::from_bytes(header))
        else {
            return;
        };
        let header = value.to_str().unwrap_or_default().to_owned();
        let request = Request::builder().uri(uri).header(header::AUTHORIZATION, value);
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let query = parts.uri.query().unwrap_or_default();
        for name in ["token", "lastEventId", "room", "recovery", "t"] {
            let found = find_query_value_by_name(Some(query), name);
            assert_eq!(found, find_query_value_by_hand(query, name), "{name}");
        }
        assert_eq!(
            find_token_of_handshake(&auth, &parts),
            find_token_by_hand(&auth, query, &header)
        );
        check_wishes_of_client(&auth);
    });
}
