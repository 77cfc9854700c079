//! Lines on their way to a stream: anybody adds them without waiting, one thread takes them and writes.

use std::{
    mem,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

/// Buffers larger than this are given back once they are written, so that one burst does not cost memory for ever.
const KEPT_BUFFER_BYTES: usize = 64 * 1024;

/// Lines that were lost, by the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LostLines {
    /// The queue was full: the reader did not keep up.
    pub queue_full: u64,
    /// Writing failed: the reader has gone, or the disk is full.
    pub write_failed: u64,
}

impl LostLines {
    /// Both together.
    pub fn total(&self) -> u64 {
        self.queue_full + self.write_failed
    }
}

/// A queue of lines, bounded in bytes. What does not fit is dropped and counted.
#[derive(Debug)]
pub struct LineQueue {
    state: Mutex<QueueState>,
    /// Signalled when there is something to write.
    filled: Condvar,
    /// Signalled when everything was written or given up.
    drained: Condvar,
    capacity_bytes: usize,
    lost_to_full_queue: AtomicU64,
    lost_to_failed_write: AtomicU64,
    /// The thread that writes. Its own lines are taken even by a full queue: they say how many others were lost.
    writer: OnceLock<ThreadId>,
}

#[derive(Debug, Default)]
struct QueueState {
    pending: Vec<u8>,
    /// Whether the writer holds lines it has not finished with.
    writing: bool,
}

impl LineQueue {
    /// A queue for at most so many bytes. The writer holds as many again while it writes.
    pub fn with_capacity(capacity_bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
            capacity_bytes,
            lost_to_full_queue: AtomicU64::new(0),
            lost_to_failed_write: AtomicU64::new(0),
            writer: OnceLock::new(),
        }
    }

    /// Adds whole lines, each with its line feed, or drops and counts them when there is no room. Never waits for the
    /// reader.
    pub fn add_lines_or_drop(&self, lines: &[u8]) {
        let mut state = self.state.lock();
        let fits = state.pending.len() + lines.len() <= self.capacity_bytes;
        if !fits && self.writer.get() != Some(&thread::current().id()) {
            drop(state);
            self.lost_to_full_queue.fetch_add(count_lines_in_text(lines), Ordering::Relaxed);
            return;
        }
        state.pending.extend_from_slice(lines);
        drop(state);
        self.filled.notify_one();
    }

    /// Makes the calling thread the one that writes.
    pub(super) fn claim_queue_for_writer(&self) {
        // A second claim changes nothing: there is one writer.
        let _ = self.writer.set(thread::current().id());
    }

    /// Swaps everything that waits into `batch`, which must be empty; waits until there is something. Calling it means
    /// that the writer has finished with the batch before.
    pub(super) fn take_next_batch_blocking(&self, batch: &mut Vec<u8>) {
        if batch.capacity() > KEPT_BUFFER_BYTES {
            *batch = Vec::new();
        }
        let mut state = self.state.lock();
        state.writing = false;
        while state.pending.is_empty() {
            self.drained.notify_all();
            self.filled.wait(&mut state);
        }
        mem::swap(&mut state.pending, batch);
        state.writing = true;
    }

    /// Counts what could not be written.
    pub(super) fn count_lines_not_written(&self, rest: &[u8]) {
        self.lost_to_failed_write.fetch_add(count_lines_in_text(rest), Ordering::Relaxed);
    }

    /// Waits until everything added so far was written or given up, but no longer than `timeout`. Returns whether it
    /// was.
    pub fn wait_until_lines_written(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.state.lock();
        while state.writing || !state.pending.is_empty() {
            if self.drained.wait_until(&mut state, deadline).timed_out() {
                return !state.writing && state.pending.is_empty();
            }
        }
        true
    }

    /// What was lost so far.
    pub fn lost_lines(&self) -> LostLines {
        LostLines {
            queue_full: self.lost_to_full_queue.load(Ordering::Relaxed),
            write_failed: self.lost_to_failed_write.load(Ordering::Relaxed),
        }
    }
}

/// Lines in a text; a last one without its line feed counts.
fn count_lines_in_text(text: &[u8]) -> u64 {
    let feeds = text.iter().filter(|byte| **byte == b'\n').count() as u64;
    feeds + u64::from(text.last().is_some_and(|byte| *byte != b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_take_lines_up_to_the_bound_and_count_the_rest() {
        let queue = LineQueue::with_capacity(8);
        queue.add_lines_or_drop(b"one\n");
        queue.add_lines_or_drop(b"two\n");
        queue.add_lines_or_drop(b"3\n4\n");
        assert_eq!(queue.lost_lines(), LostLines { queue_full: 2, write_failed: 0 });
        let mut batch = Vec::new();
        queue.take_next_batch_blocking(&mut batch);
        assert_eq!(batch, b"one\ntwo\n");
        // What the writer holds no longer counts against the bound.
        queue.add_lines_or_drop(b"fits!!!\n");
        assert_eq!(queue.lost_lines().total(), 2);
    }

    #[test]
    fn should_take_lines_of_the_writer_past_the_bound() {
        let queue = LineQueue::with_capacity(4);
        queue.claim_queue_for_writer();
        queue.add_lines_or_drop(b"longer than the bound\n");
        assert_eq!(queue.lost_lines().total(), 0);
    }

    #[test]
    fn should_give_back_the_buffer_of_a_burst() {
        let queue = LineQueue::with_capacity(KEPT_BUFFER_BYTES * 4);
        queue.add_lines_or_drop(&[b'x'; KEPT_BUFFER_BYTES * 2]);
        let mut batch = Vec::new();
        queue.take_next_batch_blocking(&mut batch);
        batch.clear();
        queue.add_lines_or_drop(b"small\n");
        queue.take_next_batch_blocking(&mut batch);
        let held = queue.state.lock().pending.capacity() + batch.capacity();
        assert!(held <= KEPT_BUFFER_BYTES, "{held} bytes are kept");
    }

    #[test]
    fn should_wait_for_the_writer_no_longer_than_told() {
        let queue = LineQueue::with_capacity(100);
        assert!(queue.wait_until_lines_written(Duration::ZERO), "nothing waits");
        queue.add_lines_or_drop(b"line\n");
        assert!(!queue.wait_until_lines_written(Duration::from_millis(5)), "nobody writes");
        let mut batch = Vec::new();
        queue.take_next_batch_blocking(&mut batch);
        assert!(!queue.wait_until_lines_written(Duration::from_millis(5)), "not written yet");
    }
}
