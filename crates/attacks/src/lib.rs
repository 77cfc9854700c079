//! Owl Post under attack: a real server, what is tried against it, and bystanders who must not notice.
//!
//! Read in this order:
//!
//! - [`attack`]: what an attack is, and how a list of them is run;
//! - [`field`]: what an attack is given: a server, its people, and the look at what became of them;
//! - [`intruder`]: a Socket.IO client that also writes what no client should;
//! - [`forgery`]: tokens that nobody gave out;
//! - [`attacks`]: the list, and one file for each group of them;
//! - [`report`]: the table.

pub mod attack;
pub mod attacks;
pub mod field;
pub mod forgery;
pub mod intruder;
pub mod report;
