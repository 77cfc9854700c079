//! What the watchdog looks at.
//!
//! A worker of the runtime counts how often it went to rest and came back, and adds up the time it was busy; both are
//! published when it goes to rest and, under constant load, after every few dozen tasks. So a worker that is not at
//! rest and whose numbers stay the same is inside one task. (`block_in_place` hands the worker to another thread, which
//! goes on counting for it.) Two probes cover what these counters do not tell: a task given to the runtime from outside
//! must be run, and the task that accepts connections must answer.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify};

/// Something that must not stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// A worker thread of the runtime, by its number.
    Worker(usize),
    /// The runtime as a whole: whether it runs new tasks.
    Scheduler,
    /// The task on the main thread, which accepts connections.
    MainTask,
}

/// Where something watched was at one look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    pub(super) watched: Watched,
    /// Changes whenever it comes back from what it does.
    pub(super) progress: (u64, Duration),
    /// Whether it has nothing to do, so that standing still is right.
    pub(super) resting: bool,
}

/// Takes the beats of a runtime, with a probe of its own on the way.
#[derive(Debug)]
pub(super) struct RuntimePulse {
    runtime: Handle,
    probes_sent: u64,
    probes_run: Arc<AtomicU64>,
}

impl RuntimePulse {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { runtime, probes_sent: 0, probes_run: Arc::default() }
    }

    /// One beat for each worker, the scheduler and the main task. Sends the next probes.
    pub(super) fn take_beats_of_runtime(&mut self, main_task: &MainTaskPulse) -> Vec<Beat> {
        let metrics = self.runtime.metrics();
        let mut beats: Vec<Beat> = (0..metrics.num_workers())
            .map(|worker| {
                let rests_begun_and_ended = metrics.worker_park_unpark_count(worker);
                let busy = metrics.worker_total_busy_duration(worker);
                Beat {
                    watched: Watched::Worker(worker),
                    progress: (rests_begun_and_ended, busy),
                    resting: rests_begun_and_ended % 2 == 1,
                }
            })
            .collect();
        beats.push(self.probe_scheduler_with_task());
        beats.push(main_task.probe_task_with_notice());
        beats
    }

    /// At most one probe is under way.
    fn probe_scheduler_with_task(&mut self) -> Beat {
        let run = self.probes_run.load(Ordering::Relaxed);
        if run == self.probes_sent {
            self.probes_sent += 1;
            let probes_run = self.probes_run.clone();
            self.runtime.spawn(async move { probes_run.fetch_add(1, Ordering::Relaxed) });
        }
        Beat { watched: Watched::Scheduler, progress: (run, Duration::ZERO), resting: false }
    }
}

/// The pulse of the task on the main thread.
#[derive(Debug, Default)]
pub(super) struct MainTaskPulse {
    probe: Notify,
    answered: AtomicU64,
    /// Whether somebody answers: there are times before and after.
    watched: AtomicBool,
}

impl MainTaskPulse {
    pub(super) async fn answer_probes_without_end(&self) -> Infallible {
        let _watched = WatchedWhileAlive::from_flag(&self.watched);
        loop {
            self.probe.notified().await;
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn probe_task_with_notice(&self) -> Beat {
        let answered = self.answered.load(Ordering::Relaxed);
        self.probe.notify_one();
        Beat {
            watched: Watched::MainTask,
            progress: (answered, Duration::ZERO),
            resting: !self.watched.load(Ordering::Relaxed),
        }
    }
}

struct WatchedWhileAlive<'a>(&'a AtomicBool);

impl<'a> WatchedWhileAlive<'a> {
    fn from_flag(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Relaxed);
        Self(flag)
    }
}

impl Drop for WatchedWhileAlive<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
