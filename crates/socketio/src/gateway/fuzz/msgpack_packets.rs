//! The msgpack parser, against an encoder of its own and one of others.

use bytes::Bytes;
use owlpost_fuzzing::{Choices, FuzzTarget};
use serde::Serialize;
use serde_json::Value as Json;
use socketioxide_core::{
    Value,
    packet::{Packet, PacketData},
    parser::{Parse, ParseConfig, ParseError, ParserState},
};
use socketioxide_parser_msgpack::MsgPackParser;

use super::count_values_in_json;

fn decode_bytes_by_parser(bytes: Bytes) -> Result<Packet, ParseError> {
    MsgPackParser.decode_bin(&ParseConfig::default(), &ParserState::default(), bytes)
}

/// What is read is a part of the message, and an encoder makes the same packet of it.
fn check_packet_of_message(packet: &Packet, message: &[u8]) {
    // A packet with no data at all has no name, and ends its session.
    match &packet.inner {
        PacketData::Event(data, _) | PacketData::BinaryEvent(data, _) if data.is_empty() => {
            assert!(MsgPackParser.read_event(data).is_err());
            return;
        }
        PacketData::EventAck(data, _) | PacketData::BinaryAck(data, _) if data.is_empty() => return,
        _ => {}
    }
    let encoded = match MsgPackParser.encode(packet.clone()) {
        Value::Bytes(bytes) => bytes,
        Value::Str(..) => panic!("a text from msgpack"),
    };
    // The longest it adds: keys, the type, a null for what was left out.
    assert!(encoded.len() <= message.len() + 64, "{} of {}", encoded.len(), message.len());
    assert_eq!(decode_bytes_by_parser(encoded).expect("decodes"), *packet);
}

fn check_event_of_packet(packet: Packet) {
    let (PacketData::Event(mut data, _) | PacketData::BinaryEvent(mut data, _)) = packet.inner
    else {
        return;
    };
    let length = data.len();
    if let Ok(name) = MsgPackParser.read_event(&data) {
        assert!(name.len() < length);
    }
    if let Ok(payload) = MsgPackParser.decode_value::<Json>(&mut data, true) {
        assert!(count_values_in_json(&payload) <= length);
    }
}

#[test]
fn should_read_any_bytes_as_packets_that_encode_to_the_same() {
    FuzzTarget::new("socketio-msgpack-bytes").check_each_fuzzed_input(|input| {
        let Ok(packet) = decode_bytes_by_parser(Bytes::copy_from_slice(input)) else { return };
        check_packet_of_message(&packet, input);
        check_event_of_packet(packet);
    });
}

/// As clients send an event.
#[derive(Serialize)]
struct ClientPacket<'a> {
    r#type: u8,
    data: (&'a str, &'a Json),
    nsp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
}

#[test]
fn should_read_every_event_that_another_encoder_writes() {
    FuzzTarget::new("socketio-msgpack-events").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let id = match choices.take_byte_or_zero() {
            0 => None,
            shift => Some(i64::from(choices.take_pair_or_zero()) << (shift % 48)),
        };
        let length = usize::from(choices.take_byte_or_zero());
        let name = String::from_utf8_lossy(choices.take_bytes_up_to(length)).into_owned();
        // JSON text stands for the payload: it has every kind of value, and libFuzzer knows how to change it.
        let Ok(payload) = serde_json::from_slice::<Json>(choices.take_rest_of_input()) else {
            return;
        };
        let sent = ClientPacket { r#type: 2, data: (&name, &payload), nsp: "/", id };
        let bytes = rmp_serde::to_vec_named(&sent).expect("writing to memory");
        let packet = decode_bytes_by_parser(bytes.into()).expect("a good packet");
        let PacketData::Event(mut data, ack) = packet.inner else { panic!("no event") };
        assert_eq!((packet.ns.as_str(), ack), ("/", id));
        assert_eq!(MsgPackParser.read_event(&data).expect("a name"), name);
        let read = MsgPackParser.decode_value::<Json>(&mut data, true).expect("a payload");
        assert_eq!(read, payload);
    });
}
