//! The secrets of a server: the one that signs, and those before it, with which tokens still verify after it was changed.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, errors::ErrorKind};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::{DomainError, Result};

/// Hex digits of a key's id: enough to tell a few secrets apart, and nothing to guess one by.
const KEY_ID_DIGITS: usize = 16;
/// Hashed before the secret, so that the id is of no use anywhere else.
const KEY_ID_CONTEXT: &[u8] = b"owlpost: the id of a secret";

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

pub(super) struct KeyRing {
    /// The one that signs.
    first: Key,
    /// Those before it.
    others: Vec<Key>,
    validation: Validation,
}

impl KeyRing {
    pub(super) fn new<S: AsRef<[u8]>>(secrets: &[S]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are checked by `claims`: the library rounds them.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            first: Key::from_secret(secrets.first().map_or(&[], AsRef::as_ref)),
            others: secrets
                .iter()
                .skip(1)
                .map(|secret| Key::from_secret(secret.as_ref()))
                .collect(),
            validation,
        }
    }

    pub(super) fn signing_key(&self) -> &EncodingKey {
        &self.first.encoding
    }

    pub(super) fn signing_key_id(&self) -> &str {
        &self.first.id
    }

    /// The one that signs is the first.
    pub(super) fn encoding_keys(&self) -> impl Iterator<Item = &EncodingKey> {
        self.all_keys().map(|key| &key.encoding)
    }

    fn all_keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The claims of a token that one of the secrets signed: the one it names, or, when it names none of ours, any. What
    /// else its header says about keys is not read.
    pub(super) fn verify_signature_of_token<T: DeserializeOwned>(&self, token: &str) -> Result<T> {
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| DomainError::Unauthenticated)?;
        if header.crit.is_some() {
            return Err(DomainError::Unauthenticated);
        }
        let is_named = |key: &&Key| header.kid.as_deref() == Some(&*key.id);
        let named = self.all_keys().find(is_named);
        for key in self.all_keys().filter(|key| named.is_none() || is_named(key)) {
            match jsonwebtoken::decode::<T>(token, &key.decoding, &self.validation) {
                Ok(data) => return Ok(data.claims),
                Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {}
                Err(_) => break,
            }
        }
        Err(DomainError::Unauthenticated)
    }
}

impl Key {
    fn from_secret(secret: &[u8]) -> Self {
        Self {
            id: derive_id_of_secret(secret),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }
}

fn derive_id_of_secret(secret: &[u8]) -> String {
    let hash = Sha256::new().chain_update(KEY_ID_CONTEXT).chain_update(secret).finalize();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hex[..KEY_ID_DIGITS].to_owned()
}
