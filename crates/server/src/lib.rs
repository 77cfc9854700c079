//! The `owlpost` server: everything around the product's crates. Read in this order:
//!
//! - [`config`]: options, environment and commands, and how they are refused;
//! - [`command`]: what each command does;
//! - [`server`]: a server's life from open to closed;
//! - [`signals`]: how it is stopped, and [`watchdog`]: what happens when it does not come back;
//! - [`wiring`]: how the crates are put together;
//! - [`listener`]: the accept loop;
//! - [`database`]: Postgres by its address, or inside this process;
//! - [`dashboard`]: the web assets; [`base_path`]: everything below a path;
//! - `operators`: the door of the Admin UI;
//! - [`demo`]: the castle of `--demo`;
//! - `identity_keys`: where the keys of an identity provider are read, by the `https_client`;
//! - [`telemetry`]: logs and metrics; `traces`: traces, where they are built in;
//! - [`standard_streams`]: everything that is written to stdout and stderr.

pub mod base_path;
pub mod command;
pub mod config;
pub mod dashboard;
pub mod database;
pub mod demo;
mod https_client;
mod identity_keys;
pub mod listener;
mod operators;
pub mod server;
pub mod signals;
pub mod standard_streams;
pub mod telemetry;
#[cfg(feature = "opentelemetry")]
pub mod traces;
pub mod watchdog;
pub mod wiring;

pub use config::Settings;
pub use server::run_server_until_shutdown;
