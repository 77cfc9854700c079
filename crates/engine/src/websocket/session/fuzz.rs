//! Packets in text, as websockets and polls bring them.

use engineioxide_core::{PacketParseError, ProtocolVersion};
use owlpost_fuzzing::FuzzTarget;

use super::Packet;

fn check_error_of_text(error: &PacketParseError, text: &str) {
    match error {
        PacketParseError::InvalidPacketType(kind) => {
            assert_eq!(*kind, text.bytes().next().map(char::from));
        }
        PacketParseError::Base64Decode(_) => assert!(text.starts_with('b')),
        other => panic!("not what is wrong with a packet: {other}"),
    }
}

#[test]
fn should_read_packets_that_are_written_the_same_again() {
    FuzzTarget::new("engine-packets").check_each_fuzzed_input(|input| {
        let Some((first, rest)) = input.split_first() else { return };
        let protocol = if *first == b'3' { ProtocolVersion::V3 } else { ProtocolVersion::V4 };
        let Ok(text) = std::str::from_utf8(rest) else { return };
        match Packet::parse(protocol, text.to_owned()) {
            Ok(packet) => {
                let is_whole =
                    matches!(packet, Packet::Message(_) | Packet::Binary(_) | Packet::BinaryV3(_));
                let written = String::from(packet);
                // Of the others nothing counts but their kind.
                assert!(text.starts_with(&written) && (written == text || !is_whole));
            }
            Err(error) => check_error_of_text(&error, text),
        }
    });
}
