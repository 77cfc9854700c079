//! What the engine can be told.

use std::{borrow::Cow, time::Duration};

use engineioxide_core::TransportType;

/// Bounds and times of an engine.
#[derive(Debug, Clone)]
pub struct EngineIoConfig {
    /// Path of the engine's requests. Default: `/engine.io`.
    pub req_path: Cow<'static, str>,
    /// From one ping to the next. Default: 25 s.
    pub ping_interval: Duration,
    /// Longest wait for the answer to a ping. Default: 20 s.
    pub ping_timeout: Duration,
    /// Longest an upgrade to a websocket may take. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// Messages that may wait for one client. Default: 128.
    pub max_buffer_size: usize,
    /// Bytes of the body of one polling request, both ways. Default: 100,000.
    pub max_payload: u64,
    /// Longest that the body of a polling request may take to arrive. Default: 10 s.
    pub body_timeout: Duration,
    /// Bytes a client may send in all before it was admitted
    /// ([`crate::SessionHandle::lift_limits_after_admission`]): what a handshake takes, and no more than a stranger
    /// may make the server keep. Default: 16 KiB, as much as the head of a request has at most, since tokens travel in
    /// either.
    pub max_stranger_bytes: usize,
    /// Kept for the interface: nothing is held to read into while a websocket is silent.
    pub ws_read_buffer_size: usize,
    /// Bytes of one message a client may send by websocket. Default: 64 MiB.
    pub ws_max_message_size: usize,
    /// Bytes of one frame a client may send by websocket. Default: 16 MiB.
    pub ws_max_frame_size: usize,
    /// The transports that are served, as bits of [`TransportType`]. Default: both.
    pub transports: u8,
}

impl Default for EngineIoConfig {
    fn default() -> Self {
        Self {
            req_path: "/engine.io".into(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_buffer_size: 128,
            max_payload: 100_000,
            body_timeout: Duration::from_secs(10),
            max_stranger_bytes: 16 * 1024,
            ws_read_buffer_size: 0,
            ws_max_message_size: 64 << 20,
            ws_max_frame_size: 16 << 20,
            transports: TransportType::Polling as u8 | TransportType::Websocket as u8,
        }
    }
}

impl EngineIoConfig {
    /// Whether clients may come by this transport.
    pub fn allows_transport_of_client(&self, transport: TransportType) -> bool {
        self.transports & transport as u8 != 0
    }
}

/// Builds an [`EngineIoConfig`] from its defaults.
#[derive(Debug, Clone, Default)]
pub struct EngineIoConfigBuilder {
    config: EngineIoConfig,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $field(mut self, $field: $kind) -> Self {
                self.config.$field = $field;
                self
            }
        )+
    };
}

impl EngineIoConfigBuilder {
    /// Every default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`EngineIoConfig::req_path`].
    #[must_use]
    pub fn req_path(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.config.req_path = path.into();
        self
    }

    setters! {
        /// Sets [`EngineIoConfig::ping_interval`].
        ping_interval: Duration,
        /// Sets [`EngineIoConfig::ping_timeout`].
        ping_timeout: Duration,
        /// Sets [`EngineIoConfig::upgrade_timeout`].
        upgrade_timeout: Duration,
        /// Sets [`EngineIoConfig::max_buffer_size`].
        max_buffer_size: usize,
        /// Sets [`EngineIoConfig::max_payload`].
        max_payload: u64,
        /// Sets [`EngineIoConfig::body_timeout`].
        body_timeout: Duration,
        /// Sets [`EngineIoConfig::max_stranger_bytes`].
        max_stranger_bytes: usize,
        /// Sets [`EngineIoConfig::ws_read_buffer_size`].
        ws_read_buffer_size: usize,
        /// Sets [`EngineIoConfig::ws_max_message_size`].
        ws_max_message_size: usize,
        /// Sets [`EngineIoConfig::ws_max_frame_size`].
        ws_max_frame_size: usize,
    }

    /// Serves these transports only.
    #[must_use]
    pub fn transports<const N: usize>(mut self, transports: [TransportType; N]) -> Self {
        self.config.transports = transports.into_iter().fold(0, |bits, one| bits | one as u8);
        self
    }

    /// The configuration.
    pub fn build(self) -> EngineIoConfig {
        self.config
    }
}
