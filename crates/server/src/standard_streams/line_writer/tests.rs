//! The writer against sinks that take their time, fail and recover.

use std::sync::mpsc;

use parking_lot::{Condvar, Mutex};

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct SinkState {
    taken: Vec<u8>,
    /// Bytes taken before the sink fails or blocks.
    room: usize,
    /// What happens when there is no room: an error, or waiting for room.
    failure: Option<io::ErrorKind>,
}

/// A reader that can stop reading, go away, and come back.
#[derive(Clone, Default)]
struct TestSink(Arc<(Mutex<SinkState>, Condvar)>);

impl TestSink {
    fn change_state_of_sink(&self, change: impl FnOnce(&mut SinkState)) {
        change(&mut self.0.0.lock());
        self.0.1.notify_all();
    }

    fn wait_until_text_written(&self, text: &str) {
        let mut state = self.0.0.lock();
        while state.taken != text.as_bytes() {
            let waited = self.0.1.wait_for(&mut state, DEADLINE);
            let shown = String::from_utf8_lossy(&state.taken);
            assert!(!waited.timed_out(), "instead of {text:?} came {shown:?}");
        }
    }
}

impl Write for TestSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        while state.room == 0 {
            match state.failure {
                Some(kind) => return Err(kind.into()),
                None => changed.wait(&mut state),
            }
        }
        let count = bytes.len().min(state.room);
        state.room -= count;
        state.taken.extend_from_slice(&bytes[..count]);
        changed.notify_all();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer to a sink that takes nothing yet, and the reports of lost lines.
fn start_writer_on_sink() -> (LineWriter, TestSink, mpsc::Receiver<u64>) {
    let sink = TestSink::default();
    let (reports, reported) = mpsc::channel();
    let report = move |lines| reports.send(lines).expect("test waits");
    let writer = LineWriter::start_thread_for_sink("test", sink.clone(), report).expect("thread");
    (writer, sink, reported)
}

fn write_line_to_queue(mut writer: &LineWriter, line: &str) {
    writer.write_all(line.as_bytes()).expect("never fails");
}

#[test]
fn should_write_lines_in_their_order() {
    let (writer, sink, _reported) = start_writer_on_sink();
    sink.change_state_of_sink(|state| state.room = usize::MAX);
    for line in ["one\n", "two\n", "three\n"] {
        write_line_to_queue(&writer, line);
    }
    assert!(writer.flush_lines_within_timeout(DEADLINE));
    sink.wait_until_text_written("one\ntwo\nthree\n");
    assert_eq!(writer.lost_lines(), LostLines::default());
}

#[test]
fn should_never_wait_for_a_reader_that_does_not_read() {
    let (writer, sink, reported) = start_writer_on_sink();
    let line = format!("{}\n", "x".repeat(1023));
    // The queue, what the writer holds, and more than fits.
    let lines = 3 * QUEUE_BYTES / line.len();
    for _ in 0..lines {
        write_line_to_queue(&writer, &line);
    }
    let lost = writer.lost_lines();
    assert!(lost.queue_full >= (lines / 3) as u64 && lost.write_failed == 0, "{lost:?}");
    assert!(!writer.flush_lines_within_timeout(Duration::from_millis(5)));
    sink.change_state_of_sink(|state| state.room = usize::MAX);
    assert_eq!(reported.recv_timeout(DEADLINE), Ok(lost.queue_full));
    assert!(writer.flush_lines_within_timeout(DEADLINE));
    assert_eq!(writer.lost_lines(), lost, "lines come again");
}

#[test]
fn should_count_lines_that_cannot_be_written_and_say_so_later() {
    let (writer, sink, reported) = start_writer_on_sink();
    sink.change_state_of_sink(|state| state.failure = Some(io::ErrorKind::BrokenPipe));
    for _ in 0..3 {
        write_line_to_queue(&writer, "lost\n");
        assert!(writer.flush_lines_within_timeout(DEADLINE), "given up at once");
    }
    assert_eq!(writer.lost_lines(), LostLines { queue_full: 0, write_failed: 3 });
    assert!(reported.try_recv().is_err(), "nobody can be told yet");
    sink.change_state_of_sink(|state| state.room = usize::MAX);
    write_line_to_queue(&writer, "first again\n");
    assert_eq!(reported.recv_timeout(DEADLINE), Ok(3));
    sink.wait_until_text_written("first again\n");
}

#[test]
fn should_begin_a_new_line_after_one_that_was_cut() {
    let (writer, sink, reported) = start_writer_on_sink();
    sink.change_state_of_sink(|state| {
        state.room = 6;
        state.failure = Some(io::ErrorKind::StorageFull);
    });
    write_line_to_queue(&writer, "whole cut\n");
    assert!(writer.flush_lines_within_timeout(DEADLINE));
    write_line_to_queue(&writer, "lost\n");
    assert!(writer.flush_lines_within_timeout(DEADLINE));
    assert_eq!(writer.lost_lines().write_failed, 2);
    sink.change_state_of_sink(|state| state.room = usize::MAX);
    write_line_to_queue(&writer, "next\n");
    assert_eq!(reported.recv_timeout(DEADLINE), Ok(2));
    sink.wait_until_text_written("whole \nnext\n");
}

#[test]
fn should_try_again_on_a_stream_that_does_not_block() {
    let (writer, sink, _reported) = start_writer_on_sink();
    sink.change_state_of_sink(|state| state.failure = Some(io::ErrorKind::WouldBlock));
    write_line_to_queue(&writer, "patient\n");
    assert!(!writer.flush_lines_within_timeout(Duration::from_millis(30)));
    sink.change_state_of_sink(|state| state.room = usize::MAX);
    assert!(writer.flush_lines_within_timeout(DEADLINE));
    sink.wait_until_text_written("patient\n");
    assert_eq!(writer.lost_lines().total(), 0);
}
