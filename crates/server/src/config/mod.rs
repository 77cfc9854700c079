//! Configuration: what can be set, how it is read, and how it is refused.
//!
//! - [`settings`]: every option, with its variable and default;
//! - [`hook_settings`]: those of alerts that come in; [`outlet_settings`]: those of events that go out;
//! - [`command_line`]: the commands;
//! - [`read`]: reading both, and the errors at start;
//! - `parse_value`: readers of single values;
//! - [`map`]: from the options to what each crate takes.

pub mod command_line;
pub mod hook_settings;
pub mod map;
pub mod outlet_settings;
pub(crate) mod parse_value;
pub mod read;
pub mod settings;

pub use command_line::{Command, CommandLine, MigrateArgs};
pub use parse_value::MIN_SECRET_BYTES;
pub use read::{read_command_line_and_environment, read_command_line_from};
pub use settings::Settings;
