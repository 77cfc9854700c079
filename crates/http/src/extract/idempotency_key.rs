//! `Idempotency-Key`: a retried change gives the first answer again.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, request::Parts},
};
use owlpost_domain::{Limits, idempotency::IdempotencyKey};

use crate::error::HttpError;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key of a request, if it has one, not looked at yet: method, path and body are part of its meaning.
pub(crate) struct IdempotencyKeyHeader {
    headers: HeaderMap,
    method: Method,
    path: String,
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKeyHeader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let headers = parts
            .headers
            .get_all(IDEMPOTENCY_KEY)
            .into_iter()
            .map(|value| (axum::http::HeaderName::from_static(IDEMPOTENCY_KEY), value.clone()))
            .collect();
        Ok(Self { headers, method: parts.method.clone(), path: parts.uri.path().to_owned() })
    }
}

impl IdempotencyKeyHeader {
    /// The key together with what it stands for: this method, this path and this body.
    pub(crate) fn bind_to_request_body(
        &self,
        body: &[u8],
        limits: &Limits,
    ) -> Result<Option<IdempotencyKey>, HttpError> {
        let mut values = self.headers.get_all(IDEMPOTENCY_KEY).into_iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(HttpError::refuse_field_with_message(
                "Idempotency-Key",
                "must be given once",
            ));
        }
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
            HttpError::refuse_field_with_message("Idempotency-Key", "must be UTF-8")
        })?;
        let meaning = [self.method.as_str().as_bytes(), self.path.as_bytes(), body];
        // Servers of the version before knew POST alone: its keys mean to both the same.
        let meaning = if self.method == Method::POST { &meaning[1..] } else { &meaning[..] };
        Ok(Some(IdempotencyKey::new(text, meaning, limits.idempotency_key_chars)?))
    }
}
