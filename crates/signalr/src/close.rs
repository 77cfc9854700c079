//! What a client is told when the server ends its connection, and whether it is to come back.

use owlpost_carrier::websocket::CloseCode;
use owlpost_domain::ErrorCode;
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
    let for_good = |code: ErrorCode, message: &str| {
        let error = format!("{}: {message}", code.as_str());
        Some(CloseWords { error, allow_reconnect: false, code: CloseCode::Normal })
    };
    match reason {
        CloseReason::ServerShutdown => Some(CloseWords {
            error: "The server is stopping".to_owned(),
            allow_reconnect: true,
            code: CloseCode::Away,
        }),
        // A full queue could not take a word either.
        CloseReason::SlowConsumer | CloseReason::Unavailable | CloseReason::Superseded => None,
        CloseReason::TokenExpired => for_good(ErrorCode::TokenExpired, "Token expired"),
        CloseReason::UserDeleted => {
            for_good(ErrorCode::Unauthenticated, "This account was deleted")
        }
        CloseReason::RateLimited => for_good(ErrorCode::RateLimited, "Too many calls"),
    }
}
