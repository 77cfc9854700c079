//! Bytes of a client as frames, however they were cut.

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::{memchr, memchr2};
use owlpost_domain::ErrorCode;

use super::{
    frame::{ClientFrame, Command, Headers},
    version::Version,
};

/// Bytes of command and headers.
pub const MOST_HEAD_BYTES: usize = 16 * 1024;
/// Headers of one frame.
pub const MOST_HEADERS: usize = 64;

/// Bytes that are no frame: nothing further of this client is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFrame {
    /// The stable code.
    pub code: ErrorCode,
    /// For people, in ASCII.
    pub message: &'static str,
}

impl BadFrame {
    pub(crate) const fn malformed(message: &'static str) -> Self {
        Self { code: ErrorCode::ValidationError, message }
    }

    pub(crate) const TOO_LARGE: Self =
        Self { code: ErrorCode::PayloadTooLarge, message: "The frame is larger than the limit" };
    const HEAD_TOO_LARGE: Self =
        Self { code: ErrorCode::PayloadTooLarge, message: "The headers are larger than the limit" };
    const TOO_MANY_HEADERS: Self =
        Self { code: ErrorCode::PayloadTooLarge, message: "There are more headers than may be" };
}

/// The head of a frame whose body has not arrived.
#[derive(Debug)]
struct Head {
    command: Command,
    headers: Headers,
    bytes: usize,
    /// Of the body, when the client says so.
    body_bytes: Option<usize>,
}

/// What a client has sent and is no whole frame yet.
#[derive(Debug)]
pub struct Decoder {
    held: BytesMut,
    /// How many of those hold no end of what is being looked for.
    searched: usize,
    head: Option<Box<Head>>,
    most_bytes: usize,
}

impl Decoder {
    /// For frames of so many bytes.
    pub fn with_limit_of_bytes(most_bytes: usize) -> Self {
        Self { held: BytesMut::new(), searched: 0, head: None, most_bytes }
    }

    /// Adds what has come.
    pub fn add_bytes_of_client(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Bytes that are kept.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Forgets everything.
    pub(crate) fn forget_all_held_bytes(&mut self) {
        self.held = BytesMut::new();
        self.searched = 0;
        self.head = None;
    }

    /// The next whole frame, as clients of this version mean it.
    pub fn next_frame_of_client(
        &mut self,
        version: Option<Version>,
    ) -> Result<Option<ClientFrame>, BadFrame> {
        let next = self.read_next_frame_of_client(version);
        if next.is_err() {
            self.forget_all_held_bytes();
        } else if self.held.is_empty() {
            // Nearly all connections are idle nearly always: an empty buffer keeps no memory.
            self.held = BytesMut::new();
        }
        next
    }

    fn read_next_frame_of_client(
        &mut self,
        version: Option<Version>,
    ) -> Result<Option<ClientFrame>, BadFrame> {
        let head = match self.head.take() {
            Some(head) => head,
            None => match self.read_head_of_frame(version)? {
                Some(head) => Box::new(head),
                None => return Ok(None),
            },
        };
        match self.read_body_of_frame(&head)? {
            Some(body) => {
                self.searched = 0;
                let bytes = head.bytes + body.len() + 1;
                let Head { command, headers, .. } = *head;
                let body = if command == Command::Send { body } else { Bytes::new() };
                Ok(Some(ClientFrame { command, headers, body, bytes }))
            }
            None => {
                self.head = Some(head);
                Ok(None)
            }
        }
    }

    fn read_head_of_frame(&mut self, version: Option<Version>) -> Result<Option<Head>, BadFrame> {
        self.skip_line_ends_between_frames();
        if self.held[..] == *b"\r" {
            // The first half of a line end, or of a command that is none.
            return Ok(None);
        }
        let Some(end) = self.find_end_of_head()? else {
            return if self.held.len() > MOST_HEAD_BYTES {
                Err(BadFrame::HEAD_TOO_LARGE)
            } else {
                Ok(None)
            };
        };
        if end > MOST_HEAD_BYTES {
            return Err(BadFrame::HEAD_TOO_LARGE);
        }
        let bytes = self.held.split_to(end);
        self.searched = 0;
        let head = parse_head_of_frame(&bytes, version)?;
        if head.bytes + head.body_bytes.unwrap_or(0) >= self.most_bytes {
            return Err(BadFrame::TOO_LARGE);
        }
        Ok(Some(head))
    }

    /// Line ends between frames are signs of life, and nothing else.
    fn skip_line_ends_between_frames(&mut self) {
        if self.searched > 0 {
            return;
        }
        let mut ends = 0;
        loop {
            match self.held[ends..] {
                [b'\n', ..] => ends += 1,
                [b'\r', b'\n', ..] => ends += 2,
                _ => break,
            }
        }
        self.held.advance(ends);
    }

    /// Where the empty line ends that follows the headers.
    fn find_end_of_head(&mut self) -> Result<Option<usize>, BadFrame> {
        while let Some(at) = memchr2(b'\n', 0, &self.held[self.searched..]) {
            let at = self.searched + at;
            if self.held[at] == 0 {
                return Err(BadFrame::malformed(
                    "A frame ended before the empty line behind its headers",
                ));
            }
            let line = &self.held[..at];
            if line.ends_with(b"\n") || line.ends_with(b"\n\r") {
                return Ok(Some(at + 1));
            }
            self.searched = at + 1;
        }
        self.searched = self.held.len();
        Ok(None)
    }

    /// The body, and the NUL behind it.
    fn read_body_of_frame(&mut self, head: &Head) -> Result<Option<Bytes>, BadFrame> {
        let body_bytes = match head.body_bytes {
            Some(bytes) if self.held.len() <= bytes => return Ok(None),
            Some(bytes) if self.held[bytes] != 0 => {
                return Err(BadFrame::malformed(
                    "No NUL follows the bytes that content-length counts",
                ));
            }
            Some(bytes) => bytes,
            None => match memchr(0, &self.held[self.searched..]) {
                Some(at) => self.searched + at,
                None => {
                    self.searched = self.held.len();
                    return if head.bytes + self.held.len() >= self.most_bytes {
                        Err(BadFrame::TOO_LARGE)
                    } else {
                        Ok(None)
                    };
                }
            },
        };
        if head.bytes + body_bytes >= self.most_bytes {
            return Err(BadFrame::TOO_LARGE);
        }
        let body = self.held.split_to(body_bytes).freeze();
        self.held.advance(1);
        Ok(Some(body))
    }
}

fn parse_head_of_frame(bytes: &[u8], version: Option<Version>) -> Result<Head, BadFrame> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| BadFrame::malformed("Command and headers must be UTF-8"))?;
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let command = lines
        .next()
        .and_then(Command::find_command_by_name)
        .ok_or(BadFrame::malformed("The command is none of STOMP"))?;
    // Nothing in a CONNECT is escaped, so that servers of any version read it.
    let version = version.filter(|_| command != Command::Connect);
    let mut headers = Headers::default();
    for line in lines.take_while(|line| !line.is_empty()) {
        if headers.len() == MOST_HEADERS {
            return Err(BadFrame::TOO_MANY_HEADERS);
        }
        let (name, value) =
            line.split_once(':').ok_or(BadFrame::malformed("A header has no colon"))?;
        let read = |raw| match version {
            None => Ok(std::borrow::Cow::Borrowed(raw)),
            Some(version) => version
                .read_text_of_header(raw)
                .map_err(|_| BadFrame::malformed("A header has an undefined escape")),
        };
        let (name, value) = (read(name)?, read(value)?);
        if name.is_empty() {
            return Err(BadFrame::malformed("A header has no name"));
        }
        headers.push_header_of_frame(name.into_owned(), value.into_owned());
    }
    let body_bytes =
        headers.find_value_by_name("content-length").map(parse_length_of_body).transpose()?;
    Ok(Head { command, headers, bytes: bytes.len(), body_bytes })
}

fn parse_length_of_body(value: &str) -> Result<usize, BadFrame> {
    let value = value.trim();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(BadFrame::malformed("content-length must be a number of bytes"));
    }
    // So many digits are too many bytes, too.
    value.parse::<u32>().map(|bytes| bytes as usize).map_err(|_| BadFrame::TOO_LARGE)
}

#[cfg(test)]
mod tests;
