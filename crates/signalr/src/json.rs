//! One hub message as JSON text.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, value::RawValue};

use crate::{
    argument::read_value_from_json,
    hub_message::{
        BadMessage, ClientMessage, Completion, Invocation, MOST_NESTED_VALUES, check_length_of_id,
        kind, require_property_with_text,
    },
};

/// A ping of the server.
pub(crate) const PING: &[u8] = b"{\"type\":6}\x1e";

/// Why the arguments of a call could not be read although the message is JSON.
const BAD_ARGUMENTS: &str =
    "The arguments have a number beyond its range, or text that is not Unicode.";

/// The fields of all messages that mean something here. Each is kept as text: what it must be depends on the type, and
/// what a type does not have is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    invocation_id: Option<&'a RawValue>,
    #[serde(borrow)]
    target: Option<&'a RawValue>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    stream_ids: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    sequence_id: Option<&'a RawValue>,
    /// Whether it is there: null is an item.
    #[serde(default, deserialize_with = "note_presence_of_field")]
    item: bool,
    /// Whether it is there: null is a result.
    #[serde(default, deserialize_with = "note_presence_of_field")]
    result: bool,
}

impl<'a> Fields<'a> {
    /// Reads an object that has no field of these twice.
    fn from_body(body: &'a [u8]) -> Result<Self, BadMessage> {
        let text = std::str::from_utf8(body).map_err(|_| describe_text_without_json())?;
        check_nesting_of_text(text)?;
        // The fields could also be read from an array, one after the other.
        if !text.trim_start().starts_with('{') {
            return Err(BadMessage::with_text("Expected a JSON object."));
        }
        serde_json::from_str(text).map_err(|_| describe_text_without_json())
    }

    fn read_optional_invocation_id(&self) -> Result<Option<String>, BadMessage> {
        check_length_of_id(read_field_by_name(self.invocation_id, "invocationId", "String")?)
    }

    fn read_required_invocation_id(&self) -> Result<String, BadMessage> {
        require_property_with_text(self.read_optional_invocation_id()?, "invocationId")
    }

    fn read_call_from_fields(&self, bytes: usize) -> Result<Invocation, BadMessage> {
        let target = read_field_by_name(self.target, "target", "String")?;
        let stream_ids: Option<Vec<String>> =
            read_field_by_name(self.stream_ids, "streamIds", "Array")?;
        Ok(Invocation {
            id: self.read_optional_invocation_id()?,
            target: require_property_with_text(target, "target")?,
            arguments: self.read_arguments_of_call()?,
            stream_ids: stream_ids.map_or(0, |ids| ids.len()),
            bytes,
        })
    }

    fn read_arguments_of_call(&self) -> Result<Result<Vec<Value>, String>, BadMessage> {
        let Some(arguments) = self.arguments else {
            return Err(BadMessage::with_missing_property("arguments"));
        };
        if !arguments.get().starts_with('[') {
            return Err(BadMessage::with_wrong_type("arguments", "Array"));
        }
        Ok(match read_value_from_json(arguments.get()) {
            Ok(Value::Array(values)) => Ok(values),
            _ => Err(BAD_ARGUMENTS.to_owned()),
        })
    }

    fn check_item_of_upload(&self) -> Result<(), BadMessage> {
        self.read_required_invocation_id()?;
        if self.item { Ok(()) } else { Err(BadMessage::with_missing_property("item")) }
    }

    fn check_completion_of_client(&self) -> Result<(), BadMessage> {
        self.read_required_invocation_id()?;
        let error: Option<String> = read_field_by_name(self.error, "error", "String")?;
        if error.is_some() && self.result {
            return Err(BadMessage::with_text("A completion has either a 'result' or an 'error'."));
        }
        Ok(())
    }

    fn check_sequence_of_client(&self) -> Result<(), BadMessage> {
        let sequence: Option<i64> = read_field_by_name(self.sequence_id, "sequenceId", "Number")?;
        sequence.map(|_| ()).ok_or_else(|| BadMessage::with_missing_property("sequenceId"))
    }
}

/// Reads one message, which is all of `body`.
pub(crate) fn decode_message_from_json(body: &[u8]) -> Result<ClientMessage, BadMessage> {
    let fields = Fields::from_body(body)?;
    let kind: Option<i32> = read_field_by_name(fields.r#type, "type", "Number")?;
    match kind.ok_or_else(|| BadMessage::with_missing_property("type"))? {
        kind::INVOCATION => {
            Ok(ClientMessage::Invocation(fields.read_call_from_fields(body.len())?))
        }
        kind::STREAM_INVOCATION => {
            fields.read_required_invocation_id()?;
            Ok(ClientMessage::StreamInvocation(fields.read_call_from_fields(body.len())?))
        }
        kind::CANCEL_INVOCATION => {
            Ok(ClientMessage::CancelInvocation { id: fields.read_required_invocation_id()? })
        }
        kind::PING => Ok(ClientMessage::Ping),
        kind::CLOSE => Ok(ClientMessage::Close),
        kind::STREAM_ITEM => fields.check_item_of_upload().map(|()| ClientMessage::Ignored),
        kind::COMPLETION => fields.check_completion_of_client().map(|()| ClientMessage::Ignored),
        kind::ACK | kind::SEQUENCE => {
            fields.check_sequence_of_client().map(|()| ClientMessage::Ignored)
        }
        // Later versions of the protocol may have more; clients ignore those of the server, too.
        _ => Ok(ClientMessage::Ignored),
    }
}

fn describe_text_without_json() -> BadMessage {
    BadMessage::with_text("Error reading JSON.")
}

/// A field, where null is as good as none.
fn read_field_by_name<T: DeserializeOwned>(
    field: Option<&RawValue>,
    name: &str,
    expected: &str,
) -> Result<Option<T>, BadMessage> {
    let read = |field: &RawValue| serde_json::from_str(field.get());
    field.map(read).transpose().map_err(|_| BadMessage::with_wrong_type(name, expected))
}

fn note_presence_of_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Counts brackets outside of strings. In what is no JSON the count means nothing, and the parser refuses that.
fn check_nesting_of_text(text: &str) -> Result<(), BadMessage> {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => drop(bytes.next()),
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_NESTED_VALUES {
            return Err(BadMessage::with_deep_nesting());
        }
    }
    Ok(())
}

/// A text between quotation marks. It has no separator, since control characters are escaped.
fn quote_text_as_json(text: &str) -> Value {
    Value::from(text)
}

/// An event for the handlers of `target`.
pub(crate) fn encode_event_as_json(target: &str, payload_json: &str) -> Bytes {
    let target = quote_text_as_json(target);
    format!("{{\"type\":1,\"target\":{target},\"arguments\":[{payload_json}]}}\x1e").into()
}

/// The end of the call with this id.
pub(crate) fn encode_completion_as_json(id: &str, completion: &Completion) -> Bytes {
    let id = quote_text_as_json(id);
    match completion {
        Completion::Void => format!("{{\"type\":3,\"invocationId\":{id}}}\x1e"),
        Completion::Result(result) => {
            format!("{{\"type\":3,\"invocationId\":{id},\"result\":{result}}}\x1e")
        }
        Completion::Error(error) => {
            let error = quote_text_as_json(error);
            format!("{{\"type\":3,\"invocationId\":{id},\"error\":{error}}}\x1e")
        }
    }
    .into()
}

/// The next item of the stream with this id.
pub(crate) fn encode_item_as_json(id: &str, item_json: &str) -> Bytes {
    let id = quote_text_as_json(id);
    format!("{{\"type\":2,\"invocationId\":{id},\"item\":{item_json}}}\x1e").into()
}

/// The last message of a connection.
pub(crate) fn encode_close_as_json(error: Option<&str>, allow_reconnect: bool) -> Bytes {
    let mut text = String::from("{\"type\":7");
    if let Some(error) = error {
        // Writing to a string cannot fail.
        let _ = write!(text, ",\"error\":{}", quote_text_as_json(error));
    }
    if allow_reconnect {
        text.push_str(",\"allowReconnect\":true");
    }
    text.push_str("}\x1e");
    text.into()
}
