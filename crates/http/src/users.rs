//! People: finding them, changing what they may do, and deleting them.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::{
    Committed, Role, User,
    people::{directory::PeopleFilter, standing::StandingChange},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    audit::record_deed_of_person,
    error::HttpError,
    extract::{
        AuthenticatedUser, IdempotencyKeyHeader, JsonBody, PathId, QueryParams, RequestOrigin,
        read_present_field_value, read_present_word_value,
    },
    state::HttpState,
};

/// A page of people who match.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserList {
    /// By handle.
    users: Vec<User>,
    /// Give it as `after` for the next page; null on the last.
    #[schema(required)]
    next_after: Option<String>,
}

/// What of a person shall change.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserChange {
    /// What they may do from now on.
    #[serde(default, deserialize_with = "read_present_word_value")]
    #[schema(nullable = false)]
    role: Option<Role>,
    /// `false` deactivates them: their sockets close within a second, their tokens are refused, nobody can assign them
    /// anything or notify them, and what they wrote stays. `true` lets them in again.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false)]
    active: Option<bool>,
}

/// People by the beginning of their handle or of a word of their name
#[utoipa::path(get, path = "/api/users", operation_id = "searchUsers", tag = "users", security(("bearer" = [])),
    params(
        ("q" = Option<String>, Query, description = "Beginning of a handle, an address or a part of a name, whatever its case and accents; everybody without"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Most people in the answer, 1 to 100"),
        ("after" = Option<String>, Query, description = "`nextAfter` of the page before"),
        ("assignable" = Option<bool>, Query, description = "`true` for those alone whom an incident can be given: Prefects and Aurors"),
        ("deactivated" = Option<bool>, Query, description = "`true` for those who are deactivated, instead; Aurors only"),
    ),
    responses(
        (status = 200, body = UserList, description = "Who matches"),
        (status = 403, description = "`FORBIDDEN`: who is deactivated is for Aurors only"),
    ))]
pub(crate) async fn search_users_by_query(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    query: QueryParams,
) -> Result<Json<UserList>, HttpError> {
    let filter = PeopleFilter {
        prefix: query.read_text_of_param("q")?.unwrap_or_default().to_owned(),
        deactivated: query.read_flag_of_param("deactivated")?.unwrap_or(false),
        assignable: query.read_flag_of_param("assignable")?.unwrap_or(false),
        after: query.read_text_of_param("after")?.map(str::to_owned),
        limit: state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?,
    };
    let page = state.store().search_users_by_prefix(&actor, &filter).await?;
    Ok(Json(UserList { users: page.rows, next_after: page.next_before }))
}

/// Change what somebody may do, or whether they may come in; Aurors only
///
/// The person's live connections follow within a second. The last Auror stays one.
#[utoipa::path(patch, path = "/api/users/{id}", operation_id = "changeUser", tag = "users",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The person"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    request_body = UserChange,
    responses(
        (status = 200, body = User, description = "The person as they are now"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request, or nobody would be \
            left who is an Auror"),
    ))]
pub(crate) async fn change_standing_of_user(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
    key: IdempotencyKeyHeader,
    JsonBody { value, bytes }: JsonBody<UserChange>,
) -> Result<Json<User>, HttpError> {
    let UserChange { role, active } = value;
    if role.is_none() && active.is_none() {
        return Err(HttpError::refuse_field_with_message("role", "give a role, or active"));
    }
    let store = state.store().clone();
    let key = key.bind_to_request_body(&bytes, &store.config().limits)?;
    let actor_id = actor.id;
    let wanted = StandingChange { role, active };
    let change = async move { store.change_standing_by_actor(&actor, id, wanted, key).await };
    let user = state.realtime().commit_and_publish_events(change).await?;
    state.realtime().request_reading_of_log();
    if let Some(role) = role {
        let deed = match role {
            Role::Student => "make_student",
            Role::Prefect => "make_prefect",
            Role::Auror => "make_auror",
        };
        record_deed_of_person(deed, actor_id, id, &origin);
    }
    if let Some(active) = active {
        let deed = if active { "activate" } else { "deactivate" };
        record_deed_of_person(deed, actor_id, id, &origin);
    }
    Ok(Json(user))
}

/// Delete somebody; Aurors only
///
/// For good: besides being deactivated, they lose their name, address, handle, password and notifications. What they wrote
/// stays, as that of a deleted user. Events in the log keep what they said until `EVENT_LOG_RETENTION` is over.
#[utoipa::path(delete, path = "/api/users/{id}", operation_id = "deleteUser", tag = "users",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
        (status = 404, description = "`NOT_FOUND`: there is nobody, or they are deleted"),
        (status = 409, description = "`CONFLICT`: nobody would be left who is an Auror"),
    ))]
pub(crate) async fn delete_user_by_id(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
) -> Result<StatusCode, HttpError> {
    let (store, actor_id) = (state.store().clone(), actor.id);
    let change =
        async move { Ok(Committed::without_events(store.delete_user_by_actor(&actor, id).await?)) };
    state.realtime().commit_and_publish_events(change).await?;
    state.realtime().request_reading_of_log();
    record_deed_of_person("delete", actor_id, id, &origin);
    Ok(StatusCode::NO_CONTENT)
}
