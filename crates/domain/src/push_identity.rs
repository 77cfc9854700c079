//! The key that push services know this server by (VAPID, RFC 8292). It is the same for the whole cluster, and for good.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    elliptic_curve::sec1::ToEncodedPoint as _,
};
use rand::RngExt as _;
use serde_json::json;

use crate::{DomainError, Result};

/// How long a signature is good: push services take no more than 24 h.
const SIGNATURE_HOURS: i64 = 12;

/// The key pair of the server.
#[derive(Clone)]
pub struct PushIdentity(SecretKey);

impl PushIdentity {
    pub(crate) fn draw_from_chance() -> Self {
        loop {
            // Four of 2^32 draws are none of the curve's numbers.
            if let Ok(key) = SecretKey::from_slice(&rand::rng().random::<[u8; 32]>()) {
                return Self(key);
            }
        }
    }

    /// One that was kept.
    pub(crate) fn from_kept_bytes(bytes: &[u8]) -> Result<Self> {
        SecretKey::from_slice(bytes).map(Self).map_err(DomainError::internal_error_from_cause)
    }

    /// What is kept of it.
    pub(crate) fn to_kept_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }

    /// The public key, in base64url, which browsers subscribe to: an uncompressed point.
    pub fn public_key_as_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().to_encoded_point(false))
    }

    /// The value of `Authorization` for a push service: `audience` is its origin, `contact` an address its people can write to.
    pub fn sign_authorization_for_service(
        &self,
        audience: &str,
        contact: &str,
        now: DateTime<Utc>,
    ) -> String {
        let expires_at = (now + TimeDelta::hours(SIGNATURE_HOURS)).timestamp();
        let claims = json!({ "aud": audience, "exp": expires_at, "sub": contact });
        let header = json!({ "typ": "JWT", "alg": "ES256" });
        let encode = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature: Signature = SigningKey::from(&self.0).sign(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        format!("vapid t={signed}.{signature}, k={}", self.public_key_as_text())
    }
}

impl fmt::Debug for PushIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushIdentity(..)")
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
    use serde_json::Value;

    use super::*;

    #[test]
    fn should_sign_what_others_verify_with_the_public_key() {
        let identity = PushIdentity::draw_from_chance();
        let value = identity.sign_authorization_for_service(
            "https://push.example",
            "mailto:a@b.c",
            Utc::now(),
        );
        let (token, key) = value.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(key, identity.public_key_as_text());
        let point = URL_SAFE_NO_PAD.decode(key).unwrap();
        assert_eq!((point.len(), point[0]), (65, 4));
        let (x, y) = point[1..].split_at(32);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        let decoding = DecodingKey::from_ec_components(&x, &y).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&["https://push.example"]);
        let token = decode::<Value>(token, &decoding, &validation).unwrap();
        assert_eq!(token.claims["sub"], "mailto:a@b.c");
        let left = token.claims["exp"].as_i64().unwrap() - Utc::now().timestamp();
        assert!((11 * 3600..24 * 3600).contains(&left));
    }
}
