//! The two formats of messages.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::{hub_message::Completion, json, msgpack};

/// How the messages of a connection are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HubFormat {
    Json,
    MessagePack,
}

impl HubFormat {
    /// The label in logs and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "msgpack",
        }
    }

    /// Whether its messages are no text.
    pub(crate) const fn is_binary(self) -> bool {
        match self {
            Self::Json => false,
            Self::MessagePack => true,
        }
    }

    /// An event: a method of the client is called, and no answer expected. `payload` is a JSON object.
    pub(crate) fn encode_event_as_invocation(self, target: &str, payload: &str) -> Bytes {
        match self {
            Self::Json => json::encode_event_as_invocation(target, payload),
            Self::MessagePack => msgpack::encode_event_as_invocation(target, payload),
        }
    }

    /// The answer to an invocation, or the end of a stream.
    pub(crate) fn encode_completion_of_invocation(
        self,
        id: &str,
        completion: &Completion,
    ) -> Bytes {
        match self {
            Self::Json => json::encode_completion_of_invocation(id, completion),
            Self::MessagePack => msgpack::encode_completion_of_invocation(id, completion),
        }
    }

    /// One item of a stream. `item` is JSON.
    pub(crate) fn encode_item_of_stream(self, id: &str, item: &str) -> Bytes {
        match self {
            Self::Json => json::encode_item_of_stream(id, item),
            Self::MessagePack => msgpack::encode_item_of_stream(id, item),
        }
    }

    /// A sign of life.
    pub(crate) const fn encode_ping_of_server(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Json => b"{\"type\":6}\x1e",
            Self::MessagePack => &[0x02, 0x91, 0x06],
        })
    }

    /// The last message: why the server ends the connection, and whether the client may come back.
    pub(crate) fn encode_close_with_error(
        self,
        error: Option<&str>,
        allow_reconnect: bool,
    ) -> Bytes {
        match self {
            Self::Json => json::encode_close_with_error(error, allow_reconnect),
            Self::MessagePack => msgpack::encode_close_with_error(error, allow_reconnect),
        }
    }
}
