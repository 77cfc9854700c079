//! Where tools deliver their alerts: one file for each API that is spoken, and what all deliveries share.

pub(crate) mod alertmanager;
pub(crate) mod batch;
pub(crate) mod generic;
pub(crate) mod grafana;
pub(crate) mod pagerduty;
pub(crate) mod routing_key;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Utc};
use owlpost_domain::{
    User,
    alert::{Delivery, HookReceipt, MOST_ALERTS},
};
use owlpost_metrics::HOOK_DELIVERIES;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{error::HttpError, extract::QueryParams, state::HttpState};

pub(crate) use pagerduty::PAGERDUTY_PATH;

/// Characters of the name of an installation.
const SOURCE_CHARS: usize = 100;

/// Labels and annotations: texts by name.
pub(crate) type Texts = BTreeMap<String, String>;

impl HttpState {
    /// Takes alerts in for the owner of the token, and tells everybody what they become.
    pub(crate) async fn deliver_alerts_of_tool(
        &self,
        owner: User,
        delivery: Delivery,
    ) -> Result<HookReceipt, HttpError> {
        if delivery.alerts.len() > MOST_ALERTS {
            let message = format!("must have at most {MOST_ALERTS} items; max_alerts bounds them");
            return Err(HttpError::refuse_field_with_message("alerts", message));
        }
        let store = self.store().clone();
        if store.config().hook_rules.is_any_alert_critical(&delivery) {
            self.notifying_rate().check_rate_of_key(owner.id)?;
        }
        let hook = delivery.hook.as_str();
        let change = async move { store.take_delivery_of_alerts(&owner, delivery).await };
        let receipt = self.realtime().commit_and_publish_events(change).await?;
        metrics::counter!(HOOK_DELIVERIES, "hook" => hook, "outcome" => receipt.outcome.as_str())
            .increment(1);
        Ok(receipt)
    }
}

/// `?source=`: which installation of the tool it is.
fn read_source_of_query(query: &QueryParams) -> Result<Option<String>, HttpError> {
    let source = query.read_text_of_param("source")?;
    if source.is_some_and(|source| source.chars().count() > SOURCE_CHARS) {
        let message = format!("must have at most {SOURCE_CHARS} characters");
        return Err(HttpError::refuse_field_with_message("source", message));
    }
    Ok(source.map(str::to_owned))
}

/// A time as RFC 3339 has it, of the years that every database knows.
fn read_optional_alert_time<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let time = text.parse::<DateTime<Utc>>().ok().filter(|time| (1..=9999).contains(&time.year()));
    time.map(Some).ok_or_else(|| D::Error::custom("must be a time such as 2026-11-30T12:00:00Z"))
}
