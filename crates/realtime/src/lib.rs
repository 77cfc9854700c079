//! Owl Post's realtime core: who is connected, who is entitled to what, and delivery in log order.
//!
//! It knows no wire protocol. A gateway (Socket.IO, SSE) opens a [`Session`] with a [`Transport`] of its own and
//! gets frames to write; everything else happens here. Read in this order:
//!
//! - `node`: the [`Realtime`] handle with the contract of gateways, and how the parts below are put together;
//! - `delivery`: a frame is an event serialised once; which sessions get it, and what waits before a transport;
//! - `session`: how one connection opens and ends, what happens to it over time, a session read as a stream;
//! - `log`: delivery in log order, nothing missed; what came before;
//! - `presence`: who is there; `rooms` and `typing`: where, and what they do;
//! - `known_incidents`: what a node that is alone need not ask the database;
//! - `cluster`: what nodes tell each other; `task_health`: whether the node's background tasks do their work;
//! - `metrics`: what is counted.

mod cluster;
pub mod config;
mod delivery;
#[cfg(test)]
mod fakes;
mod known_incidents;
mod log;
mod metrics;
mod node;
mod presence;
mod receipts;
mod rooms;
mod session;
mod sync;
mod task_health;
mod typing;

pub use cluster::redis_address::{check_redis_carries_messages, parse_address_of_redis};
pub use config::RealtimeConfig;
pub use delivery::{
    frame::Frame,
    queue_transport::{QueueReader, QueueTransport},
    session::{Session, SessionEnd, SessionRequest},
    transport::{CloseReason, Reply, SendOutcome, Transport},
};
pub use known_incidents::{IncidentState, KnownIncidents, ReadingMark};
pub use log::{
    reader::LogReader,
    replay::{EventPage, WantedEvents, parse_event_id_text},
};
pub use node::{Readiness, Realtime};
pub use presence::directory::PresenceDirectory;
pub use rooms::{RoomView, ViewersBy};
pub use session::{
    opening::PreparedSession,
    recovery::{POSITION_CHARACTERS, RecoveryRequest, Resumption, cut_position_of_client},
    stream::{EventStream, StreamItem},
    topic_replay::{MissedFrames, TopicReplay},
};
