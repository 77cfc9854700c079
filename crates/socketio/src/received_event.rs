//! What a client sent, as the library hands it over, as a call.

use std::{fmt, sync::Arc};

use owlpost_gateway::{Call, ClientCall};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::Value;
use socketioxide::{
    adapter::LocalAdapter,
    extract::{Event, TryData},
    handler::FromMessageParts,
    socket::Socket,
};

/// Something a client sent. Its payload is the first argument; the ticket is the number its client wants it answered
/// under.
pub(crate) struct ReceivedEvent(pub(crate) Call<i64>);

impl FromMessageParts<LocalAdapter> for ReceivedEvent {
    type Error = std::convert::Infallible;

    fn from_message_parts(
        socket: &Arc<Socket>,
        value: &mut socketioxide_core::Value,
        ack: &Option<i64>,
    ) -> Result<Self, Self::Error> {
        let message_bytes = value.len();
        let name = Event::from_message_parts(socket, value, ack).map(|Event(name)| name);
        let payload = match value {
            // The library's decoder looks for attachments in every object, and refuses one whose first key is written
            // with an escape.
            socketioxide_core::Value::Str(text, None) => {
                serde_json::from_str::<FirstArgument>(text)
                    .map(|FirstArgument(payload)| payload)
                    .map_err(|error| error.to_string())
            }
            _ => TryData::<Value>::from_message_parts(socket, value, ack)?
                .0
                .map_err(|error| error.to_string()),
        };
        let name = name.unwrap_or_default();
        let call = ClientCall::find_call_by_event(&name).ok_or(name);
        Ok(Self(Call { call, payload, ticket: *ack, message_bytes }))
    }
}

/// What stands behind the name of an event.
struct FirstArgument(Value);

impl<'de> Deserialize<'de> for FirstArgument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstArgumentVisitor)
    }
}

struct FirstArgumentVisitor;

impl<'de> Visitor<'de> for FirstArgumentVisitor {
    type Value = FirstArgument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name and an argument")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<FirstArgument, A::Error> {
        let name = values.next_element::<IgnoredAny>()?;
        let payload = values.next_element()?;
        let payload = payload.ok_or_else(|| {
            A::Error::invalid_length(usize::from(name.is_some()), &"a name and an argument")
        })?;
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(FirstArgument(payload))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn should_read_the_argument_behind_the_name_however_its_keys_are_written() {
        let read = |text: &str| serde_json::from_str::<FirstArgument>(text).map(|first| first.0);
        assert_eq!(read(r#"["a",{"r\u006fom":1},2,[3]]"#).unwrap(), json!({ "room": 1 }));
        assert_eq!(read(r#"["a",null]"#).unwrap(), json!(null));
        for text in ["[]", r#"["a"]"#, r#"{"a":1}"#, r#"["a",1"#, r#"["a",1] 2"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
