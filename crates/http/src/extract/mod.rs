//! What handlers take. Each refuses in the one documented shape.

#[cfg(test)]
mod fuzz;

mod authenticated_user;
mod idempotency_key;
mod if_match;
mod json_body;
mod path_id;
mod present_value;
mod query_params;
mod request_origin;

pub(crate) use authenticated_user::AuthenticatedUser;
pub(crate) use idempotency_key::IdempotencyKeyHeader;
pub(crate) use if_match::{IfMatchHeader, is_known_to_reader};
pub(crate) use json_body::{
    JsonBody, OptionalJsonBody, STRANGER_BODY_BYTES, read_body_within_limit,
};
pub(crate) use path_id::{PathId, PathIdOfComment};
pub(crate) use present_value::{
    read_optional_word_value, read_present_field_value, read_present_word_list,
    read_present_word_value, read_required_word_list, read_required_word_value,
};
pub(crate) use query_params::QueryParams;
pub(crate) use request_origin::RequestOrigin;
