//! Tokens: registration, login, renewal, logout.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::{User, credentials::LoginGrant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody},
    state::HttpState,
};

/// Who registers. The role is STUDENT.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// Address; its local part becomes the handle, with a number when it is somebody's already.
    email: String,
    /// Name to show, up to 100 characters.
    name: String,
    /// 8 to 200 characters.
    password: String,
}

/// Who logs in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// Address.
    email: String,
    /// Password.
    password: String,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshTokenBody {
    /// As it was given with the last access token.
    refresh_token: String,
}

/// Tokens and whose they are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenGrant {
    /// Whose.
    user: User,
    /// For the `Authorization` header and `auth.token` of a socket.
    access_token: String,
    /// Good for one renewal.
    refresh_token: String,
    /// Seconds the access token is valid.
    expires_in: u64,
}

impl From<LoginGrant> for TokenGrant {
    fn from(grant: LoginGrant) -> Self {
        Self {
            user: grant.user,
            access_token: grant.access_token,
            refresh_token: grant.refresh_token,
            expires_in: grant.expires_in_seconds,
        }
    }
}

/// Whose token it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenOwner {
    /// As the database has them now.
    user: User,
}

/// Register as a STUDENT
#[utoipa::path(post, path = "/api/auth/register", operation_id = "register", tag = "auth",
    request_body = Registration,
    responses(
        (status = 201, body = TokenGrant, description = "Registered and logged in"),
        (status = 409, description = "`CONFLICT`: the address is taken"),
    ))]
pub(crate) async fn register_user_from_body(
    State(state): State<HttpState>,
    JsonBody { value, .. }: JsonBody<Registration>,
) -> Result<(StatusCode, Json<TokenGrant>), HttpError> {
    let Registration { email, name, password } = value;
    let grant = state.store().register_user_with_password(&email, &name, &password).await?;
    Ok((StatusCode::CREATED, Json(grant.into())))
}

/// Log in
#[utoipa::path(post, path = "/api/auth/login", operation_id = "login", tag = "auth", request_body = Credentials,
    responses(
        (status = 200, body = TokenGrant, description = "Logged in"),
        (status = 401, description = "`UNAUTHENTICATED`: the address or the password is wrong"),
    ))]
pub(crate) async fn login_user_from_body(
    State(state): State<HttpState>,
    JsonBody { value, .. }: JsonBody<Credentials>,
) -> Result<Json<TokenGrant>, HttpError> {
    let grant = state.store().login_user_with_password(&value.email, &value.password).await?;
    Ok(Json(grant.into()))
}

/// Spend a refresh token for new tokens
///
/// Spending one twice revokes every token that came from the same login; but for 30 s, and until the token it was
/// spent for is used, it is taken again, since two tabs and a lost answer are no theft.
#[utoipa::path(post, path = "/api/auth/refresh", operation_id = "refreshTokens", tag = "auth",
    request_body = RefreshTokenBody,
    responses(
        (status = 200, body = TokenGrant, description = "New tokens; the refresh token is spent"),
        (status = 401, description = "`UNAUTHENTICATED`: the refresh token is unknown, expired, revoked or spent"),
    ))]
pub(crate) async fn refresh_tokens_from_body(
    State(state): State<HttpState>,
    JsonBody { value, .. }: JsonBody<RefreshTokenBody>,
) -> Result<Json<TokenGrant>, HttpError> {
    let grant = state.store().rotate_refresh_token_family(&value.refresh_token).await?;
    Ok(Json(grant.into()))
}

/// Log out: revokes every refresh token that came from the same login
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "logout", tag = "auth",
    request_body = RefreshTokenBody,
    responses((status = 204, description = "Logged out, or was already")))]
pub(crate) async fn logout_user_from_body(
    State(state): State<HttpState>,
    JsonBody { value, .. }: JsonBody<RefreshTokenBody>,
) -> Result<StatusCode, HttpError> {
    state.store().revoke_family_of_token(&value.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose token this is
#[utoipa::path(get, path = "/api/auth/me", operation_id = "getCurrentUser", tag = "auth",
    security(("bearer" = [])),
    responses((status = 200, body = TokenOwner, description = "The user")))]
pub(crate) async fn show_user_of_token(
    AuthenticatedUser { user, .. }: AuthenticatedUser,
) -> Json<TokenOwner> {
    Json(TokenOwner { user })
}
