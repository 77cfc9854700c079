//! What the gateway can be told.

use std::time::Duration;

/// Bounds and times that only STOMP has.
#[derive(Debug, Clone)]
pub struct StompConfig {
    /// How often the server gives a sign of life, and wants one of its client: zero is never.
    pub heart_beat: Duration,
    /// Time a client has to be let in.
    pub connect_timeout: Duration,
    /// Time a client that said goodbye has to close its side.
    pub farewell_time: Duration,
    /// Entries in the queue of one connection. What does not fit waits in the session's outbox, which knows when a reader
    /// is too slow.
    pub queue_entries: usize,
    /// Incidents that one connection may listen to.
    pub most_incidents: usize,
    /// Whether a cookie keeps a client of SockJS at one server behind a load balancer.
    pub sockjs_cookie: bool,
    /// Requests for sessions that there are not, per minute and address; 0 for no limit.
    pub guesses_per_minute: u32,
}

impl Default for StompConfig {
    fn default() -> Self {
        Self {
            heart_beat: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            farewell_time: Duration::from_secs(1),
            queue_entries: 32,
            most_incidents: 8,
            sockjs_cookie: false,
            guesses_per_minute: 30,
        }
    }
}
