//! What the realtime core can be told.

use std::time::Duration;

/// Bounds and times of the realtime core.
#[derive(Debug, Clone)]
pub struct RealtimeConfig {
    /// Presence of a node that died is gone within this time.
    pub presence_timeout: Duration,
    /// A typist who says nothing more has stopped after this time.
    pub typing_timeout: Duration,
    /// Between the expiry of a token and the end of its connection.
    pub token_grace: Duration,
    /// Events one resume replays at most; a longer gap is answered `complete: false`.
    pub replay_limit: u32,
    /// Positions one resume looks at most, whoever they are for.
    pub replay_scan_limit: i64,
    /// Frames one session may have waiting; one more and it is disconnected, to come back and resume.
    pub send_queue_frames: usize,
    /// Payload bytes of those frames at most: one client that stops reading must not hold back a log of large events.
    pub send_queue_bytes: usize,
    /// A session whose queue has not moved for this long is disconnected.
    pub slow_consumer_timeout: Duration,
    /// Sessions of one user at most.
    pub sessions_per_user: usize,
    /// Events kept in memory for resumes that need no query.
    pub recent_events: usize,
    /// How often the log is read for events nobody announced here (another node's crash, a hand on psql).
    pub log_poll_interval: Duration,
    /// How long a transaction that does not end may hold back the events behind its position; at least 3 s, so that
    /// whoever commits within 2 s can rely on its positions.
    pub log_gap_limit: Duration,
    /// Deliveries per second that single `presence:join` and `presence:leave` may cost this node; beyond that they
    /// are left out and `presence:counts` says so.
    pub presence_fanout_per_second: u32,
    /// The database serves this process alone (the embedded one): presence rows found at start are stale.
    pub sole_node: bool,
    /// Redis to talk to other nodes through.
    pub redis_url: Option<String>,
}

impl Default for RealtimeConfig {
    fn default() -> Self {
        Self {
            presence_timeout: Duration::from_secs(30),
            typing_timeout: Duration::from_secs(3),
            token_grace: Duration::from_secs(30),
            replay_limit: 1_000,
            replay_scan_limit: 100_000,
            send_queue_frames: 4_096,
            send_queue_bytes: 16 << 20,
            slow_consumer_timeout: Duration::from_secs(30),
            sessions_per_user: 32,
            recent_events: 4_096,
            log_poll_interval: Duration::from_millis(500),
            log_gap_limit: Duration::from_secs(10),
            presence_fanout_per_second: 8_000,
            sole_node: false,
            redis_url: None,
        }
    }
}
