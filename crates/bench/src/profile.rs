//! How much of each workload is run.

use std::time::Duration;

/// Sizes, durations and repetitions of a run.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Clients of the fan-out.
    pub sizes: Vec<usize>,
    /// Time of each measured phase.
    pub phase: Duration,
    /// Repetitions of every workload.
    pub repetitions: usize,
    /// Clients of the bursts, and of those who watch writes.
    pub watchers: usize,
    /// Events of a burst.
    pub burst_events: u64,
    /// Memory that comes back after a burst comes back within this time.
    pub memory_return: Duration,
    /// Incidents with viewers.
    pub rooms: usize,
    /// Viewers of each.
    pub viewers: usize,
    /// Clients and rate the growth begins with; each is doubled twice.
    pub growth_clients: usize,
    /// Events a second of the growth.
    pub growth_rate: f64,
    /// Length of the log the growth begins with, doubled twice.
    pub growth_log: u64,
    /// People who come, go and type at one node of a cluster.
    pub cluster_people: usize,
    /// Owl Post is measured on the database that it brings, too.
    pub embedded_database: bool,
    /// Clients that are held, and those that are cut off at once.
    pub held_clients: usize,
    /// For so long.
    pub hold: Duration,
}

impl Profile {
    /// What `make bench` runs.
    pub fn full() -> Self {
        Self {
            sizes: vec![100, 1_000, 5_000, 10_000],
            phase: Duration::from_secs(5),
            repetitions: 3,
            watchers: 1_000,
            burst_events: 1_000,
            memory_return: Duration::from_secs(15),
            rooms: 1_000,
            viewers: 5,
            growth_clients: 500,
            growth_rate: 20.0,
            growth_log: 100_000,
            cluster_people: 2_000,
            embedded_database: true,
            held_clients: 10_000,
            hold: Duration::from_secs(300),
        }
    }

    /// Three minutes.
    pub fn quick() -> Self {
        Self {
            sizes: vec![100, 1_000],
            phase: Duration::from_millis(1_200),
            repetitions: 1,
            memory_return: Duration::from_secs(2),
            rooms: 100,
            growth_log: 10_000,
            cluster_people: 500,
            embedded_database: false,
            held_clients: 5_000,
            hold: Duration::from_secs(5),
            ..Self::full()
        }
    }

    /// For the test that keeps the bench from rotting.
    pub fn tiny() -> Self {
        Self {
            sizes: vec![20],
            phase: Duration::from_millis(300),
            repetitions: 1,
            watchers: 20,
            burst_events: 50,
            rooms: 4,
            growth_clients: 5,
            growth_log: 100,
            cluster_people: 10,
            held_clients: 20,
            hold: Duration::from_millis(300),
            ..Self::full()
        }
    }
}
