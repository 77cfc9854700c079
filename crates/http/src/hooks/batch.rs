//! The body that Alertmanager sends, and Grafana with more in it.

use chrono::{DateTime, Utc};
use owlpost_domain::alert::{Alert, AlertStatus, Delivery, HookKind};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Texts, read_optional_alert_time};
use crate::{error::HttpError, extract::read_required_word_value};

/// Labels that say where something is, the first that all alerts share.
const PLACES: [&str; 3] = ["location", "instance", "job"];

/// Alerts of one group. Whatever else a tool sends is ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlertBatch {
    /// Of the format: `4` of Alertmanager, `1` of Grafana.
    version: Option<String>,
    /// The group; it has one open incident at a time.
    group_key: String,
    /// Whether any of the alerts fires.
    #[serde(deserialize_with = "read_required_word_value")]
    status: AlertStatus,
    /// At most 1,000.
    #[schema(max_items = 1000)]
    alerts: Vec<BatchedAlert>,
    /// Labels that all alerts have.
    common_labels: Option<Texts>,
    /// How many alerts of the group were left out.
    truncated_alerts: Option<i32>,
}

/// One alert of a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchedAlert {
    /// Whether it fires.
    #[serde(deserialize_with = "read_required_word_value")]
    status: AlertStatus,
    /// What it is about.
    labels: Texts,
    /// What is said about it.
    annotations: Option<Texts>,
    /// When it began to fire.
    #[serde(default, deserialize_with = "read_optional_alert_time")]
    starts_at: Option<DateTime<Utc>>,
    /// Where it comes from.
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    /// Of its labels; they stand for it where there is none.
    fingerprint: Option<String>,
}

impl AlertBatch {
    /// Fails unless the format is of this version.
    pub(super) fn require_version_of_format(&self, version: &str) -> Result<(), HttpError> {
        if self.version.as_deref() == Some(version) {
            return Ok(());
        }
        Err(HttpError::refuse_field_with_message("version", format!("must be \"{version}\"")))
    }

    pub(super) fn into_delivery_of_hook(
        self,
        hook: HookKind,
        source: Option<String>,
    ) -> Result<Delivery, HttpError> {
        if self.group_key.is_empty() {
            return Err(HttpError::refuse_field_with_message("groupKey", "must not be empty"));
        }
        let labels = self.common_labels.unwrap_or_default();
        let is_whole = self.truncated_alerts.is_none_or(|count| count == 0);
        Ok(Delivery {
            hook,
            source,
            group: self.group_key,
            ends_group: self.status == AlertStatus::Resolved && is_whole,
            is_acknowledgement: false,
            location: PLACES.iter().find_map(|name| labels.get(*name).cloned()),
            alerts: self.alerts.into_iter().map(Alert::from).collect(),
        })
    }
}

impl From<BatchedAlert> for Alert {
    fn from(told: BatchedAlert) -> Self {
        let fingerprint = told.fingerprint.filter(|text| !text.is_empty());
        Self {
            key: fingerprint.unwrap_or_else(|| format!("{:?}", told.labels)),
            is_firing: told.status == AlertStatus::Firing,
            started_at: told.starts_at,
            labels: told.labels,
            annotations: told.annotations.unwrap_or_default(),
            title: None,
            severity: None,
            link: told.generator_url.filter(|link| !link.is_empty()),
            tells_changes: false,
        }
    }
}
