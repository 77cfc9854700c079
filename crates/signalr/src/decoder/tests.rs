use std::time::Instant;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::hub_message::{Completion, Invocation};

const BOTH: [HubFormat; 2] = [HubFormat::Json, HubFormat::MessagePack];

/// All messages until there is no more.
fn drain_messages_of_decoder(decoder: &mut Decoder) -> Result<Vec<ClientMessage>, BadMessage> {
    let mut messages = Vec::new();
    while let Some(message) = decoder.next_message_of_client()? {
        messages.push(message);
    }
    Ok(messages)
}

/// A frame whose message has this many bytes.
fn build_frame_of_size(format: HubFormat, bytes: usize) -> Vec<u8> {
    let payload = |length: usize| Value::from("x".repeat(length)).to_string();
    let size_of_message = |length| {
        let frame = format.encode_event_as_invocation("t", &payload(length));
        let found = format.find_first_whole_frame(&frame, 0, usize::MAX).unwrap().unwrap();
        found.body.len()
    };
    // From 256 bytes to 64 kB the head of a text in msgpack does not change its size.
    let length = bytes - (size_of_message(1000) - 1000);
    assert_eq!(size_of_message(length), bytes);
    format.encode_event_as_invocation("t", &payload(length)).to_vec()
}

#[test]
fn should_take_messages_up_to_the_bound_and_none_over_it() {
    for format in BOTH {
        for whole in [true, false] {
            let mut decoder = Decoder::with_format(format, 1000);
            let decode = |decoder: &mut Decoder, frame: &[u8]| -> Result<_, BadMessage> {
                let pieces = if whole { frame.len() } else { 1 };
                for piece in frame.chunks(pieces) {
                    decoder.add_bytes_of_client(piece);
                    if let Some(message) = decoder.next_message_of_client()? {
                        return Ok(Some(message));
                    }
                }
                Ok(None)
            };
            let largest = decode(&mut decoder, &build_frame_of_size(format, 1000));
            let Ok(Some(ClientMessage::Invocation(call))) = largest else { panic!("no call") };
            assert_eq!(call.bytes, 1000);
            let over = decode(&mut decoder, &build_frame_of_size(format, 1001)).unwrap_err();
            assert_eq!(over.as_str(), "The message is longer than 1000 bytes.");
        }
    }
}

#[test]
fn should_refuse_a_message_over_the_bound_as_soon_as_that_is_known() {
    let mut text = Decoder::with_format(HubFormat::Json, 1000);
    text.add_bytes_of_client(&[b' '; 1000]);
    assert_eq!(text.next_message_of_client(), Ok(None));
    text.add_bytes_of_client(b" ");
    assert!(text.next_message_of_client().is_err());

    let mut binary = Decoder::with_format(HubFormat::MessagePack, 1000);
    binary.add_bytes_of_client(b"\xe9\x07");
    assert!(binary.next_message_of_client().is_err());
}

#[test]
fn should_give_the_good_messages_before_a_bad_one_and_nothing_after() {
    for format in BOTH {
        let ping = format.encode_ping_of_server();
        let bad: &[u8] = if format.is_binary() { b"\x01\x80" } else { b"[]\x1e" };
        let mut decoder = Decoder::with_format(format, 1000);
        decoder.add_bytes_of_client(&[&ping, bad, &ping].concat());
        assert_eq!(decoder.next_message_of_client(), Ok(Some(ClientMessage::Ping)));
        assert!(decoder.next_message_of_client().is_err());
        assert_eq!(decoder.held_bytes(), 0);
        decoder.add_bytes_of_client(&ping);
        assert_eq!(decoder.next_message_of_client(), Ok(None));
        assert_eq!(decoder.held_bytes(), 0);
    }
}

#[test]
fn should_hold_no_memory_between_messages_and_little_within_one() {
    for format in BOTH {
        let ping = format.encode_ping_of_server();
        let many = ping.repeat(10_000);
        let mut decoder = Decoder::with_format(format, 1000);
        decoder.add_bytes_of_client(&many);
        assert_eq!(drain_messages_of_decoder(&mut decoder).unwrap().len(), 10_000);
        assert_eq!(decoder.held_bytes(), 0);
        // The last one is cut: its beginning is all that is kept.
        decoder.add_bytes_of_client(&many[..many.len() - 1]);
        assert_eq!(drain_messages_of_decoder(&mut decoder).unwrap().len(), 9_999);
        assert_eq!(decoder.held_bytes(), ping.len() - 1);
        decoder.add_bytes_of_client(&ping[ping.len() - 1..]);
        // It is freed with the last message, before anybody asks for another one.
        assert_eq!(decoder.next_message_of_client(), Ok(Some(ClientMessage::Ping)));
        assert_eq!(decoder.held_bytes(), 0);
    }
}

/// Quadratic work would be 10^12 steps and more, which takes minutes.
#[test]
fn should_take_many_bytes_in_linear_time_however_they_come() {
    const BYTES: usize = 4_000_000;
    let begun = Instant::now();
    for format in BOTH {
        // One long message, a byte at a time.
        let mut decoder = Decoder::with_format(format, BYTES);
        let payload = Value::from("x".repeat(BYTES - 100)).to_string();
        let frame = format.encode_event_as_invocation("t", &payload);
        let mut messages = 0;
        for byte in frame.chunks(1) {
            decoder.add_bytes_of_client(byte);
            messages += drain_messages_of_decoder(&mut decoder).unwrap().len();
        }
        assert_eq!(messages, 1);
        // Many short messages at once, and in pieces that end within one.
        let many = format.encode_ping_of_server().repeat(BYTES / 10);
        for piece_bytes in [many.len(), 1_000_003, 7] {
            let mut messages = 0;
            for piece in many.chunks(piece_bytes) {
                decoder.add_bytes_of_client(piece);
                messages += drain_messages_of_decoder(&mut decoder).unwrap().len();
            }
            assert_eq!((messages, decoder.held_bytes()), (BYTES / 10, 0));
        }
    }
    assert!(begun.elapsed().as_secs() < 30, "took {:?}", begun.elapsed());
}

/// Any JSON value of a few levels.
fn build_strategy_of_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // A few digits: the parser is not exact for all numbers.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 256.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// What each of these frames of the server says.
fn parse_bodies_of_frames(format: HubFormat, frames: &[bytes::Bytes]) -> Vec<Value> {
    let parse = |frame: &bytes::Bytes| {
        let found = format.find_first_whole_frame(frame, 0, usize::MAX).unwrap().unwrap();
        assert_eq!(found.end, frame.len());
        let body = &frame[found.body];
        match format {
            HubFormat::Json => serde_json::from_slice(body).unwrap(),
            HubFormat::MessagePack => rmp_serde::from_slice(body).unwrap(),
        }
    };
    frames.iter().map(parse).collect()
}

proptest! {
    #[test]
    fn should_read_every_event_it_writes_in_any_pieces(
        events in proptest::collection::vec(("[^\0]{1,20}", build_strategy_of_values()), 1..5),
        piece_bytes in 1..200_usize,
    ) {
        for format in BOTH {
            let frames: Vec<_> = events
                .iter()
                .map(|(target, payload)| format.encode_event_as_invocation(target, &payload.to_string()))
                .collect();
            let mut decoder = Decoder::with_format(format, 64_000);
            let mut messages = Vec::new();
            for piece in frames.concat().chunks(piece_bytes) {
                decoder.add_bytes_of_client(piece);
                messages.extend(drain_messages_of_decoder(&mut decoder).unwrap());
            }
            prop_assert_eq!(messages.len(), events.len());
            for ((message, (target, payload)), frame) in messages.iter().zip(&events).zip(&frames) {
                let frame = format.find_first_whole_frame(frame, 0, 64_000).unwrap().unwrap();
                let expected = Invocation {
                    id: None,
                    target: target.clone(),
                    arguments: Ok(vec![payload.clone()]),
                    stream_ids: 0,
                    bytes: frame.body.len(),
                };
                prop_assert_eq!(message, &ClientMessage::Invocation(expected));
            }
        }
    }

    #[test]
    fn should_write_completions_and_items_that_say_the_same_in_both_formats(
        id in any::<String>(),
        value in build_strategy_of_values(),
        error in any::<String>(),
    ) {
        let text = value.to_string();
        let written = BOTH.map(|format| {
            let completions =
                [Completion::Void, Completion::Result(value.clone()), Completion::Error(error.clone())];
            let mut frames: Vec<_> = completions
                .iter()
                .map(|completion| format.encode_completion_of_invocation(&id, completion))
                .collect();
            frames.push(format.encode_item_of_stream(&id, &text));
            parse_bodies_of_frames(format, &frames)
        });
        prop_assert_eq!(&written[0], &vec![
            json!({"type": 3, "invocationId": id}),
            json!({"type": 3, "invocationId": id, "result": value}),
            json!({"type": 3, "invocationId": id, "error": error}),
            json!({"type": 2, "invocationId": id, "item": value}),
        ]);
        prop_assert_eq!(&written[1], &vec![
            json!([3, {}, id, 2]),
            json!([3, {}, id, 3, value]),
            json!([3, {}, id, 1, error]),
            json!([2, {}, id, value]),
        ]);
    }
}

/// A sequence of numbers that look like chance and are always the same.
fn draw_next_number_from(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 33).unwrap_or_default()
}

#[test]
fn should_survive_a_hundred_thousand_random_inputs_within_its_memory() {
    const MOST_BYTES: usize = 256;
    // Bytes that mean something, so that inputs get further than their first.
    const FAMILIAR: &[u8] =
        b"{\"type\":14567,}[]\x1e\x96\x91\x95\x80\xc0\xa1\x01\x06\x04\xdd\xdf\xc6";
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for format in BOTH {
        for _ in 0..100_000 {
            let mut decoder = Decoder::with_format(format, MOST_BYTES);
            for _ in 0..draw_next_number_from(&mut state) % 4 {
                let length = draw_next_number_from(&mut state) % 64;
                let byte = |state: &mut u64| match draw_next_number_from(state) {
                    number if number % 3 == 0 => number.to_le_bytes()[1],
                    number => FAMILIAR[number % FAMILIAR.len()],
                };
                let piece: Vec<u8> = (0..length).map(|_| byte(&mut state)).collect();
                decoder.add_bytes_of_client(&piece);
                // Whether it is good or bad: nothing panics, and little is held.
                let _ = drain_messages_of_decoder(&mut decoder);
                assert!(decoder.held_bytes() <= 2 * (MOST_BYTES + 5));
            }
        }
    }
}
