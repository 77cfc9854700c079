//! What a client is answered: what it asked for, or why it was not done.

use owlpost_domain::{DomainError, ErrorCode};
use serde_json::{Map, Value, json};

/// What a call is answered with, besides that it was done.
pub type Answer = Map<String, Value>;

/// What became of a call.
pub type Outcome = Result<Answer, Refusal>;

/// Why a call was not done: the code and the text for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// The field of the payload that is wrong.
    pub field: Option<String>,
}

impl Refusal {
    /// More calls than may be made, or than may wait.
    pub fn rate_limited() -> Self {
        let message = "Too many events; slow down or be disconnected".to_owned();
        Self { code: ErrorCode::RateLimited, message, field: None }
    }

    /// A message larger than it may be, which was read all the same.
    pub fn payload_too_large() -> Self {
        let message = "The message is larger than the limit".to_owned();
        Self { code: ErrorCode::PayloadTooLarge, message, field: None }
    }

    /// As JSON: `{ code, message, details?: { field } }`.
    pub fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(field) = &self.field {
            error["details"] = json!({ "field": field });
        }
        error
    }
}

/// The one place where a failure becomes what a client of any gateway sees. Causes are logged, never sent.
impl From<&DomainError> for Refusal {
    fn from(error: &DomainError) -> Self {
        let field = match error {
            DomainError::Validation { field, .. } => Some(field.clone()),
            DomainError::Internal(cause) => {
                tracing::error!(%cause, "a call failed");
                None
            }
            DomainError::Unavailable(cause) => {
                tracing::warn!(%cause, "a call could not be worked on");
                None
            }
            DomainError::Unauthenticated
            | DomainError::TokenExpired
            | DomainError::Forbidden(_)
            | DomainError::NotFound(_)
            | DomainError::Conflict(_) => None,
        };
        Self { code: error.code(), message: error.to_string(), field }
    }
}
