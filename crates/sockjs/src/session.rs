//! A connection that requests carry, one after the other.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use bytes::Bytes;
use owlpost_carrier::{
    Listener, Pipe,
    pipe::TakerNumber,
    queue::Phase,
    websocket::{CloseCode, Message, connection::EndOfClient},
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::frames::{Farewell, NextFrame, take_next_frame_from};

/// Time in which it is noticed that a client has hung up.
const HANG_UP_TIME: Duration = Duration::from_millis(100);

/// Whether a request waits for what is to be sent.
#[derive(Debug, Clone, Copy)]
enum Receiver {
    Absent { since: Instant },
    Present,
}

/// One connection.
pub(crate) struct Session<L: Listener> {
    pipe: Arc<Pipe>,
    listener: Arc<L>,
    receiver: Mutex<Receiver>,
    /// What every request is told once it is over.
    farewell: OnceLock<Farewell>,
    /// Called when a request is answered, or gone.
    left: Notify,
    /// Called when a request was told that it is over.
    told: Notify,
    /// Whether the client ever sent anything.
    is_heard: AtomicBool,
}

impl<L: Listener> Session<L> {
    /// A connection that a request has come for.
    pub(crate) fn new(pipe: Arc<Pipe>, listener: Arc<L>) -> Self {
        Self {
            pipe,
            listener,
            receiver: Mutex::new(Receiver::Absent { since: Instant::now() }),
            farewell: OnceLock::new(),
            left: Notify::new(),
            told: Notify::new(),
            is_heard: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.pipe.phase() != Phase::Open
    }

    fn tell_farewell_of_session(&self) -> Farewell {
        *self.farewell.get_or_init(|| Farewell::of_ended_phase(self.pipe.phase()))
    }

    /// Hands the listener what a request brought.
    pub(crate) fn receive_messages_of_request(&self, messages: Vec<String>) {
        self.is_heard.store(true, Ordering::Relaxed);
        for message in messages {
            if let Err(code) = self.listener.receive_message(Message::Text(message)) {
                self.pipe.close_pipe_with_farewell(None, code);
                return;
            }
        }
    }

    /// Ends the connection: a request that was being answered is gone, and nobody knows what its client has read.
    fn interrupt_session_by_network(&self) {
        if !self.is_over() {
            self.pipe.break_pipe_without_farewell();
        }
    }

    /// Whether nothing is lost by telling the listener at once. Who opens sessions only to drop them, as one does who
    /// guesses names, keeps their places for a while.
    pub(crate) fn is_lost_for_good(&self) -> bool {
        self.pipe.phase() == Phase::Broken && self.is_heard.load(Ordering::Relaxed)
    }

    pub(crate) fn note_end_of_session(&self) {
        self.tell_farewell_of_session();
        self.listener.note_end_of_client(EndOfClient::Lost);
    }

    /// Ends the connection as the server.
    pub(crate) fn close_session_by_server(&self) {
        self.pipe.close_pipe_with_farewell(None, CloseCode::Away);
    }

    /// Resolves when the connection is over, which it is when no request waits for so long.
    pub(crate) async fn wait_until_session_over(&self, patience: Duration) {
        while !self.is_over() {
            let absent = match *self.receiver.lock() {
                Receiver::Present => Duration::ZERO,
                Receiver::Absent { since } => since.elapsed(),
            };
            if absent >= patience {
                self.pipe.break_pipe_without_farewell();
            }
            tokio::select! {
                () = tokio::time::sleep(patience.saturating_sub(absent)) => {}
                () = self.pipe.wait_until_pipe_ends() => {}
            }
        }
    }

    /// Resolves when no request receives, or soon: of a client that has hung up and comes with its next request, the hanging
    /// up may be noticed last.
    pub(crate) async fn wait_until_receiver_absent(&self) {
        let left = self.left.notified();
        tokio::pin!(left);
        left.as_mut().enable();
        if matches!(*self.receiver.lock(), Receiver::Present) {
            let _ = tokio::time::timeout(HANG_UP_TIME, left).await;
        }
    }

    /// Resolves when a request was told that the connection is over.
    pub(crate) async fn wait_until_client_told(&self) {
        self.told.notified().await;
    }
}

/// A request that receives what a session is sent.
pub(crate) struct Receiving<L: Listener> {
    session: Arc<Session<L>>,
    taker: TakerNumber,
    is_complete: bool,
}

/// What a request that would receive is answered with at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotReceiving(pub(crate) Farewell);

impl<L: Listener> Receiving<L> {
    /// Becomes the request that receives, unless another one does.
    pub(crate) fn begin_receiving_of_session(
        session: Arc<Session<L>>,
    ) -> Result<Self, NotReceiving> {
        let mut receiver = session.receiver.lock();
        if matches!(*receiver, Receiver::Present) {
            let is_over = session.is_over();
            let farewell =
                if is_over { session.tell_farewell_of_session() } else { Farewell::AnotherOpen };
            return Err(NotReceiving(farewell));
        }
        *receiver = Receiver::Present;
        drop(receiver);
        Ok(Self { taker: session.pipe.become_taker_of_pipe(), session, is_complete: false })
    }

    /// The next frame; the goodbye is the last, and there is nothing behind it.
    pub(crate) fn take_next_frame_of_session(&mut self, waker: &Waker) -> Option<Bytes> {
        match take_next_frame_from(&self.session.pipe, self.taker, waker) {
            NextFrame::Frame(frame) => Some(frame),
            NextFrame::Nothing => None,
            NextFrame::Over(_) => {
                let farewell = self.session.tell_farewell_of_session();
                self.session.told.notify_one();
                self.complete_answer_of_request();
                Some(farewell.as_frame())
            }
        }
    }

    /// The answer is whole: its client comes with the next request.
    pub(crate) fn complete_answer_of_request(&mut self) {
        self.is_complete = true;
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl<L: Listener> Drop for Receiving<L> {
    fn drop(&mut self) {
        if !self.is_complete {
            self.session.interrupt_session_by_network();
        }
        *self.session.receiver.lock() = Receiver::Absent { since: Instant::now() };
        self.session.left.notify_waiters();
    }
}
