//! Secrets that are drawn, told once, and kept as a hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

use crate::{DomainError, Result};

/// SHA-256 of something.
pub(crate) type Sha256Hash = [u8; 32];

/// 256 random bits, in letters that a URL may have.
pub(crate) fn make_random_token_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

/// The token is 256 random bits, so a plain hash is enough to keep a copy of the table from being used.
pub(crate) fn hash_of_random_token(token: &str) -> Sha256Hash {
    Sha256::digest(token.as_bytes()).into()
}

/// A hash as the database keeps it.
pub(crate) fn read_hash_from_column(bytes: Vec<u8>) -> Result<Sha256Hash> {
    bytes.try_into().map_err(|_| DomainError::internal_error_from_cause("a hash of another length"))
}
