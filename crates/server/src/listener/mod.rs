//! The accept loop: HTTP/1.1 with upgrades on plain TCP, every wait bounded, drained at shutdown.
//!
//! - [`socket_options`]: what is asked of the kernel;
//! - [`abortable_stream`]: the wrapper that lets a gateway end a connection;
//! - [`accept_loop`]: accepting, serving and draining.

pub mod abortable_stream;
pub mod accept_loop;
pub mod socket_options;

pub use accept_loop::{ListenerConfig, serve_connections_until_shutdown};
