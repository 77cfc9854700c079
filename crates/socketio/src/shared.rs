//! What every socket of one server shares.

use std::sync::Arc;

use owlpost_gateway::GatewayContext;

use crate::{transport::SocketWatcher, wire::WireFormat};

/// What every socket of one server shares.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) context: GatewayContext,
    pub(crate) format: WireFormat,
    /// What is told of each socket, if operators may watch.
    pub(crate) watcher: Option<Arc<dyn SocketWatcher>>,
}
