//! One error type for the whole domain, and the stable codes every surface answers with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::causes::write_causes_without_repetition;

/// What a domain operation gives back.
pub type Result<T, E = DomainError> = std::result::Result<T, E>;

/// The stable code of a failure: the same word in a REST error, an acknowledgement and an `error` event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// A field is missing, of the wrong type, or out of its bounds.
    ValidationError,
    /// No token, or one that is not valid.
    Unauthenticated,
    /// The token was valid until it expired.
    TokenExpired,
    /// Known, but not allowed to do this.
    Forbidden,
    /// There is no such thing, or not for this user.
    NotFound,
    /// The thing has changed, exists already, or is in a state that rules this out.
    Conflict,
    /// Too many requests or events.
    RateLimited,
    /// The body or message is larger than the limit.
    PayloadTooLarge,
    /// The database or another part is away; try again.
    Unavailable,
    /// A fault of the server. The cause is in its log, never in the answer.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::ValidationError,
        Self::Unauthenticated,
        Self::TokenExpired,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::RateLimited,
        Self::PayloadTooLarge,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The code as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValidationError => "VALIDATION_ERROR",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::RateLimited => "RATE_LIMITED",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the domain refused or failed. The text is fit for the person who asked; sources are for the log.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// A value is not acceptable; `field` says which.
    #[error("{field}: {message}")]
    Validation {
        /// Name of the offending field as the client wrote it.
        field: String,
        /// What it should be.
        message: String,
    },
    /// The token or the credentials are not good. Says no more on purpose.
    #[error("Authentication failed")]
    Unauthenticated,
    /// The access token has expired.
    #[error("Token expired")]
    TokenExpired,
    /// The actor may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing for this actor.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The state of the thing rules this out.
    #[error("{0}")]
    Conflict(String),
    /// Somebody else said of the incident before: I have it.
    #[error("{} has it already", by.name)]
    AlreadyAcknowledged {
        /// Who was first.
        by: Box<crate::User>,
        /// When they said so.
        at: chrono::DateTime<chrono::Utc>,
    },
    /// Postgres did not answer in time, or at all.
    #[error("The database is not available, try again")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of ours.
    #[error("Internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DomainError {
    /// Whether the server is to blame, and the same may be possible later.
    pub const fn is_of_server(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }

    /// A validation failure of one field.
    pub fn invalid_field_value(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Validation { field: field.into(), message: message.into() }
    }

    /// A fault of ours, with its cause for the log.
    pub fn internal_error_from_cause(
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Internal(cause.into())
    }

    /// One failure, for each of those who waited for the same.
    pub(crate) fn from_shared_failure(failure: &Arc<Self>) -> Self {
        match &**failure {
            Self::Validation { field, message } => {
                Self::Validation { field: field.clone(), message: message.clone() }
            }
            Self::NotFound(what) => Self::NotFound(what),
            Self::Unavailable(_) => Self::Unavailable(Box::new(failure.clone())),
            _ => Self::Internal(Box::new(failure.clone())),
        }
    }

    /// What brought it about, outermost first, for the log and never for a client; the message when nothing did.
    pub fn describe_chain_of_causes(&self) -> String {
        write_causes_without_repetition(std::error::Error::source(self).unwrap_or(self))
    }

    /// The code clients see.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Validation { .. } => ErrorCode::ValidationError,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::TokenExpired => ErrorCode::TokenExpired,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Conflict(_) | Self::AlreadyAcknowledged { .. } => ErrorCode::Conflict,
            Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }
}

/// Whatever is waited for with a limit of ours stands for the database, or for a task that waits for it.
impl From<tokio::time::error::Elapsed> for DomainError {
    fn from(elapsed: tokio::time::error::Elapsed) -> Self {
        Self::Unavailable(Box::new(elapsed))
    }
}

impl From<serde_json::Error> for DomainError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}
