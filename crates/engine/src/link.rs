//! What a session's users and its transport share: the queue of what waits for the client, and who takes from it.

mod outgoing;
mod proofs;
#[cfg(test)]
mod schedules;
mod state;
mod stranger;
#[cfg(test)]
mod tests;
mod turns;
mod upgrades;

use std::{
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use engineioxide_core::{PacketBuf, ProtocolVersion, Sid, TransportType};
use owlpost_carrier::queue::{Phase, Refused, wake_tasks_outside_lock};
use tokio::{
    sync::{Notify, mpsc::error::TrySendError},
    task::AbortHandle,
};

pub(crate) use owlpost_carrier::queue::Taken;

pub(crate) use self::{
    outgoing::Outgoing,
    turns::{TakenTurn, Turn, TurnRefused},
    upgrades::EndOfUpgrade,
};
use self::{
    proofs::Proofs,
    state::{Carrier, State},
    stranger::StrangerAllowance,
};
use crate::{
    config::EngineIoConfig, disconnect_reason::DisconnectReason, sync::Mutex,
    traffic::count_packet_to_client,
};

/// The engine's own packets that fit into a full queue. There is one ping at a time; more pongs than this are asked
/// for only by a client that reads none.
const CONTROL_PLACES: usize = 8;

/// Ends a session of the engine it was given by.
pub(crate) type CloseSession = dyn Fn(Sid, DisconnectReason) + Send + Sync;

/// What a poll is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollAnswer {
    /// What waits in the queue.
    Packets,
    /// A packet that says nothing: the client shall go on with its upgrade, or learn that the session is over.
    Noop,
}

/// Bounds of one session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Entries that wait for the client.
    pub(crate) queue: usize,
    /// Bytes the client may send before it was admitted.
    pub(crate) stranger_bytes: usize,
}

impl Limits {
    pub(crate) fn from_config(config: &EngineIoConfig) -> Self {
        Self { queue: config.max_buffer_size, stranger_bytes: config.max_stranger_bytes }
    }
}

/// Shared by a socket, its transport, its heartbeat and its handles.
pub(crate) struct Link {
    /// What the client proves itself with: its secret.
    pub(crate) sid: Sid,
    pub(crate) protocol: ProtocolVersion,
    /// Whether a polling client takes bytes as they are.
    pub(crate) supports_binary: bool,
    pub(crate) stranger: StrangerAllowance,
    limit: usize,
    state: Mutex<State>,
    heard_at_ms: AtomicU64,
    proofs: Proofs,
    heartbeat: OnceLock<AbortHandle>,
    withholds_next: AtomicBool,
    ended: Notify,
    close: Arc<CloseSession>,
}

impl Link {
    pub(crate) fn new(
        protocol: ProtocolVersion,
        transport: TransportType,
        supports_binary: bool,
        limits: Limits,
        close: Arc<CloseSession>,
    ) -> Self {
        let carrier = match transport {
            TransportType::Polling => Carrier::Polling,
            TransportType::Websocket => Carrier::Websocket,
        };
        Self {
            sid: Sid::new(),
            protocol,
            supports_binary,
            stranger: StrangerAllowance::new(limits.stranger_bytes),
            limit: limits.queue,
            state: Mutex::new(State::with_carrier(carrier)),
            heard_at_ms: AtomicU64::new(milliseconds_since_first_use()),
            proofs: Proofs::default(),
            heartbeat: OnceLock::new(),
            withholds_next: AtomicBool::new(false),
            ended: Notify::new(),
            close,
        }
    }

    // --- what goes in --------------------------------------------------------------------------------------

    pub(crate) fn put_within_limit_of_queue(
        &self,
        outgoing: Outgoing,
    ) -> Result<(), TrySendError<Outgoing>> {
        self.put_while_fewer_wait_than(self.limit, outgoing)
    }

    /// For the engine's own packets. False when there is no room even for them, or the session is over.
    pub(crate) fn put_control_packet_beyond_limit(&self, outgoing: Outgoing) -> bool {
        self.put_while_fewer_wait_than(self.limit + CONTROL_PLACES, outgoing).is_ok()
    }

    fn put_while_fewer_wait_than(
        &self,
        places: usize,
        outgoing: Outgoing,
    ) -> Result<(), TrySendError<Outgoing>> {
        let mut state = self.state.lock();
        match state.queue.refuse_entry_beyond_limit(places) {
            Err(Refused::Closed) => return Err(TrySendError::Closed(outgoing)),
            Err(Refused::Full) => return Err(TrySendError::Full(outgoing)),
            Ok(()) => {}
        }
        count_packet_to_client(|| outgoing.byte_len());
        let taker = state.queue.put_entry_at_end(outgoing);
        drop(state);
        wake_tasks_outside_lock([taker]);
        Ok(())
    }

    pub(crate) fn reserve_place_in_queue(&self) -> Result<(), TrySendError<()>> {
        let mut state = self.state.lock();
        match state.queue.refuse_entry_beyond_limit(self.limit) {
            Err(Refused::Closed) => return Err(TrySendError::Closed(())),
            Err(Refused::Full) => return Err(TrySendError::Full(())),
            Ok(()) => {}
        }
        state.queue.reserve_place_in_queue();
        Ok(())
    }

    /// Ends a reservation, with what it was for.
    pub(crate) fn fill_reserved_place_with(&self, outgoing: Option<Outgoing>) {
        if let Some(outgoing) = &outgoing {
            count_packet_to_client(|| outgoing.byte_len());
        }
        let mut state = self.state.lock();
        let taker = state.queue.fill_reserved_place_with(outgoing);
        let refused = state.queue.take_refused_if_roomy(self.limit);
        drop(state);
        wake_tasks_outside_lock([taker, refused]);
    }

    /// The next message that comes through a reserved place is dropped.
    pub(crate) fn withhold_next_reserved_message(&self) {
        self.withholds_next.store(true, Ordering::Release);
    }

    /// True for the one message that is to be dropped.
    pub(crate) fn take_request_of_withholding(&self) -> bool {
        self.withholds_next.swap(false, Ordering::AcqRel)
    }

    /// Calls the waker when there is room in the queue again or the session is over; at once if that is so.
    pub(crate) fn wake_when_queue_writable(&self, waker: &Waker) {
        if !self.state.lock().queue.remember_waker_of_refused(waker, self.limit) {
            waker.wake_by_ref();
        }
    }

    /// For what a polling answer had no room for: it is the first thing the next one has.
    pub(crate) fn put_back_in_front(&self, packets: PacketBuf) {
        self.state.lock().queue.put_entry_in_front(Outgoing::Packets(Box::new(packets)));
    }

    // --- what comes out ------------------------------------------------------------------------------------

    /// Hands `take` one after the other until it wants no more, and remembers the waker when nothing is left.
    pub(crate) fn take_outgoing_or_register(
        &self,
        waker: &Waker,
        take: impl FnMut(Outgoing) -> bool,
    ) -> Taken {
        let mut state = self.state.lock();
        let taken = state.queue.take_entries_or_register(waker, take);
        let refused = state.queue.take_refused_if_roomy(self.limit);
        drop(state);
        wake_tasks_outside_lock([refused]);
        taken
    }

    /// One entry for a polling answer.
    pub(crate) fn take_next_for_poll(&self) -> Option<Outgoing> {
        let mut state = self.state.lock();
        let next = state.queue.take_first_entry();
        let refused = state.queue.take_refused_if_roomy(self.limit);
        drop(state);
        wake_tasks_outside_lock([refused]);
        next
    }

    pub(crate) fn poll_for_polling_answer(&self, cx: &Context<'_>) -> Poll<PollAnswer> {
        let mut state = self.state.lock();
        if state.carrier != Carrier::Polling {
            return Poll::Ready(PollAnswer::Noop);
        }
        if !state.queue.is_empty() {
            return Poll::Ready(PollAnswer::Packets);
        }
        if state.queue.phase() != Phase::Open {
            return Poll::Ready(PollAnswer::Noop);
        }
        state.queue.remember_waker_of_starving(cx.waker());
        Poll::Pending
    }

    // --- what carries it -----------------------------------------------------------------------------------

    pub(crate) fn transport_of_session(&self) -> TransportType {
        match self.state.lock().carrier {
            Carrier::Polling | Carrier::Upgrading => TransportType::Polling,
            Carrier::Websocket => TransportType::Websocket,
        }
    }

    /// The queue rests from here on, and a waiting poll is answered. False unless the session polls.
    pub(crate) fn begin_upgrade_from_polling(&self) -> bool {
        self.change_carrier_of_session(Carrier::Polling, Carrier::Upgrading)
    }

    /// The websocket takes from the queue from here on.
    pub(crate) fn finish_upgrade_to_websocket(&self) -> bool {
        self.change_carrier_of_session(Carrier::Upgrading, Carrier::Websocket)
    }

    /// The websocket came to nothing: polls go on.
    pub(crate) fn return_upgrade_to_polling(&self) {
        self.change_carrier_of_session(Carrier::Upgrading, Carrier::Polling);
    }

    fn change_carrier_of_session(&self, from: Carrier, to: Carrier) -> bool {
        let mut state = self.state.lock();
        if state.carrier != from || state.queue.phase() != Phase::Open {
            return false;
        }
        state.carrier = to;
        let taker = state.queue.take_taker_of_queue();
        drop(state);
        wake_tasks_outside_lock([taker]);
        true
    }

    // --- how it ends ---------------------------------------------------------------------------------------

    pub(crate) fn is_open(&self) -> bool {
        self.state.lock().queue.phase() == Phase::Open
    }

    pub(crate) fn phase_of_session(&self) -> Phase {
        self.state.lock().queue.phase()
    }

    /// Resolves when the session is over.
    pub(crate) async fn wait_until_session_ends(&self) {
        let ended = self.ended.notified();
        if self.is_open() {
            ended.await;
        }
    }

    /// Asks the engine to end the session, after what is queued and a packet that says so.
    pub(crate) fn close_session_after_farewell(&self, reason: DisconnectReason) {
        self.put_control_packet_beyond_limit(Outgoing::Close);
        self.close_session_of_engine(reason);
    }

    /// Ends the session as a broken network would: what is queued is forgotten, and the client is told nothing.
    pub(crate) fn break_transport_without_farewell(&self) {
        self.end_life_of_session(Phase::Broken);
        self.close_session_of_engine(DisconnectReason::TransportError);
    }

    pub(crate) fn close_session_of_engine(&self, reason: DisconnectReason) {
        (self.close)(self.sid, reason);
    }

    /// For the engine, once it has forgotten the session.
    pub(crate) fn mark_session_as_closing(&self) {
        self.end_life_of_session(Phase::Closing);
        if let Some(heartbeat) = self.heartbeat.get() {
            heartbeat.abort();
        }
    }

    fn end_life_of_session(&self, phase: Phase) {
        let woken = self.state.lock().queue.end_life_of_queue(phase);
        wake_tasks_outside_lock(woken);
        self.ended.notify_waiters();
    }

    // --- whether the client lives --------------------------------------------------------------------------

    pub(crate) fn remember_heartbeat_of_session(&self, heartbeat: AbortHandle) {
        if !self.is_open() {
            heartbeat.abort();
        }
        // Once for each session.
        let _ = self.heartbeat.set(heartbeat);
    }

    pub(crate) fn note_client_as_alive(&self) {
        self.heard_at_ms.store(milliseconds_since_first_use(), Ordering::Relaxed);
    }

    /// When its heart was last heard, in [`milliseconds_since_first_use`].
    pub(crate) fn heard_at_ms(&self) -> u64 {
        self.heard_at_ms.load(Ordering::Relaxed)
    }
}

/// A clock in one word.
pub(crate) fn milliseconds_since_first_use() -> u64 {
    static FIRST_USE: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(FIRST_USE.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The id is the client's secret.
        f.debug_struct("Link").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}
