//! An event as it is sent.

use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderMap, HeaderValue};
use owlpost_domain::{
    event_patterns::write_event_with_dots,
    outlets::window::{LogGap, LogRecord},
    webhooks::{WebhookTemplate, publishing::IncidentBrief, secret::WebhookSecret},
};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use super::{
    signature::sign_delivery_with_secrets,
    wording::{word_event_for_chat, word_gap_for_chat},
};

/// What is sent, and the id by which whoever takes it tells that they have it already.
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) body: Vec<u8>,
}

/// As Standard Webhooks have it.
#[derive(Serialize)]
struct GenericBody<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: &'a RawValue,
}

impl Delivery {
    /// An event in the words of a template; `brief` is what is known of its incident.
    pub(super) fn from_log_record(
        template: WebhookTemplate,
        record: &LogRecord,
        brief: Option<&IncidentBrief>,
    ) -> serde_json::Result<Self> {
        let event = &record.event;
        let body = if template == WebhookTemplate::Generic {
            write_body_for_program(
                &write_event_with_dots(event.name),
                record.written_at,
                serde_json::from_str(&event.payload)?,
            )?
        } else {
            write_body_for_chat(template, &word_event_for_chat(template, event, brief))
        };
        Ok(Self { id: event.position.to_string(), body })
    }

    /// That events are missing.
    pub(super) fn from_log_gap(template: WebhookTemplate, gap: LogGap) -> serde_json::Result<Self> {
        let LogGap { from, to } = gap;
        let body = if template == WebhookTemplate::Generic {
            let data = json!({ "from": from.to_string(), "to": to.to_string() }).to_string();
            write_body_for_program("outlet.gap", Utc::now(), serde_json::from_str(&data)?)?
        } else {
            write_body_for_chat(template, &word_gap_for_chat(gap))
        };
        Ok(Self { id: format!("gap-{from}-{to}"), body })
    }

    /// The headers of Standard Webhooks.
    pub(super) fn write_headers_with_signatures(
        &self,
        secrets: &[WebhookSecret],
        now: DateTime<Utc>,
    ) -> HeaderMap {
        let timestamp = now.timestamp();
        let signature = sign_delivery_with_secrets(secrets, &self.id, timestamp, &self.body);
        let headers = [
            ("webhook-id", self.id.clone()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        let text = |value: String| HeaderValue::try_from(value).expect("digits and base64");
        headers
            .into_iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), text(value)))
            .collect()
    }
}

fn write_body_for_program(
    kind: &str,
    time: DateTime<Utc>,
    data: &RawValue,
) -> serde_json::Result<Vec<u8>> {
    let timestamp = time.to_rfc3339_opts(SecondsFormat::Millis, true);
    serde_json::to_vec(&GenericBody { kind, timestamp, data })
}

fn write_body_for_chat(template: WebhookTemplate, text: &str) -> Vec<u8> {
    let body = match template {
        // A card is all that the workflows of Teams take.
        WebhookTemplate::Teams => json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [{ "type": "TextBlock", "text": text, "wrap": true }],
                },
            }],
        }),
        WebhookTemplate::Generic | WebhookTemplate::Slack | WebhookTemplate::Mattermost => {
            json!({ "text": text })
        }
    };
    body.to_string().into_bytes()
}
