//! `GET …`: what carries a connection arrives: a websocket, a stream, or one poll after the other.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use owlpost_carrier::{
    CarriedPipe, ConnectionSecret, Outgoing,
    poll::{PollAnswer, wait_for_answer_of_poll},
    stream_body::StreamBody,
    websocket::{
        connection::EndOfClient,
        handshake::{
            accept_handshake_of_websocket, carry_connection_of_upgrade,
            choose_first_offered_subprotocol,
        },
    },
};
use owlpost_gateway::context::refuse_client_without_place;

use crate::{
    admit::{Visitor, admit_visitor_by_token, find_parameter_ignoring_case},
    hub::{
        Hub,
        connection::{HubConnection, NotTaken},
    },
    hub_carrier::HubCarrier,
};

/// What a stream begins with: Firefox takes it for open only then.
const STREAM_PRELUDE: &[u8] = b":\r\n";
/// Nobody may keep what belongs to one client.
const NO_CACHE: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache,no-store")),
    (header::PRAGMA, HeaderValue::from_static("no-cache")),
];

pub(crate) async fn connect_client_to_hub(
    State(hub): State<Arc<Hub>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let secret = find_parameter_ignoring_case(parts.uri.query(), "id");
    let visitor = match admit_visitor_to_connection(&hub, &parts, secret.as_deref()).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let request = Request::from_parts(parts, body);
    if request.headers().contains_key(header::UPGRADE) {
        return connect_client_by_websocket(&hub, &visitor, secret.as_deref(), request);
    }
    let Some(secret) = secret else {
        return answer_request_with_line(StatusCode::BAD_REQUEST, "Connection ID required");
    };
    let Some(connection) = find_connection_of_visitor(&hub, &visitor, &secret) else {
        return answer_with_unknown_connection();
    };
    connection.renew_session_by_visitor(&visitor).await;
    if accepts_stream_of_events(request.headers()) {
        connect_client_by_stream(connection, &visitor)
    } else {
        answer_one_poll_of_client(connection, &visitor).await
    }
}

/// Who a request is from, which may be to a connection that there is. The token that proved it before does so for as long as
/// its session lives, also when it has expired: the libraries ask for another one only when they connect, and what ends a
/// session, or renews it, is said within it.
pub(crate) async fn admit_visitor_to_connection(
    hub: &Arc<Hub>,
    request: &Parts,
    secret: Option<&str>,
) -> Result<Visitor, Response> {
    let secret = secret.map(ConnectionSecret::from);
    let connection = secret.and_then(|secret| hub.connections.find_connection_by_secret(&secret));
    admit_visitor_by_token(&hub.context, request, |token| {
        connection.and_then(|connection| connection.find_user_proven_by_token(token))
    })
    .await
}

/// The connection of this secret, if it is this visitor's: others are told that there is none.
pub(crate) fn find_connection_of_visitor(
    hub: &Arc<Hub>,
    visitor: &Visitor,
    secret: &str,
) -> Option<Arc<HubConnection>> {
    let connection = hub.connections.find_connection_by_secret(&ConnectionSecret::from(secret))?;
    (connection.user_id == visitor.user.id).then_some(connection)
}

fn connect_client_by_websocket(
    hub: &Arc<Hub>,
    visitor: &Visitor,
    secret: Option<&str>,
    mut request: Request,
) -> Response {
    let accepted = match accept_handshake_of_websocket(request.headers()) {
        Ok(headers) => headers,
        Err(refusal) => return refusal.describe_refusal_of_request().into_response(),
    };
    let connection = match secret {
        // The client skipped the negotiation.
        None => {
            let connection = HubConnection::from_visitor(hub, visitor);
            let secret = connection.secret.clone();
            hub.connections.add_connection_with_carrier(secret, connection.clone());
            connection
        }
        Some(secret) => match find_connection_of_visitor(hub, visitor, secret) {
            Some(connection) => connection,
            None => return answer_with_unknown_connection(),
        },
    };
    if let Err(refused) = connection.take_up_by_carrier(HubCarrier::WebSockets, visitor) {
        // Nobody else knows of one that skipped the negotiation.
        if secret.is_none() {
            connection.end_connection_of_client(EndOfClient::Lost);
        }
        return answer_with_refused_carrier(refused);
    }
    let subprotocol = choose_first_offered_subprotocol(request.headers());
    let upgrade = hyper::upgrade::on(&mut request);
    let carried = CarriedPipe::new(connection.pipe.clone(), connection);
    carry_connection_of_upgrade(upgrade, hub.config.handshake_timeout, carried);
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, accepted).into_response();
    if let Some(subprotocol) = subprotocol {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    response
}

/// Ends a connection with the stream that carries it.
struct EndWithStream(Arc<HubConnection>);

impl Drop for EndWithStream {
    fn drop(&mut self) {
        self.0.end_connection_of_client(EndOfClient::Lost);
    }
}

fn connect_client_by_stream(connection: Arc<HubConnection>, visitor: &Visitor) -> Response {
    if let Err(refused) = connection.take_up_by_carrier(HubCarrier::ServerSentEvents, visitor) {
        return answer_with_refused_carrier(refused);
    }
    let (pipe, guard) = (connection.pipe.clone(), EndWithStream(connection));
    let prelude = Bytes::from_static(STREAM_PRELUDE);
    let body = Body::new(StreamBody::new(pipe, prelude, append_entry_as_event, guard));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // Nothing on the way may hold it back to make it smaller.
        (header::CONTENT_ENCODING, HeaderValue::from_static("identity")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, NO_CACHE, body).into_response()
}

/// Messages of the hub have no line breaks of their own: JSON escapes them.
fn append_entry_as_event(entry: &Outgoing, to: &mut Vec<u8>) {
    to.extend_from_slice(b"data: ");
    entry.parts().iter().for_each(|part| to.extend_from_slice(part));
    to.extend_from_slice(b"\r\n\r\n");
}

async fn answer_one_poll_of_client(connection: Arc<HubConnection>, visitor: &Visitor) -> Response {
    let is_first = match connection.take_up_by_carrier(HubCarrier::LongPolling, visitor) {
        Ok(is_first) => is_first,
        Err(refused) => return answer_with_refused_carrier(refused),
    };
    let _waiting = connection.count_poll_while_waiting();
    if is_first {
        // The client takes the connection for open once this is answered.
        return answer_poll_with_bytes(Vec::new());
    }
    let patience = connection.hub.config.poll_timeout;
    match wait_for_answer_of_poll(&connection.pipe, patience).await {
        PollAnswer::Bytes(bytes) => answer_poll_with_bytes(bytes),
        PollAnswer::Replaced => (StatusCode::NO_CONTENT, NO_CACHE).into_response(),
        PollAnswer::Over => {
            connection.end_connection_of_client(EndOfClient::Lost);
            (StatusCode::NO_CONTENT, NO_CACHE).into_response()
        }
    }
}

fn answer_poll_with_bytes(bytes: Vec<u8>) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))];
    (NO_CACHE, kind, bytes).into_response()
}

fn accepts_stream_of_events(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|media_type| media_type.trim().eq_ignore_ascii_case("text/event-stream"))
}

fn answer_with_refused_carrier(refused: NotTaken) -> Response {
    match refused {
        NotTaken::CarriedAlready => answer_request_with_line(
            StatusCode::CONFLICT,
            "The connection is carried by another request",
        ),
        NotTaken::AnotherTransport => answer_request_with_line(
            StatusCode::BAD_REQUEST,
            "The connection has another transport",
        ),
        NotTaken::Over => answer_with_unknown_connection(),
        NotTaken::NoPlace => refuse_client_without_place(),
    }
}

pub(crate) fn answer_with_unknown_connection() -> Response {
    answer_request_with_line(StatusCode::NOT_FOUND, "No Connection with that ID")
}

pub(crate) fn answer_request_with_line(status: StatusCode, line: &'static str) -> Response {
    (status, format!("{line}\n")).into_response()
}
