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

use std::{future::poll_fn, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use engineioxide_core::{ProtocolVersion, TransportType};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header, request::Parts};
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
        connection::{Connection, FAREWELL_TIME},
        stream::WebSocketStream,
        upgrade::upgrade_session_by_probe,
    },
};

/// What a client draws for each websocket, to know that the answer is no copy.
const KEY_BYTES: usize = 16;

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
    let asked = request.headers().get(header::UPGRADE).ok_or(Rejection::BadRequest)?;
    if !asked.as_bytes().eq_ignore_ascii_case(b"websocket") {
        return Err(Rejection::BadRequest);
    }
    if request.headers().get(header::SEC_WEBSOCKET_VERSION) != Some(&WEBSOCKET_VERSION) {
        return Err(Rejection::UnsupportedWebSocket);
    }
    let accepted = accept_key_of_request(request.headers())?;
    let subprotocol = choose_first_offered_subprotocol(request.headers());
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
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    Ok(response)
}

/// The answer to the key of a request that asks for a websocket as RFC 6455 wants it: `Connection` names the upgrade,
/// and there is one key, 16 bytes in base64.
fn accept_key_of_request(headers: &HeaderMap) -> Result<HeaderValue, Rejection> {
    let names_upgrade = |value: &HeaderValue| {
        let mut words = value.as_bytes().split(|byte| *byte == b',');
        words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    };
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(Rejection::BadRequest) };
    let drawn = BASE64_STANDARD.decode(key.as_bytes()).map_err(|_| Rejection::BadRequest)?;
    if drawn.len() != KEY_BYTES || !headers.get_all(header::CONNECTION).iter().any(names_upgrade) {
        return Err(Rejection::BadRequest);
    }
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| Rejection::BadRequest)
}

/// A client that offers subprotocols breaks the connection unless one of them is chosen. They mean nothing here, so it
/// is the first, as in Node.
fn choose_first_offered_subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let first = offered.split(',').next()?.trim();
    HeaderValue::try_from(first).ok().filter(|_| !first.is_empty())
}

/// Closes a websocket by its own protocol, as Node does: a client that is told so does not take its session for lost.
async fn close_websocket_without_session<S>(mut websocket: WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    websocket.put_close_frame_last(None);
    let farewell = poll_fn(|cx| websocket.poll_last_words_of_farewell(cx));
    // A client that does not close its side is not waited for.
    let _ = tokio::time::timeout(FAREWELL_TIME, farewell).await;
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
            let open = engine.open_packet_of_session(socket.link.sid, transport);
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
            return close_websocket_without_session(websocket).await;
        }
    };
    // In a task of its own, which is as small as what it needs from here on.
    tokio::spawn(Connection::new(engine, socket, websocket));
}
