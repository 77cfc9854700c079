//! A notification as a service worker reads it, encrypted for one browser (RFC 8291).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use owlpost_domain::{model::NotificationType, web_push::pushing::Push};
use serde_json::json;
use web_push_native::{Auth, encrypt, p256::PublicKey};

/// Characters of each text: the whole must fit into the 4,096 bytes that push services take.
const TEXT_CHARS: usize = 200;

/// What is posted to a push service.
pub(super) struct PushMessage {
    /// Only that browser can read it.
    pub(super) body: Vec<u8>,
    /// The newest of a topic takes the place of those that wait: one for each incident.
    pub(super) topic: String,
    /// Whether a browser that saves power is woken for it.
    pub(super) urgency: &'static str,
}

impl PushMessage {
    /// `None` for a browser whose keys are none.
    pub(super) fn from_push(push: &Push) -> Option<Self> {
        let cut = |text: &str| text.chars().take(TEXT_CHARS).collect::<String>();
        let text = json!({
            "title": cut(&push.message),
            "body": cut(&push.title),
            "severity": push.severity,
            "type": push.kind,
            "incidentId": push.incident_id,
            "notificationId": push.notification_id,
            "mayBeTaken": push.may_person_take_incident(),
        });
        let point = PublicKey::from_sec1_bytes(&push.p256dh).ok()?;
        let auth = Auth::from(<[u8; 16]>::try_from(push.auth.as_slice()).ok()?);
        let urgency = match push.kind {
            NotificationType::Escalation => "high",
            NotificationType::Mention | NotificationType::Assignment | NotificationType::System => {
                "normal"
            }
        };
        Some(Self {
            body: encrypt(text.to_string().into_bytes(), &point, &auth).ok()?,
            topic: URL_SAFE_NO_PAD.encode(push.incident_id.as_bytes()),
            urgency,
        })
    }
}
