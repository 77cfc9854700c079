//! The Engine.IO engine under socketioxide: sessions, long polling, websockets, upgrades and heartbeats.
//!
//! It stands in for the crate of the same name (`[patch.crates-io]` in the workspace), whose interface socketioxide is
//! written against; `docs/ARCHITECTURE.md` says why. What differs is what a session costs: an idle websocket is one
//! task and an empty queue, a message for many sockets is shared until it is written, and all that waits for a socket
//! is written with one system call.
//!
//! Read in this order:
//!
//! - [`service`]: what is put in front of a router; [`request`] and [`response`]: what comes in and goes out by HTTP;
//! - [`engine`]: the sessions; [`socket`] and [`handler`]: a session as its user sees it;
//! - [`link`]: the queue of a session and who may take from it; [`session_handle`]: its other end, for fan-out;
//! - [`polling`] with `payload`, `attachments` and `compression`, [`websocket`] and [`heartbeat`]: the two transports, and how a silent
//!   client is found;
//! - [`config`]: bounds and times; [`traffic`]: what goes through, when somebody watches.
//!
//! How many sessions there may be, of all clients and of one address, is not for one engine to say: whoever puts
//! engines in front of routers gives each request `Arc<Places>` and a `ClientAddress` (`owlpost_admission`) in its
//! extensions. A request without them is not counted. They can also give it a [`TextRewrite`], which each text of the
//! session goes through before its user reads it.

mod attachments;
mod compression;
pub mod config;
mod disconnect_reason;
pub mod engine;
pub mod handler;
pub mod heartbeat;
pub mod link;
mod payload;
pub mod polling;
pub mod request;
pub mod response;
pub mod service;
pub mod session_handle;
pub mod socket;
mod sync;
mod text_rewrite;
pub mod traffic;
pub mod websocket;

pub use engineioxide_core::{ProtocolVersion, Str, TransportType};
pub use session_handle::SessionHandle;
pub use socket::{DisconnectReason, Socket};
pub use text_rewrite::{ReadableText, TextRewrite};
