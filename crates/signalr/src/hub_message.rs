//! What a client can say in a hub message, and what a call ends with, in either format.

use serde_json::Value;

/// Longest id of an invocation.
pub(crate) const MOST_ID_BYTES: usize = 1024;
/// How many arrays and objects may contain each other in a message. The message itself is the first of them.
pub(crate) const MOST_NESTED_VALUES: usize = 64;

/// Numbers that begin a hub message.
pub(crate) mod kind {
    pub(crate) const INVOCATION: i32 = 1;
    pub(crate) const STREAM_ITEM: i32 = 2;
    pub(crate) const COMPLETION: i32 = 3;
    pub(crate) const STREAM_INVOCATION: i32 = 4;
    pub(crate) const CANCEL_INVOCATION: i32 = 5;
    pub(crate) const PING: i32 = 6;
    pub(crate) const CLOSE: i32 = 7;
    pub(crate) const ACK: i32 = 8;
    pub(crate) const SEQUENCE: i32 = 9;
}

/// A hub message of a client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ClientMessage {
    /// A call that has one result, or wants no answer.
    Invocation(Invocation),
    /// A call whose results are a stream. It always has an id.
    StreamInvocation(Invocation),
    /// The client wants no more of a stream.
    CancelInvocation { id: String },
    /// The client is alive.
    Ping,
    /// The client goes. What it says about why is not read.
    Close,
    /// A good message that means nothing to this server: an item or the end of an upload, a completion, an
    /// acknowledgement, or a type of message that this version does not know.
    Ignored,
}

/// A call of a client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invocation {
    /// Where the answer belongs. Without one the client wants no answer; an empty id counts as none.
    pub(crate) id: Option<String>,
    /// The name of the method, as the client wrote it; never empty.
    pub(crate) target: String,
    /// The arguments, or why they cannot be represented as JSON values. The second is a fault of this call, not of the
    /// connection.
    pub(crate) arguments: Result<Vec<Value>, String>,
    /// How many streams the client would upload with this call.
    pub(crate) stream_ids: usize,
    /// Size of the whole hub message, without the bytes that frame it.
    pub(crate) bytes: usize,
}

/// What a call ends with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Completion {
    /// It is done, and there is nothing to tell. Also the end of a stream.
    Void,
    /// Its result.
    Result(Value),
    /// Why it failed.
    Error(String),
}

/// Bytes that are no hub message. The text is for the Close message that ends the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadMessage(String);

impl BadMessage {
    pub(crate) fn with_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn with_missing_property(name: &str) -> Self {
        Self(format!("Missing required property '{name}'."))
    }

    pub(crate) fn with_wrong_type(name: &str, expected: &str) -> Self {
        Self(format!("Expected '{name}' to be of type {expected}."))
    }

    pub(crate) fn with_deep_nesting() -> Self {
        Self(format!("The message is nested deeper than {MOST_NESTED_VALUES} levels."))
    }

    /// What is wrong.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Refuses ids that are too long to be repeated in answers. An empty one is no id.
pub(crate) fn check_length_of_id(id: Option<String>) -> Result<Option<String>, BadMessage> {
    match id {
        Some(id) if id.len() > MOST_ID_BYTES => Err(BadMessage::with_text(format!(
            "The 'invocationId' is longer than {MOST_ID_BYTES} bytes."
        ))),
        id => Ok(id.filter(|id| !id.is_empty())),
    }
}

/// A property that must be there and not be empty.
pub(crate) fn require_property_with_text(
    text: Option<String>,
    name: &str,
) -> Result<String, BadMessage> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| BadMessage::with_missing_property(name))
}
