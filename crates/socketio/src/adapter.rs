//! The library's rooms, for us: one socket at a time, with a packet that is encoded already.
//!
//! A room broadcast of the library tells that some socket was full, not which. Nothing may be lost in silence, so
//! fan-out is the realtime core's, and this adapter only hands one packet to one socket and says what came of it.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
    time::Duration,
};

use owlpost_realtime::SendOutcome;
use socketioxide::{SocketError, adapter::Emitter, socket::Sid};
use socketioxide_core::{
    adapter::{BroadcastOptions, CoreAdapter, CoreLocalAdapter, DefinedAdapter, SocketEmitter},
    packet::Packet,
};

/// Where the library leaves the adapter of the namespace for us.
pub type AdapterSlot = Arc<OnceLock<Arc<DirectAdapter>>>;

/// Hands packets to single sockets of the namespace `/`.
pub struct DirectAdapter {
    local: CoreLocalAdapter<Emitter>,
    slot: AdapterSlot,
}

impl DirectAdapter {
    /// Puts a packet in the queue of one socket.
    pub(crate) fn send_packet_to_socket(&self, sid: Sid, packet: Packet) -> SendOutcome {
        match self.local.broadcast(packet, BroadcastOptions::new(sid)) {
            Ok(()) => SendOutcome::Sent,
            Err(errors) => match errors.first() {
                Some(SocketError::InternalChannelFull) => SendOutcome::Full,
                Some(SocketError::Closed) | None => SendOutcome::Closed,
            },
        }
    }

    /// Whether the namespace still has the socket. For one that is gone the library takes packets in silence.
    pub(crate) fn knows_socket_by_id(&self, sid: Sid) -> bool {
        !self.local.fetch_sockets(BroadcastOptions::new(sid)).is_empty()
    }
}

impl CoreAdapter<Emitter> for DirectAdapter {
    type Error = Infallible;
    type State = AdapterSlot;
    type AckStream = <Emitter as SocketEmitter>::AckStream;
    type InitRes = ();

    fn new(slot: &AdapterSlot, local: CoreLocalAdapter<Emitter>) -> Self {
        Self { local, slot: slot.clone() }
    }

    fn init(self: Arc<Self>, on_success: impl FnOnce() + Send + 'static) {
        // There is one namespace, so this is the first and only adapter.
        let _ = self.slot.set(self.clone());
        on_success();
    }

    async fn broadcast_with_ack(
        &self,
        packet: Packet,
        opts: BroadcastOptions,
        timeout: Option<Duration>,
    ) -> Result<Self::AckStream, Infallible> {
        Ok(self.local.broadcast_with_ack(packet, opts, timeout).0)
    }

    fn get_local(&self) -> &CoreLocalAdapter<Emitter> {
        &self.local
    }
}

impl DefinedAdapter for DirectAdapter {}
