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
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::handshake::derive_accept_key;

use crate::{
    engine::EngineIo,
    handler::EngineIoHandler,
    response::{Rejection, ResponseBody, answer_with_status_only},
    socket::Socket,
    websocket::{
        connection::Connection,
        stream::{Bounds, WebSocketStream},
        upgrade::upgrade_session_by_probe,
    },
};

/// Answers a request for a websocket, and serves it once the connection is handed over.
pub(crate) fn accept_websocket_of_request<H: EngineIoHandler, R, B>(
    engine: &Arc<EngineIo<H>>,
    protocol: ProtocolVersion,
    session: Option<Arc<Socket<H::Data>>>,
    mut request: Request<R>,
) -> Result<Response<ResponseBody<B>>, Rejection> {
    if session.as_ref().is_some_and(|known| known.transport_type() == TransportType::Websocket) {
        return Err(Rejection::BadRequest);
    }
    let asked = request.headers().get(header::UPGRADE).ok_or(Rejection::BadRequest)?;
    if !asked.as_bytes().eq_ignore_ascii_case(b"websocket") {
        return Err(Rejection::BadRequest);
    }
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).ok_or(Rejection::BadRequest)?;
    let accepted = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| Rejection::BadRequest)?;
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let engine = engine.clone();
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let stream = TokioIo::new(upgraded);
                serve_websocket_on_stream(engine, protocol, session, stream, parts).await;
            }
            Err(error) => tracing::debug!(%error, "a connection was not handed over"),
        }
    });
    let mut response = answer_with_status_only(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    Ok(response)
}

/// Begins a session on a websocket, or lets `session` go on there.
pub(crate) async fn serve_websocket_on_stream<H: EngineIoHandler, S>(
    engine: Arc<EngineIo<H>>,
    protocol: ProtocolVersion,
    session: Option<Arc<Socket<H::Data>>>,
    stream: S,
    parts: Parts,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut websocket = WebSocketStream::new(stream, Bounds::from_config(&engine.config));
    let socket = match session {
        None => {
            let transport = TransportType::Websocket;
            let socket = engine.open_session_for_client(protocol, transport, parts, true);
            let open = engine.open_packet_of_session(socket.id, transport);
            websocket.put_text_before_queue(&open);
            socket
        }
        Some(socket) => {
            let patience = engine.config.upgrade_timeout;
            if !upgrade_session_by_probe(&socket, &mut websocket, patience).await {
                return;
            }
            socket
        }
    };
    // In a task of its own, which is as small as what it needs from here on.
    tokio::spawn(Connection::new(engine, socket, websocket));
}
