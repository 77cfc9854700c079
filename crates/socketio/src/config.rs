//! What the gateway can be told.

use std::time::Duration;

/// Bounds and times of the gateway.
#[derive(Debug, Clone)]
pub struct SocketIoConfig {
    /// Origins browsers may connect from, besides the server's own; `*` is any.
    pub allowed_origins: Vec<String>,
    /// Between two pings.
    pub ping_interval: Duration,
    /// A client that has not answered a ping within this time is gone.
    pub ping_timeout: Duration,
    /// Largest message a client may send, on every transport.
    pub max_message_bytes: usize,
    /// Packets in the engine's queue of one socket. What does not fit waits in the session's outbox, which knows when
    /// a reader is too slow.
    pub engine_queue_packets: usize,
    /// Events one socket may have waiting to be worked on.
    pub inbox_events: usize,
    /// Events per second one socket may send; 0 is any number.
    pub events_per_second: u32,
    /// Events one socket may send at once.
    pub events_burst: u32,
    /// Time a client has to enter the namespace, and to finish an upgrade.
    pub connect_timeout: Duration,
}

impl Default for SocketIoConfig {
    fn default() -> Self {
        Self {
            allowed_origins: vec!["http://localhost:3001".to_owned()],
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(60),
            max_message_bytes: 64_000,
            engine_queue_packets: 32,
            inbox_events: 256,
            events_per_second: 50,
            events_burst: 100,
            connect_timeout: Duration::from_secs(10),
        }
    }
}
