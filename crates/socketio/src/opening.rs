//! From a socket that was let in to its first event.

use std::sync::Arc;

use owlpost_domain::DomainError;
use owlpost_metrics::CONNECTIONS_OPENED;
use owlpost_realtime::{CloseReason, Session, SessionRequest};
use socketioxide::{ProtocolVersion, TransportType, extract::SocketRef, socket::DisconnectReason};

use crate::{
    connection::Connection, handshake::Admission, inbox::Inbox, received_event::ReceivedEvent,
    reply::send_refusal_to_socket, shared::Shared, transport::SocketTransport, wire::Offsets,
};

/// Opens the session of a socket that was let in. Everything is registered before this returns, so that no event of
/// a fast client finds nobody; what takes time comes first in the socket's own queue.
pub(crate) fn open_connection_for_socket(shared: &Shared, socket: SocketRef) {
    let admission = socket.extensions.remove::<Admission>();
    let recovery = admission.as_ref().and_then(|admission| admission.resumption.recovery.as_ref());
    let offsets = if recovery.is_some() { Offsets::Told } else { Offsets::LeftOut };
    let transport = SocketTransport::from_socket_of_engine(socket.clone(), shared.format, offsets);
    let Some(transport) = transport.map(Arc::new) else { return };
    let Some(admission) = admission else {
        tracing::error!("a socket was connected that was never let in");
        transport.break_transport_without_farewell();
        return;
    };
    let request = SessionRequest {
        user: admission.user.clone(),
        expires_at: admission.expires_at,
        socket_id: socket.id.to_string(),
        transport: transport.clone(),
        counts_as_presence: true,
        takes_over: admission.resumption.pid_of_connection(),
    };
    let session = match shared.core.register_session_on_hold(request) {
        Ok(session) => session,
        Err(error) => {
            if admission.resumption.recovery.is_some() {
                transport.send_connect_with_pid(&socket.id.to_string(), None);
            }
            send_refusal_to_socket(&transport, &error);
            match error {
                DomainError::Conflict(_) => transport.disconnect_client_for_good(),
                _ => transport.break_transport_without_farewell(),
            }
            return;
        }
    };
    log_connection_as_opened(shared, &socket, &session);
    let connection = Arc::new(Connection {
        inbox: Inbox::new(&shared.config),
        shared: shared.clone(),
        session,
        transport,
    });
    // The library keeps this handler for as long as the socket, which the connection holds: weak, or neither would
    // ever be freed. The disconnect handler below is let go when it was called, and owns the connection until then.
    let receiver = Arc::downgrade(&connection);
    socket.on_fallback(move |event: ReceivedEvent| {
        if let Some(receiver) = receiver.upgrade() {
            receiver.receive_event_in_order(event);
        }
        std::future::ready(())
    });
    let closed = connection.clone();
    socket.on_disconnect(move |reason: DisconnectReason| {
        closed.note_end_of_connection(reason);
        std::future::ready(())
    });
    tokio::spawn(connection.work_from_first_to_last(admission));
}

impl Connection {
    /// Brings the session up to date, then works on what the client has sent meanwhile.
    async fn work_from_first_to_last(self: Arc<Self>, admission: Admission) {
        let core = &self.shared.core;
        let resumption = &admission.resumption;
        let ready = match core.prepare_session_with_replay(&self.session, resumption).await {
            Ok(ready) => ready,
            Err(error) => {
                tracing::warn!(%error, "a session could not be opened; its client shall come back");
                core.close_session_with_reason(&self.session, CloseReason::Unavailable);
                return;
            }
        };
        if resumption.recovery.is_some() {
            self.transport.send_connect_with_pid(&ready.socket_id, ready.pid.as_ref());
        }
        core.start_session_after_preparation(&self.session, ready);
        // Gone before the disconnect handler was set: nobody else will tell.
        if self.transport.has_left_the_namespace() {
            self.note_end_of_connection(DisconnectReason::TransportClose);
        }
        self.work_until_inbox_is_empty().await;
    }
}

fn log_connection_as_opened(shared: &Shared, socket: &SocketRef, session: &Session) {
    let transport = match socket.transport_type() {
        TransportType::Polling => "polling",
        TransportType::Websocket => "websocket",
    };
    let protocol = match socket.protocol() {
        ProtocolVersion::V4 => "eio3",
        ProtocolVersion::V5 => "eio4",
    };
    let format = shared.format.as_str();
    tracing::info!(user = %session.user().id, transport, protocol, format, "connected");
    metrics::counter!(
        CONNECTIONS_OPENED,
        "transport" => transport, "protocol" => protocol, "format" => format
    )
    .increment(1);
}
