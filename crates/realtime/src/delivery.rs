//! From an event to the sessions that are entitled to it, and into their transports.

pub(crate) mod backlog;
pub(crate) mod dispatcher;
pub(crate) mod frame;
pub(crate) mod outbox;
pub(crate) mod queue_transport;
pub(crate) mod registry;
pub(crate) mod session;
pub(crate) mod transport;
