//! What clients send, in both formats and before them.

use std::collections::BTreeMap;

use owlpost_fuzzing::{Choices, FuzzTarget};
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    argument::read_value_from_json,
    decoder::Decoder,
    format::HubFormat,
    framing::{RECORD_SEPARATOR, prefix_body_with_length},
    handshake::{
        Handshake, MOST_HANDSHAKE_BYTES, encode_answer_of_refusal, parse_handshake_of_client,
    },
    hub_message::{BadMessage, ClientMessage, Invocation, MOST_ID_BYTES, MOST_NESTED_VALUES},
};

/// A bound that inputs reach.
const MOST_BYTES: usize = 1500;
/// What frames a message, at most.
const FRAMING_BYTES: usize = 5;

/// The messages of a connection, and what ended it.
#[derive(Debug, PartialEq)]
struct Conversation {
    messages: Vec<ClientMessage>,
    end: Option<BadMessage>,
}

/// What these pieces say. What is held between them is at most one message.
fn decode_pieces_of_input(format: HubFormat, pieces: &[&[u8]]) -> Conversation {
    let mut decoder = Decoder::with_format(format, MOST_BYTES);
    let (mut messages, mut end) = (Vec::new(), None);
    for piece in pieces {
        decoder.add_bytes_of_client(piece);
        loop {
            match decoder.next_message_of_client() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(bad) => assert!(end.replace(bad).is_none(), "two ends"),
            }
        }
        // Room is doubled when it runs out.
        assert!(decoder.held_bytes() <= 2 * (MOST_BYTES + FRAMING_BYTES));
        assert!(end.is_none() || decoder.held_bytes() == 0);
    }
    Conversation { messages, end }
}

/// How many values there are, and on how many levels.
fn measure_extent_of_value(value: &Value) -> (usize, usize) {
    let measure_all = |values: &mut dyn Iterator<Item = &Value>| {
        values.map(measure_extent_of_value).fold((1, 1), |(count, depth), (values, levels)| {
            (count + values, depth.max(levels + 1))
        })
    };
    match value {
        Value::Array(values) => measure_all(&mut values.iter()),
        Value::Object(fields) => measure_all(&mut fields.values()),
        _ => (1, 0),
    }
}

fn check_bounds_of_call(call: &Invocation) {
    assert!(!call.target.is_empty() && call.bytes <= MOST_BYTES);
    assert!(call.id.as_ref().is_none_or(|id| (1..=MOST_ID_BYTES).contains(&id.len())));
    assert!(call.target.len() + call.stream_ids < call.bytes);
    let arguments = call.arguments.clone().unwrap_or_default();
    let (count, depth) = measure_extent_of_value(&Value::Array(arguments));
    assert!(count < call.bytes && depth < MOST_NESTED_VALUES);
}

fn check_conversation_of_input(format: HubFormat) -> impl Fn(&[u8]) {
    move |input| {
        let mut choices = Choices::new(input);
        let seed = choices.take_byte_or_zero();
        let bytes = choices.take_rest_of_input();
        let whole = decode_pieces_of_input(format, &[bytes]);
        let pieces = Choices::cut_bytes_by_seed(bytes, seed);
        assert_eq!(decode_pieces_of_input(format, &pieces), whole);
        let mut total = 0;
        for message in &whole.messages {
            match message {
                ClientMessage::Invocation(call) => check_bounds_of_call(call),
                ClientMessage::StreamInvocation(call) => {
                    assert!(call.id.is_some());
                    check_bounds_of_call(call);
                }
                ClientMessage::CancelInvocation { id } => {
                    assert!((1..=MOST_ID_BYTES).contains(&id.len()));
                }
                ClientMessage::Ping | ClientMessage::Close | ClientMessage::Ignored => {}
            }
            total += match message {
                ClientMessage::Invocation(call) | ClientMessage::StreamInvocation(call) => {
                    call.bytes
                }
                _ => 1,
            };
        }
        assert!(total <= bytes.len());
        assert!(whole.end.is_none_or(|bad| bad.as_str().ends_with('.')));
    }
}

#[test]
fn should_read_any_bytes_as_json_the_same_however_they_are_cut() {
    FuzzTarget::new("signalr-json")
        .check_each_fuzzed_input(check_conversation_of_input(HubFormat::Json));
}

#[test]
fn should_read_any_bytes_as_msgpack_the_same_however_they_are_cut() {
    FuzzTarget::new("signalr-msgpack")
        .check_each_fuzzed_input(check_conversation_of_input(HubFormat::MessagePack));
}

/// One call in both formats, as encoders of others write it.
fn encode_call_by_others(
    kind: u8,
    id: &str,
    target: &str,
    arguments: &Value,
) -> [(HubFormat, Vec<u8>); 2] {
    let text = json!({"type": kind, "invocationId": id, "target": target, "arguments": arguments});
    let message = (kind, Map::new(), id, target, arguments, [(); 0]);
    let body = rmp_serde::to_vec(&message).expect("writing to memory");
    [
        (HubFormat::Json, format!("{text}\x1e").into_bytes()),
        (HubFormat::MessagePack, prefix_body_with_length(&body)),
    ]
}

#[test]
fn should_read_the_same_call_from_both_formats() {
    FuzzTarget::new("signalr-calls").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let kind = if choices.take_byte_or_zero() & 1 == 0 { 1 } else { 4 };
        let [id, target] = [(); 2].map(|()| {
            let length = usize::from(choices.take_byte_or_zero());
            String::from_utf8_lossy(choices.take_bytes_up_to(length)).into_owned()
        });
        let Ok(text) = str::from_utf8(choices.take_rest_of_input()) else { return };
        let Ok(value) = read_value_from_json(text) else { return };
        let arguments = if value.is_array() { value } else { json!([value]) };
        let calls = encode_call_by_others(kind, &id, &target, &arguments);
        let decoded = calls.map(|(format, frame)| {
            let mut decoder = Decoder::with_format(format, usize::MAX);
            decoder.add_bytes_of_client(&frame);
            (format, decoder.next_message_of_client())
        });
        let (_, depth) = measure_extent_of_value(&arguments);
        let is_good =
            !target.is_empty() && (kind == 1 || !id.is_empty()) && depth < MOST_NESTED_VALUES;
        for (format, message) in decoded {
            let Ok(message) = message else {
                assert!(!is_good, "{message:?}");
                continue;
            };
            assert!(is_good, "{message:?}");
            let call = match message {
                Some(ClientMessage::Invocation(call)) if kind == 1 => call,
                Some(ClientMessage::StreamInvocation(call)) if kind == 4 => call,
                other => panic!("{other:?}"),
            };
            let expected = match format {
                // The parser is not exact: a number is not always what it was before it was written.
                HubFormat::Json => read_value_from_json(&arguments.to_string()).expect("JSON"),
                HubFormat::MessagePack => arguments.clone(),
            };
            assert_eq!(call.arguments.map(Value::Array), Ok(expected));
            assert_eq!((call.id.unwrap_or_default(), &call.target), (id.clone(), &target));
            assert_eq!(call.stream_ids, 0);
        }
    });
}

#[test]
fn should_read_any_bytes_as_the_beginning_of_a_connection() {
    FuzzTarget::new("signalr-handshake").check_each_fuzzed_input(|input| {
        let [binary, text] = [true, false].map(|binary| parse_handshake_of_client(input, binary));
        match &binary {
            Handshake::Incomplete => {
                assert!(input.len() <= MOST_HANDSHAKE_BYTES && !input.contains(&RECORD_SEPARATOR));
            }
            Handshake::Accepted { bytes, .. } => {
                let handshake = &input[..*bytes];
                assert!(handshake.len() <= MOST_HANDSHAKE_BYTES + 1);
                assert_eq!(
                    handshake.iter().position(|byte| *byte == RECORD_SEPARATOR),
                    Some(bytes - 1)
                );
                let request: BTreeMap<String, &RawValue> =
                    serde_json::from_slice(&handshake[..bytes - 1]).expect("JSON");
                assert!(matches!(request["version"].get(), "0" | "1"));
                let cut = parse_handshake_of_client(&input[..bytes - 1], true);
                assert_eq!(cut, Handshake::Incomplete);
            }
            Handshake::Refused { error } => {
                let answer = encode_answer_of_refusal(error);
                let (last, body) = answer.split_last().expect("an answer");
                assert!(*last == RECORD_SEPARATOR && !body.contains(last));
                let answer: Value = serde_json::from_slice(body).expect("JSON");
                assert_eq!(answer, json!({ "error": error }));
            }
        }
        let expects_same =
            !matches!(binary, Handshake::Accepted { format: HubFormat::MessagePack, .. });
        assert_eq!(binary == text, expects_same);
        // What was decided is not changed by what follows.
        if binary != Handshake::Incomplete {
            let more = [input, b"{\"type\":6}\x1e"].concat();
            assert_eq!(parse_handshake_of_client(&more, true), binary);
        }
    });
}
