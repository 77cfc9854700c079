//! Load generator, and side-by-side runs of Owl Post and its peers.
//!
//! In reading order:
//! - [`fleet`]: thousands of websocket clients in one thread, that count and time events;
//! - [`poster`]: the requests that make servers send them; [`histogram`]: where latencies go;
//! - [`process`]: a server under test and what the kernel accounts to it; [`machine`]: what all of it runs on;
//! - [`database`], [`tokens`]: what a server needs before its first client;
//! - [`subjects`]: the servers, one file each; [`session`]: one of them with its clients;
//! - [`workloads`]: what they are put through, one file each; [`profile`]: how much of it;
//! - [`measurement`], [`report`]: what came out; [`run`]: all of it, from the command line; [`console`]: what it prints.

// Counts of events and microseconds are far below the precision of a double.
#![allow(clippy::cast_precision_loss)]

pub mod console;
pub mod database;
pub mod fleet;
pub mod histogram;
pub mod machine;
pub mod measurement;
pub mod poster;
pub mod process;
pub mod profile;
pub mod report;
pub mod run;
pub mod session;
pub mod subjects;
pub mod tokens;
pub mod workloads;
