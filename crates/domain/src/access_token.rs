//! Access tokens of our own: HS256 JSON Web Tokens and nothing else, by the letter of RFC 7515 and 7519.
//!
//! Times may have fractions. A token ends when its `exp` says so, without leeway; its `nbf` may be up to
//! [`CLOCK_LEEWAY`] ahead of our clock, since the clock of its issuer is another. A header with `crit` asks for what
//! nobody here does, and is refused.

mod claims;
#[cfg(test)]
mod fuzz;
mod key_ring;

use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use uuid::Uuid;

use self::{claims::PresentedClaims, key_ring::KeyRing};
use crate::{DomainError, Result, Role, User, UserId, authority::Authority};

pub use self::claims::CLOCK_LEEWAY;
pub(crate) use self::claims::TimeClaims;

/// Identifies a login: the family of its refresh tokens, and the `sid` of its access tokens.
pub type LoginId = Uuid;

/// What a token is good through (the login it belongs to, or else the time it was issued at), and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBasis {
    /// `sid`; of an API token, its own id. Tokens that were made on the command line or by another server have none.
    pub login: Option<LoginId>,
    /// `iat`, in Unix seconds.
    pub issued_at: Option<i64>,
    /// Who acts with it.
    pub authority: Authority,
}

impl TokenBasis {
    /// Of the person themselves, with a token that belongs to no login.
    pub const fn of_person_without_login(issued_at: Option<i64>) -> Self {
        Self { login: None, issued_at, authority: Authority::Person }
    }
}

/// What a verified token says. The role it claims is not read: the one in the database counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Whose token it is.
    pub user_id: UserId,
    /// When it stops to be valid.
    pub expires_at: DateTime<Utc>,
    /// What it is good through, and what for.
    pub basis: TokenBasis,
}

impl VerifiedToken {
    /// What its requests are counted under: those of a tool apart from its owner's.
    pub fn rate_key(&self) -> Uuid {
        match (self.basis.authority, self.basis.login) {
            (Authority::Tool(_), Some(token)) => token,
            _ => self.user_id,
        }
    }
}

#[derive(Serialize)]
struct IssuedClaims<'a> {
    sub: UserId,
    email: &'a str,
    name: &'a str,
    role: Role,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<LoginId>,
    iat: i64,
    exp: i64,
}

/// What a token is for, as its `type` says.
const ACCESS: &str = "access";
/// Of somebody who has logged in to the console of operators; good for nothing else.
const CONSOLE: &str = "console";

/// What the fingerprint of a secret is the signature of.
const FINGERPRINTED_TEXT: &[u8] = b"owlpost: the secret of a node";

/// Signs with one secret, and verifies with that and the ones before it.
pub struct TokenSigner(KeyRing);

impl TokenSigner {
    /// A signer with these HMAC keys: the first signs, and every one of them verifies.
    pub fn new<S: AsRef<[u8]>>(secrets: &[S]) -> Self {
        Self(KeyRing::new(secrets))
    }

    /// The same for every node that signs with the same secret. Tells no more about it than a token does.
    pub fn fingerprint_of_own_secret(&self) -> Result<String> {
        make_fingerprint_of_key(self.0.signing_key())
    }

    /// Those of every secret with which tokens verify here, the own one first.
    pub fn fingerprints_of_known_secrets(&self) -> Result<Vec<String>> {
        self.0.encoding_keys().map(make_fingerprint_of_key).collect()
    }

    /// A token for this user, valid for `ttl` from now, that belongs to no login.
    pub fn sign_token_for_user(&self, user: &User, ttl: Duration) -> Result<String> {
        self.sign_token_of_login(user, None, ttl)
    }

    /// A token for this user, valid for `ttl` from now and while the login lasts.
    pub fn sign_token_of_login(
        &self,
        user: &User,
        login: Option<LoginId>,
        ttl: Duration,
    ) -> Result<String> {
        self.sign_token_of_kind(ACCESS, user, login, ttl)
    }

    /// What lets this user into the console again, for `ttl` from now and while the login lasts.
    pub fn sign_session_of_console(
        &self,
        user: &User,
        login: LoginId,
        ttl: Duration,
    ) -> Result<String> {
        self.sign_token_of_kind(CONSOLE, user, Some(login), ttl)
    }

    fn sign_token_of_kind(
        &self,
        kind: &'static str,
        user: &User,
        login: Option<LoginId>,
        ttl: Duration,
    ) -> Result<String> {
        let now = Utc::now().timestamp();
        let claims = IssuedClaims {
            sub: user.id,
            email: &user.email,
            name: &user.name,
            role: user.role,
            kind,
            sid: login,
            iat: now,
            exp: now.saturating_add(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)),
        };
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(self.0.signing_key_id().to_owned());
        jsonwebtoken::encode(&header, &claims, self.0.signing_key())
            .map_err(DomainError::internal_error_from_cause)
    }

    /// Checks signature, algorithm, times and kind. Says "expired" only of a token that is otherwise good.
    pub fn verify_access_token_claims(&self, token: &str) -> Result<VerifiedToken> {
        let claims: PresentedClaims = self.0.verify_signature_of_token(token)?;
        if claims.kind.as_deref().is_some_and(|kind| kind != ACCESS) {
            return Err(DomainError::Unauthenticated);
        }
        read_verified_token_from(claims)
    }

    /// As [`Self::verify_access_token_claims`], of what lets into the console.
    pub fn verify_session_of_console(&self, session: &str) -> Result<VerifiedToken> {
        let claims: PresentedClaims = self.0.verify_signature_of_token(session)?;
        if claims.kind.as_deref() != Some(CONSOLE) {
            return Err(DomainError::Unauthenticated);
        }
        read_verified_token_from(claims)
    }
}

fn read_verified_token_from(claims: PresentedClaims) -> Result<VerifiedToken> {
    let expires_at = claims.times.check_times_against_clock(Utc::now())?;
    let user_id = claims
        .sub
        .or(claims.user_id)
        .and_then(|id| id.parse().ok())
        .ok_or(DomainError::Unauthenticated)?;
    // That of another server may be anything.
    let login = claims.sid.and_then(|id| id.parse().ok());
    let issued_at = claims.times.issued_second();
    let basis = TokenBasis { login, issued_at, authority: Authority::Person };
    Ok(VerifiedToken { user_id, expires_at, basis })
}

fn make_fingerprint_of_key(key: &EncodingKey) -> Result<String> {
    jsonwebtoken::crypto::sign(FINGERPRINTED_TEXT, key, Algorithm::HS256)
        .map_err(DomainError::internal_error_from_cause)
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner(..)")
    }
}
