//! The thread that writes queued lines to a stream, for as long as the process lives.

use std::{
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

use super::line_queue::{LineQueue, LostLines};

/// Bytes that may wait for the writer: some ten thousand lines, more than a storm of reconnects writes while a reader
/// that keeps up is busy.
const QUEUE_BYTES: usize = 2 * 1024 * 1024;
/// Pause before another attempt on a stream that somebody else made non-blocking.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// Writes lines to a stream from a thread of its own. Cheap to clone. Writing to it neither waits nor fails.
#[derive(Debug, Clone)]
pub struct LineWriter {
    queue: Arc<LineQueue>,
}

impl LineWriter {
    /// Starts the thread, which writes to `sink`. When writing works after lines were lost, `report` is called with
    /// their number, on that thread.
    pub fn start_thread_for_sink(
        thread_name: &str,
        sink: impl Write + Send + 'static,
        report: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Arc::new(LineQueue::with_capacity(QUEUE_BYTES));
        let of_thread = queue.clone();
        thread::Builder::new().name(thread_name.to_owned()).spawn(move || {
            of_thread.claim_queue_for_writer();
            write_batches_without_end(&of_thread, sink, report);
        })?;
        Ok(Self { queue })
    }

    /// Waits until everything written so far is out or given up, but no longer than `timeout`. Returns whether it is.
    pub fn flush_lines_within_timeout(&self, timeout: Duration) -> bool {
        self.queue.wait_until_lines_written(timeout)
    }

    /// What was lost so far.
    pub fn lost_lines(&self) -> LostLines {
        self.queue.lost_lines()
    }
}

impl Write for &LineWriter {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.queue.add_lines_or_drop(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LineWriter {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

fn write_batches_without_end(queue: &LineQueue, mut sink: impl Write, report: impl Fn(u64)) {
    let mut batch = Vec::new();
    let mut reported = 0;
    // Whether the last line that went out lacks its end.
    let mut torn = false;
    loop {
        queue.take_next_batch_blocking(&mut batch);
        if torn {
            batch.insert(0, b'\n');
        }
        let written = write_bytes_until_failure(&mut sink, &batch);
        if written < batch.len() {
            // Our own line feed is no line.
            queue.count_lines_not_written(&batch[written.max(usize::from(torn))..]);
        }
        if written > 0 {
            torn = batch[written - 1] != b'\n';
        }
        if written == batch.len() {
            let lost = queue.lost_lines().total();
            if lost > reported {
                report(lost - reported);
                reported = lost;
            }
        }
        batch.clear();
    }
}

/// Writes what the sink takes; the number of bytes.
fn write_bytes_until_failure(sink: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match sink.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY_PAUSE),
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests;
