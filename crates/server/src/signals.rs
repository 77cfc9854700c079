//! The signals that stop the server, obeyed by a thread of its own.
//!
//! The first one asks the server to stop, which is work for the runtime. Whatever becomes of that, the thread ends the
//! process a little later than it may take, and at once when a second signal comes: neither needs a worker, a timer of
//! the runtime, or a destructor.

use std::{
    io::{self, Read as _},
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level,
};
use tokio::sync::watch;

use crate::telemetry::flush_log_within_bound;

/// Exit code after a second signal.
pub const SECOND_SIGNAL_EXIT_CODE: i32 = 1;
/// Exit code when the server did not stop in time; that of `timeout(1)`.
pub const FORCED_EXIT_CODE: i32 = 124;

/// From the end of the drain to the forced end of the process. With the log it stays within the 5 s we promise.
const FORCED_EXIT_DELAY: Duration = Duration::from_millis(4_500);
/// Longest wait for the reader of the last lines when the process ends by force.
const FORCED_FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Resolves when the server is asked to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StopRequest(watch::Receiver<bool>);

impl StopRequest {
    /// Waits for the first signal.
    pub async fn wait_for_first_signal(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            // The thread has ended, and with it the way to ask.
            std::future::pending::<()>().await;
        }
    }
}

/// Starts the thread that obeys SIGTERM, SIGINT and SIGHUP (the terminal was closed) in place of their default, which
/// ends the process at once. SIGHUP keeps being ignored if it is (`nohup`). `stop_timeout` is what the server may take.
pub fn start_thread_obeying_signals(stop_timeout: Duration) -> io::Result<StopRequest> {
    let (arrivals, handlers_end) = UnixStream::pair()?;
    let mut signals = vec![SIGTERM, SIGINT];
    if !is_hangup_ignored_already() {
        signals.push(SIGHUP);
    }
    for signal in signals {
        low_level::pipe::register(signal, handlers_end.try_clone()?)?;
    }
    let (stop, asked) = watch::channel(false);
    let limit = stop_timeout + FORCED_EXIT_DELAY;
    thread::Builder::new()
        .name("owlpost-signals".to_owned())
        .spawn(move || obey_signals_until_end(&arrivals, &stop, limit))?;
    Ok(StopRequest(asked))
}

/// Only Linux tells a process what it ignores; elsewhere SIGHUP keeps its default.
fn is_hangup_ignored_already() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return true };
    find_hangup_in_status(&status).unwrap_or(true)
}

/// Whether SIGHUP is in the mask of ignored signals, where signal 1 is the lowest bit.
fn find_hangup_in_status(status: &str) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask & (1 << (SIGHUP - 1)) != 0)
}

fn obey_signals_until_end(arrivals: &UnixStream, stop: &watch::Sender<bool>, limit: Duration) {
    if wait_for_next_signal(arrivals, None).is_err() {
        return;
    }
    tracing::info!("asked to stop");
    stop.send_replace(true);
    let code = match wait_for_next_signal(arrivals, Some(Instant::now() + limit)) {
        Ok(true) => {
            tracing::warn!("second signal, leaving at once");
            SECOND_SIGNAL_EXIT_CODE
        }
        // An error cannot happen; if it did, nobody else would end the process.
        Ok(false) | Err(_) => {
            tracing::error!("the server did not stop in time, leaving all the same");
            FORCED_EXIT_CODE
        }
    };
    flush_log_within_bound(FORCED_FLUSH_TIMEOUT);
    low_level::exit(code);
}

/// Waits for a signal, for ever or until the deadline; false when there came none.
fn wait_for_next_signal(mut arrivals: &UnixStream, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            arrivals.set_read_timeout(Some(left))?;
        }
        match arrivals.read(&mut [0]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(true),
            Err(error) => match error.kind() {
                // Timed out, or interrupted by a signal: the clock decides.
                io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn should_find_the_hangup_among_ignored_signals() {
        let status = |mask: &str| format!("Name:\towlpost\nSigBlk:\t0\nSigIgn:\t{mask}\n");
        assert_eq!(find_hangup_in_status(&status("0000000000001001")), Some(true));
        assert_eq!(find_hangup_in_status(&status("0000000000001000")), Some(false));
        assert_eq!(find_hangup_in_status("Name:\towlpost\n"), None);
    }

    #[test]
    fn should_wait_for_a_signal_until_the_deadline_and_no_longer() {
        let (arrivals, mut handlers_end) = UnixStream::pair().expect("a pair");
        let started = Instant::now();
        let deadline = started + Duration::from_millis(20);
        assert!(!wait_for_next_signal(&arrivals, Some(deadline)).expect("no error"));
        assert!(started.elapsed() >= Duration::from_millis(20));
        handlers_end.write_all(&[0]).expect("write");
        let deadline = Instant::now() + Duration::from_secs(60);
        assert!(wait_for_next_signal(&arrivals, Some(deadline)).expect("no error"));
        drop(handlers_end);
        assert!(wait_for_next_signal(&arrivals, None).is_err());
    }
}
