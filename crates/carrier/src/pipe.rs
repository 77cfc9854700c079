//! What waits for the client of one connection, whatever carries it.

mod proofs;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use self::proofs::Proofs;
pub use self::proofs::Proved;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::{
    queue::{Phase, Queue, Refused, Taken, wake_tasks_outside_lock},
    sync::Mutex,
    websocket::CloseCode,
};

/// A protocol's own words that fit into a full pipe: a goodbye, a ping.
const CONTROL_PLACES: usize = 8;

/// Something on its way to the client. Cheap to clone: the bytes are shared with whoever else they go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// UTF-8.
    Text(Bytes),
    /// Any bytes.
    Binary(Bytes),
    /// UTF-8 whose beginning is this client's own, and whose end goes to others, too.
    TextInParts(Box<[u8]>, Bytes),
}

impl Outgoing {
    /// Bytes of all parts.
    pub fn byte_len(&self) -> usize {
        self.parts().iter().map(|part| part.len()).sum()
    }

    /// What is sent, one part behind the other.
    pub fn parts(&self) -> [&[u8]; 2] {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => [bytes, b""],
            Self::TextInParts(beginning, end) => [beginning, end],
        }
    }
}

/// Who takes from a pipe. Of several that were made, only the last is given anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakerNumber(u32);

#[derive(Debug)]
struct State {
    queue: Queue<Outgoing>,
    taker: TakerNumber,
    close_code: CloseCode,
}

/// A bounded queue between whoever writes to a client and what carries it there.
#[derive(Debug)]
pub struct Pipe {
    limit: usize,
    state: Mutex<State>,
    sent_at_ms: AtomicU64,
    heard_at_ms: AtomicU64,
    proofs: Mutex<Proofs>,
    ended: Notify,
    writable: Notify,
}

impl Pipe {
    /// A pipe for so many entries, besides a few of the protocol's own.
    pub fn with_capacity(entries: usize) -> Arc<Self> {
        let state =
            State { queue: Queue::default(), taker: TakerNumber(0), close_code: CloseCode::Normal };
        Arc::new(Self {
            limit: entries,
            state: Mutex::new(state),
            sent_at_ms: AtomicU64::new(milliseconds_since_first_use()),
            heard_at_ms: AtomicU64::new(milliseconds_since_first_use()),
            proofs: Mutex::new(Proofs::default()),
            ended: Notify::new(),
            writable: Notify::new(),
        })
    }

    // --- what goes in --------------------------------------------------------------------------------------

    /// Puts an entry behind all others.
    pub fn put_within_limit_of_pipe(&self, entry: Outgoing) -> Result<(), Refused> {
        self.put_while_fewer_wait_than(self.limit, entry)
    }

    /// For what can wait better than others: at most half of the places are taken by such entries.
    pub fn put_within_half_of_pipe(&self, entry: &Outgoing) -> Result<(), Refused> {
        self.put_while_fewer_wait_than(self.limit.div_ceil(2), entry.clone())
    }

    /// For the protocol's own words. An error when there is no room even for them, or the connection is over.
    pub fn put_control_beyond_limit(&self, entry: &Outgoing) -> Result<(), Refused> {
        self.put_while_fewer_wait_than(self.limit + CONTROL_PLACES, entry.clone())
    }

    fn put_while_fewer_wait_than(&self, places: usize, entry: Outgoing) -> Result<(), Refused> {
        let mut state = self.state.lock();
        state.queue.refuse_entry_beyond_limit(places)?;
        let taker = state.queue.put_entry_at_end(entry);
        drop(state);
        self.sent_at_ms.store(milliseconds_since_first_use(), Ordering::Relaxed);
        wake_tasks_outside_lock([taker]);
        Ok(())
    }

    /// Calls the waker when there is room again or the connection is over; at once if that is so.
    pub fn wake_when_pipe_writable(&self, waker: &Waker) {
        if !self.state.lock().queue.remember_waker_of_refused(waker, self.limit) {
            waker.wake_by_ref();
        }
    }

    /// Puts an entry that can wait, when there is room. An error when the connection is over.
    pub async fn put_when_half_empty(&self, entry: &Outgoing) -> Result<(), Refused> {
        loop {
            let writable = self.writable.notified();
            tokio::pin!(writable);
            // From here on no call is missed.
            writable.as_mut().enable();
            match self.put_within_half_of_pipe(entry) {
                Err(Refused::Full) => writable.await,
                other => return other,
            }
        }
    }

    // --- what comes out ------------------------------------------------------------------------------------

    /// Becomes the one who takes; whoever was it is told at its next look, which is at once.
    pub fn become_taker_of_pipe(&self) -> TakerNumber {
        let mut state = self.state.lock();
        state.taker = TakerNumber(state.taker.0.wrapping_add(1));
        let (number, former) = (state.taker, state.queue.take_taker_of_queue());
        state.queue.forget_taker_of_queue();
        drop(state);
        wake_tasks_outside_lock([former]);
        number
    }

    /// Hands `take` one after the other until it wants no more, and remembers the waker when nothing is left. `None` for
    /// somebody who is not the one who takes any more.
    pub fn take_entries_as_taker(
        &self,
        number: TakerNumber,
        waker: &Waker,
        take: impl FnMut(Outgoing) -> bool,
    ) -> Option<Taken> {
        let mut state = self.state.lock();
        if state.taker != number {
            return None;
        }
        let taken = state.queue.take_entries_or_register(waker, take);
        let is_writable = state.queue.has_room_within_limit(self.limit.div_ceil(2));
        let refused = state.queue.take_refused_if_roomy(self.limit);
        drop(state);
        wake_tasks_outside_lock([refused]);
        if is_writable {
            self.writable.notify_waiters();
        }
        Some(taken)
    }

    fn wake_taker_of_pipe(&self) {
        let taker = self.state.lock().queue.take_taker_of_queue();
        wake_tasks_outside_lock([taker]);
    }

    // --- how it ends ---------------------------------------------------------------------------------------

    /// Where the connection is in its life.
    pub fn phase(&self) -> Phase {
        self.state.lock().queue.phase()
    }

    /// What a websocket is closed with when it is the server who ends the connection.
    pub fn close_code(&self) -> CloseCode {
        self.state.lock().close_code
    }

    /// Ends the connection behind what waits and a word that says so. The first to end it decides how.
    pub fn close_pipe_with_farewell(&self, farewell: Option<&Outgoing>, code: CloseCode) {
        if let Some(farewell) = farewell {
            // A client that has left no room even for this reads nothing anyway.
            let _ = self.put_control_beyond_limit(farewell);
        }
        self.end_life_of_pipe(Phase::Closing, code);
    }

    /// Ends the connection as a broken network would: what waits is forgotten, and the client is told nothing.
    pub fn break_pipe_without_farewell(&self) {
        self.end_life_of_pipe(Phase::Broken, CloseCode::Abnormal);
    }

    fn end_life_of_pipe(&self, phase: Phase, code: CloseCode) {
        let mut state = self.state.lock();
        if state.queue.phase() == Phase::Open {
            state.close_code = code;
        }
        let woken = state.queue.end_life_of_queue(phase);
        drop(state);
        wake_tasks_outside_lock(woken);
        self.ended.notify_waiters();
        self.writable.notify_waiters();
    }

    /// Resolves when the connection is over.
    pub async fn wait_until_pipe_ends(&self) {
        let ended = self.ended.notified();
        tokio::pin!(ended);
        ended.as_mut().enable();
        if self.phase() == Phase::Open {
            ended.await;
        }
    }

    // --- whether the client lives --------------------------------------------------------------------------

    /// The client gave a sign of life.
    pub fn note_client_as_heard(&self) {
        self.heard_at_ms.store(milliseconds_since_first_use(), Ordering::Relaxed);
    }

    /// How long the client has been silent.
    pub fn silence_of_client(&self) -> Duration {
        measure_time_since_milliseconds(self.heard_at_ms.load(Ordering::Relaxed))
    }

    /// How long nothing has been put for the client.
    pub fn silence_of_server(&self) -> Duration {
        measure_time_since_milliseconds(self.sent_at_ms.load(Ordering::Relaxed))
    }
}

fn measure_time_since_milliseconds(at_ms: u64) -> Duration {
    Duration::from_millis(milliseconds_since_first_use().saturating_sub(at_ms))
}

/// A clock in one word.
fn milliseconds_since_first_use() -> u64 {
    static FIRST_USE: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(FIRST_USE.elapsed().as_millis()).unwrap_or(u64::MAX)
}
