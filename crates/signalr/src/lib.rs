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
//! - `hub_message`: the messages of both formats, which `format` encodes and `decoder` decodes: `json` and `msgpack`;
//!   `handshake`: what comes before them.

mod admit;
mod close;
pub mod config;
mod connect;
mod decoder;
mod format;
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

pub use config::SignalRConfig;
pub use gateway::SignalRGateway;
