//! From a socket that was let in to its conversation, and its end.

use std::sync::Arc;

use owlpost_domain::{DomainError, payload::ErrorPayload};
use owlpost_gateway::{Admission, Conversation, Refusal};
use owlpost_realtime::{Frame, SessionEnd, Transport as _};
use socketioxide::{extract::SocketRef, socket::DisconnectReason};

use crate::{
    received_event::ReceivedEvent, shared::Shared, transport::SocketTransport, wire::Offsets,
};

/// Opens the session of a socket that was let in. Everything is registered before this returns, so that no event of
/// a fast client finds nobody; what takes time comes first in the conversation's own queue.
pub(crate) fn open_connection_for_socket(shared: &Shared, socket: SocketRef) {
    let admission = socket.extensions.remove::<Admission>();
    let recovery = admission.as_ref().and_then(|admission| admission.resumption.recovery.as_ref());
    let offsets = if recovery.is_some() { Offsets::Told } else { Offsets::LeftOut };
    let transport = SocketTransport::from_socket_of_engine(
        socket.clone(),
        shared.format,
        offsets,
        shared.watcher.clone(),
    );
    let Some(transport) = transport.map(Arc::new) else { return };
    let Some(admission) = admission else {
        tracing::error!("a socket was connected that was never let in");
        transport.break_transport_without_farewell();
        return;
    };
    let conversation = match Conversation::register_session_of_peer(
        &shared.context,
        &admission,
        socket.id.to_string(),
        transport.clone(),
    ) {
        Ok(conversation) => conversation,
        Err(error) => return refuse_session_of_socket(&transport, &error),
    };
    // The library keeps this handler for as long as the socket, which the connection holds: weak, or neither would
    // ever be freed. The disconnect handler below is let go when it was called, and owns the connection until then.
    let receiver = Arc::downgrade(&conversation);
    let (watcher, id) = (shared.watcher.clone(), socket.id);
    socket.on_fallback(move |event: ReceivedEvent| {
        if let Some(watcher) = &watcher {
            watcher.note_call_of_client(id, &event.0);
        }
        if let Some(receiver) = receiver.upgrade() {
            receiver.receive_call_in_order(event.0);
        }
        std::future::ready(())
    });
    if let Some(watcher) = &shared.watcher {
        watcher.note_socket_as_connected(&transport, &conversation.caller().session);
    }
    let (closed, watcher) = (conversation.clone(), shared.watcher.clone());
    socket.on_disconnect(move |reason: DisconnectReason| {
        if let Some(watcher) = &watcher {
            watcher.note_socket_as_gone(id, reason);
        }
        closed.note_end_of_conversation(map_reason_to_session_end(reason), &format!("{reason:?}"));
        std::future::ready(())
    });
    conversation.start_work_of_conversation(admission.resumption);
}

/// For a socket that gets no session: an `error` event says why.
fn refuse_session_of_socket(transport: &SocketTransport, error: &DomainError) {
    if transport.tells_offsets() {
        // The library's answer was withheld, and nothing may come before one.
        transport.send_connect_with_pid(&transport.socket.id.to_string(), None);
    }
    let refusal = Refusal::from(error);
    let payload = ErrorPayload { code: refusal.code, message: refusal.message };
    // The first packet of a new socket always fits.
    let _ = transport.try_send_frame(&Frame::from_payload(&payload));
    match error {
        DomainError::Conflict(_) | DomainError::AlreadyAcknowledged { .. } => {
            transport.disconnect_client_for_good()
        }
        _ => transport.break_transport_without_farewell(),
    }
}

const fn map_reason_to_session_end(reason: DisconnectReason) -> SessionEnd {
    match reason {
        DisconnectReason::ClientNSDisconnect | DisconnectReason::ServerNSDisconnect => {
            SessionEnd::OnPurpose
        }
        DisconnectReason::TransportClose
        | DisconnectReason::MultipleHttpPollingError
        | DisconnectReason::PacketParsingError
        | DisconnectReason::TransportError
        | DisconnectReason::HeartbeatTimeout
        | DisconnectReason::ClosingServer => SessionEnd::Lost,
    }
}
