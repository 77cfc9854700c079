//! What the kernel knows of the threads that do the server's work.

use std::{fs, path::Path};

/// Threads described at most: the log line has an end.
const MAX_THREADS: usize = 32;
/// How the kernel names the threads of the runtime: workers, and those that run blocking work.
const RUNTIME_THREAD: &str = "tokio-rt-worker";
const TASKS: &str = "/proc/self/task";

/// The main thread and those of the runtime: number, name, state (`R` runs, `S` waits, `D` waits for a disk) and the
/// place in the kernel where a waiting one waits. Empty where there is no `/proc`.
pub(super) fn describe_threads_of_process() -> String {
    let Ok(entries) = fs::read_dir(TASKS) else { return String::new() };
    let main_thread = std::process::id().to_string();
    let mut threads: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| describe_thread_in_folder(&entry.path(), &main_thread))
        .take(MAX_THREADS)
        .collect();
    threads.sort();
    threads.join("; ")
}

/// `None` for other threads, and for one that has ended meanwhile.
fn describe_thread_in_folder(folder: &Path, main_thread: &str) -> Option<String> {
    let number = folder.file_name()?.to_str()?;
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    let name = name.trim_end();
    if name != RUNTIME_THREAD && number != main_thread {
        return None;
    }
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name in parentheses may hold anything, a parenthesis too.
    let (_, fields) = stat.rsplit_once(") ")?;
    let state = fields.split(' ').next()?;
    // Not every kernel tells where; "0" is nowhere.
    let place = fs::read_to_string(folder.join("wchan")).unwrap_or_default();
    let place = if matches!(&*place, "" | "0") { "" } else { &place };
    Some(format!("{number} {name} {state} {place}").trim_end().to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn should_describe_the_main_thread_and_those_of_a_runtime() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
        let runtime = runtime.expect("a runtime");
        // The kernel learns the name of a thread when that begins to run.
        let handle = runtime.handle();
        let started = || (0..2).all(|worker| handle.metrics().worker_park_count(worker) > 0);
        while !started() {
            std::thread::yield_now();
        }
        let threads = describe_threads_of_process();
        let described: Vec<&str> = threads.split("; ").collect();
        assert_eq!(described.len(), 3, "{threads}");
        let number = std::process::id().to_string();
        assert!(described.iter().any(|thread| thread.starts_with(&number)), "{threads}");
        let workers = described.iter().filter(|thread| thread.contains(" tokio-rt-worker S"));
        assert_eq!(workers.count(), 2, "{threads}");
    }
}
