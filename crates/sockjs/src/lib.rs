//! A server of the SockJS protocol 0.3.3, for any application: what `sockjs-client` needs where websockets are blocked.
//!
//! The application has a [`Pipe`](owlpost_carrier::Pipe) and a [`Listener`](owlpost_carrier::Listener) for each connection,
//! as with a websocket, and does not know what carries it. Read in this order:
//!
//! - [`application`]: what the application provides; [`config`]: bounds and times;
//! - `router`: every route; `pages`: what is served without a session; `headers`: what browsers want to be told;
//! - `frames`: the framing of SockJS, both ways;
//! - `session`: a connection that requests carry, one after the other; `sessions`: all of them, by their names;
//! - `transports`: websocket, polling, streams, and what is sent by POST.
//!
//! Left out are `htmlfile` and `jsonp`, which were for Internet Explorer up to 9: clients go to their next transport.

pub mod application;
pub mod config;
mod frames;
#[cfg(test)]
mod fuzz;
mod headers;
mod pages;
mod router;
mod session;
mod sessions;
mod transports;

pub use application::{Application, Arrival, BeatSwitch, Transport};
pub use config::SockJsConfig;
pub use pages::answer_request_with_greeting;
pub use router::SockJs;
