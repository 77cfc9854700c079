//! What every tool's delivery comes to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{UserId, model::text_enum};

/// Alerts of one delivery at most. One as tools write it has some 300 bytes, so a body of the default limit has fewer.
pub const MOST_ALERTS: usize = 1_000;

/// Whose API a delivery speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookKind {
    /// The webhook of Alertmanager.
    Alertmanager,
    /// The webhook of Grafana's alerting.
    Grafana,
    /// The Events API of PagerDuty, version 2.
    PagerDuty,
    /// Our own, for everything else.
    Generic,
}

impl HookKind {
    /// As it is in the path, and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Grafana => "grafana",
            Self::PagerDuty => "pagerduty",
            Self::Generic => "generic",
        }
    }
}

/// One alert, as it was last told.
#[derive(Debug, Clone, Default)]
pub struct Alert {
    /// Tells it from the others of its group.
    pub key: String,
    /// Whether it fires; it has ended otherwise.
    pub is_firing: bool,
    /// When it began to fire, where the tool says so. What is told of an earlier time is over.
    pub started_at: Option<DateTime<Utc>>,
    /// What it is about, by name.
    pub labels: BTreeMap<String, String>,
    /// What is said about it, by name.
    pub annotations: BTreeMap<String, String>,
    /// The title it brings; the rules make one of its labels otherwise.
    pub title: Option<String>,
    /// The word for how bad it is; the rules look at its labels otherwise.
    pub severity: Option<String>,
    /// Where to read more.
    pub link: Option<String>,
    /// Whether its tool tells of it again to say something new. Others repeat themselves, with values that drift.
    pub tells_changes: bool,
}

/// What a tool tells at once: alerts of one group.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Whose API it speaks.
    pub hook: HookKind,
    /// The installation of the tool, where one person has several whose groups may have the same names.
    pub source: Option<String>,
    /// The group, as the tool names it.
    pub group: String,
    /// At most [`MOST_ALERTS`].
    pub alerts: Vec<Alert>,
    /// The group is over, whatever else was told of it before.
    pub ends_group: bool,
    /// Somebody has taken the group, where the tool is.
    pub is_acknowledgement: bool,
    /// Where it happens.
    pub location: Option<String>,
}

text_enum! {
    /// What a delivery came to.
    HookOutcome {
        /// A new incident.
        Created = "created",
        /// A comment, a higher severity, or both.
        Updated = "updated",
        /// The incident was taken.
        Acknowledged = "acknowledged",
        /// The incident was resolved.
        Resolved = "resolved",
        /// Nothing that was not known.
        Unchanged = "unchanged",
    }
}

text_enum! {
    /// Whether an alert fires, or any of a group, as Alertmanager and Grafana say it.
    AlertStatus {
        /// It fires.
        Firing = "firing",
        /// It has ended.
        Resolved = "resolved",
    }
}

text_enum! {
    /// What an alert of anything does.
    GenericStatus {
        /// It fires.
        Firing = "firing",
        /// Somebody has taken it.
        Acknowledged = "acknowledged",
        /// It has ended.
        Resolved = "resolved",
    }
}

text_enum! {
    /// What an event of PagerDuty's API does.
    PagerDutyAction {
        /// The alert fires.
        Trigger = "trigger",
        /// Somebody has taken it.
        Acknowledge = "acknowledge",
        /// It has ended.
        Resolve = "resolve",
    }
}

/// The answer to a delivery.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookReceipt {
    /// What it came to.
    pub outcome: HookOutcome,
    /// The incident of the group; null when it never had one.
    #[schema(required)]
    pub incident_id: Option<Uuid>,
}

pub(crate) type KeyHash = [u8; 32];

/// A hash of texts that no other texts have, however they are divided.
pub(crate) fn hash_texts_with_lengths<'a>(texts: impl IntoIterator<Item = &'a str>) -> KeyHash {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

/// The group of an alert whose tool names none: the same for the same body.
pub fn make_group_of_body(body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Delivery {
    /// What the group is known by: of two people, two tools and two installations, never the same.
    pub(crate) fn hash_key_of_group(&self, owner: UserId) -> KeyHash {
        let source = self.source.as_deref().unwrap_or_default();
        hash_texts_with_lengths([&*owner.to_string(), self.hook.as_str(), source, &self.group])
    }
}

impl Alert {
    pub(crate) fn hash_key_of_alert(&self) -> KeyHash {
        hash_texts_with_lengths([&*self.key])
    }

    /// Of what it says, where its tool tells of it again to say something new.
    pub(crate) fn hash_words_when_telling(&self) -> Option<KeyHash> {
        let pairs = self.labels.iter().chain(&self.annotations);
        let words = pairs.flat_map(|(name, text)| [&**name, &**text]);
        let title = self.title.as_deref().unwrap_or_default();
        self.tells_changes.then(|| hash_texts_with_lengths([title].into_iter().chain(words)))
    }
}
