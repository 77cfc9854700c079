//! What carries bytes between a server and its clients, below any protocol: websockets, long polls and streams of HTTP.
//!
//! It knows no session, no user and no event. A gateway has a [`Pipe`] for each connection: it puts what its client is to
//! be sent in there, and one carrier takes it out. Read in this order:
//!
//! - [`queue`]: the rules of a bounded queue, without its lock; [`pipe`]: that queue for one connection of any protocol;
//! - [`websocket`]: a connection carried by a websocket, framing included; [`listener`]: what is told what it brings;
//! - [`poll`]: a connection carried by GETs that wait; [`stream_body`]: one carried by a response that does not end;
//! - [`request_body`]: what a client sends whose carrier goes one way;
//! - [`beat`]: how a silent client is found, and kept from taking the server for one;
//! - [`directory`]: connections by the secret their clients prove themselves with, those nobody has taken up yet included.
//!
//! The Engine.IO engine has a queue of its own kind (`engineioxide::link`), of packets that can be promised a place and
//! change their carrier; it shares [`queue`] and [`websocket`].

pub mod beat;
pub mod directory;
pub mod listener;
pub mod pipe;
pub mod poll;
pub mod queue;
pub mod request_body;
pub mod stream_body;
mod sync;
pub mod websocket;

pub use directory::{ConnectionSecret, Directory};
pub use listener::{CarriedPipe, Listener};
pub use pipe::{Outgoing, Pipe};
