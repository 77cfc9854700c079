//! Web Push: which of one's browsers are told while no page is open.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::web_push::{PushSubscription, SubscriptionDraft};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, PathId, RequestOrigin},
    state::HttpState,
};

/// What browsers need to subscribe, and those of one's own that have.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushSettings {
    /// For `applicationServerKey`: an uncompressed point of P-256 in base64url. It never changes.
    public_key: String,
    /// The newest first, 20 at most.
    subscriptions: Vec<PushSubscription>,
}

/// What `PushSubscription.toJSON()` of a browser gives.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewSubscription {
    /// Where the push service of the browser takes what is for it, 2,000 characters at most.
    endpoint: String,
    /// What that is encrypted with.
    keys: SubscriptionKeys,
}

/// What a browser encrypts with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SubscriptionKeys {
    /// An uncompressed point of P-256 in base64url.
    p256dh: String,
    /// 16 bytes in base64url.
    auth: String,
}

/// What browsers need to subscribe, and which of one's own have
#[utoipa::path(get, path = "/api/push", operation_id = "getPush", tag = "push", security(("bearer" = [])),
    responses((status = 200, body = PushSettings, description = "The key of the server, and one's browsers")))]
pub(crate) async fn show_push_settings_of_user(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
) -> Result<Json<PushSettings>, HttpError> {
    let identity = state.store().open_push_identity_of_cluster().await?;
    let subscriptions = state.store().list_push_subscriptions_of_user(user.id).await?;
    Ok(Json(PushSettings { public_key: identity.public_key_as_text(), subscriptions }))
}

/// Have a browser told by Web Push
///
/// Of mentions, assignments and steps of an escalation that no page of its person has shown within ten seconds. It ends with
/// the login it was made with. The same browser again is the same subscription, also when another person makes it; of more
/// than 20 of one person that one goes to which nothing was pushed for longest.
#[utoipa::path(post, path = "/api/push/subscriptions", operation_id = "subscribeToPush", tag = "push",
    security(("bearer" = [])), request_body = NewSubscription,
    responses((status = 201, body = PushSubscription, description = "The browser, as it is kept")))]
pub(crate) async fn subscribe_browser_to_push(
    State(state): State<HttpState>,
    AuthenticatedUser { user, access }: AuthenticatedUser,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<NewSubscription>,
) -> Result<(StatusCode, Json<PushSubscription>), HttpError> {
    let draft = SubscriptionDraft {
        endpoint: &value.endpoint,
        p256dh: &value.keys.p256dh,
        auth: &value.keys.auth,
        user_agent: origin.user_agent(),
    };
    let login = access.basis.login;
    let kept = state.store().keep_push_subscription_of_user(&user, login, draft).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

/// Have a browser told nothing any more
#[utoipa::path(delete, path = "/api/push/subscriptions/{id}", operation_id = "unsubscribeFromPush", tag = "push",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The subscription")),
    responses(
        (status = 204, description = "It is told nothing any more"),
        (status = 404, description = "`NOT_FOUND`: there is none, or it is somebody else's"),
    ))]
pub(crate) async fn unsubscribe_browser_from_push(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    PathId(id): PathId,
) -> Result<StatusCode, HttpError> {
    state.store().delete_push_subscription_of_user(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
