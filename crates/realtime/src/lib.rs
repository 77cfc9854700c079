//! Owl Post's realtime core: who is connected, who is entitled to what, and delivery in log order.
//!
//! It knows no wire protocol. A gateway (Socket.IO, SSE) opens a [`Session`] with a [`Transport`] of its own and
//! gets frames to write; everything else happens here. Read in this order:
//!
//! - [`frame`]: an event serialised once, as every gateway writes it;
//! - [`transport`]: what a gateway provides; [`outbox`] and [`session`]: what stands before it;
//! - [`registry`]: which sessions listen to which topic;
//! - [`core`]: the [`Realtime`] handle, and the operations a gateway calls: [`connection`], [`rooms`], [`typing`],
//!   [`event_stream`];
//! - [`log_follower`]: delivery in log order, nothing missed; [`recent_events`] and [`resume`]: what came before;
//! - [`presence_writer`], [`presence_directory`], [`presence_announcer`], [`presence_departures`],
//!   [`presence_lease`]: who is there;
//! - [`session_expiry`], [`user_changes`], [`backlog`]: what happens to sessions over time;
//! - [`bus`]: what nodes tell each other;
//! - [`metrics`]: names of everything measured.

pub mod backlog;
pub mod bus;
pub mod config;
pub mod connection;
pub mod core;
pub mod event_stream;
pub mod frame;
pub mod log_follower;
pub mod metrics;
pub mod outbox;
pub mod presence_announcer;
pub mod presence_departures;
pub mod presence_directory;
pub mod presence_lease;
pub mod presence_writer;
pub mod recent_events;
pub mod registry;
pub mod resume;
pub mod rooms;
pub mod session;
pub mod session_expiry;
pub mod transport;
pub mod typing;
pub mod user_changes;

pub use config::RealtimeConfig;
pub use connection::SessionRequest;
pub use core::{Readiness, Realtime};
pub use event_stream::{EventStream, StreamItem};
pub use frame::Frame;
pub use presence_directory::PresenceDirectory;
pub use resume::EventPage;
pub use session::Session;
pub use transport::{CloseReason, SendOutcome, Transport};
