//! The two formats of hub messages side by side: what the server writes in each, and how one message is read.

use bytes::Bytes;

use crate::{
    framing::{Frame, find_binary_frame_by_length, find_text_frame_after},
    hub_message::{BadMessage, ClientMessage, Completion},
    json, msgpack,
};

/// How the messages of a connection are encoded. The client chooses in its handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HubFormat {
    /// JSON text; each message ends with a separator.
    Json,
    /// msgpack; each message has its length in front.
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

    /// Whether messages need a transport that carries any bytes.
    pub(crate) const fn is_binary(self) -> bool {
        matches!(self, Self::MessagePack)
    }

    /// An event for the handlers of `target`. `payload_json` is the JSON text of its one argument, and in JSON the
    /// message has it byte for byte. There is no invocation id, so that no client answers.
    pub(crate) fn encode_event_as_invocation(self, target: &str, payload_json: &str) -> Bytes {
        match self {
            Self::Json => json::encode_event_as_json(target, payload_json),
            Self::MessagePack => msgpack::encode_event_as_msgpack(target, payload_json),
        }
    }

    /// The end of the call with this id.
    pub(crate) fn encode_completion_of_invocation(
        self,
        id: &str,
        completion: &Completion,
    ) -> Bytes {
        match self {
            Self::Json => json::encode_completion_as_json(id, completion),
            Self::MessagePack => msgpack::encode_completion_as_msgpack(id, completion),
        }
    }

    /// The next item of the stream with this id. `item_json` is its JSON text.
    pub(crate) fn encode_item_of_stream(self, id: &str, item_json: &str) -> Bytes {
        match self {
            Self::Json => json::encode_item_as_json(id, item_json),
            Self::MessagePack => msgpack::encode_item_as_msgpack(id, item_json),
        }
    }

    /// What tells a client that the server is alive.
    pub(crate) const fn encode_ping_of_server(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Json => json::PING,
            Self::MessagePack => msgpack::PING,
        })
    }

    /// The last message of a connection. With `allow_reconnect`, clients that reconnect by themselves do so.
    pub(crate) fn encode_close_with_error(
        self,
        error: Option<&str>,
        allow_reconnect: bool,
    ) -> Bytes {
        match self {
            Self::Json => json::encode_close_as_json(error, allow_reconnect),
            Self::MessagePack => msgpack::encode_close_as_msgpack(error, allow_reconnect),
        }
    }

    /// Finds the end of the message that `bytes` begin with, having searched the first `searched` of them before.
    pub(crate) fn find_first_whole_frame(
        self,
        bytes: &[u8],
        searched: usize,
        most_bytes: usize,
    ) -> Result<Option<Frame>, BadMessage> {
        match self {
            Self::Json => find_text_frame_after(bytes, searched, most_bytes),
            Self::MessagePack => find_binary_frame_by_length(bytes, most_bytes),
        }
    }

    /// Reads one message, which is all of `body`.
    pub(crate) fn decode_message_of_client(self, body: &[u8]) -> Result<ClientMessage, BadMessage> {
        match self {
            Self::Json => json::decode_message_from_json(body),
            Self::MessagePack => msgpack::decode_message_from_msgpack(body),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BOTH: [HubFormat; 2] = [HubFormat::Json, HubFormat::MessagePack];

    #[track_caller]
    fn assert_encodings_of_message(
        encode: impl Fn(HubFormat) -> Bytes,
        text: &str,
        msgpack: &[u8],
    ) {
        let [json, binary] = BOTH.map(encode);
        assert_eq!(str::from_utf8(&json).unwrap(), text);
        assert_eq!(binary.escape_ascii().to_string(), msgpack.escape_ascii().to_string());
    }

    #[test]
    fn should_write_events_without_an_id_and_with_their_payload_as_it_is() {
        // Neither the order of the fields nor the way numbers are written changes.
        let payload = r#"{"b":1.50,"a":"\u00e9"}"#;
        assert_encodings_of_message(
            |format| format.encode_event_as_invocation("RoomJoined", payload),
            "{\"type\":1,\"target\":\"RoomJoined\",\"arguments\":[{\"b\":1.50,\"a\":\"\\u00e9\"}]}\x1e",
            b"\x22\x96\x01\x80\xc0\xaaRoomJoined\x91\x82\xa1a\xa2\xc3\xa9\xa1b\xcb\x3f\xf8\0\0\0\0\0\0\x90",
        );
    }

    #[test]
    fn should_write_completions_of_each_kind() {
        let encode = |completion: Completion| {
            move |format: HubFormat| format.encode_completion_of_invocation("7", &completion)
        };
        assert_encodings_of_message(
            encode(Completion::Void),
            "{\"type\":3,\"invocationId\":\"7\"}\x1e",
            b"\x06\x94\x03\x80\xa17\x02",
        );
        assert_encodings_of_message(
            encode(Completion::Result(json!({"n": [1, null]}))),
            "{\"type\":3,\"invocationId\":\"7\",\"result\":{\"n\":[1,null]}}\x1e",
            b"\x0c\x95\x03\x80\xa17\x03\x81\xa1n\x92\x01\xc0",
        );
        assert_encodings_of_message(
            encode(Completion::Error("No \"owl\"\x1e".into())),
            "{\"type\":3,\"invocationId\":\"7\",\"error\":\"No \\\"owl\\\"\\u001e\"}\x1e",
            b"\x10\x95\x03\x80\xa17\x01\xa9No \"owl\"\x1e",
        );
    }

    #[test]
    fn should_write_items_of_streams() {
        assert_encodings_of_message(
            |format| format.encode_item_of_stream("a\"b", "{\"event\":\"x\"}"),
            "{\"type\":2,\"invocationId\":\"a\\\"b\",\"item\":{\"event\":\"x\"}}\x1e",
            b"\x10\x94\x02\x80\xa3a\"b\x81\xa5event\xa1x",
        );
    }

    #[test]
    fn should_write_pings_and_closes() {
        assert_encodings_of_message(
            HubFormat::encode_ping_of_server,
            "{\"type\":6}\x1e",
            b"\x02\x91\x06",
        );
        let encode = |error: Option<&'static str>, allow_reconnect| {
            move |format: HubFormat| format.encode_close_with_error(error, allow_reconnect)
        };
        assert_encodings_of_message(
            encode(None, false),
            "{\"type\":7}\x1e",
            b"\x04\x93\x07\xc0\xc2",
        );
        assert_encodings_of_message(
            encode(Some("stop"), true),
            "{\"type\":7,\"error\":\"stop\",\"allowReconnect\":true}\x1e",
            b"\x08\x93\x07\xa4stop\xc3",
        );
        assert_encodings_of_message(
            encode(None, true),
            "{\"type\":7,\"allowReconnect\":true}\x1e",
            b"\x04\x93\x07\xc0\xc3",
        );
    }

    #[test]
    fn should_write_integers_in_their_smallest_form() {
        let frame = HubFormat::MessagePack.encode_item_of_stream("", "[0,127,128,65536,-1,-33]");
        assert_eq!(&frame[5..], b"\x96\0\x7f\xcc\x80\xce\0\x01\0\0\xff\xd0\xdf");
    }

    #[test]
    fn should_have_the_labels_of_logs() {
        assert_eq!(BOTH.map(HubFormat::as_str), ["json", "msgpack"]);
        assert_eq!(BOTH.map(HubFormat::is_binary), [false, true]);
    }
}
