//! What all clients have seen, for everybody to read.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use crate::histogram::Histogram;

/// Counters of all clients together; one thread writes them.
pub struct Tally {
    /// Zero of the times in markers.
    pub started: Instant,
    /// The phase whose markers count; others are late.
    pub phase: AtomicU64,
    /// Clients that are as far as their plan goes.
    pub ready: AtomicU64,
    /// Clients that could not be connected, or were sent away.
    pub failed: AtomicU64,
    /// Connections that ended although nobody asked for it.
    pub lost: AtomicU64,
    /// Acknowledgements.
    pub acks: AtomicU64,
    /// Websocket messages of any kind.
    pub messages: AtomicU64,
    /// `presence:*` events.
    pub presence: AtomicU64,
    /// `presence:typing` events.
    pub typing: AtomicU64,
    /// Events of the current phase.
    pub marked: AtomicU64,
    /// Sum of their numbers: with the count it tells a loss made up for by a duplicate.
    pub marked_sum: AtomicU64,
    /// Time from the request to the receipt.
    pub latency: Histogram,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let zero = AtomicU64::default;
        Self {
            started: Instant::now(),
            phase: zero(),
            ready: zero(),
            failed: zero(),
            lost: zero(),
            acks: zero(),
            messages: zero(),
            presence: zero(),
            typing: zero(),
            marked: zero(),
            marked_sum: zero(),
            latency: Histogram::default(),
        }
    }

    /// Begins a phase: markers of earlier ones no longer count.
    pub fn begin_next_marker_phase(&self) -> u64 {
        let phase = self.phase.fetch_add(1, Ordering::SeqCst) + 1;
        self.marked.store(0, Ordering::SeqCst);
        self.marked_sum.store(0, Ordering::SeqCst);
        self.latency.clear_all_latency_buckets();
        phase
    }

    /// Counts the markers of a phase that was begun by somebody else's tally. Their times are of another zero.
    pub fn follow_phase_of_markers(&self, phase: u64) {
        self.phase.store(phase - 1, Ordering::SeqCst);
        self.begin_next_marker_phase();
    }

    /// Nanoseconds since the zero of the markers.
    pub fn now_nanos(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    pub(crate) fn count_one_marked_event(&self, marker: Marker, now_nanos: u64) {
        if marker.phase == self.phase.load(Ordering::Relaxed) {
            self.latency.record_one_latency_value(now_nanos.saturating_sub(marker.sent_nanos));
            self.marked_sum.fetch_add(marker.number, Ordering::Relaxed);
            self.marked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What an event carries in its title or content, so that receipt needs no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The phase it belongs to.
    pub phase: u64,
    /// Its number in the phase, from 1.
    pub number: u64,
    /// When its request was sent.
    pub sent_nanos: u64,
}

/// What a marker begins with.
pub const MARKER_START: &[u8] = b"owl~";

impl Marker {
    /// As text: `owl~phase~number~nanos~`.
    pub fn as_text(&self) -> String {
        format!("owl~{}~{}~{}~", self.phase, self.number, self.sent_nanos)
    }

    pub(crate) fn from_bytes_after_start(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut numbers = [0; 3];
        for number in &mut numbers {
            let end = memchr::memchr(b'~', rest)?;
            *number = rest[..end].iter().try_fold(0u64, |sum, digit| {
                let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
                sum.checked_mul(10)?.checked_add(digit)
            })?;
            rest = &rest[end + 1..];
        }
        let [phase, number, sent_nanos] = numbers;
        Some(Self { phase, number, sent_nanos })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_back_a_marker_amid_other_text() {
        let marker = Marker { phase: 3, number: 17, sent_nanos: 123_456_789 };
        let text = format!("{}\",\"severity\"", marker.as_text());
        assert_eq!(Marker::from_bytes_after_start(&text.as_bytes()[4..]), Some(marker));
        assert_eq!(Marker::from_bytes_after_start(b"1~x~3~"), None);
    }
}
