//! Any text as a token, and any claims in tokens that are signed with the right secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use owlpost_fuzzing::{Choices, FuzzTarget};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;

const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";
const BLOCK_BYTES: usize = 64;

/// HMAC-SHA256 as RFC 2104 has it, with a key that is no longer than a block.
fn sign_bytes_with_hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK_BYTES];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

fn write_token_of_parts(header: &[u8], claims: &[u8], key: &[u8]) -> String {
    let message = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = sign_bytes_with_hmac(key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Of claims that nobody asks for, not even the encoding is looked at. None where one of them is a number that no
/// value of the oracle can hold.
fn read_json_of_part(part: &[u8]) -> Option<Value> {
    match serde_json::from_str(&String::from_utf8_lossy(part)) {
        Ok(value) => Some(value),
        Err(error) if error.to_string().contains("number out of range") => None,
        Err(error) => panic!("no JSON: {error}"),
    }
}

/// A token that verifies says so itself.
fn check_verified_by_claims(verified: &VerifiedToken, header: &[u8], claims: &[u8]) {
    let (Some(header), Some(claims)) = (read_json_of_part(header), read_json_of_part(claims))
    else {
        return;
    };
    assert_eq!(header["alg"], "HS256");
    let exp = claims["exp"].as_f64().expect("a number");
    assert!((exp - verified.expires_at.timestamp_millis() as f64 / 1000.0).abs() < 0.002, "{exp}");
    assert!(verified.expires_at > Utc::now() - Duration::from_secs(60));
    assert!(claims["type"].is_null() || claims["type"] == "access");
    let owner = claims["sub"].as_str().or(claims["userId"].as_str()).expect("an owner");
    assert_eq!(owner.parse().ok(), Some(verified.user_id));
}

#[test]
fn should_verify_only_what_is_signed_and_says_so() {
    let signer = TokenSigner::new(&[SECRET]);
    FuzzTarget::new("domain-access-tokens").check_each_fuzzed_input(move |input| {
        let mut choices = Choices::new(input);
        let forged = choices.take_byte_or_zero() == b'!';
        let length = usize::from(choices.take_byte_or_zero());
        let header = choices.take_bytes_up_to(length);
        let claims = choices.take_rest_of_input();
        let key = if forged { b"another secret of the same length" } else { SECRET };
        let token = write_token_of_parts(header, claims, key);
        match signer.verify_access_token_claims(&token) {
            Ok(verified) => {
                assert!(!forged);
                check_verified_by_claims(&verified, header, claims);
            }
            Err(DomainError::TokenExpired) => {
                // Told only to who once had a good token.
                assert!(!forged);
                if let Some(claims) = read_json_of_part(claims) {
                    let now = Utc::now().timestamp() as f64;
                    assert!(claims["exp"].as_f64().is_some_and(|exp| exp < now + 1.0));
                }
            }
            Err(error) => assert!(matches!(error, DomainError::Unauthenticated), "{error}"),
        }
        // The signature of one message is none of another.
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        for other in [format!("{message}."), format!("{message}A.{signature}"), message.to_owned()]
        {
            assert!(signer.verify_access_token_claims(&other).is_err(), "{other}");
        }
    });
}

#[test]
fn should_refuse_any_text_as_a_token() {
    let signer = TokenSigner::new(&[SECRET]);
    FuzzTarget::new("domain-token-texts").check_each_fuzzed_input(move |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let refused = signer.verify_access_token_claims(text);
        assert!(matches!(refused, Err(DomainError::Unauthenticated)), "{refused:?}");
    });
}
