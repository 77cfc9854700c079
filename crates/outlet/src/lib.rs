//! Outlets: what happens here is told to others outside, in the order of the log, each event at least once.
//!
//! One node of the cluster follows the log for all of them. Read in this order:
//!
//! - `outlet`: what somebody outside is, to whoever follows the log for them: the [`Outlet`] trait;
//! - `ground`: what all outlets stand on, and `window`, the stretch of the log that they read together;
//! - `follower`: follows the log for one outlet, from its position on; `backoff`: the pauses after failures;
//! - `publisher`: sees to it that one node publishes: the [`OutletKind`] trait, and [`Outlets`], all of them;
//! - `rabbitmq`: a topic exchange; `webhooks`: addresses that are called; `web_push`: browsers that are told;
//! - `calling`: how the addresses of the latter two are called;
//! - `incident`: which incident an event is about; `metrics`: what is counted.

mod backoff;
mod calling;
mod follower;
mod ground;
mod incident;
mod metrics;
mod outlet;
mod publisher;
pub mod rabbitmq;
pub mod web_push;
pub mod webhooks;
mod window;

pub use calling::Caller;
pub use follower::{Beginning, follow_log_for_outlet};
pub use ground::Ground;
pub use outlet::{Decision, Outlet, OutletName, Progress, Setback};
pub use publisher::{OutletKind, Outlets};
