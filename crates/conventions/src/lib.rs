//! What is written from the code, and tests of what this repository promises about itself.
//!
//! - [`protocol`]: `docs/PROTOCOL.asyncapi.yaml`, from event names and payload types; `tests/protocol.rs` compares;
//! - [`types`]: `web/src/generated`, from payload types; `tests/generated_types.rs` compares;
//! - `tests/naming.rs`: functions are named with four words or more;
//! - `tests/layout.rs`: files and tables of contents keep their form.
//!
//! `make types` writes both anew.

pub mod protocol;
pub mod types;
