//! Keeps the input at hand in a file, and ends what takes too long or too much memory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Where `make fuzz` wants the input at hand to be kept.
const FILE_VARIABLE: &str = "OWLPOST_FUZZ_INPUT";
/// From one look at the process to the next.
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a page in `/proc/self/statm`.
const PAGE_BYTES: u64 = 4096;
/// Bytes of the length in front of the input.
#[cfg(any(not(fuzzing), test))]
const HEAD_BYTES: usize = 8;

/// What one input may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Far more than any input needs on a machine that is busy.
    pub(crate) time: Duration,
    /// Of the whole process.
    pub(crate) resident_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), resident_bytes: 1 << 30 }
    }
}

#[derive(Default)]
struct Shared {
    /// Milliseconds after the beginning at which the input at hand was begun, and one; none is at hand at 0.
    begun_ms: AtomicU64,
    over: Mutex<bool>,
    ended: Condvar,
}

/// Watches over the inputs of one target.
pub(crate) struct Watch {
    file: File,
    path: PathBuf,
    /// Written as one piece: the length, and the input.
    record: Vec<u8>,
    epoch: Instant,
    shared: Arc<Shared>,
    watcher: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch. `stop` is called, on a thread of its own, with what is wrong with the input at hand.
    pub(crate) fn new(
        target: &str,
        bounds: Bounds,
        stop: impl Fn(&str) + Send + 'static,
    ) -> io::Result<Self> {
        let path = std::env::var_os(FILE_VARIABLE)
            .map_or_else(|| make_path_of_own_file(target), PathBuf::from);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        let (epoch, shared) = (Instant::now(), Arc::new(Shared::default()));
        let seen = shared.clone();
        let watcher =
            std::thread::spawn(move || look_until_targets_end(&seen, epoch, bounds, stop));
        Ok(Self { file, path, record: Vec::new(), epoch, shared, watcher: Some(watcher) })
    }

    /// Where the input at hand is: eight bytes of length, little endian, and so many bytes.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The input that is about to be checked.
    pub(crate) fn begin_input_at_hand(&mut self, input: &[u8]) {
        self.record.clear();
        self.record.extend_from_slice(&(input.len() as u64).to_le_bytes());
        self.record.extend_from_slice(input);
        // The finding is what matters; without the file there is still the panic.
        let _ = self.file.write_all_at(&self.record, 0);
        let now_ms = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.shared.begun_ms.store(now_ms + 1, Ordering::Relaxed);
    }

    /// It was checked, and nothing is wrong with it.
    pub(crate) fn end_input_at_hand(&self) {
        self.shared.begun_ms.store(0, Ordering::Relaxed);
    }

    /// Leaves the input at hand, and nothing else, in a file; its path.
    #[cfg(any(not(fuzzing), test))]
    pub(crate) fn keep_input_as_finding(self) -> PathBuf {
        let path = self.path.with_extension("finding");
        let input = self.record.get(HEAD_BYTES..).unwrap_or_default();
        if fs::write(&path, input).is_ok() { path } else { self.path.clone() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *self.shared.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.ended.notify_all();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
        let _ = fs::remove_file(&self.path);
    }
}

/// Tests run side by side, in one process or in several.
fn make_path_of_own_file(target: &str) -> PathBuf {
    static WATCHES: AtomicU64 = AtomicU64::new(0);
    let number = WATCHES.fetch_add(1, Ordering::Relaxed);
    let name = format!("owlpost-fuzz-{target}-{}-{number}.input", std::process::id());
    std::env::temp_dir().join(name)
}

fn look_until_targets_end(shared: &Shared, epoch: Instant, bounds: Bounds, stop: impl Fn(&str)) {
    let mut over = shared.over.lock().unwrap_or_else(PoisonError::into_inner);
    while !*over {
        let begun_ms = shared.begun_ms.load(Ordering::Relaxed);
        if begun_ms > 0 {
            let begun = epoch + Duration::from_millis(begun_ms - 1);
            if begun.elapsed() > bounds.time {
                stop(&format!("an input took longer than {:?}", bounds.time));
            }
        }
        if measure_resident_process_bytes() > bounds.resident_bytes {
            stop(&format!("the process holds more than {} bytes", bounds.resident_bytes));
        }
        over = shared
            .ended
            .wait_timeout(over, LOOK_PAUSE)
            .map_or_else(|poisoned| poisoned.into_inner().0, |(over, _)| over);
    }
}

/// 0 where there is no `/proc`.
fn measure_resident_process_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * PAGE_BYTES
}

/// Says what is wrong and ends the process: a thread that loops cannot be stopped otherwise.
#[allow(clippy::disallowed_methods, reason = "the process ends, whether or not anybody reads why")]
pub(crate) fn abort_process_with_reason(target: &str, reason: &str) {
    let _ = writeln!(io::stderr(), "fuzz target {target}: {reason}");
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn watch_with_bounds(target: &str, bounds: Bounds) -> (Watch, Receiver<String>) {
        let (sender, receiver) = mpsc::channel();
        let stop = move |reason: &str| {
            let _ = sender.send(reason.to_owned());
        };
        (Watch::new(target, bounds, stop).expect("a file"), receiver)
    }

    #[test]
    fn should_stop_an_input_that_takes_too_long_and_keep_it() {
        let bounds = Bounds { time: Duration::from_millis(50), ..Bounds::default() };
        let (mut watch, stopped) = watch_with_bounds("slow", bounds);
        watch.begin_input_at_hand(b"longer, and done");
        watch.end_input_at_hand();
        watch.begin_input_at_hand(b"slow");
        let reason = stopped.recv_timeout(DEADLINE).expect("stopped");
        assert!(reason.contains("longer than 50ms"), "{reason}");
        let record = fs::read(watch.path()).expect("the input at hand");
        assert_eq!(&record[..HEAD_BYTES + 4], b"\x04\0\0\0\0\0\0\0slow");
        let finding = watch.keep_input_as_finding();
        assert_eq!(fs::read(&finding).expect("the finding"), b"slow");
        fs::remove_file(finding).expect("removed");
    }

    #[test]
    fn should_stop_a_process_that_takes_too_much_memory() {
        let bounds = Bounds { resident_bytes: 1, ..Bounds::default() };
        let (_watch, stopped) = watch_with_bounds("large", bounds);
        let reason = stopped.recv_timeout(DEADLINE).expect("stopped");
        assert!(reason.contains("more than 1 bytes"), "{reason}");
    }

    #[test]
    fn should_leave_nothing_behind_when_nothing_was_found() {
        let (mut watch, stopped) = watch_with_bounds("fine", Bounds::default());
        let path = watch.path().to_owned();
        watch.begin_input_at_hand(b"fine");
        watch.end_input_at_hand();
        drop(watch);
        assert!(!path.exists() && stopped.try_recv().is_err());
    }
}
