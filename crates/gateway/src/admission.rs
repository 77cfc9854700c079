//! Who may come in.

use std::{fmt, time::Duration};

use futures_util::future::BoxFuture;
use http::{HeaderMap, header};
use owlpost_domain::{
    DomainError, Door, ErrorCode, Scope, Store, User, access_token::VerifiedToken,
    authority::authorize_token_for_door,
};
use owlpost_metrics::HANDSHAKES_REFUSED;
use owlpost_realtime::{Resumption, cut_position_of_client};

/// Tries before a client is sent away because the database does not answer.
const DATABASE_TRIES: u32 = 3;
const DATABASE_PAUSE: Duration = Duration::from_millis(200);
/// Rooms a client may name when it connects: the feed and one incident.
const ROOMS_AT_CONNECT: usize = 2;

/// Who a client is, and what it comes back for.
#[derive(Clone)]
pub struct Admission {
    /// Who it is.
    pub user: User,
    /// Its token.
    pub access: VerifiedToken,
    /// What it missed, and where it was.
    pub resumption: Resumption,
}

/// Why a client may not connect. Nothing more is ever revealed than its text and its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectRefusal {
    /// There is no token.
    TokenRequired,
    /// The token was good.
    TokenExpired,
    /// The token is none of ours, or its user is not there.
    AuthenticationFailed,
    /// The token is that of a tool, and good for other things.
    ScopeMissing,
    /// Whether the token is good cannot be known: the client must try again.
    ServiceUnavailable,
}

impl ConnectRefusal {
    /// The stable code.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::TokenRequired | Self::AuthenticationFailed => ErrorCode::Unauthenticated,
            Self::TokenExpired => ErrorCode::TokenExpired,
            Self::ScopeMissing => ErrorCode::Forbidden,
            Self::ServiceUnavailable => ErrorCode::Unavailable,
        }
    }

    /// Counts and logs a handshake that was refused for this reason.
    pub fn count_as_refused_handshake(self) {
        metrics::counter!(HANDSHAKES_REFUSED, "code" => self.code().as_str()).increment(1);
        tracing::info!(reason = %self, "connection refused");
    }
}

impl fmt::Display for ConnectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenRequired => "Authentication token required",
            Self::TokenExpired => "Token expired",
            Self::AuthenticationFailed => "Authentication failed",
            Self::ScopeMissing => Scope::Events.describe_refusal_when_missing(),
            Self::ServiceUnavailable => "Service unavailable",
        })
    }
}

impl From<&DomainError> for ConnectRefusal {
    fn from(error: &DomainError) -> Self {
        match error {
            DomainError::TokenExpired => Self::TokenExpired,
            DomainError::Unavailable(_) | DomainError::Internal(_) => Self::ServiceUnavailable,
            DomainError::Unauthenticated
            | DomainError::Validation { .. }
            | DomainError::Forbidden(_)
            | DomainError::NotFound(_)
            | DomainError::Conflict(_)
            | DomainError::AlreadyAcknowledged { .. } => Self::AuthenticationFailed,
        }
    }
}

/// Finds who a token belongs to, and what it says. A database that does not answer is asked again, since a client that
/// is refused stays away in most protocols.
pub fn authenticate_with_database_patience<'a>(
    store: &'a Store,
    token: Option<&'a str>,
) -> BoxFuture<'a, Result<(User, VerifiedToken), ConnectRefusal>> {
    Box::pin(try_token_with_patience(store, token))
}

async fn try_token_with_patience(
    store: &Store,
    token: Option<&str>,
) -> Result<(User, VerifiedToken), ConnectRefusal> {
    let token = token.ok_or(ConnectRefusal::TokenRequired)?;
    let mut tries = 0;
    loop {
        tries += 1;
        match store.authenticate_user_by_token(token).await {
            Ok((user, access)) => {
                return authorize_token_for_door(
                    access.basis.authority,
                    Door::OfScope(Scope::Events),
                )
                .map(|()| (user, access))
                .map_err(|_| ConnectRefusal::ScopeMissing);
            }
            Err(error) => {
                let refusal = ConnectRefusal::from(&error);
                if refusal != ConnectRefusal::ServiceUnavailable || tries == DATABASE_TRIES {
                    return Err(refusal);
                }
                tracing::warn!(%error, "a token could not be checked; trying again");
                tokio::time::sleep(DATABASE_PAUSE).await;
            }
        }
    }
}

/// The token of `Authorization: Bearer`.
pub fn find_bearer_token_in_headers(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// What a client comes back for: the position it heard last, and as many rooms as it may be in.
pub fn bound_wishes_of_client(
    last_event_id: Option<String>,
    rooms: impl IntoIterator<Item = String>,
) -> Resumption {
    Resumption {
        rooms: rooms.into_iter().take(ROOMS_AT_CONNECT).collect(),
        last_event_id: last_event_id.map(|id| cut_position_of_client(&id)),
        recovery: None,
    }
}
