//! The websocket transport: accepted here, and from then on one task each.
//!
//! - [`frames`]: bytes of a websocket as messages, and back;
//! - [`stream`]: a connection that speaks frames;
//! - [`connection`]: the task of a session that a websocket carries;
//! - [`upgrade`]: how a polling session comes by one.

pub mod connection;
pub mod frames;
pub mod stream;
pub mod upgrade;

use std::sync::Arc;

use engineioxide_core::{ProtocolVersion, TransportType};
use http::{HeaderValue, Request, Response, StatusCode, header, request::Parts};
use hyper_util::rt::TokioIo;
use owlpost_admission::Place;
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::handshake::derive_accept_key;

use crate::{
    engine::{EngineIo, take_place_for_session},
    handler::EngineIoHandler,
    link::{TakenTurn, Turn, TurnRefused},
    response::{Rejection, ResponseBody, WEBSOCKET_VERSION, answer_with_status_only},
    socket::Socket,
    websocket::{
        connection::Connection, stream::WebSocketStream, upgrade::upgrade_session_by_probe,
    },
};

/// What a websocket is for.
pub(crate) enum Opening<D> {
    /// A session that begins.
    Session { protocol: ProtocolVersion, parts: Box<Parts>, place: Option<Place> },
    /// A session that polls, which the client wants to carry on by websocket.
    Upgrade { socket: Arc<Socket<D>>, turn: TakenTurn },
}

impl<D> Opening<D> {
    /// An error when the session has a websocket already, or tries one, or finds no place.
    pub(crate) fn from_request_and_session<R>(
        session: Option<Arc<Socket<D>>>,
        protocol: ProtocolVersion,
        mut request: Request<R>,
    ) -> Result<Self, Rejection> {
        let Some(socket) = session else {
            let place = take_place_for_session(request.extensions_mut())?;
            let (parts, _) = request.into_parts();
            return Ok(Self::Session { protocol, parts: Box::new(parts), place });
        };
        let turn = socket
            .link
            .take_turn_of_session(Turn::Probe)
            .map_err(|_: TurnRefused| Rejection::BadRequest)?;
        Ok(Self::Upgrade { socket, turn })
    }
}

/// Answers a request for a websocket, and serves it once the connection is handed over.
pub(crate) fn accept_websocket_of_request<H: EngineIoHandler, R, B>(
    engine: &Arc<EngineIo<H>>,
    protocol: ProtocolVersion,
    session: Option<Arc<Socket<H::Data>>>,
    mut request: Request<R>,
) -> Result<Response<ResponseBody<B>>, Rejection> {
    let asked = request.headers().get(header::UPGRADE).ok_or(Rejection::BadRequest)?;
    if !asked.as_bytes().eq_ignore_ascii_case(b"websocket") {
        return Err(Rejection::BadRequest);
    }
    if request.headers().get(header::SEC_WEBSOCKET_VERSION) != Some(&WEBSOCKET_VERSION) {
        return Err(Rejection::UnsupportedWebSocket);
    }
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).ok_or(Rejection::BadRequest)?;
    let accepted = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| Rejection::BadRequest)?;
    let upgrade = hyper::upgrade::on(&mut request);
    let opening = Opening::from_request_and_session(session, protocol, request)?;
    let engine = engine.clone();
    tokio::spawn(async move {
        match tokio::time::timeout(engine.config.upgrade_timeout, upgrade).await {
            Ok(Ok(upgraded)) => {
                serve_websocket_on_stream(engine, opening, TokioIo::new(upgraded)).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a connection was not handed over"),
            Err(_) => tracing::debug!("a connection was not handed over in time"),
        }
    });
    let mut response = answer_with_status_only(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    Ok(response)
}

/// Begins a session on a websocket, or lets one go on there.
pub(crate) async fn serve_websocket_on_stream<H: EngineIoHandler, S>(
    engine: Arc<EngineIo<H>>,
    opening: Opening<H::Data>,
    stream: S,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut websocket = WebSocketStream::new(stream);
    let socket = match opening {
        Opening::Session { protocol, parts, place } => {
            let transport = TransportType::Websocket;
            let socket = engine.open_session_for_client(protocol, transport, *parts, true, place);
            let open = engine.open_packet_of_session(socket.id, transport);
            websocket.put_text_before_queue(&open);
            socket
        }
        Opening::Upgrade { socket, turn } => {
            let patience = engine.config.upgrade_timeout;
            if !upgrade_session_by_probe(&socket, &mut websocket, patience).await {
                return;
            }
            drop(turn);
            socket
        }
    };
    // In a task of its own, which is as small as what it needs from here on.
    tokio::spawn(Connection::new(engine, socket, websocket));
}
