//! Messages in MessagePack, each with its length before it.

use bytes::Bytes;
use rmp::encode as write;
use serde_json::Value;

use crate::hub_message::{
    BadMessage, ClientMessage, Completion, Invocation, check_id_of_invocation, kinds,
};

mod reader;

use reader::MessageReader;

/// Bytes of a length, at most.
const MOST_LENGTH_BYTES: usize = 5;
/// Bits of each of them that count. The highest says whether there are more.
const BITS_OF_BYTE: u32 = 7;

/// Kinds of completions.
const WITH_ERROR: u64 = 1;
const WITHOUT_RESULT: u64 = 2;
const WITH_RESULT: u64 = 3;

pub(crate) fn encode_event_as_invocation(target: &str, payload: &str) -> Bytes {
    encode_message_of_items(kinds::INVOCATION, 6, |message| {
        write_map_without_headers(message);
        let _ = write::write_nil(message);
        let _ = write::write_str(message, target);
        let _ = write::write_array_len(message, 1);
        write_json_as_msgpack(message, payload);
        // No streams. Some clients fail without them.
        let _ = write::write_array_len(message, 0);
    })
}

pub(crate) fn encode_completion_of_invocation(id: &str, completion: &Completion) -> Bytes {
    let (kind, items) = match completion {
        Completion::Void => (WITHOUT_RESULT, 4),
        Completion::Result(_) => (WITH_RESULT, 5),
        Completion::Error(_) => (WITH_ERROR, 5),
    };
    encode_message_of_items(kinds::COMPLETION, items, |message| {
        write_map_without_headers(message);
        let _ = write::write_str(message, id);
        let _ = write::write_uint(message, kind);
        match completion {
            Completion::Void => {}
            Completion::Result(result) => write_value_as_msgpack(message, result),
            Completion::Error(error) => {
                let _ = write::write_str(message, error);
            }
        }
    })
}

pub(crate) fn encode_item_of_stream(id: &str, item: &str) -> Bytes {
    encode_message_of_items(kinds::STREAM_ITEM, 4, |message| {
        write_map_without_headers(message);
        let _ = write::write_str(message, id);
        write_json_as_msgpack(message, item);
    })
}

pub(crate) fn encode_close_with_error(error: Option<&str>, allow_reconnect: bool) -> Bytes {
    encode_message_of_items(kinds::CLOSE, 3, |message| {
        let _ = match error {
            Some(error) => write::write_str(message, error).is_ok(),
            None => write::write_nil(message).is_ok(),
        };
        let _ = write::write_bool(message, allow_reconnect);
    })
}

/// An array of so many items, the type first. Writing to memory cannot fail.
fn encode_message_of_items(
    kind: u64,
    items: u32,
    write_others: impl FnOnce(&mut Vec<u8>),
) -> Bytes {
    let mut message = Vec::new();
    let _ = write::write_array_len(&mut message, items);
    let _ = write::write_uint(&mut message, kind);
    write_others(&mut message);
    let mut bytes = write_length_of_message(message.len());
    bytes.append(&mut message);
    bytes.into()
}

fn write_length_of_message(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MOST_LENGTH_BYTES + length);
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= BITS_OF_BYTE;
        if length == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn write_map_without_headers(message: &mut Vec<u8>) {
    let _ = write::write_map_len(message, 0);
}

fn write_json_as_msgpack(message: &mut Vec<u8>, json: &str) {
    write_value_as_msgpack(message, &serde_json::from_str(json).unwrap_or_default());
}

fn write_value_as_msgpack(message: &mut Vec<u8>, value: &Value) {
    let length = message.len();
    if let Err(error) = rmp_serde::encode::write(message, value) {
        // Writing a JSON value to memory cannot fail; were it to, the client is told nothing instead of half of it.
        tracing::error!(%error, "a value could not be encoded as msgpack");
        message.truncate(length);
        let _ = write::write_nil(message);
    }
}

/// The length at the beginning, and how many bytes it takes; `None` when it is not whole yet.
pub(crate) fn read_length_of_message(bytes: &[u8]) -> Result<Option<(usize, usize)>, BadMessage> {
    let mut length = 0_u64;
    for (at, byte) in bytes.iter().take(MOST_LENGTH_BYTES).enumerate() {
        length |= u64::from(byte & 0x7f) << (BITS_OF_BYTE * u32::try_from(at).unwrap_or_default());
        if byte & 0x80 == 0 {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            return Ok(Some((length, at + 1)));
        }
    }
    if bytes.len() < MOST_LENGTH_BYTES {
        return Ok(None);
    }
    Err(BadMessage::from_text("Messages over 2GB in size are not supported."))
}

/// A message without its length.
pub(crate) fn decode_message_of_client(bytes: &[u8]) -> Result<ClientMessage, BadMessage> {
    let mut reader = MessageReader::new(bytes);
    let items = reader.read_array_of_message()?;
    let Some(kind) = reader.read_next_as_unsigned("type")? else {
        return Ok(ClientMessage::Ignored);
    };
    let require = |least: usize| {
        let missing =
            || BadMessage::from_text(format!("A message of type {kind} has {least} items."));
        if items >= least { Ok(()) } else { Err(missing()) }
    };
    let message = match kind {
        kinds::INVOCATION | kinds::STREAM_INVOCATION => {
            require(5)?;
            let invocation = read_invocation_of_items(&mut reader, items, bytes.len())?;
            match (kind, &invocation.id) {
                (kinds::INVOCATION, _) => ClientMessage::Invocation(invocation),
                (_, Some(_)) => ClientMessage::StreamInvocation(invocation),
                (_, None) => return Err(BadMessage::from_text("A stream needs an invocationId.")),
            }
        }
        kinds::CANCEL_INVOCATION => {
            require(3)?;
            reader.skip_next_value()?;
            let id = reader.read_next_as_text("invocationId")?;
            reader.skip_values_of_rest(items - 3)?;
            ClientMessage::CancelInvocation { id: check_id_of_invocation(id)? }
        }
        kinds::STREAM_ITEM | kinds::COMPLETION => {
            require(4)?;
            reader.skip_next_value()?;
            check_id_of_invocation(reader.read_next_as_text("invocationId")?)?;
            reader.skip_values_of_rest(items - 3)?;
            ClientMessage::Ignored
        }
        kinds::PING | kinds::CLOSE => {
            reader.skip_values_of_rest(items - 1)?;
            if kind == kinds::PING { ClientMessage::Ping } else { ClientMessage::Close }
        }
        _ => return Ok(ClientMessage::Ignored),
    };
    reader.expect_end_of_message()?;
    Ok(message)
}

fn read_invocation_of_items(
    reader: &mut MessageReader<'_>,
    items: usize,
    bytes: usize,
) -> Result<Invocation, BadMessage> {
    reader.skip_next_value()?;
    let id = reader.read_next_as_optional_text("invocationId")?;
    let id = id.map(check_id_of_invocation).transpose()?;
    let target = reader.read_next_as_text("target")?;
    let arguments = reader.read_next_as_arguments()?;
    let stream_ids = if items > 5 { reader.read_next_as_stream_ids()? } else { 0 };
    reader.skip_values_of_rest(items.saturating_sub(6))?;
    Ok(Invocation { id, target, arguments, stream_ids, bytes })
}
