//! Access tokens for users of the bench's own databases.

use chrono::{Duration, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use uuid::Uuid;

/// `JWT_SECRET` of the servers under test.
pub const SECRET: &str = "a secret for benchmarks only, thirty-two bytes";

/// A token of the user with this id and number, good for hours.
pub fn mint_token_of_user(id: Uuid, number: usize) -> anyhow::Result<String> {
    let now = Utc::now();
    let claims = json!({
        "sub": id,
        "email": format!("pupil.{number}@hogwarts.edu"),
        "name": format!("Pupil Number {number}"),
        "role": "STUDENT",
        "type": "access",
        "iat": now.timestamp(),
        "exp": (now + Duration::hours(12)).timestamp(),
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?)
}
