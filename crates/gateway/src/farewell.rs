//! What a client is told whose connection the server ends, so that it stays away.

use owlpost_domain::ErrorCode;
use owlpost_realtime::CloseReason;

use crate::outcome::Refusal;

/// Why the server ends a connection for good; `None` when its client should come back by itself.
pub fn describe_end_for_good(reason: CloseReason) -> Option<Refusal> {
    let (code, message) = match reason {
        CloseReason::TokenExpired => (ErrorCode::TokenExpired, "Token expired"),
        CloseReason::UserDeleted => (ErrorCode::Unauthenticated, "This account was deactivated"),
        CloseReason::LoginEnded => (ErrorCode::Unauthenticated, "This login was ended"),
        CloseReason::RateLimited => (ErrorCode::RateLimited, "Too many calls"),
        CloseReason::SlowConsumer
        | CloseReason::ServerShutdown
        | CloseReason::Unavailable
        | CloseReason::Superseded => return None,
    };
    Some(Refusal::with_code(code, message.to_owned()))
}
