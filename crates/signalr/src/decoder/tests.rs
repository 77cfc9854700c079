//! What clients send in both formats.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::hub_message::Invocation;

const MOST_BYTES: usize = 1000;

fn write_json_as_client(message: &Value) -> Vec<u8> {
    format!("{message}\u{1e}").into_bytes()
}

fn write_msgpack_as_client(message: &Value) -> Vec<u8> {
    let message = rmp_serde::to_vec(message).unwrap();
    let mut bytes = Vec::new();
    let mut length = message.len();
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(message);
    bytes
}

fn decode_all_of_pieces<'a>(
    format: HubFormat,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<ClientMessage>, BadMessage> {
    let mut decoder = Decoder::with_format(format, MOST_BYTES);
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.add_bytes_of_client(piece);
        while let Some(message) = decoder.next_message_of_client()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

fn decode_one_json_message(message: &Value) -> Result<ClientMessage, BadMessage> {
    let bytes = write_json_as_client(message);
    let mut messages = decode_all_of_pieces(HubFormat::Json, [&bytes[..]])?;
    assert_eq!(messages.len(), 1);
    Ok(messages.remove(0))
}

fn decode_one_msgpack_message(message: &Value) -> Result<ClientMessage, BadMessage> {
    let bytes = write_msgpack_as_client(message);
    let mut messages = decode_all_of_pieces(HubFormat::MessagePack, [&bytes[..]])?;
    assert_eq!(messages.len(), 1);
    Ok(messages.remove(0))
}

fn forget_size_of_message(message: ClientMessage) -> ClientMessage {
    let sizeless = |invocation| Invocation { bytes: 0, ..invocation };
    match message {
        ClientMessage::Invocation(invocation) => ClientMessage::Invocation(sizeless(invocation)),
        ClientMessage::StreamInvocation(invocation) => {
            ClientMessage::StreamInvocation(sizeless(invocation))
        }
        other => other,
    }
}

fn build_invocation_of_send(
    id: Option<&str>,
    arguments: Vec<Value>,
    stream_ids: usize,
) -> Invocation {
    Invocation {
        id: id.map(str::to_owned),
        target: "Send".to_owned(),
        arguments: Ok(arguments),
        stream_ids,
        bytes: 0,
    }
}

/// What a message is in each format, and what it means.
fn list_examples_of_messages() -> Vec<(Value, Value, ClientMessage)> {
    let two = || vec![json!(42), json!("Test")];
    vec![
        (
            json!({ "type": 1, "invocationId": "1", "target": "Send", "arguments": [42, "Test"] }),
            json!([1, {}, "1", "Send", [42, "Test"]]),
            ClientMessage::Invocation(build_invocation_of_send(Some("1"), two(), 0)),
        ),
        (
            json!({ "type": 1, "target": "Send", "arguments": [42, "Test"], "headers": { "a": "b" } }),
            json!([1, { "a": "b" }, null, "Send", [42, "Test"], []]),
            ClientMessage::Invocation(build_invocation_of_send(None, two(), 0)),
        ),
        (
            json!({ "type": 1, "invocationId": null, "target": "Send", "arguments": [], "streamIds": ["1", "2"] }),
            json!([1, {}, null, "Send", [], ["1", "2"]]),
            ClientMessage::Invocation(build_invocation_of_send(None, vec![], 2)),
        ),
        (
            json!({ "type": 4, "invocationId": "é", "target": "Send", "arguments": [{ "a": [null] }] }),
            json!([4, {}, "é", "Send", [{ "a": [null] }], [], "unknown"]),
            ClientMessage::StreamInvocation(build_invocation_of_send(
                Some("é"),
                vec![json!({ "a": [null] })],
                0,
            )),
        ),
        (
            json!({ "type": 5, "invocationId": "1" }),
            json!([5, {}, "1"]),
            ClientMessage::CancelInvocation { id: "1".to_owned() },
        ),
        (json!({ "type": 6 }), json!([6]), ClientMessage::Ping),
        (json!({ "type": 7, "error": "x" }), json!([7, "x"]), ClientMessage::Close),
        (json!({ "type": 7 }), json!([7]), ClientMessage::Close),
        (
            json!({ "type": 2, "invocationId": "1", "item": 42 }),
            json!([2, {}, "1", 42]),
            ClientMessage::Ignored,
        ),
        (
            json!({ "type": 3, "invocationId": "1", "result": 42 }),
            json!([3, {}, "1", 3, 42]),
            ClientMessage::Ignored,
        ),
        (json!({ "type": 8, "sequenceId": 1 }), json!([8, 1]), ClientMessage::Ignored),
        (json!({ "type": 99, "more": {} }), json!([99, { "a": 1 }]), ClientMessage::Ignored),
    ]
}

#[test]
fn should_read_each_message_in_both_formats() {
    for (in_json, in_msgpack, expected) in list_examples_of_messages() {
        let read = decode_one_json_message(&in_json).map(forget_size_of_message);
        assert_eq!(read, Ok(expected.clone()), "{in_json}");
        let read = decode_one_msgpack_message(&in_msgpack).map(forget_size_of_message);
        assert_eq!(read, Ok(expected), "{in_msgpack}");
    }
}

#[test]
fn should_read_messages_cut_at_any_byte_and_joined() {
    let examples = list_examples_of_messages();
    let expected: Vec<_> = examples.iter().map(|(.., expected)| expected.clone()).collect();
    let joined = [
        (
            HubFormat::Json,
            examples.iter().flat_map(|(json, ..)| write_json_as_client(json)).collect::<Vec<u8>>(),
        ),
        (
            HubFormat::MessagePack,
            examples.iter().flat_map(|(_, msgpack, _)| write_msgpack_as_client(msgpack)).collect(),
        ),
    ];
    for (format, bytes) in joined {
        let mut ways: Vec<Vec<&[u8]>> =
            (0..=bytes.len()).map(|cut| vec![&bytes[..cut], &bytes[cut..]]).collect();
        ways.push(bytes.chunks(1).collect());
        ways.push(vec![&bytes]);
        for pieces in ways {
            let read = decode_all_of_pieces(format, pieces).unwrap();
            assert_eq!(read.into_iter().map(forget_size_of_message).collect::<Vec<_>>(), expected);
        }
    }
}

#[test]
fn should_refuse_json_that_is_no_message() {
    for (message, problem) in [
        ("[]", "must be an object"),
        ("{}", "'type'"),
        (r#"{"type":"1"}"#, "'type'"),
        (r#"{"type":1,"arguments":[]}"#, "'target'"),
        (r#"{"type":1,"target":"a"}"#, "'arguments'"),
        (r#"{"type":1,"target":7,"arguments":[]}"#, "'target'"),
        (r#"{"type":1,"target":"a","arguments":{}}"#, "'arguments'"),
        (r#"{"type":1,"target":"a","arguments":[],"invocationId":1}"#, "'invocationId'"),
        (r#"{"type":1,"target":"a","arguments":[],"streamIds":1}"#, "'streamIds'"),
        (r#"{"type":4,"target":"a","arguments":[]}"#, "'invocationId'"),
        (r#"{"type":2,"invocationId":"1"}"#, "'item'"),
        (r#"{"type":3,"invocationId":"1","result":1,"error":"x"}"#, "exclusive"),
        (r#"{"type":5}"#, "'invocationId'"),
        (r#"{"type":6"#, "JSON"),
        ("", "JSON"),
        (r#"{"type":6} x"#, "JSON"),
    ] {
        let bytes = format!("{message}\u{1e}").into_bytes();
        let read = decode_all_of_pieces(HubFormat::Json, [&bytes[..]]);
        let BadMessage(text) = read.expect_err(message);
        assert!(text.contains(problem), "{message}: {text}");
    }
}

#[test]
fn should_refuse_msgpack_that_is_no_message() {
    for message in [
        json!({}),
        json!("text"),
        json!([]),
        json!(["1"]),
        json!([1, {}, null, "Send"]),
        json!([1, {}, 7, "Send", []]),
        json!([1, {}, null, 7, []]),
        json!([1, {}, null, "Send", {}]),
        json!([1, {}, null, "Send", [], 7]),
        json!([4, {}, null, "Send", []]),
        json!([5, {}]),
        json!([5, {}, null]),
        json!([3, {}, "1"]),
    ] {
        assert!(decode_one_msgpack_message(&message).is_err(), "{message}");
    }
    // Nothing; something behind the message; a claim of more than there is; no type of MessagePack.
    for bytes in [
        &[0][..],
        &[3, 0x91, 0x06, 0xc0],
        &[5, 0xdd, 0xff, 0xff, 0xff, 0xff],
        &[6, 0x95, 0x01, 0x80, 0xc0, 0xdb, 0xff],
        &[2, 0x91, 0xc1],
    ] {
        assert!(decode_all_of_pieces(HubFormat::MessagePack, [bytes]).is_err(), "{bytes:x?}");
    }
}

#[test]
fn should_answer_for_arguments_that_json_has_not() {
    // [1, {}, "1", "a", [argument]]
    let call = |argument: &[u8]| {
        let mut bytes = vec![0x95, 0x01, 0x80, 0xa1, b'1', 0xa1, b'a', 0x91];
        bytes.extend(argument);
        bytes.insert(0, u8::try_from(bytes.len()).unwrap());
        let mut read = decode_all_of_pieces(HubFormat::MessagePack, [&bytes[..]]).unwrap();
        match read.remove(0) {
            ClientMessage::Invocation(invocation) => invocation.arguments,
            other => panic!("no invocation, but {other:?}"),
        }
    };
    assert!(call(&[0xc4, 2, 1, 2]).unwrap_err().contains("bytes"));
    assert!(call(&[0xd6, 0xff, 1, 2, 3, 4]).unwrap_err().contains("extensions"));
    assert!(call(&[0x81, 0x01, 0x02]).unwrap_err().contains("keys"));
    assert_eq!(call(&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), Ok(vec![Value::Null]));
    assert_eq!(call(&[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]), Ok(vec![json!(-2)]));
    assert_eq!(call(&[0xca, 0x3f, 0xc0, 0, 0]), Ok(vec![json!(1.5)]));
}

#[test]
fn should_bound_a_message_before_it_has_come() {
    let json = |bytes: usize| format!("{{\"type\":6,\"x\":\"{}\"}}\u{1e}", "x".repeat(bytes - 17));
    assert!(decode_all_of_pieces(HubFormat::Json, [json(MOST_BYTES).as_bytes()]).is_ok());
    assert!(decode_all_of_pieces(HubFormat::Json, [json(MOST_BYTES + 1).as_bytes()]).is_err());
    let unended = vec![b'x'; MOST_BYTES];
    assert_eq!(decode_all_of_pieces(HubFormat::Json, [&unended[..]]), Ok(vec![]));
    assert!(decode_all_of_pieces(HubFormat::Json, [&unended[..], b"x"]).is_err());
    // 1,000 and 1,001 as lengths, with nothing behind them.
    assert_eq!(decode_all_of_pieces(HubFormat::MessagePack, [&[0xe8, 0x07][..]]), Ok(vec![]));
    assert!(decode_all_of_pieces(HubFormat::MessagePack, [&[0xe9, 0x07][..]]).is_err());
    assert_eq!(decode_all_of_pieces(HubFormat::MessagePack, [&[0x80; 4][..]]), Ok(vec![]));
    assert!(decode_all_of_pieces(HubFormat::MessagePack, [&[0x80; 5][..]]).is_err());
    assert_eq!(read_length_of_message(&[0x80, 0x29]), Ok(Some((5248, 2))));
}

#[test]
fn should_bound_how_deep_a_message_is_and_how_long_its_id() {
    let nested = |depth: usize| {
        let mut value = json!(1);
        for _ in 0..depth {
            value = json!([value]);
        }
        value
    };
    // The message and its list of arguments are two levels of it.
    for (depth, fits) in [(62, true), (63, false)] {
        let argument = nested(depth);
        let json = json!({ "type": 1, "target": "a", "arguments": [argument] });
        assert_eq!(decode_one_json_message(&json).is_ok(), fits, "JSON, {depth}");
        let msgpack = json!([1, {}, null, "a", [argument]]);
        assert_eq!(decode_one_msgpack_message(&msgpack).is_ok(), fits, "msgpack, {depth}");
    }
    let brackets_in_text = json!({ "type": 1, "target": "a", "arguments": ["[{\\\"".repeat(50)] });
    assert!(decode_one_json_message(&brackets_in_text).is_ok());
}

#[test]
fn should_hold_no_memory_when_nothing_is_on_its_way() {
    for (format, bytes) in [
        (HubFormat::Json, write_json_as_client(&json!({ "type": 6 }))),
        (HubFormat::MessagePack, write_msgpack_as_client(&json!([6]))),
    ] {
        let mut decoder = Decoder::with_format(format, MOST_BYTES);
        decoder.add_bytes_of_client(&bytes.repeat(100));
        while decoder.next_message_of_client().unwrap().is_some() {}
        assert_eq!(decoder.received.capacity(), 0);
    }
}

fn choose_any_json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[^\\x1e]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z]{0,5}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn should_read_the_arguments_that_were_written(arguments in proptest::collection::vec(choose_any_json_value(), 0..3)) {
        let most = 1 << 20;
        let json = write_json_as_client(&json!({ "type": 1, "target": "Send", "arguments": arguments }));
        let msgpack = write_msgpack_as_client(&json!([1, {}, null, "Send", arguments, []]));
        for (format, bytes) in [(HubFormat::Json, json), (HubFormat::MessagePack, msgpack)] {
            let mut decoder = Decoder::with_format(format, most);
            decoder.add_bytes_of_client(&bytes);
            let read = decoder.next_message_of_client().unwrap().unwrap();
            let expected = ClientMessage::Invocation(build_invocation_of_send(None, arguments.clone(), 0));
            prop_assert_eq!(forget_size_of_message(read), expected);
        }
    }
}
