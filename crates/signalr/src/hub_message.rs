//! The messages of the hub, whatever their format. <https://github.com/dotnet/aspnetcore> has their specification in
//! `src/SignalR/docs/specs/HubProtocol.md`.

use serde_json::Value;

/// The types of messages, which both formats number alike.
pub(crate) mod kinds {
    pub(crate) const INVOCATION: u64 = 1;
    pub(crate) const STREAM_ITEM: u64 = 2;
    pub(crate) const COMPLETION: u64 = 3;
    pub(crate) const STREAM_INVOCATION: u64 = 4;
    pub(crate) const CANCEL_INVOCATION: u64 = 5;
    pub(crate) const PING: u64 = 6;
    pub(crate) const CLOSE: u64 = 7;
}

/// Nesting of a message, at most.
pub(crate) const DEEPEST_NESTING: usize = 64;
/// Bytes of the id of an invocation, at most.
const MOST_ID_BYTES: usize = 1024;

/// Something a client sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ClientMessage {
    /// A method is called.
    Invocation(Invocation),
    /// A method is called that answers with a stream.
    StreamInvocation(Invocation),
    /// A stream is not wanted any more.
    CancelInvocation { id: String },
    /// A sign of life.
    Ping,
    /// The client goes.
    Close,
    /// What we have no use for: items of streams that clients send, answers to calls that we never make, what belongs to
    /// stateful reconnect, and types that are not known yet.
    Ignored,
}

/// A method is called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invocation {
    /// What the answer is sent under; without one there is none.
    pub(crate) id: Option<String>,
    pub(crate) target: String,
    /// What is wrong with them when they are nothing that JSON has.
    pub(crate) arguments: Result<Vec<Value>, String>,
    /// How many streams the client would send.
    pub(crate) stream_ids: usize,
    /// Size of the whole message.
    pub(crate) bytes: usize,
}

/// What an invocation is answered with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Completion {
    /// It was done.
    Void,
    /// It was done, and this is what it gave.
    Result(Value),
    /// It was not done.
    Error(String),
}

/// Something that is no message: what is wrong with it, for the message that closes the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadMessage(pub(crate) String);

impl BadMessage {
    pub(crate) fn from_text(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

/// The id of an invocation, unless it is too long to be kept.
pub(crate) fn check_id_of_invocation(id: String) -> Result<String, BadMessage> {
    if id.len() > MOST_ID_BYTES {
        return Err(BadMessage::from_text(format!(
            "An invocationId may have {MOST_ID_BYTES} bytes at most."
        )));
    }
    Ok(id)
}
