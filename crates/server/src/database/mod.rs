//! Where the data is: a Postgres server given by its address, or the embedded one in the data directory.
//!
//! - [`data_dir`]: the directory, its lock and the generated secret;
//! - [`embedded`]: Postgres inside this process (feature `embedded-database`);
//! - [`open`]: from the settings to a [`Database`] with an open store.

pub mod data_dir;
#[cfg(feature = "embedded-database")]
pub mod embedded;
pub mod open;
#[cfg(feature = "embedded-database")]
mod template_files;

pub use open::{Database, open_database_from_settings};
