//! The one error type of this crate, and the one place where a failure becomes a status, a code and a body.

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use owlpost_admission::RateExceeded;
use owlpost_domain::{DomainError, ErrorCode, User, model::serialize_optional_time_utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a client may try again when a part of the server is away.
const UNAVAILABLE_RETRY_SECONDS: u64 = 1;
const CHALLENGE: &str = r#"Bearer realm="owlpost""#;
const CHALLENGE_EXPIRED: &str =
    r#"Bearer realm="owlpost", error="invalid_token", error_description="Token expired""#;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The domain said no, or failed.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// Nothing says who asks.
    #[error("Authentication token required")]
    TokenMissing,
    /// Too many requests of this user or address.
    #[error("Too many requests, try again in {retry_after_seconds} s")]
    RateLimited {
        /// When the next one will be let through.
        retry_after_seconds: u64,
    },
    /// The body is too large to be read.
    #[error("The body must have at most {limit_bytes} bytes")]
    BodyTooLarge {
        /// Largest body.
        limit_bytes: usize,
    },
    /// The body is compressed, or otherwise not as it is.
    #[error("Content-Encoding: must be identity")]
    EncodingUnknown,
    /// No route has this path.
    #[error("There is nothing at this address")]
    RouteUnknown,
    /// The route exists, but not with this method.
    #[error("This address does not answer this method")]
    MethodNotAllowed,
    /// The answer was not ready in time.
    #[error("The answer was not ready in time, try again")]
    TimedOut,
    /// The server cannot be relied on until it is restarted.
    #[error("Workers of the server are stuck")]
    WorkersStuck,
    /// A handler panicked.
    #[error("Internal error")]
    Panicked(String),
}

/// Body of every refusal and failure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    error: ErrorDescription,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDescription {
    /// Stable code, for programs.
    code: ErrorCode,
    /// For people.
    message: String,
    /// More, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<ErrorDetails>,
}

/// More about an error, for programs.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetails {
    /// The field, parameter or header that is not acceptable, as the client wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// Who was first to take the incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    acknowledged_by: Option<User>,
    /// When they took it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_optional_time_utc"
    )]
    #[schema(nullable = false)]
    acknowledged_at: Option<DateTime<Utc>>,
}

impl ErrorDetails {
    fn of_field(field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::default() }
    }
}

/// What the log may know about a failure and the client may not. Travels in the extensions of the response to the
/// one place that logs requests.
#[derive(Debug, Clone)]
pub(crate) struct FailureCause(pub(crate) Arc<str>);

/// How an error is answered.
struct Answer {
    status: StatusCode,
    code: ErrorCode,
    details: Option<ErrorDetails>,
    retry_after_seconds: Option<u64>,
    challenge: Option<&'static str>,
    cause: Option<String>,
}

impl Answer {
    fn new(status: StatusCode, code: ErrorCode) -> Self {
        Self {
            status,
            code,
            details: None,
            retry_after_seconds: None,
            challenge: None,
            cause: None,
        }
    }
}

impl HttpError {
    /// A field, parameter or header that is not acceptable.
    pub(crate) fn refuse_field_with_message(
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Domain(DomainError::invalid_field_value(field, message))
    }

    fn describe_answer_to_client(&self) -> Answer {
        match self {
            Self::Domain(error) => describe_answer_to_domain_error(error),
            Self::TokenMissing => Answer {
                challenge: Some(CHALLENGE),
                ..Answer::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated)
            },
            Self::RateLimited { retry_after_seconds } => Answer {
                retry_after_seconds: Some(*retry_after_seconds),
                ..Answer::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited)
            },
            Self::BodyTooLarge { .. } => {
                Answer::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge)
            }
            Self::EncodingUnknown => Answer {
                details: Some(ErrorDetails::of_field("Content-Encoding")),
                ..Answer::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::ValidationError)
            },
            Self::RouteUnknown => Answer::new(StatusCode::NOT_FOUND, ErrorCode::NotFound),
            Self::MethodNotAllowed => Answer {
                details: Some(ErrorDetails::of_field("method")),
                ..Answer::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::ValidationError)
            },
            Self::TimedOut | Self::WorkersStuck => Answer {
                retry_after_seconds: Some(UNAVAILABLE_RETRY_SECONDS),
                ..Answer::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable)
            },
            Self::Panicked(message) => Answer {
                cause: Some(format!("panic: {message}")),
                ..Answer::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal)
            },
        }
    }
}

fn describe_answer_to_domain_error(error: &DomainError) -> Answer {
    let code = error.code();
    match error {
        DomainError::Validation { field, .. } => {
            let details = Some(ErrorDetails::of_field(field.as_str()));
            Answer { details, ..Answer::new(StatusCode::BAD_REQUEST, code) }
        }
        DomainError::Unauthenticated => {
            Answer { challenge: Some(CHALLENGE), ..Answer::new(StatusCode::UNAUTHORIZED, code) }
        }
        DomainError::TokenExpired => Answer {
            challenge: Some(CHALLENGE_EXPIRED),
            ..Answer::new(StatusCode::UNAUTHORIZED, code)
        },
        DomainError::Forbidden(_) => Answer::new(StatusCode::FORBIDDEN, code),
        DomainError::NotFound(_) => Answer::new(StatusCode::NOT_FOUND, code),
        DomainError::Conflict(_) => Answer::new(StatusCode::CONFLICT, code),
        DomainError::AlreadyAcknowledged { by, at } => Answer {
            details: Some(ErrorDetails {
                acknowledged_by: Some(User::clone(by)),
                acknowledged_at: Some(*at),
                field: None,
            }),
            ..Answer::new(StatusCode::CONFLICT, code)
        },
        DomainError::Unavailable(_) => Answer {
            retry_after_seconds: Some(UNAVAILABLE_RETRY_SECONDS),
            cause: Some(error.describe_chain_of_causes()),
            ..Answer::new(StatusCode::SERVICE_UNAVAILABLE, code)
        },
        DomainError::Internal(_) => Answer {
            cause: Some(error.describe_chain_of_causes()),
            ..Answer::new(StatusCode::INTERNAL_SERVER_ERROR, code)
        },
    }
}

impl From<RateExceeded> for HttpError {
    fn from(exceeded: RateExceeded) -> Self {
        Self::RateLimited { retry_after_seconds: exceeded.as_whole_seconds() }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let answer = self.describe_answer_to_client();
        let body = ErrorBody {
            error: ErrorDescription {
                code: answer.code,
                message: self.to_string(),
                details: answer.details,
            },
        };
        let mut response = (answer.status, Json(body)).into_response();
        if let Some(seconds) = answer.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = answer.challenge {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(cause) = answer.cause {
            response.extensions_mut().insert(FailureCause(cause.into()));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_answer_with_body(error: impl Into<HttpError>) -> (Response, serde_json::Value) {
        let (parts, body) = error.into().into_response().into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.expect("body");
        let value = serde_json::from_slice(&bytes).expect("JSON");
        (Response::from_parts(parts, axum::body::Body::empty()), value)
    }

    #[tokio::test]
    async fn should_answer_each_error_with_its_status_and_code() {
        let cases: Vec<(HttpError, u16, &str)> = vec![
            (DomainError::invalid_field_value("title", "x").into(), 400, "VALIDATION_ERROR"),
            (DomainError::Unauthenticated.into(), 401, "UNAUTHENTICATED"),
            (DomainError::TokenExpired.into(), 401, "TOKEN_EXPIRED"),
            (DomainError::Forbidden("no").into(), 403, "FORBIDDEN"),
            (DomainError::NotFound("Incident").into(), 404, "NOT_FOUND"),
            (DomainError::Conflict("x".into()).into(), 409, "CONFLICT"),
            (DomainError::Unavailable("x".into()).into(), 503, "UNAVAILABLE"),
            (DomainError::Internal("x".into()).into(), 500, "INTERNAL"),
            (HttpError::TokenMissing, 401, "UNAUTHENTICATED"),
            (HttpError::RateLimited { retry_after_seconds: 3 }, 429, "RATE_LIMITED"),
            (HttpError::BodyTooLarge { limit_bytes: 1 }, 413, "PAYLOAD_TOO_LARGE"),
            (HttpError::EncodingUnknown, 415, "VALIDATION_ERROR"),
            (HttpError::RouteUnknown, 404, "NOT_FOUND"),
            (HttpError::MethodNotAllowed, 405, "VALIDATION_ERROR"),
            (HttpError::TimedOut, 503, "UNAVAILABLE"),
            (HttpError::WorkersStuck, 503, "UNAVAILABLE"),
            (HttpError::Panicked("x".into()), 500, "INTERNAL"),
        ];
        for (error, status, code) in cases {
            let shown = error.to_string();
            let (response, body) = read_answer_with_body(error).await;
            assert_eq!(response.status(), status, "{shown}");
            assert_eq!(body["error"]["code"], code);
            assert_eq!(body["error"]["message"], shown);
            assert_eq!(response.headers().contains_key(header::WWW_AUTHENTICATE), status == 401);
            assert_eq!(
                response.headers().contains_key(header::RETRY_AFTER),
                matches!(status, 429 | 503)
            );
        }
    }

    #[tokio::test]
    async fn should_log_causes_and_never_send_them() {
        for error in [
            DomainError::Internal("secret cause".into()),
            DomainError::Unavailable("secret cause".into()),
        ] {
            let (response, body) = read_answer_with_body(error).await;
            assert!(!body.to_string().contains("secret"), "{body}");
            let cause = response.extensions().get::<FailureCause>().expect("a cause for the log");
            assert_eq!(&*cause.0, "secret cause");
        }
    }

    #[tokio::test]
    async fn should_name_the_offending_field() {
        let (_, body) =
            read_answer_with_body(DomainError::invalid_field_value("title", "must not be empty"))
                .await;
        assert_eq!(body["error"]["details"]["field"], "title");
        assert_eq!(body["error"]["message"], "title: must not be empty");
    }
}
