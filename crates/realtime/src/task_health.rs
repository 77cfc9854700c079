//! Whether the background tasks do their work: one that has not succeeded for too long, or has ended, makes the node not
//! ready.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::sync::watch;

/// A background task and when it last did what it is for.
#[derive(Debug)]
pub(crate) struct BackgroundTask {
    name: &'static str,
    succeeded_at: Mutex<Instant>,
    stale_after: Duration,
}

impl BackgroundTask {
    /// A task that has just begun. It is stale when it has not succeeded for `stale_after`.
    pub(crate) fn new(name: &'static str, stale_after: Duration) -> Self {
        Self { name, succeeded_at: Mutex::new(Instant::now()), stale_after }
    }

    pub(crate) fn note_success_of_task(&self) {
        *self.succeeded_at.lock() = Instant::now();
    }

    fn age_of_last_success(&self) -> Duration {
        self.succeeded_at.lock().elapsed()
    }
}

/// Between two successes of a task that is due every two seconds or more often, at most.
const UPKEEP_PATIENCE: Duration = Duration::from_secs(20);
/// Between two successes of housekeeping, at most: a table that grew for long takes minutes to trim.
const HOUSEKEEPING_PATIENCE: Duration = Duration::from_secs(600);

/// Every background task whose silence or end makes a node not ready.
#[derive(Debug)]
pub(crate) struct TaskHealth {
    /// Delivers the log.
    pub(crate) log_follower: BackgroundTask,
    /// Finds out whether the database takes writes.
    pub(crate) write_proof: BackgroundTask,
    /// Ends sessions whose token has expired.
    pub(crate) session_expiry: BackgroundTask,
    /// Removes what is past its time.
    pub(crate) housekeeping: BackgroundTask,
    /// Renews the lease without which others sweep this node's sockets.
    pub(crate) presence_lease: BackgroundTask,
    /// Writes the changes of this node's sockets.
    pub(crate) presence_writer: BackgroundTask,
    /// Compares what this node shows with the database.
    pub(crate) presence_reading: BackgroundTask,
    /// The first task that has ended though the node goes on.
    ended: OnceLock<&'static str>,
}

impl TaskHealth {
    /// Those of presence are due several times within a lease, whose time is `lease_time`; the others have times of
    /// their own, which a short lease must not shorten.
    pub(crate) fn with_lease_time(lease_time: Duration) -> Self {
        Self {
            log_follower: BackgroundTask::new("log_follower", UPKEEP_PATIENCE),
            write_proof: BackgroundTask::new("write_proof", UPKEEP_PATIENCE),
            session_expiry: BackgroundTask::new("session_expiry", UPKEEP_PATIENCE),
            housekeeping: BackgroundTask::new("housekeeping", HOUSEKEEPING_PATIENCE),
            presence_lease: BackgroundTask::new("presence_lease", lease_time),
            presence_writer: BackgroundTask::new("presence_writer", lease_time),
            presence_reading: BackgroundTask::new("presence_reading", lease_time),
            ended: OnceLock::new(),
        }
    }

    const fn list_all_background_tasks(&self) -> [&BackgroundTask; 7] {
        [
            &self.log_follower,
            &self.write_proof,
            &self.session_expiry,
            &self.housekeeping,
            &self.presence_lease,
            &self.presence_writer,
            &self.presence_reading,
        ]
    }

    /// Runs a task until the node stops. None of them ends by itself: one that does, panicked.
    pub(crate) async fn watch_task_until_stop(
        self: Arc<Self>,
        name: &'static str,
        task: impl Future<Output = ()> + Send,
        mut stopped: watch::Receiver<bool>,
    ) {
        tokio::select! {
            // The panic itself is in the log.
            _ = AssertUnwindSafe(task).catch_unwind() => self.note_end_of_task(name),
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    }

    /// Nothing starts it again: the process should be restarted.
    fn note_end_of_task(&self, name: &'static str) {
        tracing::error!(task = name, "a background task has ended: the node is not ready any more");
        // The first is told of, until the restart.
        let _ = self.ended.set(name);
    }

    /// The first task that has ended, or has not succeeded for too long.
    pub(crate) fn find_first_stale_task(&self) -> Option<&'static str> {
        let tasks = self.list_all_background_tasks();
        let stale = tasks.iter().find(|task| task.age_of_last_success() > task.stale_after);
        self.ended.get().copied().or_else(|| stale.map(|task| task.name))
    }

    /// Names, and ages in seconds, for the metrics.
    pub(crate) fn list_ages_of_tasks(&self) -> [(&'static str, f64); 7] {
        self.list_all_background_tasks()
            .map(|task| (task.name, task.age_of_last_success().as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_name_the_task_that_has_not_succeeded_for_too_long() {
        let health = TaskHealth::with_lease_time(Duration::from_secs(20));
        assert_eq!(health.find_first_stale_task(), None);
        let Some(long_ago) = Instant::now().checked_sub(Duration::from_secs(21)) else { return };
        *health.presence_writer.succeeded_at.lock() = long_ago;
        assert_eq!(health.find_first_stale_task(), Some("presence_writer"));
        assert!(health.list_ages_of_tasks().iter().any(|(_, age)| *age >= 21.0));
        health.presence_writer.note_success_of_task();
        assert_eq!(health.find_first_stale_task(), None);
    }

    #[test]
    fn should_hold_only_the_tasks_of_presence_to_the_time_of_a_lease() {
        let health = TaskHealth::with_lease_time(Duration::ZERO);
        let Some(moment_ago) = Instant::now().checked_sub(Duration::from_secs(3)) else { return };
        for task in health.list_all_background_tasks() {
            *task.succeeded_at.lock() = moment_ago;
        }
        let now = Instant::now() + Duration::from_secs(60);
        for task in [&health.presence_lease, &health.presence_writer, &health.presence_reading] {
            *task.succeeded_at.lock() = now;
        }
        assert_eq!(health.find_first_stale_task(), None);
    }

    #[tokio::test]
    async fn should_name_a_task_that_panicked_and_none_that_was_stopped() {
        let health = Arc::new(TaskHealth::with_lease_time(Duration::from_secs(20)));
        let stop = watch::Sender::new(false);
        let goes_on = std::future::pending();
        let watched = health.clone().watch_task_until_stop("bus", goes_on, stop.subscribe());
        stop.send_replace(true);
        watched.await;
        assert_eq!(health.find_first_stale_task(), None);
        stop.send_replace(false);
        let panics = async { panic!("as it should not") };
        health.clone().watch_task_until_stop("bus", panics, stop.subscribe()).await;
        assert_eq!(health.find_first_stale_task(), Some("bus"));
    }
}
