//! The examples of the specification of the hub protocols, however their bytes are cut.

use serde_json::json;

use crate::{
    decoder::Decoder,
    format::HubFormat,
    framing::prefix_body_with_length,
    hub_message::{ClientMessage, Invocation},
};

const MOST_BYTES: usize = 64_000;

fn build_call_of_example(
    id: Option<&str>,
    target: &str,
    arguments: serde_json::Value,
    stream_ids: usize,
) -> Invocation {
    let arguments = arguments.as_array().expect("an array").clone();
    // How large it is depends on the format, and is filled in from the example.
    let (id, target) = (id.map(str::to_owned), target.to_owned());
    Invocation { id, target, arguments: Ok(arguments), stream_ids, bytes: 0 }
}

fn set_bytes_of_call(mut message: ClientMessage, size: usize) -> ClientMessage {
    if let ClientMessage::Invocation(call) | ClientMessage::StreamInvocation(call) = &mut message {
        call.bytes = size;
    }
    message
}

fn list_examples_in_json() -> Vec<(Vec<u8>, ClientMessage)> {
    use ClientMessage::{CancelInvocation, Close, Ignored, Ping};
    let call = |id, arguments, streams| build_call_of_example(id, "Send", arguments, streams);
    let two = || json!([42, "Test Message"]);
    let examples = [
        (
            r#"{"type":1,"invocationId":"123","target":"Send","arguments":[42,"Test Message"]}"#,
            ClientMessage::Invocation(call(Some("123"), two(), 0)),
        ),
        (
            r#"{"type":1,"target":"Send","arguments":[42,"Test Message"]}"#,
            ClientMessage::Invocation(call(None, two(), 0)),
        ),
        (
            r#"{"type":1,"invocationId":"123","target":"Send","arguments":[42],"streamIds":["1"]}"#,
            ClientMessage::Invocation(call(Some("123"), json!([42]), 1)),
        ),
        (
            r#"{"type":4,"invocationId":"123","target":"Send","arguments":[42,"Test Message"]}"#,
            ClientMessage::StreamInvocation(call(Some("123"), two(), 0)),
        ),
        (r#"{"type":2,"invocationId":"123","item":42}"#, Ignored),
        (r#"{"type":3,"invocationId":"123"}"#, Ignored),
        (r#"{"type":3,"invocationId":"123","result":42}"#, Ignored),
        (r#"{"type":3,"invocationId":"123","error":"It didn't work!"}"#, Ignored),
        (r#"{"type":5,"invocationId":"123"}"#, CancelInvocation { id: "123".into() }),
        (r#"{"type":6}"#, Ping),
        (r#"{"type":7}"#, Close),
        (r#"{"type":7,"error":"Connection closed because of an error!"}"#, Close),
        (
            r#"{"type":7,"error":"Connection closed because of an error!","allowReconnect":true}"#,
            Close,
        ),
        (r#"{"type":8,"sequenceId":1394}"#, Ignored),
        (r#"{"type":9,"sequenceId":1234}"#, Ignored),
        (
            r#"{"type":1,"headers":{"Foo":"Bar"},"invocationId":"123","target":"Send","arguments":[42,"Test Message"]}"#,
            ClientMessage::Invocation(call(Some("123"), two(), 0)),
        ),
    ];
    examples
        .map(|(text, message)| {
            (format!("{text}\x1e").into_bytes(), set_bytes_of_call(message, text.len()))
        })
        .into()
}

fn list_examples_in_msgpack() -> Vec<(Vec<u8>, ClientMessage)> {
    use ClientMessage::{CancelInvocation, Close, Ignored, Ping};
    let call = |id| build_call_of_example(id, "method", json!([42]), 0);
    let examples: [(&[u8], ClientMessage); 15] = [
        (
            b"\x96\x01\x80\xa3xyz\xa6method\x91\x2a\x90",
            ClientMessage::Invocation(call(Some("xyz"))),
        ),
        (b"\x96\x01\x80\xc0\xa6method\x91\x2a\x90", ClientMessage::Invocation(call(None))),
        (
            b"\x96\x04\x80\xa3xyz\xa6method\x91\x2a\x90",
            ClientMessage::StreamInvocation(call(Some("xyz"))),
        ),
        (b"\x94\x02\x80\xa3xyz\x2a", Ignored),
        (b"\x95\x03\x80\xa3xyz\x01\xa5Error", Ignored),
        (b"\x94\x03\x80\xa3xyz\x02", Ignored),
        (b"\x95\x03\x80\xa3xyz\x03\x2a", Ignored),
        (b"\x93\x05\x80\xa3xyz", CancelInvocation { id: "xyz".into() }),
        (b"\x91\x06", Ping),
        (b"\x92\x07\xa3xyz", Close),
        (b"\x93\x07\xa3xyz\xc3", Close),
        (b"\x92\x08\xcc\x24", Ignored),
        (b"\x92\x09\xcc\x13", Ignored),
        (
            b"\x96\x01\x82\xa1x\xa1y\xa1z\xa1z\xa3xyz\xa6method\x91\x2a\x90",
            ClientMessage::Invocation(call(Some("xyz"))),
        ),
        // Older clients leave out the streams.
        (b"\x95\x01\x80\xa3xyz\xa6method\x91\x2a", ClientMessage::Invocation(call(Some("xyz")))),
    ];
    examples
        .map(|(body, message)| {
            (prefix_body_with_length(body), set_bytes_of_call(message, body.len()))
        })
        .into()
}

/// The messages of these pieces, one after the other.
fn decode_pieces_of_client(format: HubFormat, pieces: &[&[u8]]) -> Vec<ClientMessage> {
    let mut decoder = Decoder::with_format(format, MOST_BYTES);
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.add_bytes_of_client(piece);
        while let Some(message) = decoder.next_message_of_client().expect("a good message") {
            messages.push(message);
        }
    }
    assert_eq!(decoder.held_bytes(), 0);
    messages
}

#[track_caller]
fn assert_examples_in_any_pieces(format: HubFormat, examples: &[(Vec<u8>, ClientMessage)]) {
    let joined: Vec<u8> = examples.iter().flat_map(|(frame, _)| frame.clone()).collect();
    let all: Vec<ClientMessage> = examples.iter().map(|(_, message)| message.clone()).collect();
    for (frame, message) in examples {
        for index in 0..=frame.len() {
            let (head, tail) = frame.split_at(index);
            assert_eq!(
                &decode_pieces_of_client(format, &[head, tail])[..],
                std::slice::from_ref(message)
            );
        }
    }
    for index in 0..=joined.len() {
        let (head, tail) = joined.split_at(index);
        assert_eq!(decode_pieces_of_client(format, &[head, tail]), all);
    }
    for length in 1..20 {
        let pieces: Vec<&[u8]> = joined.chunks(length).collect();
        assert_eq!(decode_pieces_of_client(format, &pieces), all);
    }
}

#[test]
fn should_read_the_examples_in_json_however_they_are_cut() {
    assert_examples_in_any_pieces(HubFormat::Json, &list_examples_in_json());
}

#[test]
fn should_read_the_examples_in_msgpack_however_they_are_cut() {
    assert_examples_in_any_pieces(HubFormat::MessagePack, &list_examples_in_msgpack());
}

#[test]
fn should_refuse_the_example_of_a_protocol_error() {
    let text = br#"{"type":3,"invocationId":"123","result":42,"error":"It didn't work!"}"#;
    assert!(HubFormat::Json.decode_message_of_client(text).is_err());
}

#[test]
fn should_read_frames_as_long_as_the_example_of_a_length() {
    // An invocation whose target fills the frame: 0x80 0x29 is 5248.
    let target_bytes: u16 = 5248 - 8;
    let head = [b"\x95\x01\x80\xc0\xda".as_slice(), &target_bytes.to_be_bytes()].concat();
    let body = [&head[..], &vec![b'm'; target_bytes.into()], b"\x90"].concat();
    let frame = [b"\x80\x29".as_slice(), &body].concat();
    let messages = decode_pieces_of_client(HubFormat::MessagePack, &[&frame]);
    let [ClientMessage::Invocation(call)] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((call.target.len(), call.bytes), (target_bytes.into(), 5248));
}
