//! What a client is answered: what it asked for, or why it was not done.

use chrono::{DateTime, SecondsFormat, Utc};
use owlpost_domain::{DomainError, ErrorCode, User};
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
    /// Who was first to take the incident, and when.
    pub acknowledged: Option<Box<(User, DateTime<Utc>)>>,
}

impl Refusal {
    /// A code and its text, and nothing more.
    pub const fn with_code(code: ErrorCode, message: String) -> Self {
        Self { code, message, field: None, acknowledged: None }
    }

    /// More calls than may be made, or than may wait.
    pub fn rate_limited() -> Self {
        let message = "Too many events; slow down or be disconnected".to_owned();
        Self::with_code(ErrorCode::RateLimited, message)
    }

    /// A message larger than it may be, which was read all the same.
    pub fn payload_too_large() -> Self {
        let message = "The message is larger than the limit".to_owned();
        Self::with_code(ErrorCode::PayloadTooLarge, message)
    }

    /// As JSON: `{ code, message, details?: { field?, acknowledgedBy?, acknowledgedAt? } }`.
    pub fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(field) = &self.field {
            error["details"] = json!({ "field": field });
        }
        if let Some((by, at)) = self.acknowledged.as_deref() {
            let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
            error["details"] = json!({ "acknowledgedBy": by, "acknowledgedAt": at });
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
            | DomainError::Conflict(_)
            | DomainError::AlreadyAcknowledged { .. } => None,
        };
        let acknowledged = match error {
            DomainError::AlreadyAcknowledged { by, at } => Some(Box::new((*by.clone(), *at))),
            _ => None,
        };
        Self { code: error.code(), message: error.to_string(), field, acknowledged }
    }
}
