//! What goes out by HTTP.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};

use owlpost_carrier::websocket::handshake::WEBSOCKET_VERSION;

use crate::compression::{compress_payload_as_gzip, is_payload_worth_compressing};

/// When a client that found no place may find one: what its predecessors have at most to come to something.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("10");

/// A body of the engine, or one of the service behind it.
pub type ResponseBody<B> = Either<Full<Bytes>, B>;

/// Why a request is refused. The numbers and texts are the protocol's own; clients know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No transport that is served.
    #[error("Transport unknown")]
    UnknownTransport,
    /// No session of this id (any more).
    #[error("Session ID unknown")]
    UnknownSession,
    /// A session begins with a GET.
    #[error("Bad handshake method")]
    BadHandshakeMethod,
    /// Not what this session's transport may be asked now.
    #[error("Bad request")]
    BadRequest,
    /// Neither protocol 3 nor 4.
    #[error("Unsupported protocol version")]
    UnsupportedProtocol,
    /// A websocket of another version than 13, the only one there is.
    #[error("Unsupported websocket version")]
    UnsupportedWebSocket,
    /// A body that is no packets.
    #[error("Bad request")]
    BadPayload,
    /// A body over the bound.
    #[error("Payload too large")]
    PayloadTooLarge,
    /// A body that did not arrive in time.
    #[error("Request timeout")]
    BodyTimeout,
    /// As many sessions as may be, of all clients or of this address.
    #[error("Too many sessions")]
    TooManySessions,
}

impl Rejection {
    pub(crate) fn into_response<B>(self) -> Response<ResponseBody<B>> {
        let (status, code) = match self {
            Self::UnknownTransport => (StatusCode::BAD_REQUEST, 0),
            Self::UnknownSession => (StatusCode::BAD_REQUEST, 1),
            Self::BadHandshakeMethod => (StatusCode::BAD_REQUEST, 2),
            Self::BadRequest | Self::BadPayload => (StatusCode::BAD_REQUEST, 3),
            Self::UnsupportedProtocol => (StatusCode::BAD_REQUEST, 5),
            Self::UnsupportedWebSocket => (StatusCode::UPGRADE_REQUIRED, 3),
            // As in Node: a client that looks into the answer expects nothing there.
            Self::PayloadTooLarge => {
                return answer_with_status_only(StatusCode::PAYLOAD_TOO_LARGE);
            }
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, 3),
            Self::TooManySessions => (StatusCode::SERVICE_UNAVAILABLE, 3),
        };
        let body = format!(r#"{{"code":{code},"message":"{self}"}}"#);
        let mut response = build_response_with_body(status, "application/json", body);
        if self == Self::TooManySessions {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        if self == Self::UnsupportedWebSocket {
            let headers = response.headers_mut();
            headers.insert(header::SEC_WEBSOCKET_VERSION, WEBSOCKET_VERSION);
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        response
    }
}

/// The answer to a polling request. It tells of one client at one time: nobody is to keep it.
pub(crate) fn answer_poll_with_payload<B>(
    payload: impl Into<Bytes>,
    has_binary: bool,
) -> Response<ResponseBody<B>> {
    let kind = if has_binary { "application/octet-stream" } else { "text/plain; charset=UTF-8" };
    let mut response = build_response_with_body(StatusCode::OK, kind, payload);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The same, in gzip where `takes_gzip` says that the client takes it and it is worth it.
pub(crate) fn answer_poll_with_compressed_payload<B>(
    payload: Bytes,
    has_binary: bool,
    takes_gzip: bool,
) -> Response<ResponseBody<B>> {
    if !is_payload_worth_compressing(&payload) {
        return answer_poll_with_payload(payload, has_binary);
    }
    let compressed = if takes_gzip { compress_payload_as_gzip(&payload) } else { None };
    let is_compressed = compressed.is_some();
    let mut response = answer_poll_with_payload(compressed.unwrap_or(payload), has_binary);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_name(header::ACCEPT_ENCODING));
    if is_compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn build_response_with_body<B>(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Bytes>,
) -> Response<ResponseBody<B>> {
    let mut response = Response::new(Either::Left(Full::new(body.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// An answer that is all head.
pub(crate) fn answer_with_status_only<B>(status: StatusCode) -> Response<ResponseBody<B>> {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = status;
    response
}
