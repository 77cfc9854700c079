//! Why a session ends.

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client said goodbye.
    TransportClose,
    /// The client polled twice at the same time.
    MultipleHttpPollingError,
    /// The client sent what is no packet.
    PacketParsingError,
    /// The connection broke.
    TransportError,
    /// The client did not answer a ping in time.
    HeartbeatTimeout,
    /// The server stops.
    ClosingServer,
}
