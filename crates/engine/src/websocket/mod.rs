//! The websocket transport: accepted here, and from then on one task each (`owlpost_carrier`).
//!
//! - [`session`]: what a websocket carries here: a session of the engine;
//! - [`packets`]: what a session sends, as frames;
//! - [`upgrade`]: how a polling session comes by one.

pub mod packets;
pub mod session;
pub mod upgrade;

use std::sync::Arc;

use engineioxide_core::{ProtocolVersion, TransportType};
use http::{Request, Response, StatusCode, header, request::Parts};
use owlpost_admission::Place;
use owlpost_carrier::websocket::{
    WebSocketStream, close_websocket_with_code,
    connection::Connection,
    handshake::{
        NoWebSocket, accept_handshake_of_websocket, choose_first_offered_subprotocol,
        serve_stream_of_upgrade,
    },
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    engine::{EngineIo, take_place_for_session},
    handler::EngineIoHandler,
    link::{TakenTurn, Turn, TurnRefused},
    response::{Rejection, ResponseBody, answer_with_status_only},
    socket::Socket,
    websocket::{session::CarriedSession, upgrade::upgrade_session_by_probe},
};

/// What a websocket is for.
pub(crate) enum Opening<D> {
    /// A session that begins.
    Session { protocol: ProtocolVersion, parts: Box<Parts>, place: Option<Place> },
    /// A session that polls, which the client wants to carry on by websocket.
    Upgrade { socket: Arc<Socket<D>>, turn: TakenTurn },
    /// Nothing: its session has a websocket already, or tries another.
    Surplus,
}

impl<D> Opening<D> {
    /// An error when a session that begins finds no place.
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
        Ok(match socket.link.take_turn_of_session(Turn::Probe) {
            Ok(turn) => Self::Upgrade { socket, turn },
            Err(TurnRefused::Taken | TurnRefused::CarriedByWebsocket) => Self::Surplus,
        })
    }
}

/// Answers a request for a websocket, and serves it once the connection is handed over.
pub(crate) fn accept_websocket_of_request<H: EngineIoHandler, R, B>(
    engine: &Arc<EngineIo<H>>,
    protocol: ProtocolVersion,
    session: Option<Arc<Socket<H::Data>>>,
    mut request: Request<R>,
) -> Result<Response<ResponseBody<B>>, Rejection> {
    let accepted = accept_handshake_of_websocket(request.headers())?;
    // They mean nothing here, so it is the first, as in Node.
    let subprotocol = choose_first_offered_subprotocol(request.headers());
    // Taken before the opening keeps the rest of the request.
    let upgrade = hyper::upgrade::on(&mut request);
    let opening = Opening::from_request_and_session(session, protocol, request)?;
    let (engine, patience) = (engine.clone(), engine.config.upgrade_timeout);
    serve_stream_of_upgrade(upgrade, patience, async move |stream| {
        if let Some(stream) = stream {
            serve_websocket_on_stream(engine, opening, stream).await;
        }
    });
    let mut response = answer_with_status_only(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.extend(accepted);
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    Ok(response)
}

impl From<NoWebSocket> for Rejection {
    fn from(why: NoWebSocket) -> Self {
        match why {
            NoWebSocket::BadRequest => Self::BadRequest,
            NoWebSocket::UnsupportedVersion => Self::UnsupportedWebSocket,
        }
    }
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
            let (socket, open) =
                engine.open_session_for_client(protocol, transport, *parts, true, place);
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
        Opening::Surplus => {
            tracing::debug!("a websocket of a session that has one");
            // As Node does: a client that is told so does not take its session for lost.
            return close_websocket_with_code(websocket, None).await;
        }
    };
    // In a task of its own, which is as small as what it needs from here on.
    tokio::spawn(Connection::new(CarriedSession { engine, socket }, websocket));
}
