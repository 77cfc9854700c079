//! What carries a connection: one file each.

pub(crate) mod send;
pub(crate) mod streaming;
pub(crate) mod websocket;
pub(crate) mod xhr;
