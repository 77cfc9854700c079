//! Who may connect.

#[cfg(test)]
mod fuzz;

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use http::{header, request::Parts};
use owlpost_domain::{DomainError, ErrorCode, User};
use owlpost_metrics::HANDSHAKES_REFUSED;
use owlpost_realtime::Resumption;
use serde_json::Value;
use socketioxide::{
    ProtocolVersion,
    extract::{SocketRef, TryData},
};

use crate::{
    query::find_query_value_by_name,
    recovery::read_recovery_of_client,
    shared::Shared,
    transport::{SocketTransport, find_session_of_engine},
    wire::Offsets,
};

/// Tries before a client is sent away because the database does not answer.
const DATABASE_TRIES: u32 = 3;
const DATABASE_PAUSE: Duration = Duration::from_millis(200);
/// Rooms a client may name when it connects: the feed and one incident.
const ROOMS_AT_CONNECT: usize = 2;

/// What the handshake learned, for the connection that follows it.
#[derive(Clone)]
pub(crate) struct Admission {
    pub(crate) user: User,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) resumption: Resumption,
}

/// Why a `connect_error` is sent. Nothing more is ever revealed than its message and its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectRefusal {
    TokenRequired,
    TokenExpired,
    AuthenticationFailed,
    ServiceUnavailable,
}

impl ConnectRefusal {
    /// The stable code, which clients find in `data.code`.
    pub(crate) const fn code(self) -> ErrorCode {
        match self {
            Self::TokenRequired | Self::AuthenticationFailed => ErrorCode::Unauthenticated,
            Self::TokenExpired => ErrorCode::TokenExpired,
            Self::ServiceUnavailable => ErrorCode::Unavailable,
        }
    }
}

impl fmt::Display for ConnectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenRequired => "Authentication token required",
            Self::TokenExpired => "Token expired",
            Self::AuthenticationFailed => "Authentication failed",
            Self::ServiceUnavailable => "Service unavailable",
        })
    }
}

impl From<&DomainError> for ConnectRefusal {
    fn from(error: &DomainError) -> Self {
        match error {
            DomainError::TokenExpired => Self::TokenExpired,
            DomainError::Unavailable(_) | DomainError::Internal(_) => Self::ServiceUnavailable,
            DomainError::Unauthenticated
            | DomainError::Validation { .. }
            | DomainError::Forbidden(_)
            | DomainError::NotFound(_)
            | DomainError::Conflict(_) => Self::AuthenticationFailed,
        }
    }
}

/// The namespace's middleware: lets a client in, or tells it why not.
pub(crate) async fn admit_socket_by_token(
    shared: Shared,
    socket: SocketRef,
    TryData(auth): TryData<Value>,
) -> Result<(), ConnectRefusal> {
    // No payload (protocol of v2 clients), or one that is no JSON: then the query and the headers decide.
    let auth = auth.unwrap_or_default();
    let result = match find_token_of_handshake(&auth, socket.req_parts()) {
        None => Err(ConnectRefusal::TokenRequired),
        Some(token) => authenticate_with_database_patience(&shared, &token).await,
    };
    let (user, expires_at) = match result {
        Ok(known) => known,
        Err(refusal) => {
            refuse_socket_with_farewell(&shared, socket, refusal).await;
            return Err(refusal);
        }
    };
    let query = socket.req_parts().uri.query();
    let last_event_id =
        read_auth_last_event_id(&auth).or_else(|| find_query_value_by_name(query, "lastEventId"));
    let mut rooms = read_rooms_of_auth(&auth);
    rooms.extend(find_query_value_by_name(query, "room"));
    rooms.truncate(ROOMS_AT_CONNECT);
    let recovery = read_recovery_of_client(&socket, &auth);
    let Some(session) = find_session_of_engine(&socket) else {
        return Err(ConnectRefusal::ServiceUnavailable);
    };
    // What the engine keeps of a client nobody knows is bounded more tightly than what a known one may send.
    session.lift_limits_after_admission();
    if recovery.is_some() {
        // The library would say that the client is connected; whether it is recovered is known later.
        session.withhold_next_reserved_message();
    }
    let resumption = Resumption { rooms, last_event_id, recovery };
    socket.extensions.insert(Admission { user, expires_at, resumption });
    Ok(())
}

fn find_token_of_handshake(auth: &Value, request: &Parts) -> Option<String> {
    let in_auth = match auth.get("token") {
        None | Some(Value::Null) => None,
        Some(Value::String(token)) => Some(token.clone()),
        // Something was given, and it is no token.
        Some(_) => Some(String::from("-")),
    };
    in_auth
        .filter(|token| !token.is_empty())
        .or_else(|| find_query_value_by_name(request.uri.query(), "token"))
        .filter(|token| !token.is_empty())
        .or_else(|| {
            let header = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
            let (scheme, token) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        })
}

async fn authenticate_with_database_patience(
    shared: &Shared,
    token: &str,
) -> Result<(User, DateTime<Utc>), ConnectRefusal> {
    let mut tries = 0;
    loop {
        tries += 1;
        match shared.core.store().authenticate_user_by_token(token).await {
            Ok((user, verified)) => return Ok((user, verified.expires_at)),
            Err(error) => {
                let refusal = ConnectRefusal::from(&error);
                if refusal != ConnectRefusal::ServiceUnavailable || tries == DATABASE_TRIES {
                    return Err(refusal);
                }
                tracing::warn!(%error, "a token could not be checked; trying again");
                tokio::time::sleep(DATABASE_PAUSE).await;
            }
        }
    }
}

/// A `connect_error` makes a client stay away until its user acts. That is right for a bad token and wrong for a
/// database that is away: there the transport is broken first, so that the client never hears of an error and tries
/// again by itself.
///
/// The library's `connect_error` has room for a message and none for a code, so the packet is ours. The library writes
/// its own when this returns, which is after the client is gone: it takes that for a closed connection.
async fn refuse_socket_with_farewell(shared: &Shared, socket: SocketRef, refusal: ConnectRefusal) {
    metrics::counter!(HANDSHAKES_REFUSED, "code" => refusal.code().as_str()).increment(1);
    tracing::info!(reason = %refusal, "connection refused");
    let transport = SocketTransport::from_socket_of_engine(socket, shared.format, Offsets::LeftOut);
    let Some(transport) = transport else { return };
    if refusal == ConnectRefusal::ServiceUnavailable {
        transport.break_transport_without_farewell();
        return;
    }
    let (format, message) = (shared.format, refusal.to_string());
    let packet = match transport.socket.protocol() {
        ProtocolVersion::V4 => format.encode_connect_error_as_text(&message),
        ProtocolVersion::V5 => {
            format.encode_connect_error_with_code(&message, refusal.code().as_str())
        }
    };
    // The queue of a new session has room, unless it is over.
    let _ = transport.send_packet_to_client(packet);
    transport.wait_for_farewell_of_client().await;
}

/// A number is taken as well: JavaScript clients that keep it as one are common.
fn read_auth_last_event_id(auth: &Value) -> Option<String> {
    match auth.get("lastEventId")? {
        Value::Null => None,
        Value::String(id) => Some(id.chars().take(32).collect()),
        other => Some(other.to_string().chars().take(32).collect()),
    }
}

fn read_rooms_of_auth(auth: &Value) -> Vec<String> {
    match auth.get("room") {
        Some(Value::String(room)) => vec![room.clone()],
        Some(Value::Array(rooms)) => {
            rooms.iter().filter_map(|room| room.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}
