//! Every test of this crate in one program: each of its own would link all of the product once more.

mod both_protocols;
mod closing;
mod heartbeat;
mod many_sessions;
mod opening;
mod polling;
mod protocol3;
mod strangers;
mod stuck_reader;
mod support;
mod two_ids;
mod upgrade;
mod violations;
mod websocket;
