//! The way to one Socket.IO client: packets into the queue of its session, one by one and each with an answer, and its
//! end. A room broadcast of the library tells that some socket was full, not which; so fan-out is the realtime core's.

use std::{
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use engineioxide::{SessionHandle, session_handle::Refused};
use owlpost_domain::recovery::Pid;
use owlpost_gateway::{Call, Outcome, Peer, PeerLabels};
use owlpost_realtime::{
    CloseReason, Frame, PreparedSession, Reply, SendOutcome, Session, Transport,
};
use serde_json::{Value, json};
use socketioxide::{
    ProtocolVersion, TransportType,
    extract::SocketRef,
    socket::{DisconnectReason, Sid},
};

use crate::wire::{EncodedPacket, Offsets, WireFormat};

/// Time a client that was told to disconnect has to do so.
const FAREWELL_TIME: Duration = Duration::from_secs(1);
/// Between two looks at whether it has.
const FAREWELL_PAUSE: Duration = Duration::from_millis(100);

/// One socket as the core sees it.
pub struct SocketTransport {
    pub(crate) socket: SocketRef,
    pub(crate) format: WireFormat,
    offsets: Offsets,
    session: SessionHandle,
    watcher: Option<Arc<dyn SocketWatcher>>,
}

/// Who is told what sockets do, while they do it: must not wait.
pub(crate) trait SocketWatcher: Send + Sync {
    /// A socket was let in, and has a session.
    fn note_socket_as_connected(&self, transport: &Arc<SocketTransport>, session: &Arc<Session>);
    /// A socket is over.
    fn note_socket_as_gone(&self, id: Sid, reason: DisconnectReason);
    /// A client called for something.
    fn note_call_of_client(&self, id: Sid, call: &Call<i64>);
    /// A client was sent an event.
    fn note_frame_as_sent(&self, id: Sid, frame: &Frame);
}

impl SocketTransport {
    pub(crate) fn from_socket_of_engine(
        socket: SocketRef,
        format: WireFormat,
        offsets: Offsets,
        watcher: Option<Arc<dyn SocketWatcher>>,
    ) -> Option<Self> {
        let session = find_session_of_engine(&socket)?.clone();
        Some(Self { session, socket, format, offsets, watcher })
    }

    /// Tells the client that it is connected, in place of the library, whose answer was withheld.
    pub(crate) fn send_connect_with_pid(&self, socket_id: &str, pid: Option<&Pid>) {
        // The queue of a new session has room, unless it is over: then the client comes back.
        let _ = self.send_packet_to_client(self.format.encode_connect_with_pid(socket_id, pid));
    }

    /// Puts a packet in the queue of the session.
    pub(crate) fn send_packet_to_client(&self, packet: EncodedPacket) -> SendOutcome {
        let sent = match packet {
            EncodedPacket::Text(text) => self.session.send_encoded_text_to_client(text),
            EncodedPacket::Bytes(bytes) => self.session.send_encoded_bytes_to_client(bytes),
        };
        match sent {
            Ok(()) => SendOutcome::Sent,
            Err(Refused::Full) => SendOutcome::Full,
            Err(Refused::Closed) => SendOutcome::Closed,
        }
    }

    /// Whether its client is one that can recover: it is told positions, and the gateway writes its CONNECT answer.
    pub(crate) fn tells_offsets(&self) -> bool {
        self.offsets == Offsets::Told
    }

    /// Ends the connection so that the client takes it for a broken network, and comes back. Nothing that is sent to
    /// it after this is received.
    pub(crate) fn break_transport_without_farewell(&self) {
        self.session.break_transport_without_farewell();
    }

    /// Gives a client that was refused time to read why and to leave, then breaks its transport if it has not.
    pub(crate) async fn wait_for_farewell_of_client(&self) {
        let deadline = Instant::now() + FAREWELL_TIME;
        while !self.session.is_closed() && Instant::now() < deadline {
            tokio::time::sleep(FAREWELL_PAUSE).await;
        }
        self.break_transport_without_farewell();
    }

    /// For a client that was told to go: it has time to do so.
    pub(crate) fn break_transport_after_farewell(&self) {
        let session = self.session.clone();
        tokio::spawn(async move {
            tokio::time::sleep(FAREWELL_TIME).await;
            session.break_transport_without_farewell();
        });
    }

    /// Tells the client not to come back; if it stays all the same, breaks its transport.
    pub(crate) fn disconnect_client_for_good(&self) {
        if self.socket.clone().disconnect().is_err() {
            self.break_transport_without_farewell();
            return;
        }
        self.break_transport_after_farewell();
    }
}

/// There always is one: the engine puts it there.
pub(crate) fn find_session_of_engine(socket: &SocketRef) -> Option<&SessionHandle> {
    let session = socket.req_parts().extensions.get::<SessionHandle>();
    if session.is_none() {
        tracing::error!("a socket has no session of the engine");
    }
    session
}

impl Transport for SocketTransport {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        let sent =
            self.send_packet_to_client(self.format.encode_event_of_frame(frame, self.offsets));
        if let Some(watcher) = &self.watcher
            && sent == SendOutcome::Sent
        {
            watcher.note_frame_as_sent(self.socket.id, frame);
        }
        sent
    }

    fn call_when_client_has_all(&self, proved: Box<dyn FnOnce() + Send>) {
        self.session.call_when_client_has_all(proved);
    }

    fn wake_when_writable(&self, waker: &Waker) {
        self.session.wake_when_queue_writable(waker);
    }

    fn close_with_reason(&self, reason: CloseReason) {
        if reason.wants_client_back() {
            // A client told to disconnect stays away; one whose transport breaks comes back by itself.
            self.break_transport_without_farewell();
        } else {
            self.disconnect_client_for_good();
        }
    }
}

impl Peer for SocketTransport {
    /// The number of an acknowledgement.
    type Ticket = i64;

    fn reply_to_call(self: &Arc<Self>, ack: i64, outcome: Outcome) -> Arc<dyn Reply> {
        let answer = match outcome {
            Ok(mut answer) => {
                answer.insert("ok".to_owned(), Value::Bool(true));
                Value::Object(answer)
            }
            Err(refusal) => json!({ "ok": false, "error": refusal.to_json() }),
        };
        let packet = self.format.encode_answer_for_ack(&answer.to_string(), ack);
        Arc::new(SocketReply { transport: self.clone(), packet })
    }

    fn labels(&self) -> PeerLabels {
        PeerLabels {
            protocol: match self.socket.protocol() {
                ProtocolVersion::V4 => "eio3",
                ProtocolVersion::V5 => "eio4",
            },
            transport: match self.socket.transport_type() {
                TransportType::Polling => "polling",
                TransportType::Websocket => "websocket",
            },
            format: self.format.as_str(),
        }
    }

    fn greet_before_session_starts(&self, ready: &PreparedSession) {
        if self.tells_offsets() {
            self.send_connect_with_pid(&ready.socket_id, ready.pid.as_ref());
        }
    }

    /// Whether the client is gone, or has said that it leaves, before there was a handler to be told: a connection can stay
    /// when its socket has gone.
    fn has_gone(&self) -> bool {
        self.socket.broadcast().get_socket(self.socket.id).is_none()
    }
}

/// The answer to an event that asked for one.
struct SocketReply {
    transport: Arc<SocketTransport>,
    packet: EncodedPacket,
}

impl Reply for SocketReply {
    fn try_send_reply(&self) -> SendOutcome {
        self.transport.send_packet_to_client(self.packet.clone())
    }

    fn byte_len(&self) -> usize {
        self.packet.byte_len()
    }
}
