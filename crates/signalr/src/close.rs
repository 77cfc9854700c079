//! What a client is told when the server ends its connection, and whether it is to come back.

use owlpost_carrier::websocket::CloseCode;
use owlpost_gateway::{Refusal, farewell::describe_end_for_good};
use owlpost_realtime::CloseReason;

/// What a Close message says, and what a websocket is closed with.
pub(crate) struct CloseWords {
    pub(crate) error: String,
    /// Whether a client with automatic reconnect comes back.
    pub(crate) allow_reconnect: bool,
    pub(crate) code: CloseCode,
}

/// `None` when nothing is said: the client takes the network for broken, and comes back.
pub(crate) fn describe_close_to_client(reason: CloseReason) -> Option<CloseWords> {
    if let Some(Refusal { code, message, .. }) = describe_end_for_good(reason) {
        let error = format!("{}: {message}", code.as_str());
        return Some(CloseWords { error, allow_reconnect: false, code: CloseCode::Normal });
    }
    // A full queue, for one, could not take a word either.
    (reason == CloseReason::ServerShutdown).then(|| CloseWords {
        error: "The server is stopping".to_owned(),
        allow_reconnect: true,
        code: CloseCode::Away,
    })
}
