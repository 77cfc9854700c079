//! The Socket.IO gateway: unmodified `socket.io-client` apps (v2 to v4, JSON or msgpack) on the realtime core.
//!
//! Read in this order:
//!
//! - [`gateway`]: what is built and how it is put in front of a router; [`config`], [`origin`], `query` and
//!   [`request_parts`];
//! - [`handshake`]: who may connect; `recovery`: who can come back by itself; `opening`: from there to a session;
//!   [`connection`]: what a socket is made of;
//! - [`events`]: the table of events a client may send, one file for each; [`event_names`]: their names, however they are
//!   written;
//! - [`inbox`]: each socket's events in order, bounded and rate-limited; `worker` works on them; [`reply`]: every one of
//!   them answered;
//! - [`wire`] and [`transport`]: frames of the core as packets, into the queue of one session of the engine.

pub mod config;
pub mod connection;
pub mod event_names;
pub mod events;
pub mod gateway;
pub mod handshake;
pub mod inbox;
mod opening;
pub mod origin;
mod query;
mod received_event;
mod recovery;
pub mod reply;
pub mod request_parts;
mod shared;
pub mod transport;
pub mod wire;
mod worker;

pub use config::SocketIoConfig;
pub use gateway::SocketIoGateway;
