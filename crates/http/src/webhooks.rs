//! Webhooks: addresses outside that are called with every event they want.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::{
    Severity,
    webhooks::{Webhook, WebhookDraft, WebhookTemplate},
};
use owlpost_realtime::parse_event_id_text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    audit::record_deed_of_person,
    error::HttpError,
    extract::{
        AuthenticatedUser, JsonBody, PathId, RequestOrigin, read_optional_word_value,
        read_present_field_value, read_present_word_list, read_present_word_value,
    },
    state::HttpState,
};

/// What a webhook shall be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWebhook {
    /// What it is known by, 1 to 100 characters.
    name: String,
    /// The address that is called, of http or https, at most 2,000 characters.
    url: String,
    /// How events are written; `generic` without it.
    #[serde(default, deserialize_with = "read_optional_word_value")]
    #[schema(nullable = false)]
    template: Option<WebhookTemplate>,
    /// Patterns of the events that are wanted, such as `incident.*`, `#.created` and `#`; without it
    /// `incident.*`, `comment.*` and `escalation.*`. `notification.*` are of single people.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false, min_items = 1, max_items = 50)]
    events: Option<Vec<String>>,
    /// Severities of the incidents that are wanted; all without it, and when it is empty.
    #[serde(default, deserialize_with = "read_present_word_list")]
    #[schema(nullable = false)]
    severities: Option<Vec<Severity>>,
    /// Whether it is called from now on; true without it.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// What of a webhook shall change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookChange {
    /// What it is known by, 1 to 100 characters.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// The address that is called.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false)]
    url: Option<String>,
    /// How events are written.
    #[serde(default, deserialize_with = "read_present_word_value")]
    #[schema(nullable = false)]
    template: Option<WebhookTemplate>,
    /// Patterns of the events that are wanted.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false, min_items = 1, max_items = 50)]
    events: Option<Vec<String>>,
    /// Severities of the incidents that are wanted; empty for all.
    #[serde(default, deserialize_with = "read_present_word_list")]
    #[schema(nullable = false)]
    severities: Option<Vec<Severity>>,
    /// Whether it is called. Enabled again, it is told of everything since.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

/// From where on a webhook is told again.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Redelivery {
    /// `eventId` of the first event that is delivered again.
    #[schema(pattern = "^[0-9]+$")]
    from: String,
}

/// A webhook with its secret, which is told this one time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeWebhook {
    #[serde(flatten)]
    made: Webhook,
    /// What deliveries are signed with, as Standard Webhooks write it: `whsec_` and base64.
    secret: String,
}

/// Every webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// The newest first.
    webhooks: Vec<Webhook>,
}

/// Every webhook, without their secrets; Aurors only
#[utoipa::path(get, path = "/api/webhooks", operation_id = "listWebhooks", tag = "outlets", security(("bearer" = [])),
    responses(
        (status = 200, body = WebhookList, description = "Every webhook"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn list_webhooks_for_auror(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
) -> Result<Json<WebhookList>, HttpError> {
    Ok(Json(WebhookList { webhooks: state.store().list_webhooks_by_actor(&user).await? }))
}

/// Have an address called with every event it wants; Aurors only
///
/// Each event is delivered at least once and in order, signed as Standard Webhooks say: `webhook-id` is the `eventId`. What is
/// not answered with 2xx is delivered again, with growing pauses; after a day in which nothing was taken the webhook is
/// disabled. Addresses of loopback, of private and of local networks are not called unless `WEBHOOK_ALLOWED_NETWORKS` has them.
#[utoipa::path(post, path = "/api/webhooks", operation_id = "createWebhook", tag = "outlets", security(("bearer" = [])),
    request_body = NewWebhook,
    responses(
        (status = 201, body = MadeWebhook, description = "The webhook, with its secret"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
        (status = 409, description = "`CONFLICT`: there are as many as there may be (50)"),
    ))]
pub(crate) async fn create_webhook_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<NewWebhook>,
) -> Result<(StatusCode, Json<MadeWebhook>), HttpError> {
    let NewWebhook { name, url, template, events, severities, enabled } = value;
    let draft =
        WebhookDraft { name: Some(name), url: Some(url), template, events, severities, enabled };
    let (made, secret) = state.store().create_webhook_by_actor(&user, draft).await?;
    record_deed_of_person("create_webhook", user.id, made.id, &origin);
    Ok((StatusCode::CREATED, Json(MadeWebhook { made, secret: secret.to_text() })))
}

/// Change a webhook, or enable it again; Aurors only
#[utoipa::path(patch, path = "/api/webhooks/{id}", operation_id = "changeWebhook", tag = "outlets",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    request_body = WebhookChange,
    responses(
        (status = 200, body = Webhook, description = "The webhook as it is now"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn change_webhook_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
    JsonBody { value, .. }: JsonBody<WebhookChange>,
) -> Result<Json<Webhook>, HttpError> {
    let WebhookChange { name, url, template, events, severities, enabled } = value;
    let draft = WebhookDraft { name, url, template, events, severities, enabled };
    let webhook = state.store().change_webhook_by_actor(&user, id, draft).await?;
    record_deed_of_person("change_webhook", user.id, id, &origin);
    Ok(Json(webhook))
}

/// Delete a webhook; Aurors only
#[utoipa::path(delete, path = "/api/webhooks/{id}", operation_id = "deleteWebhook", tag = "outlets",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 204, description = "Nothing is sent any more, within a second"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn delete_webhook_by_id(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
) -> Result<StatusCode, HttpError> {
    state.store().delete_webhook_by_actor(&user, id).await?;
    record_deed_of_person("delete_webhook", user.id, id, &origin);
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret; Aurors only
///
/// For a day deliveries are signed with the previous one as well, so that their receiver can change over in its own time.
#[utoipa::path(post, path = "/api/webhooks/{id}/secret", operation_id = "rotateWebhookSecret", tag = "outlets",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 201, body = MadeWebhook, description = "The webhook, with its new secret"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn rotate_secret_of_webhook(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
) -> Result<(StatusCode, Json<MadeWebhook>), HttpError> {
    let (made, secret) = state.store().rotate_webhook_secret_by_actor(&user, id).await?;
    record_deed_of_person("rotate_webhook_secret", user.id, id, &origin);
    Ok((StatusCode::CREATED, Json(MadeWebhook { made, secret: secret.to_text() })))
}

/// Deliver again, from an event on; Aurors only
///
/// Everything that the webhook wants of what happened since is delivered once more, in order.
#[utoipa::path(post, path = "/api/webhooks/{id}/redeliver", operation_id = "redeliverToWebhook", tag = "outlets",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The webhook")),
    request_body = Redelivery,
    responses(
        (status = 202, body = Webhook, description = "It is delivered from there on"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn redeliver_to_webhook_from(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
    JsonBody { value, .. }: JsonBody<Redelivery>,
) -> Result<(StatusCode, Json<Webhook>), HttpError> {
    let from = parse_event_id_text(&value.from)
        .map_err(|_| HttpError::refuse_field_with_message("from", "must be an eventId"))?;
    let webhook = state.store().redeliver_to_webhook_by_actor(&user, id, from).await?;
    record_deed_of_person("redeliver_to_webhook", user.id, id, &origin);
    Ok((StatusCode::ACCEPTED, Json(webhook)))
}
