//! Events as PagerDuty's Events API takes them (version 2), answered as it answers.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use owlpost_domain::{
    DomainError,
    alert::{Alert, Delivery, HookKind, PagerDutyAction, make_group_of_body},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Texts, read_source_of_query};
use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, QueryParams, read_required_word_value},
    state::HttpState,
};

/// Where its events are taken.
pub(crate) const PAGERDUTY_PATH: &str = "/api/hooks/pagerduty";

/// Characters of a key, as PagerDuty has it.
const DEDUP_KEY_CHARS: usize = 255;

/// An event.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PagerDutyEvent {
    /// An API token with the scope `report`, unless that is in the header or in `key`. It must be among the first 16 KiB.
    #[expect(dead_code, reason = "read before the body is")]
    routing_key: Option<String>,
    /// What it does.
    #[serde(deserialize_with = "read_required_word_value")]
    event_action: PagerDutyAction,
    /// What it is about, up to 255 characters: it has one open incident at a time. Of a trigger without, the body stands for it.
    dedup_key: Option<String>,
    /// The alert; required of a trigger.
    payload: Option<PagerDutyPayload>,
    /// Where to read more.
    links: Option<Vec<PagerDutyLink>>,
    /// Where to read more, when there are no links.
    client_url: Option<String>,
}

/// The alert of an event.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PagerDutyPayload {
    /// What happened.
    summary: String,
    /// Where.
    source: String,
    /// `critical`, `error`, `warning` or `info`.
    severity: Option<String>,
    /// Which part.
    component: Option<String>,
    /// Of what.
    group: Option<String>,
    /// What kind of event.
    class: Option<String>,
    /// Whatever else is known.
    #[schema(value_type = Option<Object>)]
    custom_details: Option<Value>,
}

/// A link of an event.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PagerDutyLink {
    /// Its address.
    href: String,
}

/// As PagerDuty answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PagerDutyAnswer {
    /// `success`.
    status: &'static str,
    /// For people.
    message: &'static str,
    /// What the alert is known by.
    dedup_key: String,
}

/// Deliver an event in the form of PagerDuty's Events API v2
///
/// `trigger` reports an incident or comments on it, `acknowledge` takes it where the token's owner may and is a comment
/// otherwise, `resolve` resolves it. Tools that know PagerDuty need this address, and a token as their routing key.
#[utoipa::path(post, path = "/api/hooks/pagerduty", operation_id = "deliverPagerDutyEvent", tag = "hooks",
    security(("bearer" = [])),
    params(
        ("key" = Option<String>, Query, description = "The token, where it is neither in the header nor the `routing_key`"),
        ("source" = Option<String>, Query, max_length = 100, description = "The installation, where one person has several"),
    ),
    request_body = PagerDutyEvent,
    responses(
        (status = 202, body = PagerDutyAnswer, description = "Taken"),
        (status = 400, description = "`VALIDATION_ERROR`: `details.field` is not acceptable; besides, `status`, `message` and `errors` as PagerDuty has them"),
    ))]
pub(crate) async fn take_event_of_pagerduty(
    State(state): State<HttpState>,
    AuthenticatedUser { user: owner, .. }: AuthenticatedUser,
    query: QueryParams,
    body: Result<JsonBody<PagerDutyEvent>, HttpError>,
) -> Response {
    let delivery = body.and_then(|JsonBody { value, bytes }| {
        let source = read_source_of_query(&query)?;
        value.into_delivery_of_source(source, &bytes)
    });
    let delivery = match delivery {
        Ok(delivery) => delivery,
        Err(refusal) => return answer_refusal_as_pagerduty(refusal),
    };
    let dedup_key = delivery.group.clone();
    match state.deliver_alerts_of_tool(owner, delivery).await {
        Ok(_) => {
            let answer =
                PagerDutyAnswer { status: "success", message: "Event processed", dedup_key };
            (StatusCode::ACCEPTED, Json(answer)).into_response()
        }
        Err(refusal) => answer_refusal_as_pagerduty(refusal),
    }
}

/// Clients of PagerDuty look for its words, ours for our code: both are in it.
fn answer_refusal_as_pagerduty(refusal: HttpError) -> Response {
    let HttpError::Domain(DomainError::Validation { field, message }) = &refusal else {
        return refusal.into_response();
    };
    let body = json!({
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": [format!("'{field}' {message}")],
        "error": {
            "code": "VALIDATION_ERROR",
            "message": refusal.to_string(),
            "details": { "field": field },
        },
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

impl PagerDutyEvent {
    fn into_delivery_of_source(
        self,
        source: Option<String>,
        body: &[u8],
    ) -> Result<Delivery, HttpError> {
        let dedup_key = self.dedup_key.filter(|key| !key.is_empty());
        if dedup_key.as_ref().is_some_and(|key| key.chars().count() > DEDUP_KEY_CHARS) {
            let message = format!("must have at most {DEDUP_KEY_CHARS} characters");
            return Err(HttpError::refuse_field_with_message("dedup_key", message));
        }
        let is_trigger = self.event_action == PagerDutyAction::Trigger;
        if dedup_key.is_none() && !is_trigger {
            return Err(HttpError::refuse_field_with_message("dedup_key", "is required"));
        }
        if self.payload.is_none() && is_trigger {
            return Err(HttpError::refuse_field_with_message("payload", "is required"));
        }
        let link = self.links.unwrap_or_default().into_iter().map(|link| link.href).next();
        let link = link.or(self.client_url).filter(|link| !link.is_empty());
        let location = self.payload.as_ref().map(|payload| payload.source.clone());
        let alert = self.payload.map_or_else(Alert::default, Alert::from);
        let alert = Alert { is_firing: is_trigger, link, ..alert };
        let is_acknowledgement = self.event_action == PagerDutyAction::Acknowledge;
        Ok(Delivery {
            hook: HookKind::PagerDuty,
            source,
            group: dedup_key.unwrap_or_else(|| make_group_of_body(body)),
            alerts: if is_acknowledgement { Vec::new() } else { vec![alert] },
            ends_group: false,
            is_acknowledgement,
            location: location.filter(|place| !place.trim().is_empty()),
        })
    }
}

impl From<PagerDutyPayload> for Alert {
    fn from(payload: PagerDutyPayload) -> Self {
        let named = [
            ("source", Some(payload.source)),
            ("component", payload.component),
            ("group", payload.group),
            ("class", payload.class),
        ];
        let labels: Texts = named
            .into_iter()
            .filter_map(|(name, text)| {
                Some((name.to_owned(), text.filter(|text| !text.is_empty())?))
            })
            .collect();
        let details = payload.custom_details.and_then(write_details_as_lines);
        Self {
            key: String::new(),
            is_firing: true,
            // Of PagerDuty's triggers the time is when they were sent: a repeated one is no other alert.
            started_at: None,
            labels,
            annotations: details.map(|text| ("description".to_owned(), text)).into_iter().collect(),
            title: Some(payload.summary),
            severity: payload.severity,
            link: None,
            tells_changes: true,
        }
    }
}

fn write_details_as_lines(details: Value) -> Option<String> {
    let write = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match details {
        Value::Null => None,
        Value::Object(fields) if fields.is_empty() => None,
        Value::Object(fields) => {
            let lines: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name}: {}", write(value))).collect();
            Some(lines.join("\n  "))
        }
        other => Some(write(&other)),
    }
}
