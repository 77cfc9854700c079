//! Runs cases against one server, many at a time.

use std::{net::SocketAddr, panic::AssertUnwindSafe};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use owlpost_testkit::{finish_within_test_deadline, write_websocket_upgrade_request};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    case::{
        BINARY, CLOSE, Case, End, Expected, Frame, MOST_FRAME_BYTES, MOST_MESSAGE_BYTES, PONG,
        TEXT, text_frame,
    },
    support::{Behaviour, TestServer, config},
};

/// Cases that run at the same time.
const CASES_AT_ONCE: usize = 32;
/// What a client sends last to see that the connection still works.
const LAST_WORD: &str = "the last word";

pub(crate) async fn run_cases_against_server(cases: Vec<Case>) {
    let config = config()
        .ws_max_frame_size(MOST_FRAME_BYTES)
        .ws_max_message_size(MOST_MESSAGE_BYTES)
        .build();
    let behaviour = Behaviour { echo: true, ..Behaviour::default() };
    let server = TestServer::start_with(config, behaviour).await;
    let address = server.address;
    let count = cases.len();
    let outcomes = stream::iter(cases).map(|case| tokio::spawn(run_one_case(address, case)));
    let failures: Vec<String> = outcomes
        .buffer_unordered(CASES_AT_ONCE)
        .filter_map(|outcome| async { outcome.expect("a task that catches panics") })
        .collect()
        .await;
    assert!(failures.is_empty(), "{} of {count} failed:\n{}", failures.len(), failures.join("\n"));
}

/// What went wrong, if anything did.
async fn run_one_case(address: SocketAddr, case: Case) -> Option<String> {
    let name = case.name.clone();
    let run = AssertUnwindSafe(run_case_on_connection(address, case)).catch_unwind();
    let problem = match finish_within_test_deadline(run).await {
        Ok(Ok(())) => return None,
        Ok(Err(problem)) => problem,
        Err(_) => "it panicked".to_owned(),
    };
    Some(format!("- {name}: {problem}"))
}

async fn run_case_on_connection(address: SocketAddr, case: Case) -> Result<(), String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (read, mut write) = stream.into_split();
    let mut server = FramesOfServer { read, unread: Vec::new() };
    write.write_all(&write_websocket_upgrade_request("")).await.map_err(|e| e.to_string())?;
    server.skip_head_of_answer().await?;
    match server.next_frame().await? {
        Some((TEXT, open)) if open.starts_with(b"0{") => {}
        other => return Err(format!("no open packet, but {other:?}")),
    }
    let Case { pieces, mut expected, .. } = case;
    let last_word = matches!(expected.end, End::StillOpen).then(|| text_frame(LAST_WORD));
    if last_word.is_some() {
        expected.texts.push(format!("4{LAST_WORD}").into_bytes());
    }
    let writing = write_pieces_of_case(&mut write, &pieces, last_word.as_ref());
    let (written, received) = tokio::join!(writing, server.receive_until_end(&expected));
    if matches!(expected.end, End::StillOpen) {
        written.map_err(|error| format!("the server hung up: {error}"))?;
    }
    compare_with_expected(&expected, &received?)
}

/// An error when the server has hung up meanwhile, as it may where the end of the connection is expected.
async fn write_pieces_of_case(
    write: &mut OwnedWriteHalf,
    pieces: &[Vec<u8>],
    last_word: Option<&Frame>,
) -> std::io::Result<()> {
    let last_word = last_word.map(Frame::to_bytes);
    for piece in pieces.iter().chain(&last_word) {
        write.write_all(piece).await?;
        // The server has its turn between two pieces.
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[derive(Default)]
struct Received {
    texts: Vec<Vec<u8>>,
    binaries: Vec<Vec<u8>>,
    pongs: Vec<Vec<u8>>,
    close: Option<Vec<u8>>,
}

fn compare_with_expected(expected: &Expected, received: &Received) -> Result<(), String> {
    let close = match &expected.end {
        End::StillOpen => None,
        End::Closed(payload) => Some(payload.clone()),
    };
    let kinds = [
        ("texts", &expected.texts, &received.texts),
        ("binaries", &expected.binaries, &received.binaries),
        ("pongs", &expected.pongs, &received.pongs),
    ];
    for (kind, expected, received) in kinds {
        if expected != received {
            return Err(format!(
                "{kind}: expected {}, got {}",
                shorten(expected),
                shorten(received)
            ));
        }
    }
    if close != received.close {
        return Err(format!("end: expected {close:?}, got {:?}", received.close));
    }
    Ok(())
}

/// Long payloads say no more than their length.
fn shorten(payloads: &[Vec<u8>]) -> String {
    let all: Vec<String> = payloads
        .iter()
        .map(|payload| match payload.len() {
            0..=40 => payload.escape_ascii().to_string(),
            length => format!("({length} bytes)"),
        })
        .collect();
    format!("{all:?}")
}

/// What the server sends, which must be well formed whatever the client does.
struct FramesOfServer {
    read: OwnedReadHalf,
    unread: Vec<u8>,
}

impl FramesOfServer {
    async fn skip_head_of_answer(&mut self) -> Result<(), String> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                let is_accepted = head.starts_with(b"HTTP/1.1 101 ");
                return is_accepted.then_some(()).ok_or_else(|| head.escape_ascii().to_string());
            }
            if !self.read_more().await {
                return Err("no answer to the handshake".to_owned());
            }
        }
    }

    async fn read_more(&mut self) -> bool {
        matches!(self.read.read_buf(&mut self.unread).await, Ok(1..))
    }

    async fn receive_until_end(&mut self, expected: &Expected) -> Result<Received, String> {
        let last_word = format!("4{LAST_WORD}").into_bytes();
        let mut received = Received::default();
        while let Some((opcode, payload)) = self.next_frame().await? {
            if received.close.is_some() {
                return Err(format!("a frame behind the close frame: {opcode}"));
            }
            match opcode {
                TEXT => received.texts.push(payload),
                BINARY => received.binaries.push(payload),
                PONG => received.pongs.push(payload),
                CLOSE => received.close = Some(payload),
                other => return Err(format!("a frame of kind {other}")),
            }
            let is_still_open = matches!(expected.end, End::StillOpen);
            if is_still_open && received.texts.last() == Some(&last_word) {
                return Ok(received);
            }
        }
        Ok(received)
    }

    /// None when the server has hung up.
    async fn next_frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, String> {
        loop {
            if let Some((opcode, head, length)) = split_head_of_frame(&self.unread)?
                && self.unread.len() >= head + length
            {
                let frame: Vec<u8> = self.unread.drain(..head + length).collect();
                return Ok(Some((opcode, frame[head..].to_vec())));
            }
            if !self.read_more().await {
                let rest = self.unread.len();
                return if rest == 0 { Ok(None) } else { Err(format!("{rest} bytes of a frame")) };
            }
        }
    }
}

/// Opcode, bytes of the head and of the payload; None when the head is not whole.
fn split_head_of_frame(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, String> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0xf0 != 0x80 {
        return Err(format!("a frame that begins with {first:#x}"));
    }
    let (head, length, least) = match second {
        0..=125 => (2, u64::from(*second), 0),
        126 => {
            let Some(length) = rest.first_chunk() else { return Ok(None) };
            (4, u64::from(u16::from_be_bytes(*length)), 126)
        }
        127 => {
            let Some(length) = rest.first_chunk() else { return Ok(None) };
            (10, u64::from_be_bytes(*length), 0x1_0000)
        }
        _ => return Err("a masked frame".to_owned()),
    };
    if length < least {
        return Err(format!("a length of {length} in too many bytes"));
    }
    Ok(Some((first & 0x0f, head, usize::try_from(length).map_err(|e| e.to_string())?)))
}
