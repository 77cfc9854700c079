//! Keys of webhooks' signatures, as Standard Webhooks write them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::RngExt as _;

/// What a secret begins with when it is shown.
const PREFIX: &str = "whsec_";
/// Bytes of a secret that is drawn: Standard Webhooks ask for 24 to 64.
const SECRET_BYTES: usize = 32;

/// The key of a webhook's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// A new one.
    pub(crate) fn draw_from_chance() -> Self {
        Self(rand::rng().random::<[u8; SECRET_BYTES]>().to_vec())
    }

    /// One that was kept.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The key itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As whoever verifies signatures is told it: `whsec_` and base64.
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}
