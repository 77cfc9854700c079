//! What carries a connection of the hub.

/// What carries a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HubCarrier {
    WebSockets,
    ServerSentEvents,
    LongPolling,
}

impl HubCarrier {
    /// The label in logs and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::WebSockets => "websocket",
            Self::ServerSentEvents => "sse",
            Self::LongPolling => "polling",
        }
    }
}
