//! What a session sends, as frames of a websocket.

#[cfg(test)]
mod tests;

use engineioxide_core::{Packet, ProtocolVersion};
use owlpost_carrier::websocket::{Data, append_frame_of_parts};

use crate::link::Outgoing;

/// Appends what a session sends, as frames.
pub(crate) fn append_outgoing_as_frames(
    outgoing: &Outgoing,
    protocol: ProtocolVersion,
    to: &mut Vec<u8>,
) {
    match outgoing {
        Outgoing::Text(text) => append_text_message_frame(text, to),
        Outgoing::Binary(bytes) => append_binary_message_frame(bytes, protocol, to),
        Outgoing::Ping => append_frame_of_parts(Data::Text.into(), &[b"2"], to),
        Outgoing::Pong => append_frame_of_parts(Data::Text.into(), &[b"3"], to),
        // The websocket has a goodbye of its own, which follows. Clients in other languages take a packet for one on
        // purpose, and never come back.
        Outgoing::Close => {}
        Outgoing::Packets(packets) => {
            for packet in packets.iter() {
                append_packet_as_frame(packet, protocol, to);
            }
        }
    }
}

fn append_packet_as_frame(packet: &Packet, protocol: ProtocolVersion, to: &mut Vec<u8>) {
    match packet {
        Packet::Message(text) => append_text_message_frame(text, to),
        Packet::Binary(bytes) | Packet::BinaryV3(bytes) => {
            append_binary_message_frame(bytes, protocol, to);
        }
        // For polls only.
        Packet::Noop => {}
        other => {
            let text = String::from(other.clone());
            append_frame_of_parts(Data::Text.into(), &[text.as_bytes()], to);
        }
    }
}

fn append_text_message_frame(text: &str, to: &mut Vec<u8>) {
    append_frame_of_parts(Data::Text.into(), &[b"4", text.as_bytes()], to);
}

fn append_binary_message_frame(bytes: &[u8], protocol: ProtocolVersion, to: &mut Vec<u8>) {
    match protocol {
        ProtocolVersion::V3 => append_frame_of_parts(Data::Binary.into(), &[&[4], bytes], to),
        ProtocolVersion::V4 => append_frame_of_parts(Data::Binary.into(), &[bytes], to),
    }
}
