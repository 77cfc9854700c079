//! One socket as the core sees it.

use std::sync::Arc;

use owlpost_realtime::{CloseReason, Frame, SendOutcome, Transport};
use socketioxide::{extract::SocketRef, socket::Sid};

use crate::{adapter::DirectAdapter, engine_close::EngineCloser, wire::WireFormat};

/// The way to one Socket.IO client.
pub struct SocketTransport {
    pub(crate) socket: SocketRef<DirectAdapter>,
    pub(crate) adapter: Arc<DirectAdapter>,
    pub(crate) format: WireFormat,
    pub(crate) closer: EngineCloser,
}

impl SocketTransport {
    fn sid(&self) -> Sid {
        self.socket.id
    }
}

impl Transport for SocketTransport {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        let packet = self.format.encode_event_of_frame(frame);
        self.adapter.send_packet_to_socket(self.sid(), packet)
    }

    fn close_with_reason(&self, reason: CloseReason) {
        if reason.wants_client_back() {
            // A client told to disconnect stays away; one whose transport breaks comes back by itself.
            self.closer.close_transport_of_socket(&self.socket);
        } else {
            self.closer.disconnect_client_for_good(&self.socket);
        }
    }
}
