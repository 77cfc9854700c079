//! Frames of the core in the two encodings of Socket.IO.

use bytes::Bytes;
use owlpost_domain::recovery::Pid;
use owlpost_realtime::Frame;
use serde::Serialize;
use serde_json::json;
use socketioxide_core::{Str, Value, packet::Packet, parser::Parse};
use socketioxide_parser_common::CommonParser;
use socketioxide_parser_msgpack::MsgPackParser;

/// The one namespace.
const NAMESPACE: &str = "/";
/// The packet type of an accepted connection.
const CONNECT: u8 = 0;
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

/// Whether events tell their position in the log by a last argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offsets {
    Told,
    LeftOut,
}

/// What a client is told that may enter, its fields in the order of Node's server.
#[derive(Serialize)]
struct ConnectAnswer<'a> {
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<String>,
}

/// The event packet of a frame as the default parser reads it.
#[derive(Clone)]
struct JsonPacket(EncodedPacket);

/// The same, with its position as last argument.
#[derive(Clone)]
struct JsonPacketWithOffset(EncodedPacket);

/// The event packet of a frame in msgpack.
#[derive(Clone)]
struct MsgPackPacket(EncodedPacket);

/// The same, with its position as last argument.
#[derive(Clone)]
struct MsgPackPacketWithOffset(EncodedPacket);

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

    /// The event packet of a frame, encoded by the first socket of each encoding, for all.
    pub(crate) fn encode_event_of_frame(self, frame: &Frame, offsets: Offsets) -> EncodedPacket {
        let position = frame.position.filter(|_| offsets == Offsets::Told);
        match (self, position) {
            (Self::Json, None) => {
                frame
                    .encode_once_as_type(|frame| {
                        JsonPacket(self.encode_event_at_position(frame, None))
                    })
                    .0
            }
            (Self::Json, position) => {
                let encode = |frame: &Frame| self.encode_event_at_position(frame, position);
                frame.encode_once_as_type(|frame| JsonPacketWithOffset(encode(frame))).0
            }
            (Self::MsgPack, None) => {
                frame
                    .encode_once_as_type(|frame| {
                        MsgPackPacket(self.encode_event_at_position(frame, None))
                    })
                    .0
            }
            (Self::MsgPack, position) => {
                let encode = |frame: &Frame| self.encode_event_at_position(frame, position);
                frame.encode_once_as_type(|frame| MsgPackPacketWithOffset(encode(frame))).0
            }
        }
    }

    fn encode_event_at_position(self, frame: &Frame, position: Option<i64>) -> EncodedPacket {
        let (name, payload) = (frame.name.as_str(), &frame.payload);
        let event = match (self, position) {
            (Self::Json, None) => wrap_text_as_value(format!("[\"{name}\",{payload}]")),
            (Self::Json, Some(position)) => {
                wrap_text_as_value(format!("[\"{name}\",{payload},\"{position}\"]"))
            }
            (Self::MsgPack, None) => {
                encode_value_as_msgpack(&parse_json_of_product(payload), Some(name))
            }
            (Self::MsgPack, Some(position)) => {
                // A tuple is a list of arguments for the parser, a list is one of them.
                let arguments = (parse_json_of_product(payload), position.to_string());
                encode_value_as_msgpack(&arguments, Some(name))
            }
        };
        self.encode_packet_by_parser(Packet::event(NAMESPACE, event))
    }

    /// The answer to the event with this acknowledgement number; `answer` is a JSON object.
    pub(crate) fn encode_answer_for_ack(self, answer: &str, ack: i64) -> EncodedPacket {
        let answer = match self {
            Self::Json => wrap_text_as_value(format!("[{answer}]")),
            Self::MsgPack => encode_value_as_msgpack(&parse_json_of_product(answer), None),
        };
        self.encode_packet_by_parser(Packet::ack(NAMESPACE, answer, ack))
    }

    /// The answer to a connection that is accepted. The library's packet of this kind has no `pid`, so it is written here.
    pub(crate) fn encode_connect_with_pid(
        self,
        socket_id: &str,
        pid: Option<&Pid>,
    ) -> EncodedPacket {
        let pid = pid.map(Pid::to_string);
        self.encode_packet_with_data(CONNECT, &ConnectAnswer { sid: socket_id, pid })
    }

    /// The refusal of a connection. The library's packet of this kind has no `data`, so it is written here.
    pub(crate) fn encode_connect_error_with_code(self, message: &str, code: &str) -> EncodedPacket {
        let error = json!({ "message": message, "data": { "code": code } });
        self.encode_packet_with_data(CONNECT_ERROR, &error)
    }

    /// The refusal of a connection for clients of protocol 2, which hand it to their `error` listeners as it is.
    pub(crate) fn encode_connect_error_as_text(self, message: &str) -> EncodedPacket {
        self.encode_packet_with_data(CONNECT_ERROR, &json!(message))
    }

    fn encode_packet_with_data(self, kind: u8, data: &impl Serialize) -> EncodedPacket {
        match self {
            Self::Json => {
                let data = serde_json::to_string(data).unwrap_or_default();
                EncodedPacket::Text(Str::from(format!("{kind}{data}")))
            }
            Self::MsgPack => {
                let packet = json!({ "type": kind, "nsp": NAMESPACE, "data": data });
                match encode_value_as_msgpack(&packet, None) {
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

fn parse_json_of_product(json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap_or_default()
}

fn encode_value_as_msgpack(value: &impl Serialize, event: Option<&str>) -> Value {
    MsgPackParser.encode_value(value, event).unwrap_or_else(|error| {
        // Writing a JSON value to memory cannot fail; were it to, an empty object tells the client to refetch.
        tracing::error!(%error, "a payload could not be encoded as msgpack");
        Value::Bytes(Bytes::from_static(&EMPTY_ARRAY))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_refuse_clients_of_each_protocol_as_they_expect() {
        let encode = |packet| match packet {
            EncodedPacket::Text(text) => text.to_string(),
            EncodedPacket::Bytes(bytes) => {
                let value: serde_json::Value = rmp_serde::from_slice(&bytes).unwrap();
                value.to_string()
            }
        };
        let (message, code) = ("Token expired", "TOKEN_EXPIRED");
        assert_eq!(
            encode(WireFormat::Json.encode_connect_error_as_text(message)),
            r#"4"Token expired""#,
        );
        assert_eq!(
            encode(WireFormat::Json.encode_connect_error_with_code(message, code)),
            r#"4{"data":{"code":"TOKEN_EXPIRED"},"message":"Token expired"}"#,
        );
        assert_eq!(
            encode(WireFormat::MsgPack.encode_connect_error_as_text(message)),
            r#"{"data":"Token expired","nsp":"/","type":4}"#,
        );
    }
}
