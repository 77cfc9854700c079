//! Links an Auror makes for somebody else: a new password, an invitation.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use owlpost_domain::{
    DomainError, Role,
    model::serialize_time_as_utc,
    people::one_time_link::{Invitation, OneTimeLink},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::record_deed_of_person,
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, PathId, RequestOrigin, read_optional_word_value},
    state::HttpState,
};

/// A link that is good once. Its token is told this one time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkOnce {
    /// Stable id.
    id: Uuid,
    /// The secret of the link.
    token: String,
    /// The page of the dashboard to hand on, below the server's own address. The token is behind its `#`, which no
    /// server and no log is sent.
    link: String,
    /// When it is good for nothing any more.
    #[serde(serialize_with = "serialize_time_as_utc")]
    expires_at: DateTime<Utc>,
}

impl LinkOnce {
    fn from_link_at_page(link: OneTimeLink, page: &str, state: &HttpState) -> Self {
        let OneTimeLink { id, token, expires_at } = link;
        let base = &state.config().base_path;
        Self { id, link: format!("{base}{page}#{token}"), token, expires_at }
    }
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
pub(crate) struct InvitationBody {
    /// The address it is for; without it, anybody's who has the link.
    #[schema(nullable = false)]
    email: Option<String>,
    /// What they become; STUDENT without it.
    #[serde(default, deserialize_with = "read_optional_word_value")]
    #[schema(nullable = false)]
    role: Option<Role>,
}

/// Invitations that nobody has taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// The newest first.
    invitations: Vec<Invitation>,
}

/// The secret of a link, and the password it shall set.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordReset {
    /// The secret of the link.
    token: String,
    /// 8 to 200 characters, and not easily guessed.
    password: String,
}

/// Make a link with which somebody sets a new password; Aurors only
///
/// It is good once, for a day, and until the next one is made for the same person.
#[utoipa::path(post, path = "/api/users/{id}/password-reset", operation_id = "createPasswordReset", tag = "users",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = 201, body = LinkOnce, description = "The link"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn create_password_reset_of_user(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
) -> Result<(StatusCode, Json<LinkOnce>), HttpError> {
    let link = state.store().create_password_reset_link(&actor, id).await?;
    record_deed_of_person("create_password_reset", actor.id, id, &origin);
    Ok((StatusCode::CREATED, Json(LinkOnce::from_link_at_page(link, "/reset-password", &state))))
}

/// Set a password with a link
///
/// Every login of the person ends.
#[utoipa::path(post, path = "/api/auth/password-reset", operation_id = "resetPassword", tag = "auth",
    request_body = PasswordReset,
    responses(
        (status = 204, description = "Set"),
        (status = 404, description = "`NOT_FOUND`: the link is unknown, used or too old"),
    ))]
pub(crate) async fn reset_password_from_body(
    State(state): State<HttpState>,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<PasswordReset>,
) -> Result<StatusCode, HttpError> {
    let guess = state.doors().logins.take_try_of_key(origin.subscriber())?;
    let applicant = origin.to_strange_applicant();
    let outcome =
        state.store().reset_password_by_link(&value.token, &value.password, applicant).await;
    if !matches!(outcome, Err(DomainError::NotFound(_))) {
        guess.count_as_right_guess();
    }
    let user_id = outcome?;
    state.realtime().request_reading_of_log();
    record_deed_of_person("reset_password", user_id, user_id, &origin);
    Ok(StatusCode::NO_CONTENT)
}

/// Invite somebody to register; Aurors only
#[utoipa::path(post, path = "/api/invitations", operation_id = "createInvitation", tag = "users",
    security(("bearer" = [])), request_body = InvitationBody,
    responses(
        (status = 201, body = LinkOnce, description = "The invitation, good once, for seven days"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
        (status = 409, description = "`CONFLICT`: as many are open as may be"),
    ))]
pub(crate) async fn create_invitation_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<InvitationBody>,
) -> Result<(StatusCode, Json<LinkOnce>), HttpError> {
    let role = value.role.unwrap_or(Role::Student);
    let email = value.email.as_deref();
    let link = state.store().create_invitation_as_actor(&actor, email, role).await?;
    record_deed_of_person("invite", actor.id, link.id, &origin);
    Ok((StatusCode::CREATED, Json(LinkOnce::from_link_at_page(link, "/register", &state))))
}

/// Invitations that nobody has taken yet; Aurors only
#[utoipa::path(get, path = "/api/invitations", operation_id = "listInvitations", tag = "users",
    security(("bearer" = [])),
    responses(
        (status = 200, body = InvitationList, description = "The invitations, without their secrets"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn show_open_invitations_to_auror(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
) -> Result<Json<InvitationList>, HttpError> {
    let invitations = state.store().list_open_invitations_by_actor(&actor).await?;
    Ok(Json(InvitationList { invitations }))
}

/// Take an invitation back; Aurors only
#[utoipa::path(delete, path = "/api/invitations/{id}", operation_id = "withdrawInvitation", tag = "users",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 204, description = "Good for nothing any more"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
        (status = 404, description = "`NOT_FOUND`: there is none, or it was taken"),
    ))]
pub(crate) async fn withdraw_invitation_by_id(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
) -> Result<StatusCode, HttpError> {
    state.store().withdraw_invitation_as_actor(&actor, id).await?;
    record_deed_of_person("withdraw_invitation", actor.id, id, &origin);
    Ok(StatusCode::NO_CONTENT)
}
