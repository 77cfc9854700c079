//! Websocket upgrades and frames, as far as a counting client needs them.

use std::net::SocketAddr;

/// A frame of the server, within the bytes it was read into.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The low four bits of the first byte.
    pub opcode: u8,
    /// What it carries, unmasked.
    pub payload: &'a [u8],
    /// Bytes the whole frame takes.
    pub length: usize,
}

/// A text message.
pub const TEXT: u8 = 1;
/// The end of a connection.
pub const CLOSE: u8 = 8;
/// To be answered with a pong.
pub const PING: u8 = 9;
const PONG: u8 = 10;

/// The request that asks for a websocket; `path` has its query.
pub fn encode_upgrade_request_of_client(path: &str, server: SocketAddr) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

/// The first frame in `bytes`; `None` while it is incomplete.
pub fn split_first_whole_frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (header, size) = match second & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        small => (2, u64::from(small)),
    };
    let length = header + usize::try_from(size).ok()?;
    let payload = bytes.get(header..length)?;
    Some(Frame { opcode: first & 0x0f, payload, length })
}

/// A whole text message of a client.
pub fn encode_text_of_client(text: &str) -> Vec<u8> {
    encode_frame_of_client(TEXT, text.as_bytes())
}

/// The answer to a ping.
pub fn encode_pong_of_client(payload: &[u8]) -> Vec<u8> {
    encode_frame_of_client(PONG, payload)
}

/// The mask is all zeroes: clients must mask, and this one has nothing to hide.
fn encode_frame_of_client(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(0x80 | opcode);
    match payload.len() {
        small @ 0..126 => frame.push(0x80 | small as u8),
        middle @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((middle as u16).to_be_bytes());
        }
        large => {
            frame.push(0x80 | 127);
            frame.extend((large as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// A whole text message of a server.
pub fn encode_text_of_server(text: &[u8]) -> Vec<u8> {
    let mut frame = encode_frame_of_client(TEXT, text);
    let header = frame.len() - text.len();
    frame.drain(header - 4..header);
    frame[1] &= 0x7f;
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_split_frames_of_every_size() {
        for size in [0, 1, 125, 126, 65_535, 65_536] {
            let text = vec![b'x'; size];
            let mut bytes = encode_text_of_server(&text);
            let whole = bytes.len();
            bytes.extend(b"rest");
            let frame = split_first_whole_frame(&bytes).unwrap();
            assert_eq!((frame.opcode, frame.payload.len(), frame.length), (TEXT, size, whole));
            assert_eq!(split_first_whole_frame(&bytes[..whole - 1]), None);
        }
    }
}
