//! Who gets through to the handlers: users with a good token, within their rate. The routes that give tokens have limits of
//! their own (see [`crate::doors`]).

use std::borrow::Cow;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use owlpost_domain::UserId;

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, QueryParams},
    paths::EVENTS_PATH,
    state::HttpState,
};

/// Whose request it was; for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActingUser(pub(crate) UserId);

/// Lets a request through as its user.
pub(crate) async fn admit_user_within_rate(
    State(state): State<HttpState>,
    mut request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let token = find_token_of_request(&request)?.ok_or(HttpError::TokenMissing)?.into_owned();
    let (user, access) = state.store().authenticate_user_by_token(&token).await?;
    let user_id = user.id;
    let mut response = match state.user_rate().check_rate_of_key(user_id) {
        Ok(()) => {
            request.extensions_mut().insert(AuthenticatedUser { user, access });
            next.run(request).await
        }
        Err(exceeded) => HttpError::from(exceeded).into_response(),
    };
    response.extensions_mut().insert(ActingUser(user_id));
    Ok(response)
}

/// The token in the `Authorization` header; for streams also in the query, since a browser's `EventSource` cannot
/// send headers.
fn find_token_of_request(request: &Request) -> Result<Option<Cow<'_, str>>, HttpError> {
    if let Some(token) = read_bearer_token_from(request.headers()) {
        return Ok(Some(token.into()));
    }
    let route = request.extensions().get::<MatchedPath>();
    if route.is_none_or(|route| route.as_str() != EVENTS_PATH) {
        return Ok(None);
    }
    let query = QueryParams::from_query(request.uri().query().unwrap_or_default())?;
    Ok(query.read_text_of_param("token")?.map(|token| token.to_owned().into()))
}

/// The token of `Authorization: Bearer`.
pub(crate) fn read_bearer_token_from(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_bearer_tokens_and_nothing_else() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().expect("header"));
            read_bearer_token_from(&headers).map(str::to_owned)
        };
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc ").as_deref(), Some("abc"));
        for value in ["Bearer", "Bearer ", "Basic abc", "abc", ""] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
