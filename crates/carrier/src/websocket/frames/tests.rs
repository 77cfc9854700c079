//! Against tungstenite, which these frames must mean the same to.

use std::io::Cursor;

use bytes::Bytes;
use tungstenite::{
    Message as OracleMessage, WebSocket,
    protocol::{
        Role,
        frame::{
            Frame as OracleFrame,
            coding::{CloseCode, Control, Data, OpCode},
        },
    },
};

use super::{Assembly, Frame, Message, decode_frame_at_start};

const MOST_BYTES: usize = 1 << 20;
/// Around the bounds of lengths in 7, 16 and 64 bits.
const LENGTHS: [usize; 10] = [0, 1, 3, 124, 125, 126, 127, 65_535, 65_536, 100_000];

/// What a client of tungstenite writes.
fn write_messages_as_client(messages: impl IntoIterator<Item = OracleMessage>) -> Vec<u8> {
    let mut client = WebSocket::from_raw_socket(Cursor::new(Vec::new()), Role::Client, None);
    for message in messages {
        client.send(message).unwrap();
    }
    client.into_inner().into_inner()
}

fn write_frame_with_mask(opcode: OpCode, is_final: bool, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = OracleFrame::message(payload.to_vec(), opcode, is_final);
    frame.header_mut().mask = Some(mask);
    let mut bytes = Vec::new();
    frame.format(&mut bytes).unwrap();
    bytes
}

fn write_frame_as_client(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    write_frame_with_mask(opcode, is_final, payload, [1, 2, 3, 4])
}

fn decode_all_whole_frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((frame, length)) = decode_frame_at_start(bytes, MOST_BYTES).unwrap() {
        frames.push(frame);
        bytes = &bytes[length..];
    }
    assert!(bytes.is_empty());
    frames
}

fn decode_error_of_frame(bytes: &[u8], most_bytes: usize) -> Option<CloseCode> {
    decode_frame_at_start(bytes, most_bytes).err()
}

fn some_bytes_of_length(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}

#[test]
fn should_decode_what_a_client_writes() {
    for length in LENGTHS {
        let text = "a".repeat(length);
        let bytes = some_bytes_of_length(length);
        let written = write_messages_as_client([
            OracleMessage::text(text.clone()),
            OracleMessage::binary(bytes.clone()),
            OracleMessage::Ping(Bytes::from_static(b"ping")),
        ]);
        let expected = [
            (OpCode::Data(Data::Text), text.into_bytes()),
            (OpCode::Data(Data::Binary), bytes),
            (OpCode::Control(Control::Ping), b"ping".to_vec()),
        ]
        .map(|(opcode, payload)| Frame { opcode, is_final: true, payload });
        assert_eq!(decode_all_whole_frames(&written), expected);
    }
}

#[test]
fn should_wait_for_the_rest_of_a_frame_cut_at_any_byte() {
    for length in [0, 5, 125, 126, 300, 65_536] {
        let payload = some_bytes_of_length(length);
        let written = write_frame_as_client(OpCode::Data(Data::Binary), true, &payload);
        for cut in 0..written.len() {
            let decoded = decode_frame_at_start(&written[..cut], MOST_BYTES).unwrap();
            assert!(decoded.is_none(), "{cut} of {} bytes", written.len());
        }
        // What follows is another frame's.
        let followed = [written.as_slice(), &[0x81]].concat();
        let (frame, used) = decode_frame_at_start(&followed, MOST_BYTES).unwrap().unwrap();
        assert_eq!((frame.payload, used), (payload, written.len()));
    }
}

#[test]
fn should_refuse_a_length_in_more_bytes_than_it_needs() {
    let mask = [0; 4];
    for (head, is_right) in [
        (&[0x82, 0x80 | 126, 0, 126][..], true),
        (&[0x82, 0x80 | 126, 0, 125], false),
        (&[0x82, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 0], true),
        (&[0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], false),
        (&[0x82, 0x80 | 127, 0x80, 0, 0, 0, 0, 1, 0, 0], false),
    ] {
        let error = decode_error_of_frame(&[head, &mask].concat(), MOST_BYTES);
        assert_eq!(error, (!is_right).then_some(CloseCode::Protocol), "{head:?}");
    }
}

#[test]
fn should_undo_every_mask() {
    let payload = some_bytes_of_length(1001);
    for mask in [[0; 4], [255; 4], [1, 2, 3, 4], [0x80, 0, 0x7f, 0xff]] {
        let written = write_frame_with_mask(OpCode::Data(Data::Binary), true, &payload, mask);
        assert_eq!(decode_all_whole_frames(&written)[0].payload, payload);
    }
}

#[test]
fn should_refuse_a_frame_without_a_mask() {
    let mut bytes = Vec::new();
    OracleFrame::message(b"4x".to_vec(), OpCode::Data(Data::Text), true)
        .format(&mut bytes)
        .unwrap();
    assert_eq!(decode_error_of_frame(&bytes, MOST_BYTES), Some(CloseCode::Protocol));
}

#[test]
fn should_refuse_reserved_bits_and_opcodes() {
    let frame = write_frame_as_client(OpCode::Data(Data::Text), true, b"4x");
    for bit in [0x40, 0x20, 0x10] {
        let mut changed = frame.clone();
        changed[0] |= bit;
        assert_eq!(decode_error_of_frame(&changed, MOST_BYTES), Some(CloseCode::Protocol));
    }
    for opcode in (3..8).chain(11..16) {
        let mut changed = frame.clone();
        changed[0] = 0x80 | opcode;
        assert_eq!(decode_error_of_frame(&changed, MOST_BYTES), Some(CloseCode::Protocol));
    }
}

#[test]
fn should_refuse_control_frames_that_are_long_or_in_parts() {
    for control in [Control::Ping, Control::Pong, Control::Close] {
        let opcode = OpCode::Control(control);
        let at_bound = write_frame_as_client(opcode, true, &[0; 125]);
        assert_eq!(decode_all_whole_frames(&at_bound).len(), 1);
        for bad in [
            write_frame_as_client(opcode, true, &[0; 126]),
            write_frame_as_client(opcode, false, b""),
        ] {
            assert_eq!(decode_error_of_frame(&bad, MOST_BYTES), Some(CloseCode::Protocol));
        }
    }
}

#[test]
fn should_refuse_a_frame_over_the_bound_before_it_has_come() {
    for most in [10, 125, 126, 65_535, 65_536] {
        let kind = OpCode::Data(Data::Binary);
        let at_bound = write_frame_as_client(kind, true, &some_bytes_of_length(most));
        assert!(decode_frame_at_start(&at_bound, most).unwrap().is_some());
        let over = write_frame_as_client(kind, true, &some_bytes_of_length(most + 1));
        let head = over.len() - (most + 1);
        assert_eq!(decode_error_of_frame(&over[..head], most), Some(CloseCode::Size));
    }
    // The longest a head can say, whatever the bound.
    let head = [&[0x82, 0xff, 0x7f][..], &[0xff; 7], &[0; 4]].concat();
    assert_eq!(decode_error_of_frame(&head, MOST_BYTES), Some(CloseCode::Size));
    assert_ne!(decode_frame_at_start(&head, usize::MAX).ok().flatten().map(|_| ()), Some(()));
}

fn assemble_message_of_frames(bytes: &[u8], most: usize) -> Result<Vec<Message>, CloseCode> {
    let mut assembly = Assembly::default();
    let mut messages = Vec::new();
    for frame in decode_all_whole_frames(bytes) {
        let OpCode::Data(kind) = frame.opcode else { continue };
        messages.extend(assembly.add_data_frame_to_message(kind, frame, most)?);
    }
    Ok(messages)
}

#[test]
fn should_put_fragments_together_around_control_frames() {
    let [text, more] = [Data::Text, Data::Continue].map(OpCode::Data);
    let ping = write_frame_as_client(OpCode::Control(Control::Ping), true, b"");
    let whole = "a€𝄞z".as_bytes();
    for cut in 0..=whole.len() {
        let bytes = [
            write_frame_as_client(text, false, &whole[..cut]),
            ping.clone(),
            write_frame_as_client(more, false, b""),
            write_frame_as_client(more, true, &whole[cut..]),
            write_frame_as_client(OpCode::Data(Data::Binary), true, b"next"),
        ]
        .concat();
        let expected =
            vec![Message::Text("a€𝄞z".into()), Message::Binary(Bytes::from_static(b"next"))];
        assert_eq!(assemble_message_of_frames(&bytes, MOST_BYTES), Ok(expected));
    }
}

#[test]
fn should_refuse_messages_that_are_none() {
    let [text, binary, more] = [Data::Text, Data::Binary, Data::Continue].map(OpCode::Data);
    let begun = write_frame_as_client(text, false, b"4x");
    for (second, most, code) in [
        (write_frame_as_client(text, true, b""), 100, CloseCode::Protocol),
        (write_frame_as_client(binary, true, b""), 100, CloseCode::Protocol),
        (write_frame_as_client(more, true, &[0xff]), 100, CloseCode::Invalid),
        (write_frame_as_client(more, true, b"yz"), 3, CloseCode::Size),
        (write_frame_as_client(more, false, b"yz"), 3, CloseCode::Size),
    ] {
        let bytes = [begun.clone(), second].concat();
        assert_eq!(assemble_message_of_frames(&bytes, most), Err(code));
    }
    let alone = write_frame_as_client(more, true, b"4x");
    assert_eq!(assemble_message_of_frames(&alone, 100), Err(CloseCode::Protocol));
    let at_bound = [begun, write_frame_as_client(more, true, b"y")].concat();
    assert!(assemble_message_of_frames(&at_bound, 3).is_ok());
}
