//! Owl Post under injected faults: a real server, real clients that keep their history, and a judge.
//!
//! Read in this order:
//!
//! - [`checker`]: what is promised, as pure functions over the log and the histories;
//! - [`history`], [`wire`] and [`client`]: clients, and what they saw;
//! - [`rest`] and [`writers`]: those who write, through whatever happens;
//! - [`cluster`], [`database`], [`proxy`], [`server_process`] and [`people`]: what a run stands on; [`castle`]: all of it as one, and
//!   [`judgement`] over it;
//! - [`lab`] and [`scenario`]: seeds, scales, and the list of faults; [`scenarios`]: one file for each group of them;
//! - [`report`]: the table; [`console`]: what is printed.

pub mod castle;
pub mod checker;
pub mod client;
pub mod cluster;
pub mod console;
pub mod database;
pub mod history;
pub mod judgement;
pub mod lab;
pub mod people;
pub mod proxy;
pub mod report;
pub mod rest;
pub mod scenario;
pub mod scenarios;
pub mod server_process;
pub mod small_disk;
pub mod wire;
pub mod writers;
