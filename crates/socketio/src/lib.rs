//! The Socket.IO gateway: unmodified `socket.io-client` apps (v2 to v4, JSON or msgpack) on the realtime core. It is only
//! wire: what a client may ask for, and in which order it is answered, is the business of `owlpost_gateway`.
//!
//! Read in this order:
//!
//! - [`gateway`]: what is built and how it is put in front of a router; [`config`], `door` and [`request_parts`]: what
//!   requests are looked at before the engine sees them;
//! - [`handshake`]: who may connect; `recovery`: who can come back by itself; `opening`: from there to a session, and its
//!   end;
//! - `received_event`: what a client sent, as a call; [`event_names`]: the names of events, however they are written;
//! - [`admin`]: the namespace of Socket.IO's Admin UI;
//! - [`wire`] and [`transport`]: frames of the core and answers as packets, into the queue of one session of the engine.

pub mod admin;
pub mod config;
mod door;
pub mod event_names;
pub mod gateway;
pub mod handshake;
mod opening;
mod received_event;
mod recovery;
pub mod request_parts;
mod shared;
pub mod transport;
pub mod wire;

pub use config::SocketIoConfig;
pub use gateway::SocketIoGateway;
