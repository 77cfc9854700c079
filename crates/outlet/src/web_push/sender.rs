//! Hands what is for a browser to its push service (RFC 8030), as the server that the browser subscribed to (RFC 8292).

use std::{str::FromStr, time::Duration};

use bytes::Bytes;
use chrono::Utc;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use owlpost_domain::{
    push_identity::PushIdentity,
    web_push::pushing::{PUSH_OUTLET, Push},
};
use tokio::time::sleep;
use url::Url;

use super::message::PushMessage;
use crate::{Caller, calling::Answered, metrics};

/// How long a push service keeps what a browser that is away has not taken.
const TTL: HeaderValue = HeaderValue::from_static("86400");
/// How long one try may take: a push service that hangs must not hold up those of others.
const TRY_LIMIT: Duration = Duration::from_secs(5);
/// What a push service is given that fails: two more tries, after pauses that do not hold up others for long.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// Whom push services may write to about this server: `mailto:` and an address, or a page.
#[derive(Debug, Clone)]
pub struct PushContact(String);

impl FromStr for PushContact {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text.trim()).ok();
        let is_contact = |url: &Url| match url.scheme() {
            "mailto" => url.path().contains('@'),
            "https" => url.has_host(),
            _ => false,
        };
        match url.filter(is_contact) {
            Some(url) => Ok(Self(url.into())),
            None => Err("should be mailto: and an address, or an https address"),
        }
    }
}

impl std::fmt::Display for PushContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PushOutcome {
    /// The push service has it.
    Taken,
    /// There is no such browser any more, or it never was one.
    Gone,
    /// Neither; what is pushed next may be taken.
    Refused,
}

/// Sends messages.
pub(super) struct PushSender {
    caller: Caller,
    contact: PushContact,
}

impl PushSender {
    pub(super) const fn new(caller: Caller, contact: PushContact) -> Self {
        Self { caller, contact }
    }

    pub(super) async fn send_push_to_service(
        &self,
        identity: &PushIdentity,
        push: &Push,
    ) -> PushOutcome {
        let request = PushMessage::from_push(push).zip(Url::parse(&push.endpoint).ok());
        let Some((message, endpoint)) = request else { return PushOutcome::Gone };
        let Some(headers) = self.build_headers_of_message(identity, &message, &endpoint) else {
            return PushOutcome::Gone;
        };
        let body = Bytes::from(message.body);
        let mut pauses = RETRY_PAUSES.iter();
        loop {
            let posting =
                self.caller.post_body_to_address(&push.endpoint, headers.clone(), body.clone());
            let answer = tokio::time::timeout(TRY_LIMIT, posting).await;
            let reason = match answer.unwrap_or_else(|_| Err("it did not answer".to_owned())) {
                Ok(Answered { status, .. }) if status.is_success() => return PushOutcome::Taken,
                Ok(Answered { status: StatusCode::NOT_FOUND | StatusCode::GONE, .. }) => {
                    return PushOutcome::Gone;
                }
                Ok(answered) if !answered.is_worth_another_try() => {
                    note_failure_of_push(&endpoint, &format!("it answered {}", answered.status));
                    return PushOutcome::Refused;
                }
                Ok(answered) => format!("it answered {}", answered.status),
                Err(reason) => reason,
            };
            let Some(pause) = pauses.next() else {
                note_failure_of_push(&endpoint, &reason);
                return PushOutcome::Refused;
            };
            sleep(*pause).await;
        }
    }

    fn build_headers_of_message(
        &self,
        identity: &PushIdentity,
        message: &PushMessage,
        endpoint: &Url,
    ) -> Option<HeaderMap> {
        let audience = endpoint.origin().ascii_serialization();
        let authorization =
            identity.sign_authorization_for_service(&audience, &self.contact.0, Utc::now());
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().ok()?);
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert("ttl", TTL);
        headers.insert("topic", message.topic.parse().ok()?);
        headers.insert("urgency", HeaderValue::from_static(message.urgency));
        Some(headers)
    }
}

/// The path of an endpoint is a secret.
fn note_failure_of_push(endpoint: &Url, reason: &str) {
    metrics::count_delivery_that_failed(PUSH_OUTLET);
    let service = endpoint.host_str().unwrap_or_default();
    tracing::warn!(service, reason, "a browser cannot be told by its push service");
}
