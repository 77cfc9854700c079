//! What a token of an identity provider says.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::key_set::ProviderKey;
use crate::{DomainError, Result, access_token::TimeClaims, validate::require_email_with_handle};

/// Characters of a subject: RFC 7519 leaves it open, OpenID Connect has 255.
const SUBJECT_CHARS: usize = 255;

/// A token that the provider signed for us.
#[derive(Debug, Clone)]
pub(crate) struct ForeignToken {
    pub(crate) subject: String,
    /// In lower case, and only when the provider does not say that it is unproven.
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct ForeignClaims {
    sub: String,
    email: Option<String>,
    email_verified: Option<bool>,
    name: Option<String>,
    #[serde(flatten)]
    times: TimeClaims,
}

/// Whether its header says that it is signed with a key whose other half is public. Says nothing of whether it is good.
pub(crate) fn is_signed_with_public_key(token: &str) -> bool {
    let header = jsonwebtoken::decode_header(token);
    header.is_ok_and(|header| {
        matches!(header.alg, Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA)
    })
}

impl ForeignToken {
    /// The token that this key signed, by this issuer and for this audience.
    pub(super) fn from_token_of_key(
        token: &str,
        key: &ProviderKey,
        issuer: &str,
        audience: &str,
    ) -> Result<Self> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<ForeignClaims>(token, &key.decoding, &validation)
            .map_err(|_| DomainError::Unauthenticated)?
            .claims;
        if claims.sub.is_empty() || claims.sub.chars().count() > SUBJECT_CHARS {
            return Err(DomainError::Unauthenticated);
        }
        if claims.sub.contains('\0') {
            return Err(DomainError::Unauthenticated);
        }
        let expires_at = claims.times.check_times_against_clock(Utc::now())?;
        let proven = claims.email.filter(|_| claims.email_verified != Some(false));
        Ok(Self {
            subject: claims.sub,
            email: proven.and_then(|email| require_email_with_handle(&email).ok()),
            name: claims.name,
            issued_at: claims.times.issued_second(),
            expires_at,
        })
    }
}
