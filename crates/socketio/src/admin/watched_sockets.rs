//! The sockets of a node as its console shows them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Weak},
};

use chrono::{DateTime, Utc};
use owlpost_admission::ClientAddress;
use owlpost_realtime::Session;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use socketioxide::{TransportType, socket::Sid};

use super::redaction::redact_secrets_of_query;
use crate::transport::SocketTransport;

/// The namespace of everybody else.
const NAMESPACE: &str = "/";
/// Of a socket's id, what the UI calls its client. The id of the engine's session is a secret.
const CLIENT_ID_CHARACTERS: usize = 12;

/// Those that are connected. They are let go when they end.
#[derive(Default)]
pub(crate) struct WatchedSockets(Mutex<HashMap<Sid, WatchedSocket>>);

struct WatchedSocket {
    transport: Weak<SocketTransport>,
    session: Weak<Session>,
    connected_at: DateTime<Utc>,
    /// As they were shown last.
    shown: (&'static str, BTreeSet<String>),
}

impl WatchedSockets {
    /// Takes note of a socket.
    pub(crate) fn note_socket_that_connected(
        &self,
        transport: &Arc<SocketTransport>,
        session: &Arc<Session>,
    ) {
        let watched = WatchedSocket {
            transport: Arc::downgrade(transport),
            session: Arc::downgrade(session),
            connected_at: Utc::now(),
            shown: (name_transport_of_socket(transport), list_rooms_of_socket(transport, session)),
        };
        self.0.lock().insert(transport.socket.id, watched);
    }

    /// What to show of one socket; nothing when it has gone.
    pub(super) fn describe_socket_with_id(&self, id: Sid) -> Option<Value> {
        self.0.lock().get(&id).and_then(WatchedSocket::describe_when_still_connected)
    }

    pub(crate) fn forget_socket_that_ended(&self, id: Sid) {
        self.0.lock().remove(&id);
    }

    /// How many there are, and how many of them poll.
    pub(super) fn count_clients_and_polling(&self) -> (usize, usize) {
        let mut sockets = self.0.lock();
        sockets.retain(|_, watched| watched.transport.strong_count() > 0);
        let polling = sockets.values().filter_map(|watched| watched.transport.upgrade());
        let polling =
            polling.filter(|transport| transport.socket.transport_type() == TransportType::Polling);
        (sockets.len(), polling.count())
    }

    pub(super) fn describe_all_known_sockets(&self) -> Vec<Value> {
        let sockets = self.0.lock();
        sockets.values().filter_map(WatchedSocket::describe_when_still_connected).collect()
    }

    /// What changed since the last time: rooms that were joined and left, and transports.
    pub(super) fn take_changes_of_sockets(&self) -> Vec<(&'static str, Vec<Value>)> {
        let mut changes = Vec::new();
        for (id, watched) in self.0.lock().iter_mut() {
            let Some((transport, session)) = watched.upgrade_socket_and_session() else { continue };
            let now =
                (name_transport_of_socket(&transport), list_rooms_of_socket(&transport, &session));
            let before = std::mem::replace(&mut watched.shown, now);
            let (carrier, rooms) = &watched.shown;
            let id = id.to_string();
            if *carrier != before.0 {
                let update = json!({ "id": id, "nsp": NAMESPACE, "transport": carrier });
                changes.push(("socket_updated", vec![update]));
            }
            let change =
                |room: &String| vec![NAMESPACE.into(), room.clone().into(), id.clone().into()];
            changes.extend(rooms.difference(&before.1).map(|room| ("room_joined", change(room))));
            changes.extend(before.1.difference(rooms).map(|room| ("room_left", change(room))));
        }
        changes
    }

    /// Disconnects the socket with this id, or all that are in this room.
    pub(super) fn disconnect_sockets_that_match(&self, filter: &str, for_good: bool) {
        let matches = |watched: &WatchedSocket| {
            let (transport, session) = watched.upgrade_socket_and_session()?;
            list_rooms_of_socket(&transport, &session).contains(filter).then_some(transport)
        };
        let matching: Vec<_> = self.0.lock().values().filter_map(matches).collect();
        for transport in matching {
            if for_good {
                transport.disconnect_client_for_good();
            } else {
                let _ = transport.socket.clone().disconnect();
            }
        }
    }
}

impl WatchedSocket {
    fn upgrade_socket_and_session(&self) -> Option<(Arc<SocketTransport>, Arc<Session>)> {
        Some((self.transport.upgrade()?, self.session.upgrade()?))
    }

    fn describe_when_still_connected(&self) -> Option<Value> {
        let (transport, session) = self.upgrade_socket_and_session()?;
        Some(self.describe_socket_without_secrets(&transport, &session))
    }

    fn describe_socket_without_secrets(
        &self,
        transport: &SocketTransport,
        session: &Session,
    ) -> Value {
        let (id, request) = (transport.socket.id.to_string(), transport.socket.req_parts());
        let address = request.extensions.get::<ClientAddress>().map(|client| client.0.to_string());
        let user = session.user();
        json!({
            "id": id,
            "clientId": &id[..CLIENT_ID_CHARACTERS.min(id.len())],
            "transport": name_transport_of_socket(transport),
            "nsp": NAMESPACE,
            "data": { "userId": user.id, "name": user.name, "role": user.role },
            "handshake": {
                "address": address,
                // Those that are kept of a request are of its transport, and its token.
                "headers": Map::new(),
                "query": redact_secrets_of_query(request.uri.query()),
                "issued": self.connected_at.timestamp_millis(),
                "secure": false,
                "time": self.connected_at.to_rfc2822(),
                "url": request.uri.path(),
                "xdomain": false,
            },
            "rooms": list_rooms_of_socket(transport, session),
        })
    }
}

fn name_transport_of_socket(transport: &SocketTransport) -> &'static str {
    match transport.socket.transport_type() {
        TransportType::Polling => "polling",
        TransportType::Websocket => "websocket",
    }
}

/// Its own id is one of them, as the UI expects.
fn list_rooms_of_socket(transport: &SocketTransport, session: &Session) -> BTreeSet<String> {
    let rooms = session.topics().into_iter().map(|topic| topic.to_string());
    rooms.chain([transport.socket.id.to_string()]).collect()
}
