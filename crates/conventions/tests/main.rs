//! Every test of this crate in one program: each of its own would link all of the product once more.

mod container;
mod fuzzing;
mod generated_types;
mod imports;
mod layout;
mod metrics;
mod migrations;
mod naming;
mod openapi;
mod protocol;
mod published_schemas;
