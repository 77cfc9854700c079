//! One's own notifications.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::Notification;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, IdempotencyKeyHeader, PathId, QueryParams},
    state::HttpState,
};

/// A page of notifications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotificationPage {
    /// Newest first.
    notifications: Vec<Notification>,
    /// How many are unread in all.
    unread_count: i64,
    /// Give it as `before` for the next page; null on the last.
    #[schema(required)]
    next_before: Option<Uuid>,
}

/// How many were marked as read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MarkedCount {
    /// How many.
    #[schema(minimum = 0)]
    updated: i64,
}

/// One's own notifications, newest first
#[utoipa::path(get, path = "/api/notifications", operation_id = "listNotifications", tag = "notifications",
    security(("bearer" = [])),
    params(
        ("unread" = Option<bool>, Query, description = "Only those not read yet"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Notifications of the page, 1 to 100, 50 without"),
        ("before" = Option<Uuid>, Query, description = "`nextBefore` of the page before"),
    ),
    responses((status = 200, body = NotificationPage, description = "A page of notifications")))]
pub(crate) async fn list_notifications_of_user(
    State(state): State<HttpState>,
    AuthenticatedUser { user, access }: AuthenticatedUser,
    query: QueryParams,
) -> Result<Json<NotificationPage>, HttpError> {
    let limit = state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?;
    let unread_only = query.read_flag_of_param("unread")?.unwrap_or(false);
    let before = query.read_id_of_param("before")?;
    let (page, unread_count) =
        state.store().list_notifications_for_user(user.id, unread_only, before, limit).await?;
    let unread = page.rows.iter().filter(|notification| !notification.is_read);
    // What a tool fetches is not on its owner's screen.
    if access.basis.authority.is_person() {
        state.realtime().note_notifications_as_fetched(unread.map(|notification| notification.id));
    }
    Ok(Json(NotificationPage {
        notifications: page.rows,
        unread_count,
        next_before: page.next_before,
    }))
}

/// Mark one as read
#[utoipa::path(patch, path = "/api/notifications/{id}/read", operation_id = "markNotificationRead",
    tag = "notifications", security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The notification"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    responses(
        (status = 200, body = Notification, description = "The notification, read"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn mark_one_notification_read(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    PathId(id): PathId,
    key: IdempotencyKeyHeader,
) -> Result<Json<Notification>, HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&[], &store.config().limits)?;
    let change = async move { store.mark_own_notification_read(user.id, id, key).await };
    Ok(Json(state.realtime().commit_and_publish_events(change).await?))
}

/// Mark all as read
#[utoipa::path(patch, path = "/api/notifications/read-all", operation_id = "markAllNotificationsRead",
    tag = "notifications", security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h")),
    responses(
        (status = 200, body = MarkedCount, description = "How many were unread until now"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn mark_all_notifications_read(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    key: IdempotencyKeyHeader,
) -> Result<Json<MarkedCount>, HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&[], &store.config().limits)?;
    let change = async move { store.mark_all_notifications_read(user.id, key).await };
    Ok(Json(MarkedCount { updated: state.realtime().commit_and_publish_events(change).await? }))
}

/// Dismiss one
#[utoipa::path(delete, path = "/api/notifications/{id}", operation_id = "deleteNotification", tag = "notifications",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The notification"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    responses(
        (status = 204, description = "Dismissed"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn dismiss_notification_of_user(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    PathId(id): PathId,
    key: IdempotencyKeyHeader,
) -> Result<StatusCode, HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&[], &store.config().limits)?;
    let change = async move { store.delete_notification_for_user(user.id, id, key).await };
    state.realtime().commit_and_publish_events(change).await?;
    Ok(StatusCode::NO_CONTENT)
}
