//! The SignalR gateway: unmodified `@microsoft/signalr` and `@aspnet/signalr` clients, by websocket, Server-Sent Events and
//! long polling, in JSON and MessagePack, on the realtime core. It is only wire: what a client may ask for, and in which
//! order it is answered, is the business of `owlpost_gateway`; what carries the bytes, of `owlpost_carrier`.
//!
//! Read in this order:
//!
//! - [`gateway`]: the routes of the hub; [`config`]: its bounds and times;
//! - `admit`: who a request is from; `negotiate`, `connect` and `send`: what it is for;
//! - `hub`: its connections from their negotiation to their end, what their clients say, and streams; `hub_carrier`: what
//!   carries them;
//! - `methods`: what a client can call, and how it is answered;
//! - `peer`: the client as the core sees it; `close`: what it is told at the end;
//! - `handshake`: the first message of a client, which chooses the format of all that follow; `hub_message`: what it can
//!   say, and what a call ends with; `format`: the two formats side by side; `decoder`: bytes as messages, however they were
//!   cut; `framing`: where a message ends; `json` and `msgpack`: one message in each format; `argument`: a value in both.

mod admit;
mod argument;
mod close;
pub mod config;
mod connect;
mod decoder;
mod format;
mod framing;
#[cfg(test)]
mod fuzz;
pub mod gateway;
mod handshake;
mod hub;
mod hub_carrier;
mod hub_message;
mod json;
mod methods;
mod msgpack;
mod negotiate;
mod peer;
mod send;
#[cfg(test)]
mod spec_examples;

pub use config::SignalRConfig;
pub use gateway::SignalRGateway;
