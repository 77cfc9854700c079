//! The accept loop: HTTP/1.1 with upgrades on plain TCP, every wait bounded, drained at shutdown.
//!
//! - [`socket_options`]: what is asked of the kernel;
//! - [`counted_stream`]: a connection and its place under the cap;
//! - [`accept_loop`]: accepting, serving and draining.

pub mod accept_loop;
pub mod counted_stream;
pub mod socket_options;

pub use accept_loop::{ListenerConfig, serve_connections_until_shutdown};
