//! `POST …` and `DELETE …`: what a client sends whose carrier goes one way, and how it leaves.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use owlpost_carrier::{
    request_body::read_body_within_bounds,
    websocket::{CloseCode, connection::EndOfClient},
};

use crate::{
    admit::find_parameter_ignoring_case,
    connect::{
        admit_visitor_to_connection, answer_request_with_line, answer_with_unknown_connection,
        find_connection_of_visitor,
    },
    hub::{Hub, connection::HubConnection},
    hub_carrier::HubCarrier,
};

pub(crate) async fn receive_request_of_client(
    State(hub): State<Arc<Hub>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let connection = match find_connection_of_request(&hub, &parts).await {
        Ok(connection) => connection,
        Err(refusal) => return refusal,
    };
    match connection.carrier() {
        Some(HubCarrier::ServerSentEvents | HubCarrier::LongPolling) => {}
        Some(HubCarrier::WebSockets) => {
            return answer_request_with_line(
                StatusCode::METHOD_NOT_ALLOWED,
                "The connection is carried by a websocket",
            );
        }
        None => {
            return answer_request_with_line(
                StatusCode::BAD_REQUEST,
                "Nothing carries the connection yet",
            );
        }
    }
    let (most_bytes, patience) = (hub.config.max_request_bytes, hub.config.body_timeout);
    match read_body_within_bounds(body, most_bytes, patience).await {
        Ok(bytes) => {
            connection.receive_body_of_request(&bytes);
            StatusCode::OK.into_response()
        }
        Err(refusal) => refusal.describe_refusal_of_request().into_response(),
    }
}

pub(crate) async fn delete_connection_of_client(
    State(hub): State<Arc<Hub>>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let connection = match find_connection_of_request(&hub, &parts).await {
        Ok(connection) => connection,
        Err(refusal) => return refusal,
    };
    if connection.carrier() != Some(HubCarrier::LongPolling) {
        return answer_request_with_line(
            StatusCode::BAD_REQUEST,
            "Only a polling connection is ended by a request",
        );
    }
    connection.end_connection_of_client(EndOfClient::Closed(Some(CloseCode::Normal)));
    StatusCode::ACCEPTED.into_response()
}

async fn find_connection_of_request(
    hub: &Arc<Hub>,
    parts: &http::request::Parts,
) -> Result<Arc<HubConnection>, Response> {
    let secret = find_parameter_ignoring_case(parts.uri.query(), "id");
    let visitor = admit_visitor_to_connection(hub, parts, secret.as_deref()).await?;
    let secret = secret.ok_or_else(|| {
        answer_request_with_line(StatusCode::BAD_REQUEST, "Connection ID required")
    })?;
    let connection = find_connection_of_visitor(hub, &visitor, &secret)
        .ok_or_else(answer_with_unknown_connection)?;
    connection.renew_session_by_visitor(&visitor).await;
    Ok(connection)
}
