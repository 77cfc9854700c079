//! Bytes of a websocket as frames and messages, and back.

#[cfg(test)]
mod tests;

use std::io::Cursor;

use bytes::Bytes;
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

/// Bytes of a control frame, at most.
const CONTROL_BYTES: usize = 125;
/// A code to close with that is registered with IANA, and that tungstenite does not know.
const BAD_GATEWAY: u16 = 1014;

/// A frame of a client, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) opcode: OpCode,
    pub(crate) is_final: bool,
    pub(crate) payload: Vec<u8>,
}

/// The first frame in `bytes` and its length there; `None` when it is not whole yet. An error is the code to close
/// the connection with.
pub(crate) fn decode_frame_at_start(
    bytes: &[u8],
    most_bytes: usize,
) -> Result<Option<(Frame, usize)>, CloseCode> {
    let mut cursor = Cursor::new(bytes);
    let Some((header, length)) =
        FrameHeader::parse(&mut cursor).map_err(|_| CloseCode::Protocol)?
    else {
        return Ok(None);
    };
    if header.rsv1 || header.rsv2 || header.rsv3 || !is_length_in_fewest_bytes(bytes, length) {
        return Err(CloseCode::Protocol);
    }
    // A client must mask, so that it cannot be made to send what a proxy takes for a request.
    let mask = header.mask.ok_or(CloseCode::Protocol)?;
    let length = usize::try_from(length).map_err(|_| CloseCode::Size)?;
    let is_control = matches!(header.opcode, OpCode::Control(_));
    if is_control && (length > CONTROL_BYTES || !header.is_final) {
        return Err(CloseCode::Protocol);
    }
    // Control frames come between the frames of a message, and have a bound of their own.
    if !is_control && length > most_bytes {
        return Err(CloseCode::Size);
    }
    let begin = usize::try_from(cursor.position()).map_err(|_| CloseCode::Size)?;
    let Some(masked) = bytes.get(begin..begin + length) else { return Ok(None) };
    let payload = masked.iter().zip(mask.into_iter().cycle()).map(|(byte, key)| byte ^ key);
    let frame =
        Frame { opcode: header.opcode, is_final: header.is_final, payload: payload.collect() };
    Ok(Some((frame, begin + length)))
}

/// Whether the head of a frame says `length` as RFC 6455 wants it: in as few bytes as it fits in, and with its highest
/// bit unset. Two ways to say one thing are a way past whoever reads along.
fn is_length_in_fewest_bytes(head: &[u8], length: u64) -> bool {
    match head.get(1).map(|second| second & 0x7f) {
        Some(126) => length > CONTROL_BYTES as u64,
        Some(127) => length > u64::from(u16::MAX) && length >> 63 == 0,
        _ => true,
    }
}

/// The code a client closes with, if it names one: it may close with nothing, or with a code that is one and a reason
/// that is text. An error is the code to close the connection with.
pub(crate) fn read_code_of_close(payload: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(None) } else { Err(CloseCode::Protocol) };
    };
    let code = CloseCode::from(u16::from_be_bytes(*code));
    if !code.is_allowed() && u16::from(code) != BAD_GATEWAY {
        return Err(CloseCode::Protocol);
    }
    std::str::from_utf8(reason).map(|_| Some(code)).map_err(|_| CloseCode::Invalid)
}

/// A message of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// Bytes of its payload.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// A message whose frames have not all come.
#[derive(Debug)]
struct Incomplete {
    is_text: bool,
    bytes: Vec<u8>,
}

/// Puts the frames of messages together.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// Boxed: it is hardly ever there.
    begun: Option<Box<Incomplete>>,
}

impl Assembly {
    /// Bytes of the message that is not whole yet.
    pub(crate) fn begun_bytes(&self) -> usize {
        self.begun.as_ref().map_or(0, |message| message.bytes.len())
    }

    /// Adds a data frame; the message when it is the last one.
    pub(crate) fn add_data_frame_to_message(
        &mut self,
        kind: Data,
        frame: Frame,
        most_bytes: usize,
    ) -> Result<Option<Message>, CloseCode> {
        let mut message = match (kind, self.begun.take()) {
            (Data::Continue, Some(mut begun)) => {
                begun.bytes.extend_from_slice(&frame.payload);
                begun
            }
            (Data::Text, None) => Box::new(Incomplete { is_text: true, bytes: frame.payload }),
            (Data::Binary, None) => Box::new(Incomplete { is_text: false, bytes: frame.payload }),
            (Data::Continue, None)
            | (Data::Text | Data::Binary, Some(_))
            | (Data::Reserved(_), _) => return Err(CloseCode::Protocol),
        };
        if message.bytes.len() > most_bytes {
            return Err(CloseCode::Size);
        }
        if !frame.is_final {
            self.begun = Some(message);
            return Ok(None);
        }
        let bytes = std::mem::take(&mut message.bytes);
        if !message.is_text {
            return Ok(Some(Message::Binary(bytes.into())));
        }
        let text = String::from_utf8(bytes).map_err(|_| CloseCode::Invalid)?;
        Ok(Some(Message::Text(text)))
    }
}

/// Appends one final frame with these parts as its payload.
// Called for each message to each client, from other crates.
#[inline]
pub fn append_frame_of_parts(kind: FrameKind, parts: &[&[u8]], to: &mut Vec<u8>) {
    let length = parts.iter().map(|part| part.len() as u64).sum();
    let header = FrameHeader { opcode: kind.0, ..FrameHeader::default() };
    to.reserve(header.len(length) + usize::try_from(length).unwrap_or_default());
    // Writing to memory cannot fail.
    let _ = header.format(length, to);
    for part in parts {
        to.extend_from_slice(part);
    }
}

/// What a frame is, of the server's.
#[derive(Debug, Clone, Copy)]
pub struct FrameKind(OpCode);

impl From<Data> for FrameKind {
    #[inline]
    fn from(data: Data) -> Self {
        Self(OpCode::Data(data))
    }
}

impl From<Control> for FrameKind {
    #[inline]
    fn from(control: Control) -> Self {
        Self(OpCode::Control(control))
    }
}
