//! Whether the client has what was sent to it.
//!
//! A client of protocol 4 answers a ping when it has received all that came before it, whatever carries the packets. A polling
//! client of protocol 3, which sends the pings itself, comes for more when it has received the answer to its last poll. Over a
//! websocket of protocol 3 nothing proves anything.

use engineioxide_core::ProtocolVersion;

use super::{Link, Outgoing};
use crate::sync::Mutex;

/// Called when the client has proved it; dropped when it never did.
pub(crate) type Proved = Box<dyn FnOnce() + Send>;

/// What waits for a proof at most. Of what comes beyond it nothing is known.
const MOST_WAITING: usize = 256;

/// What waits for a proof, and how far the client has come.
pub(super) struct Proofs(Mutex<Waiting>);

impl Default for Proofs {
    fn default() -> Self {
        Self(Mutex::new(Waiting::default()))
    }
}

#[derive(Default)]
struct Waiting {
    /// Pings that were put in the queue, those of the heartbeat included.
    pings: u64,
    /// How many of them were answered.
    pongs: u64,
    /// With the pong, by its number, that proves it.
    entries: Vec<(u64, Proved)>,
    /// What the answer to the last poll had.
    carried: Vec<Proved>,
}

impl Waiting {
    fn take_proved_by_pongs(&mut self) -> Vec<Proved> {
        let pongs = self.pongs;
        self.entries
            .extract_if(.., |(needed, _)| *needed <= pongs)
            .map(|(_, proved)| proved)
            .collect()
    }

    fn wants_another_ping(&self) -> bool {
        self.pings == self.pongs && !self.entries.is_empty()
    }
}

impl Link {
    /// Calls `proved` when the client has proved that it has everything that was put in the queue before.
    pub(crate) fn call_when_client_has_all(&self, proved: Proved) {
        let mut waiting = self.proofs.0.lock();
        if waiting.entries.len() + waiting.carried.len() >= MOST_WAITING {
            return;
        }
        let needed = waiting.pings + 1;
        waiting.entries.push((needed, proved));
        if self.protocol == ProtocolVersion::V4 {
            self.ping_for_those_waiting(&mut waiting);
        }
    }

    /// One at a time: with one under way, the next is sent when that is answered. The queue may have no room for it; then the
    /// heartbeat's next does.
    fn ping_for_those_waiting(&self, waiting: &mut Waiting) {
        if waiting.wants_another_ping() && self.put_control_packet_beyond_limit(Outgoing::Ping) {
            waiting.pings += 1;
        }
    }

    /// The heartbeat's ping, which proves as much as any other.
    pub(crate) fn put_ping_of_heartbeat(&self) {
        let mut waiting = self.proofs.0.lock();
        if self.put_control_packet_beyond_limit(Outgoing::Ping) {
            waiting.pings += 1;
        }
    }

    /// Takes note of a pong: that its client lives, and what it proves.
    pub(crate) fn note_pong_of_client(&self) {
        self.note_client_as_alive();
        let mut waiting = self.proofs.0.lock();
        if waiting.pongs == waiting.pings {
            // Nobody asked for it.
            return;
        }
        waiting.pongs += 1;
        let proved = waiting.take_proved_by_pongs();
        self.ping_for_those_waiting(&mut waiting);
        drop(waiting);
        call_each_of_them(proved);
    }

    /// A poll has come: its client has the answer to the one before.
    pub(crate) fn note_next_poll_of_client(&self) {
        if self.protocol == ProtocolVersion::V3 {
            // Not called under the lock.
            let carried = std::mem::take(&mut self.proofs.0.lock().carried);
            call_each_of_them(carried);
        }
    }

    /// What waits before the queue is written into the answer to a poll: all of it is in the queue.
    pub(crate) fn take_waiting_before_answer(&self) -> Vec<Proved> {
        if self.protocol != ProtocolVersion::V3 {
            return Vec::new();
        }
        let entries = std::mem::take(&mut self.proofs.0.lock().entries);
        entries.into_iter().map(|(_, proved)| proved).collect()
    }

    /// The next poll proves these when the whole queue is in the answer; else they wait on.
    pub(crate) fn keep_waiting_behind_answer(&self, taken: Vec<Proved>, is_whole: bool) {
        if taken.is_empty() {
            return;
        }
        let mut waiting = self.proofs.0.lock();
        if is_whole {
            waiting.carried.extend(taken);
        } else {
            waiting.entries.extend(taken.into_iter().map(|proved| (0, proved)));
        }
    }
}

fn call_each_of_them(proved: Vec<Proved>) {
    for proved in proved {
        proved();
    }
}
