//! The keys of an identity provider, each with the one algorithm it is for: what a token says of its algorithm is compared
//! with that, and never followed.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::foreign_token::ForeignToken;
use crate::{DomainError, Result};

/// Keys of a set that are read; more than any provider has.
const MOST_KEYS: usize = 100;

/// One key.
pub(super) struct ProviderKey {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

#[derive(Default)]
pub(super) struct KeySet(Vec<ProviderKey>);

impl KeySet {
    /// The keys of a set that sign with an algorithm we take. What else is in it is passed over, as RFC 7517 has it.
    pub(super) fn from_json_text(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct KeySetObject {
            keys: Vec<Value>,
        }
        let set: KeySetObject = serde_json::from_str(text)?;
        let keys = set.keys.into_iter().take(MOST_KEYS);
        Ok(Self(keys.filter_map(read_key_that_signs).collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn knows_key_of_token(&self, token: &str) -> bool {
        self.list_keys_of_token(token).next().is_some()
    }

    pub(super) fn verify_token_of_issuer(
        &self,
        token: &str,
        issuer: &str,
        audience: &str,
    ) -> Result<ForeignToken> {
        let mut outcome = Err(DomainError::Unauthenticated);
        for key in self.list_keys_of_token(token) {
            outcome = ForeignToken::from_token_of_key(token, key, issuer, audience);
            if !matches!(outcome, Err(DomainError::Unauthenticated)) {
                break;
            }
        }
        outcome
    }

    /// The one the token names, and those without a name, of its algorithm.
    fn list_keys_of_token(&self, token: &str) -> impl Iterator<Item = &ProviderKey> {
        let header = jsonwebtoken::decode_header(token).ok();
        let header = header.filter(|header| header.crit.is_none());
        self.0.iter().filter(move |key| {
            header.as_ref().is_some_and(|header| {
                let named = header.kid.is_none() || key.id.is_none() || header.kid == key.id;
                named && header.alg == key.algorithm
            })
        })
    }
}

fn read_key_that_signs(key: Value) -> Option<ProviderKey> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    if !matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        // A shared secret that is published is none.
        _ => return None,
    };
    let declared = match key.common.key_algorithm {
        None => algorithm,
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(_) => return None,
    };
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    let id = key.common.key_id;
    (declared == algorithm).then_some(ProviderKey { id, algorithm, decoding })
}
