//! The body of a request that brings what a client sends, when its carrier goes one way.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// Why the body of a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBody {
    /// It is larger than it may be.
    TooLarge,
    /// The connection ended in the middle of it.
    Broken,
    /// It did not come in time.
    TooLate,
}

impl NoBody {
    /// What the request is answered.
    pub const fn describe_refusal_of_request(self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than the limit\n")
            }
            Self::Broken => (StatusCode::BAD_REQUEST, "The body did not arrive\n"),
            Self::TooLate => (StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time\n"),
        }
    }
}

/// Reads a body of so many bytes at most, within this time.
pub async fn read_body_within_bounds<B>(
    body: B,
    most_bytes: usize,
    patience: Duration,
) -> Result<Bytes, NoBody>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let whole = Limited::new(body, most_bytes).collect();
    match tokio::time::timeout(patience, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(NoBody::TooLarge),
        Ok(Err(_)) => Err(NoBody::Broken),
        Err(_) => Err(NoBody::TooLate),
    }
}
