//! Whether the client has what was sent to it.
//!
//! Over a websocket a ping behind it is answered by every client, with the number that the ping has. A polling client comes for
//! more when it has the answer to its last poll. Where neither is, nothing is proved.

use super::Pipe;

/// Called when the client has proved it; dropped when it never did.
pub type Proved = Box<dyn FnOnce() + Send>;

/// What waits for a proof at most. Of what comes beyond it nothing is known.
const MOST_WAITING: usize = 256;

/// What waits for a proof.
#[derive(Default)]
pub(super) struct Proofs {
    /// What no ping or answer is behind yet.
    waiting: Vec<Proved>,
    /// What the ping or the answer that is under way is behind.
    covered: Vec<Proved>,
    /// The number of the ping that is under way.
    pinged: Option<u64>,
    /// The last ping's.
    last_number: u64,
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Pipe {
    /// Calls `proved` when the client has proved that it has everything that was put before.
    pub fn call_when_client_has_all(&self, proved: Proved) {
        let mut proofs = self.proofs.lock();
        if proofs.waiting.len() + proofs.covered.len() >= MOST_WAITING {
            return;
        }
        proofs.waiting.push(proved);
        drop(proofs);
        // What carries it may have taken everything before, and must ask now.
        self.wake_taker_of_pipe();
    }

    /// How many wait: what they wait for is in the queue, or taken from it.
    pub fn count_waiting_for_proof(&self) -> usize {
        self.proofs.lock().waiting.len()
    }

    /// The number of a ping to send behind everything that was taken, which proves what the first `count` wait for. `None` when
    /// none is needed, or one is under way.
    pub fn begin_ping_behind_taken(&self, count: usize) -> Option<u64> {
        let mut proofs = self.proofs.lock();
        if count == 0 || proofs.pinged.is_some() {
            return None;
        }
        let count = count.min(proofs.waiting.len());
        let covered: Vec<Proved> = proofs.waiting.drain(..count).collect();
        proofs.covered = covered;
        proofs.last_number += 1;
        proofs.pinged = Some(proofs.last_number);
        proofs.pinged
    }

    /// The client has answered the ping of this number. Another one is under way when more has come to wait meanwhile.
    pub fn note_pong_of_client(&self, number: u64) {
        let mut proofs = self.proofs.lock();
        if proofs.pinged != Some(number) {
            return;
        }
        proofs.pinged = None;
        let proved = std::mem::take(&mut proofs.covered);
        let wants_more = !proofs.waiting.is_empty();
        drop(proofs);
        call_each_of_them(proved);
        if wants_more {
            self.wake_taker_of_pipe();
        }
    }

    /// An answer to a poll has everything that was taken: the next poll proves what the first `count` wait for.
    pub fn cover_waiting_by_answer(&self, count: usize) {
        let mut proofs = self.proofs.lock();
        let count = count.min(proofs.waiting.len());
        let covered: Vec<Proved> = proofs.waiting.drain(..count).collect();
        proofs.covered.extend(covered);
    }

    /// A poll has come: its client has the answer to the one before.
    pub fn note_next_poll_of_client(&self) {
        let proved = std::mem::take(&mut self.proofs.lock().covered);
        call_each_of_them(proved);
    }
}

fn call_each_of_them(proved: Vec<Proved>) {
    for proved in proved {
        proved();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    fn wait_for_proof(pipe: &Pipe, proved: &Arc<AtomicUsize>) {
        let proved = proved.clone();
        pipe.call_when_client_has_all(Box::new(move || {
            proved.fetch_add(1, Ordering::Relaxed);
        }));
    }

    #[test]
    fn should_take_only_the_answer_to_its_own_ping_for_a_proof() {
        let (pipe, proved) = (Pipe::with_capacity(4), Arc::default());
        assert_eq!(pipe.begin_ping_behind_taken(0), None);
        wait_for_proof(&pipe, &proved);
        let counted = pipe.count_waiting_for_proof();
        wait_for_proof(&pipe, &proved);
        let number = pipe.begin_ping_behind_taken(counted).unwrap();
        assert_eq!(pipe.begin_ping_behind_taken(1), None, "one at a time");
        pipe.note_pong_of_client(number + 1);
        assert_eq!(proved.load(Ordering::Relaxed), 0);
        pipe.note_pong_of_client(number);
        pipe.note_pong_of_client(number);
        assert_eq!(
            proved.load(Ordering::Relaxed),
            1,
            "what came behind the ping waits for the next"
        );
        let next = pipe.begin_ping_behind_taken(pipe.count_waiting_for_proof()).unwrap();
        pipe.note_pong_of_client(next);
        assert_eq!(proved.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn should_hold_as_many_as_may_wait() {
        let (pipe, proved) = (Pipe::with_capacity(4), Arc::default());
        for _ in 0..=MOST_WAITING {
            wait_for_proof(&pipe, &proved);
        }
        let waiting = pipe.count_waiting_for_proof();
        assert_eq!(waiting, MOST_WAITING);
        pipe.cover_waiting_by_answer(waiting);
        assert_eq!(proved.load(Ordering::Relaxed), 0);
        pipe.note_next_poll_of_client();
        assert_eq!(proved.load(Ordering::Relaxed), MOST_WAITING);
    }
}
