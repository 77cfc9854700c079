//! People: finding them, and changing what they may do.

use axum::{Json, extract::State};
use owlpost_domain::{Role, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    error::HttpError,
    extract::{
        AuthenticatedUser, IdempotencyKeyHeader, JsonBody, PathId, QueryParams,
        read_required_word_value,
    },
    state::HttpState,
};

/// People who match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserList {
    /// By handle.
    users: Vec<User>,
}

/// What of a person shall change.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RoleChange {
    /// What they may do from now on.
    #[serde(deserialize_with = "read_required_word_value")]
    role: Role,
}

/// People by the beginning of their handle or of a word of their name
#[utoipa::path(get, path = "/api/users", operation_id = "searchUsers", tag = "users", security(("bearer" = [])),
    params(
        ("q" = Option<String>, Query, description = "Beginning of a handle or of a word of a name; everybody without"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Most people in the answer, 1 to 100"),
    ),
    responses((status = 200, body = UserList, description = "Who matches")))]
pub(crate) async fn search_users_by_query(
    State(state): State<HttpState>,
    query: QueryParams,
) -> Result<Json<UserList>, HttpError> {
    let limit = state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?;
    let prefix = query.read_text_of_param("q")?.unwrap_or_default();
    let users = state.store().search_users_by_prefix(prefix, limit).await?;
    Ok(Json(UserList { users }))
}

/// Change a role; Aurors only
///
/// The person's live connections follow within a second.
#[utoipa::path(patch, path = "/api/users/{id}", operation_id = "changeUserRole", tag = "users",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The person"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    request_body = RoleChange,
    responses(
        (status = 200, body = User, description = "The person with their new role"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn change_role_of_user(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    PathId(id): PathId,
    key: IdempotencyKeyHeader,
    JsonBody { value, bytes }: JsonBody<RoleChange>,
) -> Result<Json<User>, HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&bytes, &store.config().limits)?;
    let change = async move { store.change_user_role_by_actor(&actor, id, value.role, key).await };
    let user = state.realtime().commit_and_publish_events(change).await?;
    state.realtime().request_reading_of_log();
    Ok(Json(user))
}
