//! One's own logins and password.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::{DomainError, people::login_list::LoginSession};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    audit::record_deed_of_person,
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, PathId, RequestOrigin},
    state::HttpState,
};

/// One login, and whether it is the one that asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedLogin {
    #[serde(flatten)]
    login: LoginSession,
    /// Whether the token of this request belongs to it.
    current: bool,
}

/// One's logins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginList {
    /// The last used first.
    sessions: Vec<ListedLogin>,
}

/// A new password, and the one before it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordChange {
    /// As it is now.
    current_password: String,
    /// 8 to 200 characters, and not easily guessed.
    new_password: String,
}

/// One's logins that are live
#[utoipa::path(get, path = "/api/auth/sessions", operation_id = "listSessions", tag = "auth",
    security(("bearer" = [])),
    responses((status = 200, body = LoginList, description = "The logins")))]
pub(crate) async fn list_own_live_logins(
    State(state): State<HttpState>,
    AuthenticatedUser { user, access }: AuthenticatedUser,
) -> Result<Json<LoginList>, HttpError> {
    let logins = state.store().list_live_logins_by_user(user.id).await?;
    let sessions = logins
        .into_iter()
        .map(|login| ListedLogin { current: access.basis.login == Some(login.id), login })
        .collect();
    Ok(Json(LoginList { sessions }))
}

/// End one of one's logins
///
/// Its tokens are refused, and its sockets closed, on every node within a second.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", operation_id = "endSession", tag = "auth",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The login")),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "`NOT_FOUND`: it is not live, or somebody else's"),
    ))]
pub(crate) async fn end_own_login_by_id(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
) -> Result<StatusCode, HttpError> {
    state.store().end_one_login_by_id(user.id, id).await?;
    state.realtime().request_reading_of_log();
    record_deed_of_person("end_session", user.id, id, &origin);
    Ok(StatusCode::NO_CONTENT)
}

/// Change one's password
///
/// Every other login ends, and tokens that belong to no login are refused from now on.
#[utoipa::path(put, path = "/api/auth/password", operation_id = "changePassword", tag = "auth",
    security(("bearer" = [])), request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 403, description = "`FORBIDDEN`: the current password is wrong"),
    ))]
pub(crate) async fn change_own_password_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user, access }: AuthenticatedUser,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<PasswordChange>,
) -> Result<StatusCode, HttpError> {
    // A stolen token shall not become a password by guessing.
    let guess = state.doors().accounts.take_try_of_key((user.id, "password"))?;
    let passwords = (&*value.current_password, &*value.new_password);
    let applicant = origin.to_known_applicant();
    let login = access.basis.login;
    let outcome =
        state.store().change_own_password_by_current(&user, login, passwords, applicant).await;
    if !matches!(outcome, Err(DomainError::Forbidden(_))) {
        guess.count_as_right_guess();
    }
    outcome.map_err(|error| match error {
        DomainError::Validation { message, .. } => {
            HttpError::refuse_field_with_message("newPassword", message)
        }
        other => other.into(),
    })?;
    state.realtime().request_reading_of_log();
    record_deed_of_person("change_password", user.id, user.id, &origin);
    Ok(StatusCode::NO_CONTENT)
}
