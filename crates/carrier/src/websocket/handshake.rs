//! How a request becomes a websocket.

use std::{future::Future, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tungstenite::handshake::derive_accept_key;

use super::{
    connection::{Carried, Connection, EndOfClient},
    stream::WebSocketStream,
};

/// The version of RFC 6455, which asks for it to be named to a client that wants another.
pub const WEBSOCKET_VERSION: HeaderValue = HeaderValue::from_static("13");

/// What a client draws for each websocket, to know that the answer is no copy.
const KEY_BYTES: usize = 16;

/// Why a request does not become a websocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWebSocket {
    /// It is not what RFC 6455 wants of one.
    BadRequest,
    /// It is of another version than [`WEBSOCKET_VERSION`].
    UnsupportedVersion,
}

impl NoWebSocket {
    /// What the request is answered.
    pub fn describe_refusal_of_request(self) -> (StatusCode, HeaderMap, &'static str) {
        match self {
            Self::BadRequest => {
                let line = "No websocket was asked for as RFC 6455 wants it\n";
                (StatusCode::BAD_REQUEST, HeaderMap::new(), line)
            }
            Self::UnsupportedVersion => {
                let headers = [(header::SEC_WEBSOCKET_VERSION, WEBSOCKET_VERSION)];
                (StatusCode::UPGRADE_REQUIRED, HeaderMap::from_iter(headers), "")
            }
        }
    }
}

/// The headers of the answer that hands the connection over, without a subprotocol.
pub fn accept_handshake_of_websocket(headers: &HeaderMap) -> Result<HeaderMap, NoWebSocket> {
    let asked = headers.get(header::UPGRADE).ok_or(NoWebSocket::BadRequest)?;
    if !asked.as_bytes().eq_ignore_ascii_case(b"websocket")
        || !does_connection_name_upgrade(headers)
    {
        return Err(NoWebSocket::BadRequest);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&WEBSOCKET_VERSION) {
        return Err(NoWebSocket::UnsupportedVersion);
    }
    let accepted = accept_key_of_request(headers)?;
    Ok(HeaderMap::from_iter([
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accepted),
    ]))
}

/// A proxy that does not know of websockets leaves the upgrade out of `Connection`.
fn does_connection_name_upgrade(headers: &HeaderMap) -> bool {
    let names_upgrade = |value: &HeaderValue| {
        let mut words = value.as_bytes().split(|byte| *byte == b',');
        words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    };
    headers.get_all(header::CONNECTION).iter().any(names_upgrade)
}

/// The answer to the key of a request that asks for a websocket as RFC 6455 wants it: there is one key, 16 bytes in base64.
fn accept_key_of_request(headers: &HeaderMap) -> Result<HeaderValue, NoWebSocket> {
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(NoWebSocket::BadRequest) };
    let drawn = BASE64_STANDARD.decode(key.as_bytes()).map_err(|_| NoWebSocket::BadRequest)?;
    if drawn.len() != KEY_BYTES {
        return Err(NoWebSocket::BadRequest);
    }
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| NoWebSocket::BadRequest)
}

/// Has the connection of a request served, in a task of its own, once the answer is written: `None` when it was not handed
/// over in time. `upgrade` is what `hyper::upgrade::on` takes out of the request.
pub fn serve_stream_of_upgrade<W: Future<Output = ()> + Send>(
    upgrade: OnUpgrade,
    patience: Duration,
    serve: impl FnOnce(Option<TokioIo<Upgraded>>) -> W + Send + 'static,
) {
    tokio::spawn(async move {
        let upgraded = match tokio::time::timeout(patience, upgrade).await {
            Ok(Ok(upgraded)) => Some(TokioIo::new(upgraded)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a connection was not handed over");
                None
            }
            Err(_) => {
                tracing::debug!("a connection was not handed over in time");
                None
            }
        };
        serve(upgraded).await;
    });
}

/// Has the connection of a request carry this as a websocket, once the answer is written. If it is not handed over in time,
/// the client is lost.
pub fn carry_connection_of_upgrade<C: Carried>(upgrade: OnUpgrade, patience: Duration, carried: C) {
    serve_stream_of_upgrade(upgrade, patience, async move |stream| match stream {
        Some(stream) => {
            // In a task of its own, which is as small as what it needs from here on.
            tokio::spawn(Connection::new(carried, WebSocketStream::new(stream)));
        }
        None => carried.note_end_of_client(EndOfClient::Lost),
    });
}

/// A client that offers subprotocols breaks the connection unless one of them is chosen. Where they mean nothing it is the
/// first.
pub fn choose_first_offered_subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let first = offered.split(',').next()?.trim();
    HeaderValue::try_from(first).ok().filter(|_| !first.is_empty())
}
