//! What every socket of one server shares.

use owlpost_gateway::GatewayContext;

use crate::wire::WireFormat;

/// What every socket of one server shares.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) context: GatewayContext,
    pub(crate) format: WireFormat,
}
