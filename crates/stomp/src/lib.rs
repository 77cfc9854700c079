//! The STOMP gateway: unmodified `@stomp/stompjs` clients, by websocket and with `sockjs-client`, on the realtime core. It is
//! only wire: what a client may ask for, and in which order it is answered, is the business of `owlpost_gateway`; what
//! carries the bytes, of `owlpost_carrier` and `owlpost_sockjs`.
//!
//! Read in this order:
//!
//! - [`protocol`]: STOMP without anything of Owl Post: frames, what clients ask for, what they hear;
//! - [`gateway`]: the routes; [`config`]: its bounds and times;
//! - `connection`: one client from its first frame to its end; `connect`: who it is, and how it is greeted;
//! - `destinations`: what can be heard and said where; `subscribe` and `acknowledge`: what else a client asks for;
//! - `peer`: the client as the core sees it, and how it is answered.

mod acknowledge;
pub mod config;
mod connect;
mod connection;
mod destinations;
#[cfg(test)]
mod fuzz;
pub mod gateway;
mod peer;
pub mod protocol;
mod subscribe;

pub use config::StompConfig;
pub use destinations::{list_addresses_of_event, write_destination_of_call};
pub use gateway::{STOMP_PATH, StompGateway};
