//! Access tokens, good and bad.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;

/// `JWT_SECRET` of the servers of the tests.
pub const SECRET: &str = "a secret of the tests, long enough";

/// A token with these claims, signed as told.
pub fn mint_token_from_claims(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
    jsonwebtoken::encode(
        &Header::new(algorithm),
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .unwrap()
}

/// A token with `alg: none` and no signature.
pub fn mint_unsigned_token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&serde_json::json!({ "alg": "none", "typ": "JWT" })), part(claims))
}
