//! `xhr_send`: what a client sends whose messages come by another request.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use owlpost_carrier::request_body::read_body_within_bounds;

use crate::{
    application::Application,
    frames::parse_messages_of_client,
    sessions::{SessionName, Sessions},
};

/// Said even of an answer without a body: Firefox would take it for XML, and complain.
const TEXT: (HeaderName, HeaderValue) =
    (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));

/// Hands the messages of a request to its session.
pub(crate) async fn receive_messages_by_post<A: Application>(
    sessions: &Sessions<A>,
    name: &SessionName,
    body: Body,
) -> Response {
    let Some(session) = sessions.find_session_by_name(name) else {
        return answer_guess_of_client(sessions, name);
    };
    let bounds = &sessions.config;
    let body =
        match read_body_within_bounds(body, bounds.request_bytes, bounds.request_timeout).await {
            Ok(body) => body,
            Err(refused) => return refused.describe_refusal_of_request().into_response(),
        };
    if body.is_empty() {
        return (StatusCode::INTERNAL_SERVER_ERROR, [TEXT], "Payload expected.").into_response();
    }
    let Some(messages) = parse_messages_of_client(&body) else {
        let line = "Broken JSON encoding.";
        return (StatusCode::INTERNAL_SERVER_ERROR, [TEXT], line).into_response();
    };
    if session.is_over() {
        return StatusCode::NOT_FOUND.into_response();
    }
    session.receive_messages_of_request(messages);
    (StatusCode::NO_CONTENT, [TEXT]).into_response()
}

fn answer_guess_of_client<A: Application>(sessions: &Sessions<A>, name: &SessionName) -> Response {
    match sessions.count_guess_of_client(name) {
        Ok(()) => StatusCode::NOT_FOUND.into_response(),
        Err(exceeded) => {
            let seconds = HeaderValue::from(exceeded.as_whole_seconds());
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)]).into_response()
        }
    }
}
