//! STOMP without anything of Owl Post: what a server of any kind needs of it.
//!
//! - [`version`]: three versions, and their escapes; [`heart_beat`]: how often each side gives a sign of life;
//! - [`frame`] and [`decoder`]: bytes of a client as frames, however they were cut; [`encoder`]: frames of a server;
//! - [`exchange`]: what a client asks for, in order, once its frames follow the rules; `transactions`: what waits;
//! - [`subscriptions`]: what it hears, and what it is yet to acknowledge.

pub mod decoder;
pub mod encoder;
pub mod exchange;
pub mod frame;
pub mod heart_beat;
pub mod subscriptions;
pub mod transactions;
pub mod version;
