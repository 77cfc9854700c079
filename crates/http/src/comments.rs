//! Comments on incidents.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::Comment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    error::HttpError,
    extract::{
        AuthenticatedUser, IdempotencyKeyHeader, JsonBody, PathId, PathIdOfComment, QueryParams,
    },
    state::HttpState,
};

/// What somebody says.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewComment {
    /// 1 to 10,000 characters, with up to 20 `@handle` mentions.
    content: String,
}

/// A page of comments.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommentPage {
    /// Oldest first.
    comments: Vec<Comment>,
    /// Give it as `before` for the page of older ones; null on the last.
    #[schema(required)]
    next_before: Option<Uuid>,
}

/// Comments of an incident: the newest page first, oldest first inside it
#[utoipa::path(get, path = "/api/incidents/{id}/comments", operation_id = "listComments", tag = "comments",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Comments of the page, 1 to 100, 50 without"),
        ("before" = Option<Uuid>, Query, description = "`nextBefore` of the page before"),
    ),
    responses((status = 200, body = CommentPage, description = "A page of comments")))]
pub(crate) async fn list_comments_of_incident(
    State(state): State<HttpState>,
    PathId(id): PathId,
    query: QueryParams,
) -> Result<Json<CommentPage>, HttpError> {
    let limit = state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?;
    let before = query.read_id_of_param("before")?;
    let page = state.store().list_comments_of_incident(id, before, limit).await?;
    Ok(Json(CommentPage { comments: page.rows, next_before: page.next_before }))
}

/// Comment on an incident
#[utoipa::path(post, path = "/api/incidents/{id}/comments", operation_id = "createComment", tag = "comments",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    request_body = NewComment,
    responses(
        (status = 201, body = Comment, description = "The comment"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn add_comment_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user: author, .. }: AuthenticatedUser,
    PathId(incident_id): PathId,
    key: IdempotencyKeyHeader,
    JsonBody { value, bytes }: JsonBody<NewComment>,
) -> Result<(StatusCode, Json<Comment>), HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&bytes, &store.config().limits)?;
    if value.content.contains(['@', '\u{ff20}']) {
        state.notifying_rate().check_rate_of_key(author.id)?;
    }
    let change = async move {
        store.create_comment_with_mentions(&author, incident_id, &value.content, key).await
    };
    let comment = state.realtime().commit_and_publish_events(change).await?;
    Ok((StatusCode::CREATED, Json(comment)))
}

/// Delete a comment; its author, Prefects and Aurors only
#[utoipa::path(delete, path = "/api/incidents/{id}/comments/{commentId}", operation_id = "deleteComment",
    tag = "comments", security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("commentId" = Uuid, Path, description = "The comment"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "`FORBIDDEN`: somebody else's comment"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn delete_comment_of_incident(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    PathIdOfComment { incident_id, comment_id }: PathIdOfComment,
    key: IdempotencyKeyHeader,
) -> Result<StatusCode, HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&[], &store.config().limits)?;
    let change =
        async move { store.delete_comment_with_event(&actor, incident_id, comment_id, key).await };
    state.realtime().commit_and_publish_events(change).await?;
    Ok(StatusCode::NO_CONTENT)
}
