//! What a client sent, as the library hands it over.

use std::sync::Arc;

use serde_json::Value;
use socketioxide::{
    adapter::LocalAdapter,
    extract::{Event, TryData},
    handler::FromMessageParts,
    socket::Socket,
};

/// Something a client sent.
pub(crate) struct ReceivedEvent {
    pub(crate) name: String,
    /// Its first argument; what is wrong with it if it could not be read.
    pub(crate) payload: Result<Value, String>,
    /// The number its client wants it answered under.
    pub(crate) ack: Option<i64>,
    pub(crate) message_bytes: usize,
}

impl FromMessageParts<LocalAdapter> for ReceivedEvent {
    type Error = std::convert::Infallible;

    fn from_message_parts(
        socket: &Arc<Socket>,
        value: &mut socketioxide_core::Value,
        ack: &Option<i64>,
    ) -> Result<Self, Self::Error> {
        let message_bytes = value.len();
        let name = Event::from_message_parts(socket, value, ack).map(|Event(name)| name);
        let TryData(payload) = TryData::<Value>::from_message_parts(socket, value, ack)?;
        Ok(Self {
            name: name.unwrap_or_default(),
            payload: payload.map_err(|error| error.to_string()),
            ack: *ack,
            message_bytes,
        })
    }
}
