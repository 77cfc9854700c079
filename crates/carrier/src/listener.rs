//! Who is told what a carrier brings, and a pipe as what a websocket carries.

use std::{sync::Arc, task::Waker};

use crate::{
    pipe::{Outgoing, Pipe, TakerNumber},
    queue::{Phase, Taken},
    websocket::{
        Bounds, CloseCode, Control, Data, Message, append_frame_of_parts,
        connection::{Carried, EndOfClient, Received, WRITE_BYTES},
    },
};

/// The server's end of one connection: told of what its client sends, one message after the other, from the task of the
/// carrier. No method may wait.
pub trait Listener: Send + Sync + 'static {
    /// How large what the client sends next may be.
    fn bounds(&self) -> Bounds;

    /// Works on a message; an error is what to close a websocket with.
    fn receive_message(self: &Arc<Self>, message: Message) -> Result<Received, CloseCode>;

    /// The client's side is over. May be called several times; only the first counts.
    fn note_end_of_client(&self, end: EndOfClient);
}

/// A pipe on a websocket.
pub struct CarriedPipe<L: Listener> {
    pipe: Arc<Pipe>,
    taker: TakerNumber,
    listener: Arc<L>,
}

impl<L: Listener> CarriedPipe<L> {
    /// The websocket becomes the one who takes from the pipe.
    pub fn new(pipe: Arc<Pipe>, listener: Arc<L>) -> Self {
        Self { taker: pipe.become_taker_of_pipe(), pipe, listener }
    }
}

impl<L: Listener> Carried for CarriedPipe<L> {
    fn bounds(&self) -> Bounds {
        self.listener.bounds()
    }

    fn receive_message(&self, message: Message) -> Result<Received, CloseCode> {
        self.listener.receive_message(message)
    }

    fn append_what_waits(&self, waker: &Waker, frames: &mut Vec<u8>) -> Taken {
        // Counted before anything is taken: what comes to wait meanwhile may wait for what is not taken.
        let waiting = self.pipe.count_waiting_for_proof();
        let taken = self.pipe.take_entries_as_taker(self.taker, waker, |entry| {
            let kind = match &entry {
                Outgoing::Text(_) | Outgoing::TextInParts(..) => Data::Text,
                Outgoing::Binary(_) => Data::Binary,
            };
            append_frame_of_parts(kind.into(), &entry.parts(), frames);
            frames.len() < WRITE_BYTES
        });
        if taken == Some(Taken::All) {
            append_ping_behind_taken(&self.pipe, waiting, frames);
        }
        taken.unwrap_or(Taken::Broken)
    }

    fn note_pong_of_client(&self, number: u64) {
        self.pipe.note_pong_of_client(number);
    }

    fn phase(&self) -> Phase {
        self.pipe.phase()
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        self.listener.note_end_of_client(end);
    }

    fn close_code(&self) -> CloseCode {
        self.pipe.close_code()
    }
}

/// A ping behind all that was taken, when somebody wants to know whether the client has it. `waiting` is how many did before.
pub fn append_ping_behind_taken(pipe: &Pipe, waiting: usize, frames: &mut Vec<u8>) {
    if let Some(number) = pipe.begin_ping_behind_taken(waiting) {
        append_frame_of_parts(Control::Ping.into(), &[&number.to_be_bytes()], frames);
    }
}
