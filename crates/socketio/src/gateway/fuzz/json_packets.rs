//! The JSON parser, against serde_json and its own encoder.

use bytes::Bytes;
use owlpost_fuzzing::FuzzTarget;
use serde_json::Value as Json;
use socketioxide_core::{
    Value,
    packet::{Packet, PacketData},
    parser::{Parse, ParseConfig, ParseError, ParserState},
};
use socketioxide_parser_common::CommonParser;

use super::{
    EngineMessage, count_values_in_json, read_messages_of_input, replace_what_needs_an_escape,
};
use crate::{event_names::rewrite_event_name_plainly, gateway::MOST_ATTACHMENTS};

/// Small, so that inputs get past it.
const ATTACHMENT_BYTES: usize = 64;

fn decode_message_by_parser(
    state: &ParserState,
    message: &EngineMessage,
) -> Result<Packet, ParseError> {
    let config = ParseConfig {
        max_incoming_binaries: MOST_ATTACHMENTS,
        max_incoming_binary_buf_size: ATTACHMENT_BYTES,
        ..ParseConfig::default()
    };
    match message.clone() {
        EngineMessage::Text(text) => CommonParser.decode_str(&config, state, text.into()),
        EngineMessage::Bytes(bytes) => CommonParser.decode_bin(&config, state, bytes.into()),
    }
}

fn find_data_of_packet(packet: &Packet) -> Option<(&Value, Option<i64>)> {
    match &packet.inner {
        PacketData::Event(data, ack) | PacketData::BinaryEvent(data, ack) => Some((data, *ack)),
        PacketData::EventAck(data, ack) | PacketData::BinaryAck(data, ack) => {
            Some((data, Some(*ack)))
        }
        PacketData::Connect(data) => data.as_ref().map(|data| (data, None)),
        _ => None,
    }
}

/// What is read is a part of the message, and an encoder makes the same packet of it.
fn check_packet_of_message(packet: &Packet, text: &str) {
    assert!(packet.ns == "/" || text.contains(packet.ns.as_str()));
    let Some((data, ack)) = find_data_of_packet(packet) else { return };
    let Value::Str(json, attachments) = data else { panic!("bytes in a text") };
    assert!(text.ends_with(json.as_str()));
    if let Some(ack) = ack {
        // After the type, the attachments and the namespace.
        let head = text.strip_suffix(json.as_str()).and_then(|head| head.get(1..));
        let digits = head.and_then(|head| head.rsplit(|c: char| !c.is_ascii_digit()).next());
        assert_eq!(digits.and_then(|digits| digits.parse().ok()), Some(ack));
    }
    let attachments: usize = attachments.iter().flatten().map(Bytes::len).sum();
    assert!(attachments <= ATTACHMENT_BYTES);
    // What is no JSON at all may look like a namespace once it stands there. It has no name, and ends its session.
    let is_event = matches!(packet.inner, PacketData::Event(..) | PacketData::EventAck(..));
    if attachments == 0 && is_event && json.starts_with(['[', '{']) {
        let Value::Str(encoded, None) = CommonParser.encode(packet.clone()) else {
            panic!("attachments from nowhere")
        };
        let message = EngineMessage::Text(encoded.to_string());
        let again = decode_message_by_parser(&ParserState::default(), &message);
        assert_eq!(again.expect("decodes"), *packet);
    }
}

/// An event that is read is the one serde_json reads, and as large as the message at most.
fn check_event_by_oracle(mut data: Value) {
    let Value::Str(json, attachments) = &data else { panic!("bytes in a text") };
    let (json, attached) = (json.to_string(), attachments.is_some());
    let name = CommonParser.read_event(&data).map(str::to_owned);
    let payload = CommonParser.decode_value::<Json>(&mut data, true);
    let oracle = serde_json::from_str::<Vec<Json>>(&json);
    if let Ok(values) = &oracle {
        // Whatever it was written with.
        assert_eq!(values.first().and_then(Json::as_str), name.ok().as_deref());
    }
    let Ok(payload) = payload else { return };
    assert!(count_values_in_json(&payload) <= json.len());
    let Ok(values) = oracle else { return };
    if !attached && !json.contains("_placeholder") {
        assert_eq!(Some(&payload), values.get(1));
    }
}

/// Nothing but the name is another, and that only where it cannot be written without an escape.
fn check_name_of_rewritten_text(text: &str, plain: &str) {
    if text == plain {
        return;
    }
    assert!(plain.len() <= text.len() + text.len() / 2 + 2);
    let start = |text: &str| text.find('[').expect("a list");
    assert_eq!(text[..start(text)], plain[..start(plain)]);
    let read = |text: &str| serde_json::from_str::<Vec<Json>>(&text[start(text)..]);
    let Ok(before) = read(text) else { return };
    let after = read(plain).expect("still JSON");
    assert_eq!(before[1..], after[1..]);
    let expected = match &before[0] {
        Json::String(name) => replace_what_needs_an_escape(name),
        // As it was written.
        _ => return,
    };
    assert_eq!(after[0], expected);
}

#[test]
fn should_read_packets_as_they_are_written_and_events_as_serde_json_does() {
    FuzzTarget::new("socketio-json-packets").check_each_fuzzed_input(|input| {
        let state = ParserState::default();
        let mut header = String::new();
        for mut message in read_messages_of_input(input) {
            if let EngineMessage::Text(text) = &mut message {
                let plain = rewrite_event_name_plainly(text.clone().into()).to_string();
                check_name_of_rewritten_text(text, &plain);
                header.clone_from(&plain);
                *text = plain;
            }
            match decode_message_by_parser(&state, &message) {
                Ok(packet) => {
                    check_packet_of_message(&packet, &header);
                    if let PacketData::Event(data, _) | PacketData::BinaryEvent(data, _) =
                        packet.inner
                    {
                        check_event_by_oracle(data);
                    }
                }
                Err(ParseError::NeedsMoreBinaryData) => {
                    let waits = state.partial_bin_packet.lock().expect("not poisoned");
                    assert!(waits.is_some());
                }
                // The library closes the session.
                Err(_) => return,
            }
        }
    });
}
