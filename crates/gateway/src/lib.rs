//! What every gateway has besides its wire: who may come in, what a client may ask for, in which order it is answered, and
//! which web pages may connect.
//!
//! A gateway speaks one protocol to clients as they are. It brings routes, a codec, names and a keep-alive of its own, and
//! one type that is a [`Peer`]; the rest is here, once for all protocols. Read in this order:
//!
//! - [`context`]: what all connections of a server share, and its [`limits`]; [`gateway`]: a protocol as the server sees
//!   it;
//! - [`browser_guard`]: which web pages may connect; [`admission`]: who may, and [`query`], where clients say what they want;
//! - [`peer`]: one connected client as its protocol knows it; [`conversation`]: its session, and its calls, worked on one
//!   after the other out of a bounded, rate-limited [`inbox`];
//! - [`calls`]: the table of calls a client may make, one file for each; [`caller`]: for whom; [`outcome`]: what it is
//!   answered;
//! - [`farewell`]: what a client is told that shall stay away;
//! - [`names`]: the names of events as other protocols spell them.

pub mod admission;
pub mod browser_guard;
mod call_counters;
pub mod caller;
pub mod calls;
pub mod context;
pub mod conversation;
pub mod farewell;
pub mod gateway;
pub mod inbox;
pub mod limits;
pub mod names;
pub mod outcome;
pub mod peer;
pub mod query;

pub use admission::{Admission, ConnectRefusal};
pub use browser_guard::BrowserGuard;
pub use call_counters::begin_counter_of_request;
pub use caller::Caller;
pub use calls::ClientCall;
pub use context::GatewayContext;
pub use conversation::Conversation;
pub use gateway::Gateway;
pub use inbox::Call;
pub use limits::GatewayLimits;
pub use outcome::{Answer, Outcome, Refusal};
pub use peer::{Peer, PeerLabels};
