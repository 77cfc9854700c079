//! What clients send, read as both servers of the gateway read it.

mod json_packets;
mod msgpack_packets;
mod server;

use owlpost_fuzzing::Choices;

/// A message of the engine.
#[derive(Debug, Clone)]
enum EngineMessage {
    Text(String),
    Bytes(Vec<u8>),
}

/// Messages an input stands for: each a byte for its kind and the high part of its length, one for the low part, and
/// the message. What is no UTF-8 the engine refuses before any parser sees it.
fn read_messages_of_input(input: &[u8]) -> Vec<EngineMessage> {
    let mut choices = Choices::new(input);
    let mut messages = Vec::new();
    while !choices.is_empty() {
        let kind = choices.take_byte_or_zero();
        let length = usize::from(kind >> 4) * 256 + usize::from(choices.take_byte_or_zero());
        let bytes = choices.take_bytes_up_to(length);
        messages.push(match std::str::from_utf8(bytes) {
            Ok(text) if kind & 1 == 0 => EngineMessage::Text(text.to_owned()),
            _ => EngineMessage::Bytes(bytes.to_vec()),
        });
    }
    messages
}

/// A name as our handlers get it.
fn replace_what_needs_an_escape(name: &str) -> String {
    name.replace(|character: char| matches!(character, '"' | '\\' | '\0'..='\x1f'), "\u{fffd}")
}

fn count_values_in_json(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(values) => {
            1 + values.iter().map(count_values_in_json).sum::<usize>()
        }
        serde_json::Value::Object(fields) => {
            1 + fields.values().map(count_values_in_json).sum::<usize>()
        }
        _ => 1,
    }
}
