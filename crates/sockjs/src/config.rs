//! What a SockJS server can be told.

use std::time::Duration;

/// Bounds and times of all connections.
#[derive(Debug, Clone)]
pub struct SockJsConfig {
    /// Whether clients are told that websockets work, and may use them.
    pub serves_websocket: bool,
    /// Whether a cookie `JSESSIONID` is set, by which load balancers keep a client at one server.
    pub needs_cookie: bool,
    /// Where `iframe.html` loads the client library from.
    pub client_url: String,
    /// Entries in the queue of one connection.
    pub queue_entries: usize,
    /// Bytes after which a streaming response ends, so that browsers forget what they have read.
    pub response_bytes: usize,
    /// Bytes of one request, and of one message by websocket.
    pub request_bytes: usize,
    /// Time for the body of a request, and for a connection to be handed over to its websocket.
    pub request_timeout: Duration,
    /// After so long without anything else, a client is sent a sign of life.
    pub heartbeat: Duration,
    /// A session without a request to answer is over after so long, and remembered as over for as long again.
    pub disconnect_delay: Duration,
    /// Sessions remembered as over.
    pub most_remembered: usize,
    /// Requests for sessions that there are not, per minute and address; 0 for no limit.
    pub guesses_per_minute: u32,
}

impl Default for SockJsConfig {
    fn default() -> Self {
        Self {
            serves_websocket: true,
            needs_cookie: false,
            client_url: "../sockjs/sockjs.min.js".to_owned(),
            queue_entries: 32,
            response_bytes: 128 * 1024,
            request_bytes: 256 * 1024,
            request_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(25),
            disconnect_delay: Duration::from_secs(5),
            most_remembered: 10_000,
            guesses_per_minute: 30,
        }
    }
}
