//! What a gateway provides for each of its connections.

use std::task::Waker;

use crate::delivery::{frame::Frame, session::SessionEnd};

/// What became of a frame handed to a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// It is in the transport's own queue and will be written in order.
    Sent,
    /// The client listens to nothing that it is heard on: it is done with, and was not written.
    Unheard,
    /// The transport's queue is full: it is offered again when the transport is writable.
    Full,
    /// The connection is gone.
    Closed,
}

/// Why the server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// It does not read as fast as events come. It should come back and resume.
    SlowConsumer,
    /// Its token expired and the grace is over.
    TokenExpired,
    /// Its user was deleted or deactivated.
    UserDeleted,
    /// The login its token belongs to was ended, or all tokens of its user were.
    LoginEnded,
    /// It kept on sending over its rate.
    RateLimited,
    /// The server stops. It should come back and resume.
    ServerShutdown,
    /// Its presence could not be written. It should come back.
    Unavailable,
    /// Its client came back, and has another connection in its place.
    Superseded,
}

impl CloseReason {
    /// The label in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SlowConsumer => "slow_consumer",
            Self::TokenExpired => "token_expired",
            Self::UserDeleted => "user_deleted",
            Self::LoginEnded => "login_ended",
            Self::RateLimited => "rate_limited",
            Self::ServerShutdown => "server_shutdown",
            Self::Unavailable => "unavailable",
            Self::Superseded => "superseded",
        }
    }

    /// Whether the client should come back by itself.
    pub const fn wants_client_back(self) -> bool {
        match self {
            Self::SlowConsumer | Self::ServerShutdown | Self::Unavailable | Self::Superseded => {
                true
            }
            Self::TokenExpired | Self::UserDeleted | Self::LoginEnded | Self::RateLimited => false,
        }
    }

    pub(crate) const fn end_of_session(self) -> SessionEnd {
        if self.wants_client_back() { SessionEnd::Lost } else { SessionEnd::OnPurpose }
    }
}

/// The way to one client. The core calls it from any of its tasks, and while it holds the locks of the session: no
/// method may block, and none may call the core before it has returned.
pub trait Transport: Send + Sync + 'static {
    /// Puts a frame in the transport's own bounded queue. It is written behind everything that was sent before.
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome;
    /// Called after [`SendOutcome::Full`]: calls the waker once, when there is room again or the connection has gone,
    /// and at once if that is so already. A later waker takes the place of an earlier one.
    fn wake_when_writable(&self, waker: &Waker);
    /// Called after a frame was [`SendOutcome::Sent`] of which somebody wants to know whether the client has it. `proved` is to be
    /// called, by a task of the connection, when the client has proved that it has everything that was sent before, by something
    /// that it could not have said without. Where the protocol proves nothing it is dropped.
    fn call_when_client_has_all(&self, proved: Box<dyn FnOnce() + Send>) {
        drop(proved);
    }
    /// Ends the connection, whatever state it is in.
    fn close_with_reason(&self, reason: CloseReason);
}

/// What one client is answered, encoded by its gateway. It takes its turn behind the frames that wait for the client.
/// The rules of [`Transport`] hold for it.
pub trait Reply: Send + Sync + 'static {
    /// Puts the reply in the queue of the transport it is for.
    fn try_send_reply(&self) -> SendOutcome;
    /// Its size on the wire, for the bound on what may wait.
    fn byte_len(&self) -> usize;
}
