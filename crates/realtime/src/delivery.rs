//! From an event to the sessions that are entitled to it, and into their transports.

pub(crate) mod fan_out;
pub(crate) mod frame;
pub(crate) mod outbox;
pub(crate) mod registry;
pub(crate) mod retry;
pub(crate) mod transport;
