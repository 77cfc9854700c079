//! What the gateway can be told.

use std::time::Duration;

/// Bounds and times that only SignalR has.
#[derive(Debug, Clone)]
pub struct SignalRConfig {
    /// After so long without anything else, a client is pinged. Clients give up after 30 s without a word.
    pub keep_alive_interval: Duration,
    /// A client that pings by itself and has been silent for so long is gone.
    pub client_timeout: Duration,
    /// Time a client has for its handshake.
    pub handshake_timeout: Duration,
    /// Time a client has to take up what it negotiated, and a polling client from one poll to the next.
    pub disconnect_timeout: Duration,
    /// A poll for which there is nothing is answered after so long.
    pub poll_timeout: Duration,
    /// Time a client has to send the body of a POST.
    pub body_timeout: Duration,
    /// Entries in the queue of one connection. What does not fit waits in the session's outbox, which knows when a reader
    /// is too slow.
    pub queue_entries: usize,
    /// Bytes of one message of a websocket, or of one POST: a client joins all its calls of a moment in one.
    pub max_request_bytes: usize,
    /// Connections of one user that were negotiated and not taken up.
    pub max_half_open: usize,
    /// Streams that one connection may have open.
    pub max_streams: usize,
}

impl Default for SignalRConfig {
    fn default() -> Self {
        Self {
            keep_alive_interval: Duration::from_secs(15),
            client_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(15),
            disconnect_timeout: Duration::from_secs(15),
            poll_timeout: Duration::from_secs(90),
            body_timeout: Duration::from_secs(30),
            queue_entries: 32,
            max_request_bytes: 256_000,
            max_half_open: 64,
            max_streams: 4,
        }
    }
}
