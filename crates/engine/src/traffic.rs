//! What goes through the engines of the process, for whoever watches them. Counted only from when somebody first does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::disconnect_reason::DisconnectReason;

static IS_WATCHED: AtomicBool = AtomicBool::new(false);
static OPENED: AtomicU64 = AtomicU64::new(0);
static CLOSED: [AtomicU64; REASONS.len()] = [const { AtomicU64::new(0) }; REASONS.len()];
static PACKETS_IN: AtomicU64 = AtomicU64::new(0);
static PACKETS_OUT: AtomicU64 = AtomicU64::new(0);
static BYTES_IN: AtomicU64 = AtomicU64::new(0);
static BYTES_OUT: AtomicU64 = AtomicU64::new(0);

/// How Node's server names why sessions end.
const REASONS: [&str; 5] =
    ["transport close", "transport error", "parse error", "ping timeout", "server shutting down"];

/// Sums since the process began, or since they are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Sessions that began.
    pub opened: u64,
    /// Sessions that ended, by why.
    pub closed: Vec<(&'static str, u64)>,
    /// Packets of clients.
    pub packets_in: u64,
    /// Packets to clients.
    pub packets_out: u64,
    /// Bytes in the packets of clients.
    pub bytes_in: u64,
    /// Bytes in the packets to clients.
    pub bytes_out: u64,
}

/// From now on everything is counted.
pub fn begin_counting_of_traffic() {
    IS_WATCHED.store(true, Ordering::Relaxed);
}

/// What has gone through so far.
pub fn read_traffic_so_far() -> Traffic {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Traffic {
        opened: read(&OPENED),
        closed: REASONS.into_iter().zip(CLOSED.iter().map(read)).collect(),
        packets_in: read(&PACKETS_IN),
        packets_out: read(&PACKETS_OUT),
        bytes_in: read(&BYTES_IN),
        bytes_out: read(&BYTES_OUT),
    }
}

fn add_to_counters_when_watched(counters: &[(&AtomicU64, usize)]) {
    if IS_WATCHED.load(Ordering::Relaxed) {
        for (counter, much) in counters {
            counter.fetch_add(*much as u64, Ordering::Relaxed);
        }
    }
}

pub(crate) fn count_packet_of_client(bytes: usize) {
    add_to_counters_when_watched(&[(&PACKETS_IN, 1), (&BYTES_IN, bytes)]);
}

/// Its size is asked for only when somebody watches: this is the way of every packet.
pub(crate) fn count_packet_to_client(bytes: impl FnOnce() -> usize) {
    if IS_WATCHED.load(Ordering::Relaxed) {
        add_to_counters_when_watched(&[(&PACKETS_OUT, 1), (&BYTES_OUT, bytes())]);
    }
}

pub(crate) fn count_session_as_opened() {
    add_to_counters_when_watched(&[(&OPENED, 1)]);
}

pub(crate) fn count_session_as_closed(reason: DisconnectReason) {
    let index = match reason {
        DisconnectReason::TransportClose => 0,
        DisconnectReason::TransportError | DisconnectReason::MultipleHttpPollingError => 1,
        DisconnectReason::PacketParsingError => 2,
        DisconnectReason::HeartbeatTimeout => 3,
        DisconnectReason::ClosingServer => 4,
    };
    add_to_counters_when_watched(&[(&CLOSED[index], 1)]);
}
