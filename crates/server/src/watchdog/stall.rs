//! What is known, logged and counted when something stands still.

use std::{fmt, time::Duration};

use owlpost_metrics::{RUNTIME_STALLS, RUNTIME_WORKERS_STUCK};
use tokio::runtime::Handle;

use super::{pulse::Watched, threads::describe_threads_of_process};

/// What stands still, and for how long. Empty when all is well.
#[derive(Debug)]
pub(super) struct Stall(Vec<(Watched, Duration)>);

impl Stall {
    pub(super) fn from_judgement(still: Vec<(Watched, Duration)>) -> Self {
        Self(still)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether connections wait in vain: the task that accepts them stands still, or nobody is left to wake it and to
    /// serve what it accepts.
    pub(super) fn leaves_nobody_to_accept(&self, workers: usize) -> bool {
        let whole = |(watched, _): &(Watched, Duration)| !matches!(watched, Watched::Worker(_));
        self.0.iter().any(whole) || self.0.len() >= workers
    }

    fn count_stuck_without_scheduler(&self) -> usize {
        self.0.iter().filter(|(watched, _)| *watched != Watched::Scheduler).count()
    }

    fn longest_time(&self) -> Duration {
        self.0.iter().map(|(_, time)| *time).max().unwrap_or_default()
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (watched, time)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match watched {
                Watched::Worker(worker) => write!(f, "worker {worker}")?,
                Watched::Scheduler => f.write_str("new tasks")?,
                Watched::MainTask => f.write_str("accepting connections")?,
            }
            write!(f, " for {:.1} s", time.as_secs_f64())?;
        }
        Ok(())
    }
}

/// The stall under way, if there is one, and how many there were.
#[derive(Debug, Default)]
pub(super) struct StallRecord {
    stalls: u64,
    /// How much of the present stall is in the log.
    logged: usize,
    longest: Duration,
}

impl StallRecord {
    /// Logs a stall when it begins, when more comes to stand still, and when it is over.
    pub(super) fn note_stall_or_recovery(&mut self, stall: &Stall, runtime: &Handle) {
        self.longest = self.longest.max(stall.longest_time());
        if stall.0.len() > self.logged {
            if self.logged == 0 {
                self.stalls += 1;
            }
            self.logged = stall.0.len();
            let metrics = runtime.metrics();
            tracing::error!(
                stuck = %stall,
                workers = metrics.num_workers(),
                alive_tasks = metrics.num_alive_tasks(),
                waiting_tasks = metrics.global_queue_depth(),
                threads = describe_threads_of_process(),
                "workers do not come back, /health fails until they do"
            );
        } else if stall.is_empty() && self.logged > 0 {
            let seconds = self.longest.as_secs_f64();
            tracing::warn!(seconds, "workers have come back, /health is good again");
            self.logged = 0;
            self.longest = Duration::ZERO;
        }
        // At every look: there is no recorder yet when the watchdog starts.
        metrics::counter!(RUNTIME_STALLS).absolute(self.stalls);
        metrics::gauge!(RUNTIME_WORKERS_STUCK).set(stall.count_stuck_without_scheduler() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stall_of_watched(watched: &[Watched]) -> Stall {
        Stall(watched.iter().map(|watched| (*watched, Duration::from_millis(10_240))).collect())
    }

    #[test]
    fn should_say_what_stands_still_and_for_how_long() {
        let stall = stall_of_watched(&[Watched::Worker(1), Watched::Scheduler, Watched::MainTask]);
        let shown = "worker 1 for 10.2 s, new tasks for 10.2 s, accepting connections for 10.2 s";
        assert_eq!(stall.to_string(), shown);
    }

    #[test]
    fn should_know_when_nobody_is_left_to_accept() {
        let cases: [(&[Watched], bool); 5] = [
            (&[], false),
            (&[Watched::Worker(0)], false),
            (&[Watched::Worker(0), Watched::Worker(1)], true),
            (&[Watched::Scheduler], true),
            (&[Watched::MainTask], true),
        ];
        for (watched, nobody) in cases {
            let stall = stall_of_watched(watched);
            assert_eq!(stall.leaves_nobody_to_accept(2), nobody, "{watched:?}");
        }
    }
}
