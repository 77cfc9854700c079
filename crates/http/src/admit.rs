//! Who gets through to the handlers: users with a good token, within their rate. The routes that give tokens have limits of
//! their own (see [`crate::doors`]).

use std::borrow::Cow;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use owlpost_domain::{UserId, authority::authorize_token_for_door};

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, QueryParams},
    hooks::{PAGERDUTY_PATH, routing_key::find_routing_key_in_body},
    paths::{EVENTS_PATH, HOOKS_PATH},
    state::HttpState,
    token_doors::find_door_of_operation,
};

/// Whose request it was; for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActingUser(pub(crate) UserId);

/// Lets a request through as its user, if its token opens what it asks for.
pub(crate) async fn admit_user_within_rate(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let token = find_token_of_request(&request)?.ok_or(HttpError::TokenMissing)?.into_owned();
    admit_request_with_token(&state, &token, request, next).await
}

/// Lets a request of a tool through. PagerDuty's API has the token in the body, where tools have no place for a header.
pub(crate) async fn admit_tool_within_rate(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    if let Some(token) = find_token_of_request(&request)? {
        let token = token.into_owned();
        return admit_request_with_token(&state, &token, request, next).await;
    }
    if find_route_of_request(&request) != Some(PAGERDUTY_PATH) {
        return Err(HttpError::TokenMissing);
    }
    let (parts, body) = request.into_parts();
    let (token, body) = find_routing_key_in_body(body).await?;
    let request = Request::from_parts(parts, body);
    admit_request_with_token(&state, &token, request, next).await
}

async fn admit_request_with_token(
    state: &HttpState,
    token: &str,
    mut request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let (user, access) = state.store().authenticate_user_by_token(token).await?;
    let user_id = user.id;
    let route = find_route_of_request(&request).unwrap_or_default();
    let door = find_door_of_operation(request.method(), route);
    let within_rate = state.user_rate().check_rate_of_key(access.rate_key());
    let admitted = match within_rate {
        Ok(()) => authorize_token_for_door(access.basis.authority, door).map_err(HttpError::from),
        Err(exceeded) => Err(exceeded.into()),
    };
    let mut response = match admitted {
        Ok(()) => {
            request.extensions_mut().insert(AuthenticatedUser { user, access });
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    response.extensions_mut().insert(ActingUser(user_id));
    Ok(response)
}

fn find_route_of_request(request: &Request) -> Option<&str> {
    request.extensions().get::<MatchedPath>().map(MatchedPath::as_str)
}

/// The token in the `Authorization` header; for streams also in the query, since a browser's `EventSource` cannot
/// send headers, and for hooks, since some tools can be told an address and nothing else.
fn find_token_of_request(request: &Request) -> Result<Option<Cow<'_, str>>, HttpError> {
    if let Some(token) = read_bearer_token_from(request.headers()) {
        return Ok(Some(token.into()));
    }
    let name = match find_route_of_request(request) {
        Some(EVENTS_PATH) => "token",
        Some(route) if route.starts_with(HOOKS_PATH) => "key",
        _ => return Ok(None),
    };
    let query = QueryParams::from_query(request.uri().query().unwrap_or_default())?;
    Ok(query.read_text_of_param(name)?.map(|token| token.to_owned().into()))
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
