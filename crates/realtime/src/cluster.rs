//! What the nodes of a cluster tell each other.

pub(crate) mod bus;
pub(crate) mod message;
