//! People: finding them, and changing what they may do.

use axum::{Json, extract::State};
use owlpost_domain::{Committed, Role, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, PathId, QueryParams, read_required_word_value},
    state::HttpState,
};

/// A person, and what an `@mention` names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserWithHandle {
    /// Who.
    #[serde(flatten)]
    user: User,
    /// What follows the `@` in a mention of them.
    handle: String,
}

/// People who match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserList {
    /// By handle.
    users: Vec<UserWithHandle>,
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
    let found = state.store().search_users_by_prefix(prefix, limit).await?;
    let users =
        found.into_iter().map(|user| UserWithHandle { handle: user.handle(), user }).collect();
    Ok(Json(UserList { users }))
}

/// Change a role; Aurors only
///
/// The person's live connections follow within a second.
#[utoipa::path(patch, path = "/api/users/{id}", operation_id = "changeUserRole", tag = "users",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The person")),
    request_body = RoleChange,
    responses(
        (status = 200, body = User, description = "The person with their new role"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn change_role_of_user(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    PathId(id): PathId,
    body: JsonBody<RoleChange>,
) -> Result<Json<User>, HttpError> {
    let store = state.store().clone();
    let role = body.value.role;
    // Publishes nothing (the database writes the event), but runs to its end even if the client goes.
    let change = async move {
        store.change_user_role_as(&actor, id, role).await.map(Committed::without_events)
    };
    let user = state.realtime().commit_and_publish_events(change).await?;
    state.realtime().wake_log_follower_now();
    Ok(Json(user))
}
