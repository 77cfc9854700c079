use serde_json::json;

use super::*;
use crate::hub_message::MOST_ID_BYTES;

fn decode_text_of_client(text: &str) -> Result<ClientMessage, String> {
    decode_message_from_json(text.as_bytes()).map_err(|bad| bad.as_str().to_owned())
}

#[track_caller]
fn assert_text_is_bad(text: &str, reason: &str) {
    assert_eq!(decode_text_of_client(text), Err(reason.to_owned()), "{text}");
}

fn decode_call_of_client(text: &str) -> Invocation {
    match decode_text_of_client(text) {
        Ok(ClientMessage::Invocation(call) | ClientMessage::StreamInvocation(call)) => call,
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn should_read_calls_in_any_order_of_fields_and_with_unknown_ones() {
    let text = r#" {"x":[{"type":9}],"streamIds":["a","b"],"arguments":[1,{"room":"feed"}],
        "headers":7,"t\u0061rget":"Join\u0052oom","invocationId":"0","type":1} "#;
    let expected = Invocation {
        id: Some("0".into()),
        target: "JoinRoom".into(),
        arguments: Ok(vec![json!(1), json!({"room": "feed"})]),
        stream_ids: 2,
        bytes: text.len(),
    };
    assert_eq!(decode_text_of_client(text), Ok(ClientMessage::Invocation(expected)));
}

#[test]
fn should_take_null_and_empty_ids_for_calls_without_an_answer() {
    for id in ["null", "\"\""] {
        let text = format!(
            r#"{{"type":1,"invocationId":{id},"target":"x","arguments":[],"streamIds":null}}"#
        );
        let call = decode_call_of_client(&text);
        assert_eq!((call.id, call.stream_ids), (None, 0));
        for other in [
            format!(r#"{{"type":2,"invocationId":{id},"item":1}}"#),
            format!(r#"{{"type":3,"invocationId":{id}}}"#),
            format!(r#"{{"type":4,"invocationId":{id},"target":"x","arguments":[]}}"#),
            format!(r#"{{"type":5,"invocationId":{id}}}"#),
        ] {
            assert_text_is_bad(&other, "Missing required property 'invocationId'.");
        }
    }
}

#[test]
fn should_refuse_messages_without_what_their_type_requires() {
    let missing = [
        (r#"{"type":1,"arguments":[]}"#, "target"),
        (r#"{"type":1,"target":"","arguments":[]}"#, "target"),
        (r#"{"type":1,"target":"x"}"#, "arguments"),
        (r#"{"type":1,"target":"x","arguments":null}"#, "arguments"),
        (r#"{"type":2,"invocationId":"1"}"#, "item"),
        (r#"{"type":4,"target":"x","arguments":[]}"#, "invocationId"),
        (r#"{"type":5}"#, "invocationId"),
        (r#"{"type":8}"#, "sequenceId"),
        (r#"{"type":9,"sequenceId":null}"#, "sequenceId"),
        (r"{}", "type"),
        (r#"{"Type":6}"#, "type"),
        (r#"{"type":null}"#, "type"),
    ];
    for (text, name) in missing {
        assert_text_is_bad(text, &format!("Missing required property '{name}'."));
    }
    let wrong = [
        (r#"{"type":"1"}"#, "type", "Number"),
        (r#"{"type":1.0}"#, "type", "Number"),
        (r#"{"type":2147483648}"#, "type", "Number"),
        (r#"{"type":1,"target":1,"arguments":[]}"#, "target", "String"),
        (r#"{"type":1,"target":"x","arguments":{}}"#, "arguments", "Array"),
        (r#"{"type":1,"target":"x","arguments":[],"streamIds":[1]}"#, "streamIds", "Array"),
        (r#"{"type":1,"target":"x","arguments":[],"invocationId":1}"#, "invocationId", "String"),
        (r#"{"type":3,"invocationId":"1","error":1}"#, "error", "String"),
        (r#"{"type":8,"sequenceId":"1"}"#, "sequenceId", "Number"),
    ];
    for (text, name, expected) in wrong {
        assert_text_is_bad(text, &format!("Expected '{name}' to be of type {expected}."));
    }
}

#[test]
fn should_refuse_completions_with_both_a_result_and_an_error() {
    let both = "A completion has either a 'result' or an 'error'.";
    for result in ["null", "42"] {
        let text = format!(r#"{{"type":3,"invocationId":"1","result":{result},"error":"x"}}"#);
        assert_text_is_bad(&text, both);
        let text = format!(r#"{{"type":3,"invocationId":"1","result":{result},"error":null}}"#);
        assert_eq!(decode_text_of_client(&text), Ok(ClientMessage::Ignored));
    }
}

#[test]
fn should_refuse_what_is_no_json_object() {
    for text in ["[6]", "6", "\"type\"", "null", "", " ", "\u{feff}{\"type\":6}", "type"] {
        assert_text_is_bad(text, "Expected a JSON object.");
    }
    for text in [
        "{\"type\":6",
        "{\"type\":6}}",
        "{\"type\":6}{\"type\":6}",
        "{\"type\":06}",
        "{\"type\":6,}",
        "{'type':6}",
        "{\"type\":6,\"type\":6}",
        "{\"type\":6,\"x\":\"\n\"}",
    ] {
        assert_text_is_bad(text, "Error reading JSON.");
    }
    let bad = decode_message_from_json(b"{\"type\":6,\"x\":\"\xff\"}").unwrap_err();
    assert_eq!(bad.as_str(), "Error reading JSON.");
}

#[test]
fn should_ignore_types_of_later_versions_and_what_is_not_asked_for() {
    for text in [
        r#"{"type":0}"#,
        r#"{"type":10,"target":1,"invocationId":{}}"#,
        r#"{"type":-1}"#,
        r#"{"type":2147483647}"#,
    ] {
        assert_eq!(decode_text_of_client(text), Ok(ClientMessage::Ignored), "{text}");
    }
    assert_eq!(decode_text_of_client(r#"{"type":6,"target":1}"#), Ok(ClientMessage::Ping));
    assert_eq!(decode_text_of_client(r#"{"type":7,"error":1}"#), Ok(ClientMessage::Close));
}

#[test]
fn should_blame_the_call_for_arguments_that_cannot_be_represented() {
    for argument in ["1e400", r#""\ud800""#, r#"{"\udc00":1}"#] {
        let text = format!(r#"{{"type":1,"target":"x","arguments":[{argument}]}}"#);
        assert_eq!(decode_call_of_client(&text).arguments, Err(BAD_ARGUMENTS.to_owned()));
    }
}

#[test]
fn should_bound_ids_and_nesting() {
    let cancel = |bytes| format!(r#"{{"type":5,"invocationId":"{}"}}"#, "i".repeat(bytes));
    let id = "i".repeat(MOST_ID_BYTES);
    let longest = Ok(ClientMessage::CancelInvocation { id });
    assert_eq!(decode_text_of_client(&cancel(MOST_ID_BYTES)), longest);
    let too_long = "The 'invocationId' is longer than 1024 bytes.";
    assert_text_is_bad(&cancel(MOST_ID_BYTES + 1), too_long);

    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"type":1,"target":"]]\"[[","arguments":{open}{close}}}"#)
    };
    // The message is a level of its own.
    assert!(decode_call_of_client(&nested(MOST_NESTED_VALUES - 1)).arguments.is_ok());
    let too_deep = "The message is nested deeper than 64 levels.";
    assert_text_is_bad(&nested(MOST_NESTED_VALUES), too_deep);
    assert_text_is_bad(&nested(30_000), too_deep);
    assert_text_is_bad(&format!("{{\"x\":{}", "{\"x\":".repeat(64)), too_deep);
}
