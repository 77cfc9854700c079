//! Who a request is from. Every request of the protocol proves it.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header, request::Parts};
use owlpost_admission::ClientAddress;
use owlpost_domain::{
    User,
    access_token::{TokenBasis, VerifiedToken},
};
use owlpost_gateway::{
    ConnectRefusal, GatewayContext,
    admission::{
        authenticate_with_database_patience, bound_wishes_of_client, find_bearer_token_in_headers,
    },
    query::{find_query_value_by_name, list_decoded_query_pairs, list_query_values_by_name},
};
use owlpost_realtime::Resumption;
use serde_json::json;

/// When a client that was refused because the database is away may come back.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// Who a request is from.
pub(crate) struct Visitor {
    pub(crate) user: User,
    pub(crate) access: VerifiedToken,
    pub(crate) token: String,
    /// What it wants, should this request open a connection.
    pub(crate) wishes: Resumption,
    pub(crate) address: Option<std::net::IpAddr>,
}

/// Who the request is from; else the answer to it. `find_user_of_expired` knows whose an expired token was, should it prove
/// the request all the same.
pub(crate) async fn admit_visitor_by_token(
    context: &GatewayContext,
    request: &Parts,
    find_user_of_expired: impl FnOnce(&str) -> Option<User>,
) -> Result<Visitor, Response> {
    let (headers, query) = (&request.headers, request.uri.query());
    let of_query = |name| find_query_value_by_name(query, name);
    let token = find_bearer_token_in_headers(headers)
        .or_else(|| of_query("access_token"))
        .or_else(|| of_query("token"))
        .filter(|token| !token.is_empty());
    let wishes =
        bound_wishes_of_client(of_query("lastEventId"), list_query_values_by_name(query, "room"));
    let address = request.extensions.get::<ClientAddress>().map(|client| client.0);
    let known = authenticate_with_database_patience(context.core.store(), token.as_deref()).await;
    let token = token.unwrap_or_default();
    let (user, access) = match known {
        Err(ConnectRefusal::TokenExpired) => find_user_of_expired(&token)
            .map(|user| (user.clone(), describe_expired_token_of_user(&user)))
            .ok_or(ConnectRefusal::TokenExpired),
        other => other,
    }
    .map_err(refuse_request_with_status)?;
    Ok(Visitor { user, access, token, wishes, address })
}

/// It proves whose request it is, and opens nothing.
fn describe_expired_token_of_user(user: &User) -> VerifiedToken {
    VerifiedToken {
        user_id: user.id,
        expires_at: DateTime::<Utc>::MIN_UTC,
        basis: TokenBasis::of_person_without_login(None),
    }
}

fn refuse_request_with_status(refusal: ConnectRefusal) -> Response {
    refusal.count_as_refused_handshake();
    let body = json!({ "error": { "code": refusal.code(), "message": refusal.to_string() } });
    let (status, name, value) = match refusal {
        ConnectRefusal::ScopeMissing => {
            return (StatusCode::FORBIDDEN, axum::Json(body)).into_response();
        }
        // Not 401: a client that is told so stays away.
        ConnectRefusal::ServiceUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, header::RETRY_AFTER, RETRY_AFTER_SECONDS)
        }
        ConnectRefusal::TokenRequired
        | ConnectRefusal::TokenExpired
        | ConnectRefusal::AuthenticationFailed => {
            let bearer = HeaderValue::from_static("Bearer");
            (StatusCode::UNAUTHORIZED, header::WWW_AUTHENTICATE, bearer)
        }
    };
    (status, [(name, value)], axum::Json(body)).into_response()
}

/// The value of a parameter whose name is written in whichever case, as ASP.NET reads it.
pub(crate) fn find_parameter_ignoring_case(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = list_decoded_query_pairs(query);
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
