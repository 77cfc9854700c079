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

use super::{EngineMessage, count_values_in_json, read_messages_of_input};
use crate::gateway::MOST_ATTACHMENTS;

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
    if let (Ok(name), Ok(values)) = (&name, &oracle) {
        assert_eq!(values.first().and_then(Json::as_str), Some(name.as_str()));
    }
    let Ok(payload) = payload else { return };
    assert!(count_values_in_json(&payload) <= json.len());
    let Ok(values) = oracle else { return };
    if !attached && !json.contains("_placeholder") {
        assert_eq!(Some(&payload), values.get(1));
    }
}

#[test]
fn should_read_packets_as_they_are_written_and_events_as_serde_json_does() {
    FuzzTarget::new("socketio-json-packets").check_each_fuzzed_input(|input| {
        let state = ParserState::default();
        let mut header = String::new();
        for message in read_messages_of_input(input) {
            if let EngineMessage::Text(text) = &message {
                header.clone_from(text);
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
