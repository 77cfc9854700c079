//! What the gateway can be told.

use std::time::Duration;

use crate::admin::console::ConsoleConfig;

/// Bounds and times that only Socket.IO has.
#[derive(Clone)]
pub struct SocketIoConfig {
    /// Between two pings.
    pub ping_interval: Duration,
    /// A client that has not answered a ping within this time is gone.
    pub ping_timeout: Duration,
    /// Packets in the engine's queue of one socket. What does not fit waits in the session's outbox, which knows when
    /// a reader is too slow.
    pub engine_queue_packets: usize,
    /// Time a client has to enter the namespace, and to finish an upgrade.
    pub connect_timeout: Duration,
    /// For the namespace of the Admin UI; without it, there is none.
    pub console: Option<ConsoleConfig>,
}

impl Default for SocketIoConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(60),
            engine_queue_packets: 32,
            connect_timeout: Duration::from_secs(10),
            console: None,
        }
    }
}
