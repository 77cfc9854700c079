//! Messages in JSON, each ended by a record separator.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::hub_message::{
    BadMessage, ClientMessage, Completion, DEEPEST_NESTING, Invocation, check_id_of_invocation,
    kinds,
};

/// Ends each message. JSON escapes it, so it is in none.
pub(crate) const RECORD_SEPARATOR: u8 = 0x1e;

pub(crate) fn encode_event_as_invocation(target: &str, payload: &str) -> Bytes {
    let target = write_text_as_json(target);
    format!("{{\"type\":1,\"target\":{target},\"arguments\":[{payload}]}}\x1e").into()
}

pub(crate) fn encode_completion_of_invocation(id: &str, completion: &Completion) -> Bytes {
    let id = write_text_as_json(id);
    let rest = match completion {
        Completion::Void => String::new(),
        Completion::Result(result) => format!(",\"result\":{result}"),
        Completion::Error(error) => format!(",\"error\":{}", write_text_as_json(error)),
    };
    format!("{{\"type\":3,\"invocationId\":{id}{rest}}}\x1e").into()
}

pub(crate) fn encode_item_of_stream(id: &str, item: &str) -> Bytes {
    let id = write_text_as_json(id);
    format!("{{\"type\":2,\"invocationId\":{id},\"item\":{item}}}\x1e").into()
}

pub(crate) fn encode_close_with_error(error: Option<&str>, allow_reconnect: bool) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Close<'a> {
        r#type: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        allow_reconnect: bool,
    }
    let close = Close { r#type: kinds::CLOSE, error, allow_reconnect };
    // Writing to memory cannot fail.
    let mut bytes = serde_json::to_vec(&close).unwrap_or_default();
    bytes.push(RECORD_SEPARATOR);
    bytes.into()
}

fn write_text_as_json(text: &str) -> Value {
    json!(text)
}

/// A message without its separator.
pub(crate) fn decode_message_of_client(bytes: &[u8]) -> Result<ClientMessage, BadMessage> {
    if is_nested_too_deeply(bytes) {
        return Err(BadMessage::from_text("The message is nested too deeply."));
    }
    let message = serde_json::from_slice::<Value>(bytes)
        .map_err(|_| BadMessage::from_text("Error reading JSON."))?;
    let Value::Object(mut message) = message else {
        return Err(BadMessage::from_text("Unexpected JSON: the message must be an object."));
    };
    let kind = match message.get("type") {
        None => return Err(BadMessage::from_text("Missing required property 'type'.")),
        Some(Value::Number(kind)) => kind.as_u64(),
        Some(_) => return Err(BadMessage::from_text("Expected 'type' to be of type Number.")),
    };
    match kind {
        Some(kinds::INVOCATION) => {
            let id = take_id_of_message(&mut message)?;
            read_invocation_of_object(message, id, bytes.len()).map(ClientMessage::Invocation)
        }
        Some(kinds::STREAM_INVOCATION) => {
            let id = require_id_of_message(&mut message)?;
            read_invocation_of_object(message, Some(id), bytes.len())
                .map(ClientMessage::StreamInvocation)
        }
        Some(kinds::CANCEL_INVOCATION) => {
            require_id_of_message(&mut message).map(|id| ClientMessage::CancelInvocation { id })
        }
        Some(kinds::STREAM_ITEM) => {
            require_id_of_message(&mut message)?;
            require_property_of_message(&mut message, "item").map(|_| ClientMessage::Ignored)
        }
        Some(kinds::COMPLETION) => {
            require_id_of_message(&mut message)?;
            let has = |name| message.get(name).is_some_and(|value: &Value| !value.is_null());
            if has("result") && has("error") {
                let problem = "The 'error' and 'result' properties are mutually exclusive.";
                return Err(BadMessage::from_text(problem));
            }
            Ok(ClientMessage::Ignored)
        }
        Some(kinds::PING) => Ok(ClientMessage::Ping),
        Some(kinds::CLOSE) => Ok(ClientMessage::Close),
        _ => Ok(ClientMessage::Ignored),
    }
}

fn read_invocation_of_object(
    mut message: Map<String, Value>,
    id: Option<String>,
    bytes: usize,
) -> Result<Invocation, BadMessage> {
    let Value::String(target) = require_property_of_message(&mut message, "target")? else {
        return Err(BadMessage::from_text("Expected 'target' to be of type String."));
    };
    let Value::Array(arguments) = require_property_of_message(&mut message, "arguments")? else {
        return Err(BadMessage::from_text("Expected 'arguments' to be of type Array."));
    };
    let stream_ids = match message.remove("streamIds") {
        None | Some(Value::Null) => 0,
        Some(Value::Array(ids)) => ids.len(),
        Some(_) => return Err(BadMessage::from_text("Expected 'streamIds' to be of type Array.")),
    };
    Ok(Invocation { id, target, arguments: Ok(arguments), stream_ids, bytes })
}

fn require_property_of_message(
    message: &mut Map<String, Value>,
    name: &str,
) -> Result<Value, BadMessage> {
    let missing = || BadMessage::from_text(format!("Missing required property '{name}'."));
    message.remove(name).ok_or_else(missing)
}

fn require_id_of_message(message: &mut Map<String, Value>) -> Result<String, BadMessage> {
    let missing = || BadMessage::from_text("Missing required property 'invocationId'.");
    take_id_of_message(message)?.ok_or_else(missing)
}

fn take_id_of_message(message: &mut Map<String, Value>) -> Result<Option<String>, BadMessage> {
    match message.remove("invocationId") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => check_id_of_invocation(id).map(Some),
        Some(_) => Err(BadMessage::from_text("Expected 'invocationId' to be of type String.")),
    }
}

/// Counts brackets outside of texts. Whether they are those of JSON is seen later.
fn is_nested_too_deeply(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_NESTING {
            return true;
        }
    }
    false
}
