//! Tokens: registration, login, renewal, logout.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::{
    DomainError, User,
    people::login::{LoginGrant, NewPerson},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    audit::record_deed_of_person,
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, RequestOrigin},
    state::HttpState,
};

/// Who registers. The role is STUDENT, or what the invitation says.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// Address; its local part becomes the handle, with a number when it is somebody's already.
    email: String,
    /// Name to show, up to 100 characters, without any that cannot be seen or that change the direction of the text.
    name: String,
    /// 8 to 200 characters, and not easily guessed.
    password: String,
    /// The token of an invitation: it lets in whom the server's `REGISTRATION` would not.
    #[schema(nullable = false)]
    invitation: Option<String>,
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

/// Register
///
/// Who may is the server's `REGISTRATION`: everybody, those of some domains, or nobody without an invitation.
#[utoipa::path(post, path = "/api/auth/register", operation_id = "register", tag = "auth",
    request_body = Registration,
    responses(
        (status = 201, body = TokenGrant, description = "Registered and logged in"),
        (status = 403, description = "`FORBIDDEN`: registration is closed for this address, or the invitation is not \
            good for it"),
        (status = 409, description = "`CONFLICT`: the address is taken"),
    ))]
pub(crate) async fn register_user_from_body(
    State(state): State<HttpState>,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<Registration>,
) -> Result<(StatusCode, Json<TokenGrant>), HttpError> {
    let registration = state.doors().registrations.take_try_of_key(origin.subscriber())?;
    let Registration { email, name, password, invitation } = value;
    let person = NewPerson {
        email: &email,
        name: &name,
        password: &password,
        invitation: invitation.as_deref(),
    };
    let login = origin.to_login_origin();
    match state.store().register_user_with_password(person, &login).await {
        Ok(grant) => {
            record_deed_of_person("register", grant.user.id, grant.user.id, &origin);
            Ok((StatusCode::CREATED, Json(grant.into())))
        }
        Err(error) => {
            // What made nobody and told of nobody is none.
            if !matches!(error, DomainError::Conflict(_) | DomainError::Forbidden(_)) {
                registration.count_as_right_guess();
            }
            Err(error.into())
        }
    }
}

/// Log in
///
/// Wrong passwords are counted by address and by account; where somebody has lately logged in from, only those from
/// there count.
#[utoipa::path(post, path = "/api/auth/login", operation_id = "login", tag = "auth", request_body = Credentials,
    responses(
        (status = 200, body = TokenGrant, description = "Logged in"),
        (status = 401, description = "`UNAUTHENTICATED`: the address or the password is wrong"),
    ))]
pub(crate) async fn login_user_from_body(
    State(state): State<HttpState>,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<Credentials>,
) -> Result<Json<TokenGrant>, HttpError> {
    let grant = state.login_person_within_limits(&value.email, &value.password, &origin).await?;
    Ok(Json(grant.into()))
}

impl HttpState {
    /// Logs somebody in, within the limits that guesses have, whichever door they come by.
    pub(crate) async fn login_person_within_limits(
        &self,
        email: &str,
        password: &str,
        origin: &RequestOrigin,
    ) -> Result<LoginGrant, HttpError> {
        let (store, doors) = (self.store(), self.doors());
        let subscriber = origin.subscriber();
        let by_address = doors.logins.take_try_of_key(subscriber)?;
        let candidate = store.find_login_candidate_by_email(email, Some(subscriber)).await?;
        let home = candidate.applicant.is_familiar.then_some(subscriber);
        let by_account = match doors.accounts.take_try_of_key((&candidate.email, home)) {
            Ok(guess) => guess,
            Err(exceeded) => {
                by_address.count_as_right_guess();
                return Err(exceeded.into());
            }
        };
        let login = origin.to_login_origin();
        let outcome = store.login_candidate_with_password(candidate, password, &login).await;
        if !matches!(outcome, Err(DomainError::Unauthenticated)) {
            by_address.count_as_right_guess();
            by_account.count_as_right_guess();
        }
        let grant = outcome?;
        record_deed_of_person("login", grant.user.id, grant.login, origin);
        Ok(grant)
    }
}

/// Spend a refresh token for new tokens
///
/// Spending one twice ends the login it belongs to; but for 30 s, and until the token it was spent for is used, it is
/// taken again, since two tabs and a lost answer are no theft.
#[utoipa::path(post, path = "/api/auth/refresh", operation_id = "refreshTokens", tag = "auth",
    request_body = RefreshTokenBody,
    responses(
        (status = 200, body = TokenGrant, description = "New tokens; the refresh token is spent"),
        (status = 401, description = "`UNAUTHENTICATED`: the refresh token is unknown, expired, revoked or spent"),
    ))]
pub(crate) async fn refresh_tokens_from_body(
    State(state): State<HttpState>,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<RefreshTokenBody>,
) -> Result<Json<TokenGrant>, HttpError> {
    state.doors().renewals.check_rate_of_key(origin.subscriber())?;
    let login = origin.to_login_origin();
    let grant = state.store().rotate_refresh_token_family(&value.refresh_token, &login).await?;
    record_deed_of_person("refresh", grant.user.id, grant.login, &origin);
    Ok(Json(grant.into()))
}

/// Log out: ends the login, its tokens and its sockets on every node within a second
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "logout", tag = "auth",
    request_body = RefreshTokenBody,
    responses((status = 204, description = "Logged out, or was already")))]
pub(crate) async fn logout_user_from_body(
    State(state): State<HttpState>,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<RefreshTokenBody>,
) -> Result<StatusCode, HttpError> {
    state.doors().renewals.check_rate_of_key(origin.subscriber())?;
    if let Some(user) = state.store().end_login_of_token(&value.refresh_token).await? {
        state.realtime().request_reading_of_log();
        record_deed_of_person("logout", user, user, &origin);
    }
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
