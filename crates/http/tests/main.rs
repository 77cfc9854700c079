//! Every test of this crate in one program: each of its own would link all of the product once more.

mod error_codes;
mod openapi_document;
