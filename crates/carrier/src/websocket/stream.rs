//! A connection that speaks websocket frames. While nothing is on its way it holds no buffer: bytes are read into, and
//! written from, memory of the thread.

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use std::{
    cell::Cell,
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::frames::{
    Assembly, Frame, FrameKind, Message, append_frame_of_parts, decode_frame_at_start,
    read_code_of_close,
};
/// Bytes read from a connection at one time.
const READ_BYTES: usize = 16 * 1024;
/// Bytes read at one time from a client that may send little.
const LEAST_READ_BYTES: usize = 1024;
/// Bytes of answers to a client's own pings that may wait; further pings are not answered, as they may not be.
const PONG_BYTES: usize = 4 * 1024;
/// A thread keeps its buffer for writing up to this size.
const KEPT_WRITE_BYTES: usize = 256 * 1024;

thread_local! {
    static READ_BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static WRITE_BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How large what a client sends next may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of one frame, at most.
    pub frame_bytes: usize,
    /// Bytes of one message, at most.
    pub message_bytes: usize,
}

impl Bounds {
    /// Bytes to read at one time. What was read and is no whole frame yet is kept: so little beyond a frame of this
    /// client, or many strangers would hold much.
    fn read_bytes(self) -> usize {
        (self.frame_bytes / 4).clamp(LEAST_READ_BYTES, READ_BYTES)
    }
}

/// Why no further message comes.
#[derive(Debug)]
pub enum Ended {
    /// The client closed the websocket: the code it named, to be answered with the same.
    Closed(Option<CloseCode>),
    /// The connection is gone.
    Lost,
    /// The client broke the protocol: the code to tell it.
    Violation(CloseCode),
}

/// A websocket of the server's side.
#[derive(Debug)]
pub struct WebSocketStream<S> {
    stream: S,
    /// Read, but no whole frame yet.
    received: BytesMut,
    assembly: Assembly,
    /// Whole frames, the first perhaps begun, that the connection had no room for.
    unwritten: BytesMut,
    /// The number of the ping that was answered last.
    pong: Option<u64>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketStream<S> {
    /// A websocket on a connection that was handed over.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            received: BytesMut::new(),
            assembly: Assembly::default(),
            unwritten: BytesMut::new(),
            pong: None,
        }
    }

    /// The next message of the client.
    pub fn poll_next_message_of_client(
        &mut self,
        cx: &mut Context<'_>,
        bounds: Bounds,
    ) -> Poll<Result<Message, Ended>> {
        loop {
            while let Some(frame) = self.take_whole_frame_received(bounds)? {
                if let Some(message) = self.accept_frame_of_client(frame, bounds.message_bytes)? {
                    return Poll::Ready(Ok(message));
                }
            }
            let read = ready!(self.poll_read_into_received(cx, bounds.read_bytes()))
                .map_err(|_| Ended::Lost)?;
            if read == 0 {
                return Poll::Ready(Err(Ended::Lost));
            }
        }
    }

    /// The number of the ping that the client has answered last, once. The last of several is enough: answers come in order.
    pub fn take_number_of_pong(&mut self) -> Option<u64> {
        self.pong.take()
    }

    fn take_whole_frame_received(&mut self, bounds: Bounds) -> Result<Option<Frame>, Ended> {
        if self.received.is_empty() {
            return Ok(None);
        }
        // By its head alone, so that a message in parts keeps no more than one in a single frame.
        let left_of_message = bounds.message_bytes.saturating_sub(self.assembly.begun_bytes());
        let most_bytes = bounds.frame_bytes.min(left_of_message);
        let first = decode_frame_at_start(&self.received, most_bytes).map_err(Ended::Violation)?;
        let Some((frame, length)) = first else { return Ok(None) };
        self.received.advance(length);
        if self.received.is_empty() {
            self.received = BytesMut::new();
        }
        Ok(Some(frame))
    }

    fn accept_frame_of_client(
        &mut self,
        frame: Frame,
        most_bytes: usize,
    ) -> Result<Option<Message>, Ended> {
        match frame.opcode {
            OpCode::Data(kind) => self
                .assembly
                .add_data_frame_to_message(kind, frame, most_bytes)
                .map_err(Ended::Violation),
            OpCode::Control(Control::Ping) => {
                if self.unwritten.len() < PONG_BYTES {
                    self.put_frame_before_queue(Control::Pong.into(), &frame.payload);
                }
                Ok(None)
            }
            OpCode::Control(Control::Pong) => {
                self.pong = <[u8; 8]>::try_from(&frame.payload[..]).ok().map(u64::from_be_bytes);
                Ok(None)
            }
            OpCode::Control(Control::Close) => {
                Err(read_code_of_close(&frame.payload).map_or_else(Ended::Violation, Ended::Closed))
            }
            OpCode::Control(Control::Reserved(_)) => Err(Ended::Violation(CloseCode::Protocol)),
        }
    }

    fn poll_read_into_received(
        &mut self,
        cx: &mut Context<'_>,
        most_bytes: usize,
    ) -> Poll<io::Result<usize>> {
        let mut bytes = READ_BUFFER.take();
        bytes.resize(READ_BYTES, 0);
        let mut buffer = ReadBuf::new(&mut bytes[..most_bytes]);
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
        self.received.extend_from_slice(buffer.filled());
        let read = buffer.filled().len();
        READ_BUFFER.set(bytes);
        polled.map_ok(|()| read)
    }

    /// Writes what is unwritten and closes this side; ready when the connection can be dropped.
    pub fn poll_last_words_of_farewell(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.poll_write_unwritten_frames(cx)).is_err()
            || ready!(Pin::new(&mut self.stream).poll_shutdown(cx)).is_err()
        {
            return Poll::Ready(());
        }
        // Closing with unread bytes would reset the connection, and with it what the client has not read yet.
        self.poll_discard_until_end(cx)
    }

    /// Reads and forgets what still comes; ready when the client has closed its side.
    fn poll_discard_until_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let read = ready!(self.poll_read_into_received(cx, READ_BYTES));
            self.received = BytesMut::new();
            if !matches!(read, Ok(1..)) {
                return Poll::Ready(());
            }
        }
    }

    /// Puts text in front of all that a session sends.
    pub fn put_text_before_queue(&mut self, text: &str) {
        self.put_frame_before_queue(Data::Text.into(), text.as_bytes());
    }

    /// Tells the client that the websocket is closed, and why if there is a code to say it.
    pub fn put_close_frame_last(&mut self, code: Option<CloseCode>, reason: &str) {
        let payload = code.map(|code| [&u16::from(code).to_be_bytes(), reason.as_bytes()].concat());
        self.put_frame_before_queue(Control::Close.into(), &payload.unwrap_or_default());
    }

    fn put_frame_before_queue(&mut self, kind: FrameKind, payload: &[u8]) {
        let mut frame = Vec::new();
        append_frame_of_parts(kind, &[payload], &mut frame);
        self.unwritten.extend_from_slice(&frame);
    }

    /// Ready when nothing is unwritten.
    pub fn poll_write_unwritten_frames(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unwritten.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unwritten))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unwritten.advance(written);
        }
        self.unwritten = BytesMut::new();
        Poll::Ready(Ok(()))
    }

    /// Writes the frames that `append` makes, with as few system calls as can be. Pending when the connection had no
    /// room for all of them: what is left is unwritten, and nothing must be appended before it is written.
    pub(crate) fn poll_write_appended_frames<T>(
        &mut self,
        cx: &mut Context<'_>,
        append: impl FnOnce(&Waker, &mut Vec<u8>) -> T,
    ) -> (T, Poll<io::Result<()>>) {
        let mut frames = WRITE_BUFFER.take();
        let appended = append(cx.waker(), &mut frames);
        let polled = self.poll_write_whole_frames(cx, &frames);
        if frames.capacity() <= KEPT_WRITE_BYTES {
            frames.clear();
            WRITE_BUFFER.set(frames);
        }
        (appended, polled)
    }

    fn poll_write_whole_frames(
        &mut self,
        cx: &mut Context<'_>,
        mut frames: &[u8],
    ) -> Poll<io::Result<()>> {
        while !frames.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, frames)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => frames = &frames[written..],
                Poll::Pending => {
                    self.unwritten.extend_from_slice(frames);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when the connection has taken what was written.
    pub fn poll_flush_of_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}
