//! The event log as this node follows it: delivery in order, what was delivered lately, and what somebody missed.
//!
//! - `order`: which event is next, and when a missing position is passed over; pure;
//! - `source`: what the follower needs of the database and of the node;
//! - `feed`: what the node shares with the follower; `recent`: the newest events in memory;
//! - `settle`: the position a node begins with; `follower`: the one task that delivers;
//! - `replay`: what came before; `reader`: all of it from a position on, for who tells others outside.

pub(crate) mod feed;
pub(crate) mod follower;
mod order;
pub(crate) mod reader;
mod recent;
pub(crate) mod replay;
pub(crate) mod settle;
pub(crate) mod source;
