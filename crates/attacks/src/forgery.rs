//! Tokens that nobody gave out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use owlpost_faults::{database::SECRET, people::Person};
use serde_json::{Value, json};

/// The key that the server signs with, as one would have who has stolen it.
pub const STOLEN_SECRET: &[u8] = SECRET.as_bytes();

/// What a token of a person says, good for an hour.
pub fn write_claims_of_person(person: &Person) -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({
        "sub": person.id, "email": person.email, "name": person.handle, "role": person.role,
        "type": "access", "iat": now, "exp": now + 3600,
    })
}

/// Header and claims as they are signed, whatever they are: they need not be JSON.
pub fn join_unsigned_token_parts(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// A token of such a header and such claims, signed with a secret by an algorithm of the HMAC family.
pub fn sign_token_with_secret(
    header: &str,
    claims: &str,
    secret: &[u8],
    algorithm: Algorithm,
) -> String {
    let unsigned = join_unsigned_token_parts(header, claims);
    let key = EncodingKey::from_secret(secret);
    // Signing with a key of our own cannot fail; an empty signature would be refused at once.
    let signature = crypto::sign(unsigned.as_bytes(), &key, algorithm).unwrap_or_default();
    format!("{unsigned}.{signature}")
}

/// Such claims, signed as the server itself would.
pub fn sign_claims_as_server(claims: &str) -> String {
    sign_token_with_secret(
        r#"{"alg":"HS256","typ":"JWT"}"#,
        claims,
        STOLEN_SECRET,
        Algorithm::HS256,
    )
}
