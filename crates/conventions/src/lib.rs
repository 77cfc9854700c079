//! What is written from the code, and tests of what this repository promises about itself.
//!
//! - [`openapi`]: `docs/openapi.json`, the document a server serves; `tests/openapi.rs` compares;
//! - [`protocol`]: `docs/PROTOCOL.asyncapi.yaml`, from event names and payload types; `tests/protocol.rs` compares;
//! - [`types`]: `packages/client/src/generated`, from payload types; `tests/generated_types.rs` compares; `hub_types` is
//!   its part for SignalR;
//! - `docs/METRICS.md`, from the table of metrics; `tests/metrics.rs` compares;
//! - `tests/published_schemas.rs`: both documents say of values and fields what the code says;
//! - `tests/naming.rs`: functions are named with four words or more;
//! - `tests/imports.rs`: modules import each other in no circle;
//! - `tests/layout.rs`: files and tables of contents keep their form.
//!
//! `make types` writes all four anew.

mod hub_types;
pub mod openapi;
pub mod protocol;
pub mod types;
