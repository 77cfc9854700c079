//! Frames of the core in the two encodings of Socket.IO.

use bytes::Bytes;
use owlpost_realtime::Frame;
use serde_json::json;
use socketioxide_core::{Str, Value, packet::Packet, parser::Parse};
use socketioxide_parser_common::CommonParser;
use socketioxide_parser_msgpack::MsgPackParser;

/// The one namespace.
const NAMESPACE: &str = "/";
/// The packet type of a refused connection.
const CONNECT_ERROR: u8 = 4;
/// In msgpack.
const EMPTY_ARRAY: [u8; 1] = [0x90];

/// A packet as the engine sends it. Cheap to clone: the bytes are shared.
#[derive(Debug, Clone)]
pub(crate) enum EncodedPacket {
    Text(Str),
    Bytes(Bytes),
}

impl EncodedPacket {
    /// Its size in the queue.
    pub(crate) fn byte_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl From<Value> for EncodedPacket {
    fn from(value: Value) -> Self {
        match value {
            // Our events have no attachments.
            Value::Str(text, _) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

/// The event packet of a frame as the default parser reads it.
#[derive(Clone)]
struct JsonPacket(EncodedPacket);

/// The event packet of a frame in msgpack.
#[derive(Clone)]
struct MsgPackPacket(EncodedPacket);

/// How a socket's packets are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFormat {
    /// The default parser of every client.
    Json,
    /// `socket.io-msgpack-parser`.
    MsgPack,
}

impl WireFormat {
    /// The label in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MsgPack => "msgpack",
        }
    }

    /// The event packet of a frame, encoded by the first socket of each format, for all.
    pub(crate) fn encode_event_of_frame(self, frame: &Frame) -> EncodedPacket {
        match self {
            Self::Json => {
                let JsonPacket(packet) = frame.encode_once_as_type(|frame| {
                    let event = format!("[\"{}\",{}]", frame.name, frame.payload);
                    let event = Packet::event(NAMESPACE, wrap_text_as_value(event));
                    JsonPacket(self.encode_packet_by_parser(event))
                });
                packet
            }
            Self::MsgPack => {
                let MsgPackPacket(packet) = frame.encode_once_as_type(|frame| {
                    let event = encode_json_as_msgpack(&frame.payload, Some(frame.name.as_str()));
                    MsgPackPacket(self.encode_packet_by_parser(Packet::event(NAMESPACE, event)))
                });
                packet
            }
        }
    }

    /// The answer to the event with this acknowledgement number; `answer` is a JSON object.
    pub(crate) fn encode_answer_for_ack(self, answer: &str, ack: i64) -> EncodedPacket {
        let answer = match self {
            Self::Json => wrap_text_as_value(format!("[{answer}]")),
            Self::MsgPack => encode_json_as_msgpack(answer, None),
        };
        self.encode_packet_by_parser(Packet::ack(NAMESPACE, answer, ack))
    }

    /// The refusal of a connection. The library's packet of this kind has no `data`, so it is written here.
    pub(crate) fn encode_connect_error_with_code(self, message: &str, code: &str) -> EncodedPacket {
        let error = json!({ "message": message, "data": { "code": code } });
        match self {
            Self::Json => EncodedPacket::Text(Str::from(format!("{CONNECT_ERROR}{error}"))),
            Self::MsgPack => {
                let packet = json!({ "type": CONNECT_ERROR, "nsp": NAMESPACE, "data": error });
                match encode_json_as_msgpack(&packet.to_string(), None) {
                    // The parser makes a list of arguments of it; the packet is the one in it.
                    Value::Bytes(list) => EncodedPacket::Bytes(list.slice(1..)),
                    other @ Value::Str(..) => other.into(),
                }
            }
        }
    }

    fn encode_packet_by_parser(self, packet: Packet) -> EncodedPacket {
        match self {
            Self::Json => CommonParser.encode(packet).into(),
            Self::MsgPack => MsgPackParser.encode(packet).into(),
        }
    }
}

fn wrap_text_as_value(text: String) -> Value {
    Value::Str(Str::from(text), None)
}

fn encode_json_as_msgpack(json: &str, event: Option<&str>) -> Value {
    let parsed: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    MsgPackParser.encode_value(&parsed, event).unwrap_or_else(|error| {
        // Writing a JSON value to memory cannot fail; were it to, an empty object tells the client to refetch.
        tracing::error!(%error, "a payload could not be encoded as msgpack");
        Value::Bytes(Bytes::from_static(&EMPTY_ARRAY))
    })
}
