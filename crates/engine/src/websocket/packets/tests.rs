//! Against tungstenite, which these frames must mean the same to.

use std::io::Cursor;

use bytes::Bytes;
use smallvec::smallvec;
use tungstenite::{Error, Message as OracleMessage, WebSocket, protocol::Role};

use super::*;

/// Around the bounds of lengths in 7, 16 and 64 bits.
const LENGTHS: [usize; 10] = [0, 1, 3, 124, 125, 126, 127, 65_535, 65_536, 100_000];

/// What a client of tungstenite reads.
fn read_messages_as_client(frames: Vec<u8>) -> Vec<OracleMessage> {
    let mut client = WebSocket::from_raw_socket(Cursor::new(frames), Role::Client, None);
    let mut messages = Vec::new();
    loop {
        match client.read() {
            Ok(message) => messages.push(message),
            Err(Error::Io(_) | Error::ConnectionClosed | Error::Protocol(_)) => return messages,
            Err(other) => panic!("{other}"),
        }
    }
}

fn some_bytes_of_length(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}

#[test]
fn should_encode_what_a_client_reads() {
    for length in LENGTHS {
        let (text, bytes) = ("t".repeat(length), Bytes::from(some_bytes_of_length(length)));
        for (protocol, prefix) in [(ProtocolVersion::V4, &[][..]), (ProtocolVersion::V3, &[4])] {
            let packets = smallvec![
                Packet::Message(text.clone().into()),
                Packet::Binary(bytes.clone()),
                Packet::BinaryV3(bytes.clone()),
                Packet::Noop,
            ];
            let mut frames = Vec::new();
            for outgoing in [
                Outgoing::Text(text.clone().into()),
                Outgoing::Binary(bytes.clone()),
                Outgoing::Packets(Box::new(packets)),
            ] {
                append_outgoing_as_frames(&outgoing, protocol, &mut frames);
            }
            let text = OracleMessage::text(format!("4{text}"));
            let binary = OracleMessage::binary([prefix, &bytes].concat());
            let expected = [text.clone(), binary.clone(), text, binary.clone(), binary];
            assert_eq!(read_messages_as_client(frames), expected);
        }
    }
}

#[test]
fn should_encode_the_packets_of_the_engine_as_text() {
    let mut frames = Vec::new();
    // The last is left to the websocket's own goodbye.
    for outgoing in [Outgoing::Ping, Outgoing::Pong, Outgoing::Close] {
        append_outgoing_as_frames(&outgoing, ProtocolVersion::V4, &mut frames);
    }
    assert_eq!(read_messages_as_client(frames), ["2", "3"].map(OracleMessage::text));
}
