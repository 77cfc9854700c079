//! The accept loop: HTTP/1.1 with upgrades on TCP, plain or over TLS, every wait bounded, drained at shutdown.
//!
//! - [`socket_options`]: what is asked of the kernel;
//! - [`counted_stream`]: a connection and its place under the cap;
//! - [`tls`]: the handshake; [`certificate_files`] and [`acme`]: where certificates come from;
//! - [`accept_loop`]: accepting, serving and draining.

pub mod accept_loop;
pub mod acme;
pub mod certificate_files;
pub mod counted_stream;
pub mod socket_options;
pub mod tls;

pub use accept_loop::{ListenerConfig, serve_connections_until_shutdown};
