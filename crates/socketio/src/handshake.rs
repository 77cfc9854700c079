//! Who may connect.

#[cfg(test)]
mod fuzz;

use http::request::Parts;
use owlpost_gateway::{
    Admission, ConnectRefusal,
    admission::{
        authenticate_with_database_patience, bound_wishes_of_client, find_bearer_token_in_headers,
    },
    query::find_query_value_by_name,
};
use owlpost_realtime::Resumption;
use serde_json::Value;
use socketioxide::{
    ProtocolVersion,
    extract::{SocketRef, TryData},
};

use crate::{
    recovery::read_recovery_of_client,
    shared::Shared,
    transport::{SocketTransport, find_session_of_engine},
    wire::Offsets,
};

/// The namespace's middleware: lets a client in, or tells it why not.
pub(crate) async fn admit_socket_by_token(
    shared: Shared,
    socket: SocketRef,
    TryData(auth): TryData<Value>,
) -> Result<(), ConnectRefusal> {
    // No payload (protocol of v2 clients), or one that is no JSON: then the query and the headers decide.
    let auth = auth.unwrap_or_default();
    let token = find_token_of_handshake(&auth, socket.req_parts());
    let store = shared.context.core.store();
    let (user, access) = match authenticate_with_database_patience(store, token.as_deref()).await {
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
    // What is kept of a connection is written with its presence, which a tool has none of.
    let recovery =
        read_recovery_of_client(&socket, &auth).filter(|_| access.basis.authority.is_person());
    let Some(session) = find_session_of_engine(&socket) else {
        return Err(ConnectRefusal::ServiceUnavailable);
    };
    // What the engine keeps of a client nobody knows is bounded more tightly than what a known one may send.
    session.lift_limits_after_admission();
    if recovery.is_some() {
        // The library would say that the client is connected; whether it is recovered is known later.
        session.withhold_next_reserved_message();
    }
    let wishes = bound_wishes_of_client(last_event_id, rooms);
    let resumption = Resumption { recovery, ..wishes };
    socket.extensions.insert(Admission { user, access, resumption });
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
        .or_else(|| find_bearer_token_in_headers(&request.headers))
}

/// A `connect_error` makes a client stay away until its user acts. That is right for a bad token and wrong for a
/// database that is away: there the transport is broken first, so that the client never hears of an error and tries
/// again by itself.
///
/// The library's `connect_error` has room for a message and none for a code, so the packet is ours. The library writes
/// its own when this returns, which is after the client is gone: it takes that for a closed connection.
async fn refuse_socket_with_farewell(shared: &Shared, socket: SocketRef, refusal: ConnectRefusal) {
    refusal.count_as_refused_handshake();
    let transport =
        SocketTransport::from_socket_of_engine(socket, shared.format, Offsets::LeftOut, None);
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
        Value::String(id) => Some(id.clone()),
        other => Some(other.to_string()),
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
