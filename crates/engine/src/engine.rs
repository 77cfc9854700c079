//! The sessions of one server.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use engineioxide_core::{Packet, ProtocolVersion, Sid, TransportType};
use http::{Extensions, request::Parts};
use owlpost_admission::{ClientAddress, Place, Places};
use parking_lot::RwLock;

use crate::{
    config::EngineIoConfig,
    handler::EngineIoHandler,
    heartbeat::watch_heartbeat_of_session,
    link::{CloseSession, Limits, Link},
    request::choose_ping_interval_of_session,
    response::Rejection,
    session_handle::SessionHandle,
    socket::{DisconnectReason, Socket},
    text_rewrite::TextRewrite,
    traffic::{count_session_as_closed, count_session_as_opened},
};

/// Sessions by the id their clients prove themselves with, and who is told about them.
pub(crate) struct EngineIo<H: EngineIoHandler> {
    sockets: RwLock<HashMap<Sid, Arc<Socket<H::Data>>>>,
    pub(crate) handler: Arc<H>,
    pub(crate) config: EngineIoConfig,
    /// One for all sessions, so that none needs to know the type of the handler.
    close: Arc<CloseSession>,
}

impl<H: EngineIoHandler> EngineIo<H> {
    pub(crate) fn new(handler: Arc<H>, config: EngineIoConfig) -> Arc<Self> {
        Arc::new_cyclic(|engine: &std::sync::Weak<Self>| {
            let engine = engine.clone();
            let close: Arc<CloseSession> = Arc::new(move |sid, reason| {
                if let Some(engine) = engine.upgrade() {
                    engine.close_session_with_reason(sid, reason);
                }
            });
            Self { sockets: RwLock::new(HashMap::new()), handler, config, close }
        })
    }

    /// Begins a session, which holds its place until it is freed, and tells the handler. With it comes the packet that it
    /// begins with, as text.
    pub(crate) fn open_session_for_client(
        &self,
        protocol: ProtocolVersion,
        transport: TransportType,
        mut req_parts: Parts,
        supports_binary: bool,
        place: Option<Place>,
    ) -> (Arc<Socket<H::Data>>, String) {
        let query = req_parts.uri.query().unwrap_or_default();
        let interval = choose_ping_interval_of_session(query, self.config.ping_interval);
        let limits = Limits::from_config(&self.config);
        let link =
            Arc::new(Link::new(protocol, transport, supports_binary, limits, self.close.clone()));
        req_parts.extensions.insert(SessionHandle::new(link.clone()));
        let rewrite = req_parts.extensions.remove::<TextRewrite>();
        let socket = Arc::new(Socket {
            id: draw_public_id_of_session(protocol, link.sid),
            protocol,
            data: H::Data::default(),
            req_parts,
            link,
            rewrite,
            attachments: OnceLock::new(),
            _place: place,
        });
        self.sockets.write().insert(socket.link.sid, socket.clone());
        count_session_as_opened();
        let timeout = self.config.ping_timeout;
        let heartbeat = watch_heartbeat_of_session(socket.link.clone(), interval, timeout);
        socket.link.remember_heartbeat_of_session(tokio::spawn(heartbeat).abort_handle());
        self.handler.clone().on_connect(socket.clone());
        let open = self.open_packet_of_session(socket.link.sid, transport, interval);
        (socket, open)
    }

    pub(crate) fn find_session_by_id(&self, sid: Sid) -> Option<Arc<Socket<H::Data>>> {
        self.sockets.read().get(&sid).cloned()
    }

    /// Forgets a session and tells the handler. Only the first to ask does.
    pub(crate) fn close_session_with_reason(&self, sid: Sid, reason: DisconnectReason) {
        let Some(socket) = self.sockets.write().remove(&sid) else { return };
        socket.link.mark_session_as_closing();
        count_session_as_closed(reason);
        // Not from here: the caller may be the handler itself, at work on what the client sent.
        let handler = self.handler.clone();
        tokio::spawn(async move { handler.on_disconnect(socket, reason) });
    }

    fn open_packet_of_session(
        &self,
        sid: Sid,
        transport: TransportType,
        ping_interval: Duration,
    ) -> String {
        let upgrade = transport == TransportType::Polling
            && self.config.allows_transport_of_client(TransportType::Websocket);
        Packet::Open(engineioxide_core::OpenPacket {
            sid,
            upgrades: upgrade.then_some(TransportType::Websocket).into_iter().collect(),
            ping_interval,
            ping_timeout: self.config.ping_timeout,
            max_payload: self.config.max_payload,
        })
        .into()
    }
}

/// What the user of the engine knows the session by. It is told to others, so it must not be what proves to be the
/// client. Clients of protocol 3 make the id of their socket of that of the session, and cannot be told another.
fn draw_public_id_of_session(protocol: ProtocolVersion, secret: Sid) -> Sid {
    match protocol {
        ProtocolVersion::V3 => secret,
        ProtocolVersion::V4 => Sid::new(),
    }
}

/// A place for the session that a request begins, where places are counted.
pub(crate) fn take_place_for_session(
    extensions: &mut Extensions,
) -> Result<Option<Place>, Rejection> {
    // Taken out: the session keeps the extensions of its request.
    let Some(places) = extensions.remove::<Arc<Places>>() else { return Ok(None) };
    let address = extensions.get::<ClientAddress>().map(|client| client.0);
    places.take_place_for_guest(address).map(Some).map_err(|_| Rejection::TooManySessions)
}
