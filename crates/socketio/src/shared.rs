//! What every socket of one server shares.

use std::sync::Arc;

use owlpost_realtime::Realtime;

use crate::{config::SocketIoConfig, wire::WireFormat};

/// What every socket of one server shares.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) core: Realtime,
    pub(crate) config: Arc<SocketIoConfig>,
    pub(crate) format: WireFormat,
}
