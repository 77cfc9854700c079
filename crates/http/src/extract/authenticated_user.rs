//! Who asks, as the token middleware found them.

use axum::{extract::FromRequestParts, http::request::Parts};
use owlpost_domain::{User, access_token::VerifiedToken};

use crate::error::HttpError;

/// The user whose access token came with the request.
#[derive(Debug, Clone)]
pub(crate) struct AuthenticatedUser {
    /// As the database has them now, or moments ago.
    pub(crate) user: User,
    /// The token.
    pub(crate) access: VerifiedToken,
}

impl<S: Sync> FromRequestParts<S> for AuthenticatedUser {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        parts.extensions.get::<Self>().cloned().ok_or(HttpError::TokenMissing)
    }
}
