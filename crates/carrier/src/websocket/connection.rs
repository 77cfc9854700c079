//! The task of a connection that a websocket carries: one for both directions, and as small as can be, since there are as
//! many of them as clients.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Sleep, sleep},
};
use tungstenite::protocol::frame::coding::CloseCode;

use super::{
    frames::Message,
    stream::{Bounds, Ended, WebSocketStream},
};
use crate::queue::{Phase, Taken};

/// Messages taken from one client before others have their turn.
const MESSAGES_AT_ONCE: usize = 32;
/// Bytes after which no further frame is added to a write.
pub const WRITE_BYTES: usize = 64 * 1024;
/// Time for goodbyes: for the client to read what was queued, and to close its side.
pub const FAREWELL_TIME: Duration = Duration::from_secs(1);

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

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// The connection goes on.
    GoOn,
    /// The client has said that it goes.
    Goodbye,
}

/// Why the client's side of a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfClient {
    /// It closed the websocket, or said goodbye.
    Closed(Option<CloseCode>),
    /// It broke the protocol.
    Violation(CloseCode),
    /// The connection is gone.
    Lost,
}

/// What a websocket carries: the server's end of one connection. Its methods are called from the task of the connection,
/// one at a time, and must not wait.
pub trait Carried: Send + Unpin + 'static {
    /// How large what the client sends next may be. Asked for each message anew.
    fn bounds(&self) -> Bounds;

    /// Works on a message; an error is what to close the websocket with.
    fn receive_message(&self, message: Message) -> Result<Received, CloseCode>;

    /// Appends what waits for the client as frames, up to about [`WRITE_BYTES`], and remembers the waker.
    fn append_what_waits(&self, waker: &Waker, frames: &mut Vec<u8>) -> Taken;

    /// The client has answered a ping that [`append_what_waits`](Self::append_what_waits) appended, with this number as its
    /// payload.
    fn note_pong_of_client(&self, number: u64) {
        let _ = number;
    }

    /// Where the connection is in its life.
    fn phase(&self) -> Phase;

    /// The client's side is over: nothing is received any more, and what waits is written before the goodbye. May be called
    /// several times; only the first counts.
    fn note_end_of_client(&self, end: EndOfClient);

    /// The code of the last frame when it is the server who ends the connection.
    fn close_code(&self) -> CloseCode;

    /// What the last frame says besides, in 123 bytes at most, when it is the server who ends the connection.
    fn close_reason(&self) -> &'static str {
        ""
    }
}

/// Carries one connection until it ends.
pub struct Connection<C: Carried, S> {
    carried: C,
    websocket: WebSocketStream<S>,
    leaving: Leaving,
    /// Who is answered with which code, when it was the client's side that ended.
    ended: Option<EndOfClient>,
}

impl<C, S> Connection<C, S>
where
    C: Carried,
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// What it carries, on a websocket that was accepted.
    pub fn new(carried: C, websocket: WebSocketStream<S>) -> Self {
        Self { carried, websocket, leaving: Leaving::No, ended: None }
    }

    /// Ready when the connection is gone.
    fn poll_receive_from_client(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..MESSAGES_AT_ONCE {
            // Each time anew: what came last may have been what lets the client in.
            let bounds = self.carried.bounds();
            let polled = self.websocket.poll_next_message_of_client(cx, bounds);
            if let Some(number) = self.websocket.take_number_of_pong() {
                self.carried.note_pong_of_client(number);
            }
            let message = match polled {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(message) => message,
            };
            let received = message.and_then(|message| {
                self.carried.receive_message(message).map_err(Ended::Violation)
            });
            let end = match received {
                Ok(Received::GoOn) => continue,
                Ok(Received::Goodbye) => EndOfClient::Closed(Some(CloseCode::Normal)),
                Err(Ended::Closed(code)) => EndOfClient::Closed(code),
                Err(Ended::Violation(code)) => EndOfClient::Violation(code),
                Err(Ended::Lost) => return Poll::Ready(()),
            };
            self.ended = Some(end);
            self.carried.note_end_of_client(end);
            self.begin_farewell_of_connection();
            return Poll::Pending;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What the last frame says; none to a client that closed without a code.
    fn code_of_last_frame(&self) -> Option<CloseCode> {
        match self.ended {
            None => Some(self.carried.close_code()),
            Some(EndOfClient::Closed(code)) => code,
            Some(EndOfClient::Violation(code)) => Some(code),
            Some(EndOfClient::Lost) => None,
        }
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
            let carried = &self.carried;
            let append =
                |waker: &Waker, frames: &mut Vec<u8>| carried.append_what_waits(waker, frames);
            let (taken, written) = self.websocket.poll_write_appended_frames(cx, append);
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
            Writing::Stuck => match self.carried.phase() {
                Phase::Open => {}
                Phase::Closing => self.begin_farewell_of_connection(),
                Phase::Broken => return Poll::Ready(()),
            },
            Writing::Over => return Poll::Ready(()),
            Writing::Last => {
                self.begin_farewell_of_connection();
                if let Leaving::Saying(timer) = std::mem::replace(&mut self.leaving, Leaving::No) {
                    let reason =
                        if self.ended.is_none() { self.carried.close_reason() } else { "" };
                    self.websocket.put_close_frame_last(self.code_of_last_frame(), reason);
                    self.leaving = Leaving::Said(timer);
                }
            }
        }
        Poll::Pending
    }
}

/// A connection that is gone takes what it carries along, if that has not ended for a better reason.
impl<C: Carried, S> Drop for Connection<C, S> {
    fn drop(&mut self) {
        self.carried.note_end_of_client(EndOfClient::Lost);
    }
}

impl<C, S> Future for Connection<C, S>
where
    C: Carried,
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
