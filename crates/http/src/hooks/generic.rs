//! Alerts of anything that can send JSON.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use owlpost_domain::alert::{Alert, Delivery, GenericStatus, HookKind, HookReceipt};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Texts, read_optional_alert_time, read_source_of_query};
use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, QueryParams, read_optional_word_value},
    state::HttpState,
};

/// An alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenericAlert {
    /// What it is about: it has one open incident at a time.
    dedup_key: String,
    /// What it does; it fires when this is not said.
    #[serde(default, deserialize_with = "read_optional_word_value")]
    #[schema(nullable = false)]
    status: Option<GenericStatus>,
    /// What happened, in a line; required when it fires. Cut at 200 characters.
    title: Option<String>,
    /// What happened. Cut at 10,000 characters.
    description: Option<String>,
    /// How bad: a word of the server's `HOOK_SEVERITIES`, such as `critical`, `warning` or `info`.
    severity: Option<String>,
    /// Where. Cut at 200 characters.
    location: Option<String>,
    /// Where to read more.
    link: Option<String>,
    /// When it began. What is told of an earlier time than before adds nothing.
    #[serde(default, deserialize_with = "read_optional_alert_time")]
    starts_at: Option<DateTime<Utc>>,
    /// Whatever else is known, by name.
    labels: Option<Texts>,
}

/// Deliver an alert of anything
///
/// As the others: one incident at a time for each `dedupKey`, reported by the owner of the token. Told again with other words,
/// it is a comment; with a worse severity, that is raised. What was delivered before adds nothing.
#[utoipa::path(post, path = "/api/hooks/generic", operation_id = "deliverGenericAlert", tag = "hooks",
    security(("bearer" = [])),
    params(
        ("key" = Option<String>, Query, description = "The token, where the tool can send no header"),
        ("source" = Option<String>, Query, max_length = 100, description = "The installation, where one person has several"),
    ),
    request_body = GenericAlert,
    responses((status = 200, body = HookReceipt, description = "What it came to")))]
pub(crate) async fn take_alert_of_anybody(
    State(state): State<HttpState>,
    AuthenticatedUser { user: owner, .. }: AuthenticatedUser,
    query: QueryParams,
    JsonBody { value, .. }: JsonBody<GenericAlert>,
) -> Result<Json<HookReceipt>, HttpError> {
    let delivery = value.into_delivery_of_source(read_source_of_query(&query)?)?;
    Ok(Json(state.deliver_alerts_of_tool(owner, delivery).await?))
}

impl GenericAlert {
    fn into_delivery_of_source(self, source: Option<String>) -> Result<Delivery, HttpError> {
        let status = self.status.unwrap_or(GenericStatus::Firing);
        if self.dedup_key.is_empty() {
            return Err(HttpError::refuse_field_with_message("dedupKey", "must not be empty"));
        }
        let title = self.title.filter(|title| !title.trim().is_empty());
        if title.is_none() && status == GenericStatus::Firing {
            return Err(HttpError::refuse_field_with_message("title", "is required when it fires"));
        }
        let description = self.description.map(|text| ("description".to_owned(), text));
        let alert = Alert {
            key: String::new(),
            is_firing: status == GenericStatus::Firing,
            started_at: self.starts_at,
            labels: self.labels.unwrap_or_default(),
            annotations: description.into_iter().collect(),
            title,
            severity: self.severity,
            link: self.link,
            tells_changes: true,
        };
        let is_acknowledgement = status == GenericStatus::Acknowledged;
        Ok(Delivery {
            hook: HookKind::Generic,
            source,
            group: self.dedup_key,
            alerts: if is_acknowledgement { Vec::new() } else { vec![alert] },
            ends_group: false,
            is_acknowledgement,
            location: self.location.filter(|place| !place.trim().is_empty()),
        })
    }
}
