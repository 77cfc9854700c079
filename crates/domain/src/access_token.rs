//! Access tokens: HS256 JSON Web Tokens and nothing else.

#[cfg(test)]
mod fuzz;

use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use crate::{DomainError, Result, Role, User, UserId};

/// What a verified token says. The role it claims is not read: the one in the database counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Whose token it is.
    pub user_id: UserId,
    /// When it stops to be valid.
    pub expires_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct IssuedClaims<'a> {
    sub: UserId,
    email: &'a str,
    name: &'a str,
    role: Role,
    #[serde(rename = "type")]
    kind: &'static str,
    iat: i64,
    exp: i64,
}

/// Claims as tokens of this and of the older Express server carry them.
#[derive(Deserialize)]
struct PresentedClaims {
    sub: Option<String>,
    #[serde(rename = "userId")]
    user_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    exp: i64,
}

/// What the fingerprint of a secret is the signature of.
const FINGERPRINTED_TEXT: &[u8] = b"owlpost: the secret of a node";

/// Signs and verifies with one secret.
pub struct TokenSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl TokenSigner {
    /// A signer with this HMAC key.
    pub fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp"]);
        validation.leeway = 0;
        validation.validate_aud = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// The same for every node that signs with the same secret. Tells no more about it than a token does.
    pub fn fingerprint_of_own_secret(&self) -> Result<String> {
        jsonwebtoken::crypto::sign(FINGERPRINTED_TEXT, &self.encoding, Algorithm::HS256)
            .map_err(DomainError::internal_error_from_cause)
    }

    /// A token for this user, valid for `ttl` from now.
    pub fn sign_token_for_user(&self, user: &User, ttl: Duration) -> Result<String> {
        let now = Utc::now().timestamp();
        let claims = IssuedClaims {
            sub: user.id,
            email: &user.email,
            name: &user.name,
            role: user.role,
            kind: "access",
            iat: now,
            exp: now.saturating_add(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(DomainError::internal_error_from_cause)
    }

    /// Checks signature, algorithm, expiry and kind. Says "expired" only of a token that is otherwise good.
    pub fn verify_access_token_claims(&self, token: &str) -> Result<VerifiedToken> {
        let claims =
            jsonwebtoken::decode::<PresentedClaims>(token, &self.decoding, &self.validation)
                .map_err(|error| match error.kind() {
                    ErrorKind::ExpiredSignature => DomainError::TokenExpired,
                    _ => DomainError::Unauthenticated,
                })?
                .claims;
        if claims.kind.is_some_and(|kind| kind != "access") {
            return Err(DomainError::Unauthenticated);
        }
        let user_id = claims
            .sub
            .or(claims.user_id)
            .and_then(|id| id.parse().ok())
            .ok_or(DomainError::Unauthenticated)?;
        let expires_at =
            DateTime::from_timestamp(claims.exp, 0).ok_or(DomainError::Unauthenticated)?;
        Ok(VerifiedToken { user_id, expires_at })
    }
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner(..)")
    }
}
