//! The task of a session that a websocket carries: one for both directions, and as small as can be, since there are as
//! many of them as clients.

#[cfg(test)]
mod fuzz;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use engineioxide_core::Packet;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Sleep, sleep},
};
use tungstenite::protocol::frame::coding::CloseCode;

use super::{
    frames::{Message, append_outgoing_as_frames},
    stream::{Bounds, Ended, WebSocketStream},
};
use crate::{
    engine::EngineIo,
    handler::EngineIoHandler,
    link::Taken,
    polling::{Received, receive_packet_of_client},
    socket::{DisconnectReason, Socket},
};

/// Messages taken from one client before others have their turn.
const MESSAGES_AT_ONCE: usize = 32;
/// Bytes after which no further frame is added to a write.
const WRITE_BYTES: usize = 64 * 1024;
/// Time for goodbyes: for the client to read what was queued, and to close its side.
pub(super) const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// What became of writing.
enum Writing {
    /// All is written.
    Idle,
    /// The client reads slower than it is written to.
    Stuck,
    /// All is written, and there will be no more.
    Last,
    /// The connection is of no use any more.
    Over,
}

/// How far the end has come.
enum Leaving {
    /// The session lives.
    No,
    /// The last frames are on their way.
    Saying(Pin<Box<Sleep>>),
    /// They are written: the client has yet to close its side.
    Said(Pin<Box<Sleep>>),
}

/// Carries one session until it ends.
pub(crate) struct Connection<H: EngineIoHandler, S> {
    engine: Arc<EngineIo<H>>,
    socket: Arc<Socket<H::Data>>,
    websocket: WebSocketStream<S>,
    leaving: Leaving,
    /// What the last frame says; none to a client that closed without a code.
    close_code: Option<CloseCode>,
}

impl<H, S> Connection<H, S>
where
    H: EngineIoHandler,
    S: AsyncRead + AsyncWrite + Unpin,
{
    pub(crate) fn new(
        engine: Arc<EngineIo<H>>,
        socket: Arc<Socket<H::Data>>,
        websocket: WebSocketStream<S>,
    ) -> Self {
        Self {
            engine,
            socket,
            websocket,
            leaving: Leaving::No,
            close_code: Some(CloseCode::Normal),
        }
    }

    /// Ready when the connection is gone.
    fn poll_receive_from_client(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..MESSAGES_AT_ONCE {
            // Each time anew: what came last may have been what lets the client in.
            let bounds = Bounds::from_config_and_link(&self.engine.config, &self.socket.link);
            let message = match self.websocket.poll_next_message_of_client(cx, bounds) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(message) => message,
            };
            let received = message.and_then(|message| self.receive_message_of_client(message));
            match received {
                Ok(Received::GoOn) => {}
                Ok(Received::Goodbye) => {
                    self.end_session_with_reason(DisconnectReason::TransportClose);
                    return Poll::Pending;
                }
                Err(Ended::Closed(code)) => {
                    self.close_code = code;
                    self.end_session_with_reason(DisconnectReason::TransportClose);
                    return Poll::Pending;
                }
                Err(Ended::Violation(code)) => {
                    self.close_code = Some(code);
                    self.end_session_with_reason(DisconnectReason::PacketParsingError);
                    return Poll::Pending;
                }
                Err(Ended::Lost) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn receive_message_of_client(&self, message: Message) -> Result<Received, Ended> {
        self.socket.link.stranger.count_bytes_of_message(message.len());
        let packet = match message {
            Message::Text(text) => Packet::parse(self.socket.protocol, text)
                .map_err(|_| Ended::Violation(CloseCode::Policy))?,
            Message::Binary(bytes) => Packet::Binary(match self.socket.protocol {
                // The first byte says that it is a message; nothing else comes as bytes.
                engineioxide_core::ProtocolVersion::V3 if !bytes.is_empty() => bytes.slice(1..),
                _ => bytes,
            }),
        };
        receive_packet_of_client(&self.engine, &self.socket, packet)
            .map_err(|_| Ended::Violation(CloseCode::Policy))
    }

    fn end_session_with_reason(&mut self, reason: DisconnectReason) {
        self.engine.close_session_with_reason(self.socket.link.sid, reason);
        self.begin_farewell_of_connection();
    }

    fn begin_farewell_of_connection(&mut self) {
        if matches!(self.leaving, Leaving::No) {
            self.leaving = Leaving::Saying(Box::pin(sleep(FAREWELL_TIME)));
        }
    }

    fn write_what_waits_for_client(&mut self, cx: &mut Context<'_>) -> Writing {
        loop {
            match self.websocket.poll_write_unwritten_frames(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Writing::Over,
                Poll::Pending => return Writing::Stuck,
            }
            let (link, protocol) = (&self.socket.link, self.socket.protocol);
            let (taken, written) =
                self.websocket.poll_write_appended_frames(cx, |waker, frames| {
                    link.take_outgoing_or_register(waker, |outgoing| {
                        append_outgoing_as_frames(&outgoing, protocol, frames);
                        frames.len() < WRITE_BYTES
                    })
                });
            match (taken, written) {
                (Taken::Broken, _) | (_, Poll::Ready(Err(_))) => return Writing::Over,
                (_, Poll::Pending) => return Writing::Stuck,
                (Taken::Enough, _) => {}
                (Taken::All, _) => return Writing::Idle,
                (Taken::Last, _) => return Writing::Last,
            }
        }
    }

    /// Ready when the connection can be dropped.
    fn poll_live_or_begin_farewell(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.leaving, Leaving::No) && self.poll_receive_from_client(cx).is_ready() {
            return Poll::Ready(());
        }
        match self.write_what_waits_for_client(cx) {
            Writing::Idle => {
                let _ = self.websocket.poll_flush_of_stream(cx);
            }
            Writing::Stuck if self.socket.link.is_broken() => return Poll::Ready(()),
            Writing::Stuck => {
                if self.socket.is_closed() {
                    self.begin_farewell_of_connection();
                }
            }
            Writing::Over => return Poll::Ready(()),
            Writing::Last => {
                self.begin_farewell_of_connection();
                if let Leaving::Saying(timer) = std::mem::replace(&mut self.leaving, Leaving::No) {
                    self.websocket.put_close_frame_last(self.close_code);
                    self.leaving = Leaving::Said(timer);
                }
            }
        }
        Poll::Pending
    }
}

/// A connection that is gone takes its session along, if that has not ended for a better reason.
impl<H: EngineIoHandler, S> Drop for Connection<H, S> {
    fn drop(&mut self) {
        let reason = DisconnectReason::TransportError;
        self.engine.close_session_with_reason(self.socket.link.sid, reason);
    }
}

impl<H, S> Future for Connection<H, S>
where
    H: EngineIoHandler,
    S: AsyncRead + AsyncWrite + Unpin,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if !matches!(this.leaving, Leaving::Said(_))
            && this.poll_live_or_begin_farewell(cx).is_ready()
        {
            return Poll::Ready(());
        }
        match &mut this.leaving {
            Leaving::No => Poll::Pending,
            Leaving::Saying(timer) => timer.as_mut().poll(cx),
            Leaving::Said(timer) => {
                if timer.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                this.websocket.poll_last_words_of_farewell(cx)
            }
        }
    }
}
