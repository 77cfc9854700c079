//! Messages of the server in both formats, as clients must read them.

use serde_json::{Value, json};

use super::*;

fn read_message_as_client(format: HubFormat, message: &[u8]) -> Value {
    match format {
        HubFormat::Json => {
            let (separator, text) = message.split_last().unwrap();
            assert_eq!(*separator, 0x1e);
            serde_json::from_slice(text).unwrap()
        }
        HubFormat::MessagePack => {
            let head = message.iter().position(|byte| byte & 0x80 == 0).unwrap();
            let length = message[..=head]
                .iter()
                .rev()
                .fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
            assert_eq!(length, message.len() - head - 1);
            rmp_serde::from_slice(&message[head + 1..]).unwrap()
        }
    }
}

/// What the server writes in both formats.
fn write_in_both_formats(encode: impl Fn(HubFormat) -> Bytes) -> [Value; 2] {
    [HubFormat::Json, HubFormat::MessagePack]
        .map(|format| read_message_as_client(format, &encode(format)))
}

#[test]
fn should_write_events_as_invocations_without_an_id() {
    let payload = r#"{"b":1,"a":{"x":null,"y":[true,-1,1.5,"é\u001e"]},"eventId":"7"}"#;
    let [json, msgpack] = write_in_both_formats(|format| {
        format.encode_event_as_invocation("IncidentCreated", payload)
    });
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(json, json!({ "type": 1, "target": "IncidentCreated", "arguments": [payload] }));
    assert_eq!(msgpack, json!([1, {}, null, "IncidentCreated", [payload], []]));
}

#[test]
fn should_write_the_payload_byte_for_byte_in_json() {
    let payload = r#"{"z":1, "a":2}"#;
    let written = HubFormat::Json.encode_event_as_invocation("X", payload);
    assert_eq!(written, &br#"{"type":1,"target":"X","arguments":[{"z":1, "a":2}]}"#.iter().copied().chain([0x1e]).collect::<Vec<_>>()[..]);
}

#[test]
fn should_write_completions_of_each_kind() {
    for (completion, in_json, in_msgpack) in [
        (Completion::Void, json!({}), json!([3, {}, "a\"b", 2])),
        (
            Completion::Result(json!({ "count": 70_000 })),
            json!({ "result": { "count": 70_000 } }),
            json!([3, {}, "a\"b", 3, { "count": 70_000 }]),
        ),
        (
            Completion::Error("no \u{1e}".to_owned()),
            json!({ "error": "no \u{1e}" }),
            json!([3, {}, "a\"b", 1, "no \u{1e}"]),
        ),
    ] {
        let [json, msgpack] = write_in_both_formats(|format| {
            format.encode_completion_of_invocation("a\"b", &completion)
        });
        let mut expected = json!({ "type": 3, "invocationId": "a\"b" });
        expected.as_object_mut().unwrap().extend(in_json.as_object().unwrap().clone());
        assert_eq!(json, expected);
        assert_eq!(msgpack, in_msgpack);
    }
}

#[test]
fn should_write_items_pings_and_the_end() {
    let [json, msgpack] =
        write_in_both_formats(|format| format.encode_item_of_stream("1", r#"{"event":"x"}"#));
    assert_eq!(json, json!({ "type": 2, "invocationId": "1", "item": { "event": "x" } }));
    assert_eq!(msgpack, json!([2, {}, "1", { "event": "x" }]));
    let pings = write_in_both_formats(HubFormat::encode_ping_of_server);
    assert_eq!(pings, [json!({ "type": 6 }), json!([6])]);
    let ends = write_in_both_formats(|format| format.encode_close_with_error(Some("why"), true));
    let in_json = json!({ "type": 7, "error": "why", "allowReconnect": true });
    assert_eq!(ends, [in_json, json!([7, "why", true])]);
    let ends = write_in_both_formats(|format| format.encode_close_with_error(None, false));
    assert_eq!(ends, [json!({ "type": 7 }), json!([7, null, false])]);
}

#[test]
fn should_write_lengths_in_groups_of_seven_bits() {
    for length in [0, 1, 100, 120, 127, 128, 5248, 16_300, 16_400, 70_000] {
        let payload = json!({ "a": "x".repeat(length) }).to_string();
        let written = HubFormat::MessagePack.encode_event_as_invocation("T", &payload);
        read_message_as_client(HubFormat::MessagePack, &written);
    }
}

#[test]
fn should_write_whole_numbers_as_such() {
    let payload = r#"{"a":0,"b":127,"c":128,"d":-33,"e":1700000000,"f":9007199254740993}"#;
    let written = HubFormat::MessagePack.encode_event_as_invocation("T", payload);
    // 0xca and 0xcb are floats, which .NET does not bind to a whole number.
    let tail = &written[written.len() - 40..];
    assert!(!tail.contains(&0xcb) && !tail.contains(&0xca), "{tail:x?}");
}
