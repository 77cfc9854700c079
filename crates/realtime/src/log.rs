//! The event log as this node follows it: delivery in order, what was delivered lately, and what somebody missed.

pub(crate) mod follower;
pub(crate) mod recent;
pub(crate) mod replay;
