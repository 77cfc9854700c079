//! `POST …/negotiate`: a client asks for a connection, and what may carry it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use owlpost_carrier::ConnectionSecret;
use owlpost_domain::ErrorCode;
use serde_json::{Value, json};

use crate::{
    admit::{admit_visitor_by_token, find_parameter_ignoring_case},
    hub::{Hub, connection::HubConnection},
};

pub(crate) async fn negotiate_connection_to_hub(
    State(hub): State<Arc<Hub>>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let visitor = match admit_visitor_by_token(&hub.context, &parts, |_| None).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let asked = find_parameter_ignoring_case(parts.uri.query(), "negotiateVersion");
    let Some(version) = read_version_of_client(asked.as_deref()) else {
        let error = "The client asked for a version of the negotiation that is none: negotiateVersion must be 0 or 1.";
        return Json(json!({ "error": error })).into_response();
    };
    let owner = visitor.user.id;
    let connection = HubConnection::from_visitor(&hub, &visitor);
    let secret = connection.secret.clone();
    let public_id = connection.public_id.clone();
    if hub.connections.add_half_open_connection(secret.clone(), owner, connection).is_err() {
        let message = "Too many connections were asked for and not taken up";
        let body = json!({ "error": { "code": ErrorCode::RateLimited, "message": message } });
        return (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    }
    Json(describe_connection_in_version(version, &secret, &public_id)).into_response()
}

/// 0 without one; `None` for what is no version. Later versions are answered as the latest there is.
fn read_version_of_client(asked: Option<&str>) -> Option<u32> {
    asked.map_or(Some(0), |version| version.parse::<u32>().ok()).map(|version| version.min(1))
}

/// A client of version 0 knows one id, with which it proves itself.
fn describe_connection_in_version(
    version: u32,
    secret: &ConnectionSecret,
    public_id: &str,
) -> Value {
    let mut answer = json!({
        "negotiateVersion": version,
        "connectionId": if version == 0 { secret.as_str() } else { public_id },
        // In the order in which clients try them.
        "availableTransports": [
            { "transport": "WebSockets", "transferFormats": ["Text", "Binary"] },
            { "transport": "ServerSentEvents", "transferFormats": ["Text"] },
            { "transport": "LongPolling", "transferFormats": ["Text", "Binary"] },
        ],
    });
    if version > 0 {
        answer["connectionToken"] = json!(secret.as_str());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_versions_as_numbers() {
        assert_eq!(read_version_of_client(None), Some(0));
        assert_eq!(read_version_of_client(Some("0")), Some(0));
        assert_eq!(read_version_of_client(Some("1")), Some(1));
        assert_eq!(read_version_of_client(Some("7")), Some(1));
        for wrong in ["-1", "", "one", "1.0", "99999999999"] {
            assert_eq!(read_version_of_client(Some(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn should_tell_the_secret_under_the_name_of_each_version() {
        let secret = ConnectionSecret::draw_from_random_bits();
        let old = describe_connection_in_version(0, &secret, "public");
        assert_eq!(old["connectionId"], secret.as_str());
        assert!(old.get("connectionToken").is_none());
        let new = describe_connection_in_version(1, &secret, "public");
        assert_eq!(
            (&new["connectionId"], &new["connectionToken"]),
            (&json!("public"), &json!(secret.as_str()))
        );
    }
}
