//! API tokens: keys of one's tools.

use axum::{Json, extract::State, http::StatusCode};
use owlpost_domain::{
    Scope,
    api_tokens::{ApiToken, NewApiToken},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audit::record_deed_of_person,
    error::HttpError,
    extract::{
        AuthenticatedUser, JsonBody, PathId, QueryParams, RequestOrigin, read_required_word_list,
    },
    state::HttpState,
};

/// What a token shall be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewToken {
    /// What its owner knows it by, 1 to 100 characters.
    name: String,
    /// What it shall be good for; one at least.
    #[serde(deserialize_with = "read_required_word_list")]
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// Days after which it is good for nothing any more, 1 to 3,650; without, it does not expire.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<i32>,
}

/// A token that was just made, with its secret, which is told this one time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeToken {
    #[serde(flatten)]
    made: ApiToken,
    /// For `Authorization: Bearer`, for sockets, and as the key of a hook.
    token: String,
}

/// Tokens that are not revoked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenPage {
    /// The newest first.
    tokens: Vec<ApiToken>,
    /// Give it as `before` for the next page; null on the last.
    #[schema(required)]
    next_before: Option<Uuid>,
}

/// One's API tokens, without their secrets
#[utoipa::path(get, path = "/api/tokens", operation_id = "listTokens", tag = "tokens", security(("bearer" = [])),
    params(
        ("all" = Option<bool>, Query, description = "Those of everybody; Aurors only"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Tokens of the page, 1 to 100, 50 without"),
        ("before" = Option<Uuid>, Query, description = "`nextBefore` of the page before"),
    ),
    responses(
        (status = 200, body = TokenPage, description = "A page of tokens that are not revoked"),
        (status = 403, description = "`FORBIDDEN`: those of others are for Aurors only, and none are for API tokens"),
    ))]
pub(crate) async fn list_tokens_by_query(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    query: QueryParams,
) -> Result<Json<TokenPage>, HttpError> {
    let limit = state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?;
    let before = query.read_id_of_param("before")?;
    let page = if query.read_flag_of_param("all")? == Some(true) {
        state.store().list_every_token_by_actor(&user, before, limit).await?
    } else {
        state.store().list_api_tokens_of_owner(Some(user.id), before, limit).await?
    };
    Ok(Json(TokenPage { tokens: page.rows, next_before: page.next_before }))
}

/// Make an API token
///
/// It may do what its owner may, within its scopes, and is nobody's presence. It ends with its owner's account, and with no
/// password or login.
#[utoipa::path(post, path = "/api/tokens", operation_id = "createToken", tag = "tokens", security(("bearer" = [])),
    request_body = NewToken,
    responses(
        (status = 201, body = MadeToken, description = "The token, with its secret"),
        (status = 403, description = "`FORBIDDEN`: API tokens make no others"),
        (status = 409, description = "`CONFLICT`: as many are live as one person may have (50)"),
    ))]
pub(crate) async fn create_token_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    JsonBody { value, .. }: JsonBody<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), HttpError> {
    let new = NewApiToken {
        name: &value.name,
        scopes: value.scopes.into_iter().collect(),
        expires_in_days: value.expires_in_days,
    };
    let (made, token) = state.store().create_api_token_for_owner(&user, new).await?;
    record_deed_of_person("create_token", user.id, made.id, &origin);
    Ok((StatusCode::CREATED, Json(MadeToken { made, token })))
}

/// Revoke an API token: one's own, or, for Aurors, anybody's
///
/// It is refused, and its sockets and streams are closed, on every node within a second.
#[utoipa::path(delete, path = "/api/tokens/{id}", operation_id = "revokeToken", tag = "tokens", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The token")),
    responses(
        (status = 204, description = "Good for nothing any more"),
        (status = 404, description = "`NOT_FOUND`: it is revoked already, or somebody else's"),
    ))]
pub(crate) async fn revoke_token_by_id(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    origin: RequestOrigin,
    PathId(id): PathId,
) -> Result<StatusCode, HttpError> {
    state.store().revoke_api_token_by_actor(&user, id).await?;
    state.realtime().request_reading_of_log();
    record_deed_of_person("revoke_token", user.id, id, &origin);
    Ok(StatusCode::NO_CONTENT)
}
