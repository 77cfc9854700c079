//! What one client may do.

/// Bounds of each connection, whatever its protocol.
#[derive(Debug, Clone)]
pub struct GatewayLimits {
    /// Largest message a client may send, in bytes.
    pub max_message_bytes: usize,
    /// Calls that one connection may have waiting to be worked on.
    pub inbox_calls: usize,
    /// Calls per second of one connection; 0 is any number.
    pub calls_per_second: u32,
    /// Calls that one connection may make at once.
    pub calls_burst: u32,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self { max_message_bytes: 64_000, inbox_calls: 256, calls_per_second: 50, calls_burst: 100 }
    }
}
