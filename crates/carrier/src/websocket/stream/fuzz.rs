//! Any bytes at all, however they are cut, against tungstenite.

use std::{
    collections::VecDeque,
    io::{self, Cursor, Read, Write},
    task::{Context, Poll},
};

use owlpost_fuzzing::{Choices, FuzzTarget};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::{
    Error, Message as OracleMessage, WebSocket,
    error::ProtocolError,
    protocol::{Role, WebSocketConfig, frame::FrameHeader},
};

use super::*;

/// Small, so that inputs get past them.
const FRAME_BYTES: usize = 300;
const MESSAGE_BYTES: usize = 500;
/// The longest head of a frame.
const HEAD_BYTES: usize = 14;

/// A connection whose client sends these pieces, one a read, and then hangs up.
#[derive(Debug)]
struct Scripted {
    pieces: VecDeque<Vec<u8>>,
    reads: usize,
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        if let Some(mut piece) = self.pieces.pop_front() {
            let rest = piece.split_off(piece.len().min(buffer.remaining()));
            if !rest.is_empty() {
                self.pieces.push_front(rest);
            }
            buffer.put_slice(&piece);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a server makes of the bytes of a client.
struct Understood<E> {
    messages: Vec<Message>,
    end: E,
}

/// By this crate. Besides: how much waits to be written.
fn read_bytes_by_stream(bytes: &[u8], seed: u8) -> (Understood<Ended>, Vec<u8>) {
    let pieces = Choices::cut_bytes_by_seed(bytes, seed);
    let bounds = Bounds { frame_bytes: FRAME_BYTES, message_bytes: MESSAGE_BYTES };
    let most_reads = pieces.len() + bytes.len() / bounds.read_bytes() + 1;
    let scripted = Scripted { pieces: pieces.into_iter().map(<[u8]>::to_vec).collect(), reads: 0 };
    let mut stream = WebSocketStream::new(scripted);
    let mut cx = Context::from_waker(Waker::noop());
    let mut messages = Vec::new();
    loop {
        match stream.poll_next_message_of_client(&mut cx, bounds) {
            Poll::Pending => panic!("there was something to read"),
            Poll::Ready(Ok(message)) => messages.push(message),
            Poll::Ready(Err(end)) => {
                assert!(stream.stream.reads <= most_reads, "{} reads", stream.stream.reads);
                // No more is kept than a frame and what one read brings behind it.
                assert!(stream.received.len() <= FRAME_BYTES + HEAD_BYTES + bounds.read_bytes());
                assert!(stream.unwritten.len() < PONG_BYTES + 2 + 125);
                return (Understood { messages, end }, stream.unwritten.to_vec());
            }
        }
    }
}

struct Duplex(Cursor<Vec<u8>>);

impl Read for Duplex {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Duplex {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How tungstenite says that it is over.
#[derive(Debug, PartialEq, Eq)]
enum OracleEnd {
    Closed,
    /// A close frame of one byte, or whose code is none; perhaps also one that says what the latter is answered.
    ClosedWrongly,
    Lost,
    /// Also of a text that is not whole yet; ours looks when it is.
    NotUtf8,
    Violation,
}

fn read_bytes_by_oracle(bytes: &[u8]) -> Understood<OracleEnd> {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(FRAME_BYTES))
        .max_message_size(Some(MESSAGE_BYTES));
    let duplex = Duplex(Cursor::new(bytes.to_vec()));
    let mut server = WebSocket::from_raw_socket(duplex, Role::Server, Some(config));
    let mut messages = Vec::new();
    let end = loop {
        match server.read() {
            Ok(OracleMessage::Text(text)) => messages.push(Message::Text(text.as_str().to_owned())),
            Ok(OracleMessage::Binary(bytes)) => messages.push(Message::Binary(bytes)),
            Ok(OracleMessage::Ping(_) | OracleMessage::Pong(_) | OracleMessage::Frame(_)) => {}
            Ok(OracleMessage::Close(Some(close))) if close.code == CloseCode::Protocol => {
                break OracleEnd::ClosedWrongly;
            }
            Ok(OracleMessage::Close(_)) => break OracleEnd::Closed,
            Err(Error::Protocol(ProtocolError::InvalidCloseSequence)) => {
                break OracleEnd::ClosedWrongly;
            }
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_)) => {
                break OracleEnd::Lost;
            }
            Err(Error::Utf8(_)) => break OracleEnd::NotUtf8,
            Err(Error::Protocol(_) | Error::Capacity(_)) => break OracleEnd::Violation,
            Err(other) => panic!("unexpected: {other:?}"),
        }
    };
    Understood { messages, end }
}

/// Tungstenite takes a length in more bytes than it needs, which RFC 6455 forbids: sets a reserved bit of the first frame
/// with one, so that it is refused there too.
fn spoil_longer_length_for_oracle(bytes: &[u8]) -> Vec<u8> {
    let mut spoiled = bytes.to_vec();
    let mut at = 0;
    while let Some(frame) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let mut cursor = Cursor::new(frame);
        let Ok(Some((header, length))) = FrameHeader::parse(&mut cursor) else { break };
        let is_shortest = header.len(length) == usize::try_from(cursor.position()).expect("small");
        if !is_shortest || length >> 63 != 0 {
            spoiled[at] |= 0x40;
            break;
        }
        at += usize::try_from(cursor.position() + length).unwrap_or(usize::MAX - at);
    }
    spoiled
}

fn check_stream_against_oracle(bytes: &[u8], seed: u8) {
    let (ours, pongs) = read_bytes_by_stream(bytes, seed);
    let oracle = read_bytes_by_oracle(&spoil_longer_length_for_oracle(bytes));
    assert_eq!(ours.messages, oracle.messages);
    let agreed = match ours.end {
        Ended::Closed(_) => matches!(oracle.end, OracleEnd::Closed | OracleEnd::ClosedWrongly),
        Ended::Lost => matches!(oracle.end, OracleEnd::Lost | OracleEnd::NotUtf8),
        // A frame is refused by its head; tungstenite may wait for the rest, which never comes.
        Ended::Violation(_) => oracle.end != OracleEnd::Closed,
    };
    assert!(agreed, "{:?}, and by tungstenite {:?}", ours.end, oracle.end);
    let (whole, ours_again) = (read_bytes_by_stream(bytes, 0), ours.messages);
    assert_eq!(whole.0.messages, ours_again, "cut otherwise");
    assert_eq!(format!("{:?}", whole.0.end), format!("{:?}", ours.end), "cut otherwise");
    assert_eq!(whole.1, pongs, "cut otherwise");
    check_pongs_by_client(&pongs);
}

/// What is written is pongs, as a client reads them.
fn check_pongs_by_client(written: &[u8]) {
    let mut client =
        WebSocket::from_raw_socket(Duplex(Cursor::new(written.to_vec())), Role::Client, None);
    loop {
        match client.read() {
            Ok(OracleMessage::Pong(_)) => {}
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return,
            other => panic!("no pong: {other:?}"),
        }
    }
}

#[test]
fn should_read_any_bytes_as_tungstenite_does_however_they_are_cut() {
    FuzzTarget::new("websocket-bytes").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let seed = choices.take_byte_or_zero();
        check_stream_against_oracle(choices.take_rest_of_input(), seed);
    });
}

/// A frame of a client, as the bytes of an input choose it: mostly one that may be where it is.
fn append_frame_of_choices(choices: &mut Choices<'_>, to: &mut Vec<u8>) {
    let kind = choices.take_byte_or_zero();
    let opcode = match kind & 7 {
        0 | 1 => OpCode::Data(Data::Text),
        2 => OpCode::Data(Data::Binary),
        3 | 4 => OpCode::Data(Data::Continue),
        5 => OpCode::Control(Control::Ping),
        6 => OpCode::Control(Control::Pong),
        _ => OpCode::Control(Control::Close),
    };
    let is_final = kind & 8 == 0;
    let length = match kind >> 4 {
        0..8 => usize::from(kind >> 4),
        8..12 => usize::from(choices.take_byte_or_zero()),
        _ => usize::from(choices.take_pair_or_zero() % 600),
    };
    let mut payload = choices.take_bytes_up_to(length).to_vec();
    payload.resize(length, b'\xc3');
    let pair = choices.take_pair_or_zero().to_be_bytes();
    let mask = [pair[0], pair[1], pair[0] ^ 0x55, 7];
    let header = FrameHeader { opcode, is_final, mask: Some(mask), ..FrameHeader::default() };
    header.format(payload.len() as u64, to).expect("writing to memory");
    to.extend(payload.iter().zip(mask.into_iter().cycle()).map(|(byte, key)| byte ^ key));
}

#[test]
fn should_read_any_frames_as_tungstenite_does_however_they_are_cut() {
    FuzzTarget::new("websocket-frames").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let (seed, cut) = (choices.take_byte_or_zero(), choices.take_byte_or_zero());
        let mut bytes = Vec::new();
        while !choices.is_empty() {
            append_frame_of_choices(&mut choices, &mut bytes);
        }
        // Now and then the client hangs up in the middle of a frame.
        if cut >= 200 {
            bytes.truncate(bytes.len().saturating_sub(usize::from(cut - 199)));
        }
        check_stream_against_oracle(&bytes, seed);
    });
}
