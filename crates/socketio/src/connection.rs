//! One socket, from connect to disconnect.

use std::sync::Arc;

use owlpost_realtime::{CloseReason, Session, SessionRequest, metrics as names};
use socketioxide::{ProtocolVersion, TransportType, extract::SocketRef, socket::DisconnectReason};

use crate::{
    gateway::Shared,
    handshake::Admission,
    inbox::{Inbox, ReceivedEvent},
    transport::SocketTransport,
};

/// What the handlers of one socket share.
pub(crate) struct Connection {
    pub(crate) shared: Shared,
    pub(crate) session: Arc<Session>,
    pub(crate) transport: Arc<SocketTransport>,
    pub(crate) inbox: Inbox,
}

/// Opens the session of a socket that was let in. Everything is registered before this returns, so that no event of
/// a fast client finds nobody; what takes time comes first in the socket's own queue.
pub(crate) fn open_connection_for_socket(shared: &Shared, socket: SocketRef) {
    let transport = SocketTransport::from_socket_of_engine(socket.clone(), shared.format);
    let Some(transport) = transport.map(Arc::new) else { return };
    let Some(admission) = socket.extensions.remove::<Admission>() else {
        tracing::error!("a socket was connected that was never let in");
        transport.break_transport_at_once();
        return;
    };
    let request = SessionRequest {
        user: admission.user.clone(),
        expires_at: admission.expires_at,
        socket_id: socket.id.to_string(),
        transport: transport.clone(),
        counts_as_presence: true,
    };
    let session = match shared.core.register_session_on_hold(request) {
        Ok(session) => session,
        Err(error) => {
            crate::reply::send_refusal_to_socket(&transport, &error);
            match error {
                owlpost_domain::DomainError::Conflict(_) => transport.disconnect_client_for_good(),
                _ => transport.break_transport_at_once(),
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
        let activated = self
            .shared
            .core
            .activate_session_with_replay(
                &self.session,
                &admission.rooms,
                admission.last_event_id.as_deref(),
            )
            .await;
        if let Err(error) = activated {
            tracing::warn!(%error, "a session could not be opened; its client shall come back");
            self.shared.core.close_session_with_reason(&self.session, CloseReason::Unavailable);
            return;
        }
        // Gone before the disconnect handler was set: nobody else will tell.
        if self.transport.has_left_the_namespace() {
            self.note_end_of_connection(DisconnectReason::TransportClose);
        }
        self.work_until_inbox_is_empty().await;
    }

    fn note_end_of_connection(&self, reason: DisconnectReason) {
        self.shared.core.forget_session_after_close(&self.session);
        self.inbox.forget_all_waiting_events();
        tracing::info!(user = %self.session.user().id, reason = ?reason, "disconnected");
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
        names::CONNECTIONS_OPENED,
        "transport" => transport, "protocol" => protocol, "format" => format
    )
    .increment(1);
}
