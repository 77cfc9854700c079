//! What the nodes of a cluster tell each other.

pub(crate) mod bus;
pub(crate) mod message;
pub(crate) mod redis_address;
