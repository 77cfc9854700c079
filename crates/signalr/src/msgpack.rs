//! One hub message as msgpack: an array whose first element is the type.

mod elements;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use rmp::Marker;
use serde::Serialize;
use serde_json::{Map, Value};

use self::elements::Elements;
use crate::{
    argument::{read_value_from_json, read_value_from_msgpack},
    framing::prefix_body_with_length,
    hub_message::{
        BadMessage, ClientMessage, Completion, Invocation, check_length_of_id, kind,
        require_property_with_text,
    },
};

/// A ping of the server.
pub(crate) const PING: &[u8] = b"\x02\x91\x06";

/// Why the arguments of a call could not be read although the message is msgpack.
const BAD_ARGUMENTS: &str = "The arguments have something that JSON cannot represent: \
    binary data, an extension type, a key that is no string, or text that is not Unicode.";
/// What follows in a completion that failed.
const ERROR_FOLLOWS: i32 = 1;
/// A completion that has no more elements.
const NOTHING_FOLLOWS: i32 = 2;
/// What follows in a completion with a result.
const RESULT_FOLLOWS: i32 = 3;

/// Reads one message, which is all of `body`. Elements beyond those that are known are ignored.
pub(crate) fn decode_message_from_msgpack(body: &[u8]) -> Result<ClientMessage, BadMessage> {
    let mut elements = Elements::from_array(body)
        .ok_or_else(|| BadMessage::with_text("Expected a msgpack array."))?;
    let message = match elements.read_number_by_name("type")? {
        kind::INVOCATION => {
            ClientMessage::Invocation(read_call_from_elements(&mut elements, body.len())?)
        }
        kind::STREAM_INVOCATION => {
            let call = read_call_from_elements(&mut elements, body.len())?;
            if call.id.is_none() {
                return Err(BadMessage::with_missing_property("invocationId"));
            }
            ClientMessage::StreamInvocation(call)
        }
        kind::CANCEL_INVOCATION => {
            ClientMessage::CancelInvocation { id: read_required_invocation_id(&mut elements)? }
        }
        kind::PING => ClientMessage::Ping,
        kind::CLOSE => ClientMessage::Close,
        kind::STREAM_ITEM => {
            read_required_invocation_id(&mut elements)?;
            elements.take_element_by_name("item")?;
            ClientMessage::Ignored
        }
        kind::COMPLETION => {
            check_completion_of_client(&mut elements)?;
            ClientMessage::Ignored
        }
        kind::ACK | kind::SEQUENCE => {
            elements.read_number_by_name::<i64>("sequenceId")?;
            ClientMessage::Ignored
        }
        // Later versions of the protocol may have more; clients ignore those of the server, too.
        _ => ClientMessage::Ignored,
    };
    elements.check_end_of_message()?;
    Ok(message)
}

/// The headers, which nobody reads, and the id behind them.
fn read_optional_invocation_id(elements: &mut Elements<'_>) -> Result<Option<String>, BadMessage> {
    elements.take_element_by_name("headers")?;
    check_length_of_id(elements.read_text_by_name("invocationId")?)
}

fn read_required_invocation_id(elements: &mut Elements<'_>) -> Result<String, BadMessage> {
    require_property_with_text(read_optional_invocation_id(elements)?, "invocationId")
}

fn read_call_from_elements(
    elements: &mut Elements<'_>,
    bytes: usize,
) -> Result<Invocation, BadMessage> {
    let id = read_optional_invocation_id(elements)?;
    let target = require_property_with_text(elements.read_text_by_name("target")?, "target")?;
    let arguments = elements.take_element_by_name("arguments")?;
    if Elements::from_array(arguments).is_none() {
        return Err(BadMessage::with_wrong_type("arguments", "Array"));
    }
    let arguments = match read_value_from_msgpack(arguments) {
        Ok(Value::Array(values)) => Ok(values),
        _ => Err(BAD_ARGUMENTS.to_owned()),
    };
    Ok(Invocation { id, target, arguments, stream_ids: count_streams_of_call(elements)?, bytes })
}

/// Older clients end a call with its arguments.
fn count_streams_of_call(elements: &mut Elements<'_>) -> Result<usize, BadMessage> {
    if elements.are_all_taken() {
        return Ok(0);
    }
    let ids = elements.take_element_by_name("streamIds")?;
    if ids == [Marker::Null.to_u8()] {
        return Ok(0);
    }
    let wrong_type = || BadMessage::with_wrong_type("streamIds", "Array");
    let mut ids = Elements::from_array(ids).ok_or_else(wrong_type)?;
    let mut count = 0;
    while !ids.are_all_taken() {
        ids.read_text_by_name("streamIds")?.ok_or_else(wrong_type)?;
        count += 1;
    }
    Ok(count)
}

fn check_completion_of_client(elements: &mut Elements<'_>) -> Result<(), BadMessage> {
    read_required_invocation_id(elements)?;
    match elements.read_number_by_name("resultKind")? {
        ERROR_FOLLOWS => elements.read_text_by_name("error").map(|_| ()),
        NOTHING_FOLLOWS => Ok(()),
        RESULT_FOLLOWS => elements.take_element_by_name("result").map(|_| ()),
        _ => Err(BadMessage::with_text("The 'resultKind' is none of 1, 2 and 3.")),
    }
}

/// A message of the server with its length in front.
fn encode_message_with_length(message: &impl Serialize) -> Bytes {
    // Writing a value to memory cannot fail. Were it to, the empty frame would end the connection with an error, rather
    // than leave out a message that nobody misses.
    let body = rmp_serde::to_vec(message).unwrap_or_default();
    prefix_body_with_length(&body).into()
}

/// The JSON of the product as a value.
fn parse_json_of_product(json: &str) -> Value {
    read_value_from_json(json).unwrap_or_default()
}

/// An event for the handlers of `target`. The empty list of streams is there because some clients demand six elements,
/// and those of JavaScript accept them.
pub(crate) fn encode_event_as_msgpack(target: &str, payload_json: &str) -> Bytes {
    let (headers, no_id, no_streams) = (Map::new(), (), [(); 0]);
    let arguments = [parse_json_of_product(payload_json)];
    let message = (kind::INVOCATION, headers, no_id, target, arguments, no_streams);
    encode_message_with_length(&message)
}

/// The end of the call with this id.
pub(crate) fn encode_completion_as_msgpack(id: &str, completion: &Completion) -> Bytes {
    let (kind, headers) = (kind::COMPLETION, Map::new());
    match completion {
        Completion::Void => encode_message_with_length(&(kind, headers, id, NOTHING_FOLLOWS)),
        Completion::Result(result) => {
            encode_message_with_length(&(kind, headers, id, RESULT_FOLLOWS, result))
        }
        Completion::Error(error) => {
            encode_message_with_length(&(kind, headers, id, ERROR_FOLLOWS, error))
        }
    }
}

/// The next item of the stream with this id.
pub(crate) fn encode_item_as_msgpack(id: &str, item_json: &str) -> Bytes {
    let message = (kind::STREAM_ITEM, Map::new(), id, parse_json_of_product(item_json));
    encode_message_with_length(&message)
}

/// The last message of a connection.
pub(crate) fn encode_close_as_msgpack(error: Option<&str>, allow_reconnect: bool) -> Bytes {
    encode_message_with_length(&(kind::CLOSE, error, allow_reconnect))
}
