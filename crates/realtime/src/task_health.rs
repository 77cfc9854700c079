//! When each background task last succeeded: one that has stopped doing its work makes the node not ready.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

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

/// Every background task whose silence makes a node not ready.
#[derive(Debug)]
pub(crate) struct TaskHealth {
    /// Renews the lease without which others sweep this node's sockets.
    pub(crate) presence_lease: BackgroundTask,
    /// Writes the changes of this node's sockets.
    pub(crate) presence_writer: BackgroundTask,
    /// Compares what this node shows with the database.
    pub(crate) presence_reading: BackgroundTask,
}

impl TaskHealth {
    /// All of them are due several times within a lease, whose time is `lease_time`.
    pub(crate) fn with_lease_time(lease_time: Duration) -> Self {
        Self {
            presence_lease: BackgroundTask::new("presence_lease", lease_time),
            presence_writer: BackgroundTask::new("presence_writer", lease_time),
            presence_reading: BackgroundTask::new("presence_reading", lease_time),
        }
    }

    const fn list_all_background_tasks(&self) -> [&BackgroundTask; 3] {
        [&self.presence_lease, &self.presence_writer, &self.presence_reading]
    }

    /// The first task that has not succeeded for too long.
    pub(crate) fn find_first_stale_task(&self) -> Option<&'static str> {
        let tasks = self.list_all_background_tasks();
        tasks
            .iter()
            .find(|task| task.age_of_last_success() > task.stale_after)
            .map(|task| task.name)
    }

    /// Names, and ages in seconds, for the metrics.
    pub(crate) fn list_ages_of_tasks(&self) -> [(&'static str, f64); 3] {
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
}
