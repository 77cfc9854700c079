//! `CONNECT`: who a client is, and what it is told when it is let in.

use bytes::Bytes;
use owlpost_domain::ErrorCode;
use owlpost_gateway::{ConnectRefusal, Refusal};
use owlpost_realtime::Frame;
use serde::Deserialize;
use serde_json::json;

use crate::protocol::{
    encoder::FrameWriter,
    frame::Headers,
    heart_beat::HeartBeat,
    version::{SUPPORTED_VERSIONS, Version},
};

/// What `CONNECTED` says besides who the client is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeting {
    pub(crate) version: Version,
    /// What the server says of signs of life.
    pub(crate) heart_beat: HeartBeat,
}

/// What the core says when a session begins.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Acknowledged {
    socket_id: String,
    user: AcknowledgedUser,
    last_event_id: String,
}

#[derive(Deserialize)]
struct AcknowledgedUser {
    id: String,
    email: String,
}

/// The token of a client: as Spring programs, ours, and clients with only a login send it.
pub(crate) fn find_token_in_headers(headers: &Headers) -> Option<String> {
    let bearer = headers.find_value_ignoring_case("authorization").and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let token = bearer
        .or_else(|| headers.find_value_by_name("token"))
        .or_else(|| headers.find_value_by_name("passcode"))?;
    let token = token.trim();
    (!token.is_empty()).then(|| token.to_owned())
}

/// `connection:acknowledged` as its client reads it. Nothing in it is escaped, so that any version is understood.
pub(crate) fn encode_connected_of_client(greeting: &Greeting, frame: &Frame) -> Bytes {
    let written = FrameWriter::new(Version::V10, "CONNECTED")
        .header("version", greeting.version.as_str())
        .header("heart-beat", &greeting.heart_beat.to_header())
        .header("server", concat!("owlpost/", env!("CARGO_PKG_VERSION")));
    // The core writes it, a moment before.
    let Ok(known) = serde_json::from_str::<Acknowledged>(&frame.payload) else {
        return written.end_frame_without_body();
    };
    written
        .header("session", &known.socket_id)
        .header("user-name", &known.user.email)
        .header("user-id", &known.user.id)
        .header("last-event-id", &known.last_event_id)
        .end_frame_without_body()
}

/// What a client is told that is not let in; `None` when it cannot be known whether it may come in, and it shall try again.
pub(crate) fn describe_refusal_of_connect(refusal: ConnectRefusal) -> Option<Refusal> {
    match refusal {
        ConnectRefusal::ServiceUnavailable => None,
        ConnectRefusal::TokenRequired
        | ConnectRefusal::TokenExpired
        | ConnectRefusal::ScopeMissing
        | ConnectRefusal::AuthenticationFailed => {
            Some(Refusal::with_code(refusal.code(), refusal.to_string()))
        }
    }
}

/// What a client is told that speaks no version of the server's.
pub(crate) fn encode_refusal_of_versions() -> Bytes {
    const MESSAGE: &str = "No version that both speak";
    let body = json!({ "code": ErrorCode::ValidationError, "message": MESSAGE });
    FrameWriter::new(Version::V10, "ERROR")
        .header("message", MESSAGE)
        .header("version", SUPPORTED_VERSIONS)
        .end_frame_with_json(&body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{decoder::Decoder, frame::ClientFrame};

    fn connect_with_headers(headers: &str) -> ClientFrame {
        let mut decoder = Decoder::with_limit_of_bytes(10_000);
        decoder.add_bytes_of_client(format!("CONNECT\n{headers}\n\0").as_bytes());
        decoder.next_frame_of_client(None).unwrap().unwrap()
    }

    #[test]
    fn should_find_the_token_where_people_put_it() {
        for (headers, token) in [
            ("Authorization:Bearer a.b:c\n", Some("a.b:c")),
            ("authorization: bearer  a \n", Some("a")),
            ("Authorization:Basic xyz\ntoken:b\n", Some("b")),
            ("login:harry\npasscode:c\n", Some("c")),
            ("token:first\ntoken:second\npasscode:c\n", Some("first")),
            ("login:harry\n", None),
            ("passcode:\n", None),
        ] {
            let found = find_token_in_headers(&connect_with_headers(headers).headers);
            assert_eq!(found.as_deref(), token, "{headers}");
        }
    }
}
