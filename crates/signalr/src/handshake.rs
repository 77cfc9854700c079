//! The first message of a client, which chooses the format of all that follow, and the answers to it. All of them are
//! JSON, whatever the format.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};

use crate::{format::HubFormat, framing::find_text_frame_after, hub_message::BadMessage};

/// Longest handshake without its separator. Those of the known clients have 40 bytes or less.
pub(crate) const MOST_HANDSHAKE_BYTES: usize = 4096;
/// The error for a client that did not send its handshake in time.
pub(crate) const HANDSHAKE_CANCELED: &str = "Handshake was canceled.";

/// The name of the protocol that is JSON.
const JSON_PROTOCOL: &str = "json";
/// The name of the protocol that is msgpack.
const MESSAGE_PACK_PROTOCOL: &str = "messagepack";
/// The version that is spoken. Version 2 would be the same with stateful reconnects.
const NEWEST_VERSION: i32 = 1;

/// What the bytes of a client begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// The handshake is not whole yet.
    Incomplete,
    /// The client may go on. Its hub messages begin after this many bytes.
    Accepted { format: HubFormat, bytes: usize },
    /// The client is told this error, and the connection ends.
    Refused { error: String },
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    protocol: Option<&'a RawValue>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
}

/// Reads the handshake from all bytes that were received so far. `carries_binary` says whether the transport has more
/// than text: server-sent events do not.
pub(crate) fn parse_handshake_of_client(received: &[u8], carries_binary: bool) -> Handshake {
    let read = match find_text_frame_after(received, 0, MOST_HANDSHAKE_BYTES) {
        Ok(None) => return Handshake::Incomplete,
        Ok(Some(frame)) => read_protocol_and_version(&received[frame.body])
            .map(|(protocol, version)| (protocol, version, frame.end)),
        Err(bad) => Err(bad),
    };
    let chosen = match read {
        Ok((protocol, version, bytes)) => choose_format_by_name(&protocol, version, carries_binary)
            .map(|format| Handshake::Accepted { format, bytes }),
        Err(bad) => Err(format!("The handshake could not be read. {}", bad.as_str())),
    };
    chosen.unwrap_or_else(|error| Handshake::Refused { error })
}

fn read_protocol_and_version(body: &[u8]) -> Result<(String, i32), BadMessage> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    // The fields could also be read from an array, one after the other.
    if !text.trim_start().starts_with('{') {
        return Err(BadMessage::with_text("Expected a JSON object."));
    }
    let request: Request<'_> =
        serde_json::from_str(text).map_err(|_| BadMessage::with_text("Error reading JSON."))?;
    Ok((
        read_field_of_request(request.protocol, "protocol", "String")?,
        read_field_of_request(request.version, "version", "Number")?,
    ))
}

fn read_field_of_request<T: DeserializeOwned>(
    field: Option<&RawValue>,
    name: &str,
    expected: &str,
) -> Result<T, BadMessage> {
    let field = field.ok_or_else(|| BadMessage::with_missing_property(name))?;
    serde_json::from_str(field.get()).map_err(|_| BadMessage::with_wrong_type(name, expected))
}

/// Names are compared without regard to case, as the servers of others do. Version 0 is what some clients send who take
/// the version of the negotiation for that of the protocol.
fn choose_format_by_name(
    protocol: &str,
    version: i32,
    carries_binary: bool,
) -> Result<HubFormat, String> {
    let format = if protocol.eq_ignore_ascii_case(JSON_PROTOCOL) {
        HubFormat::Json
    } else if protocol.eq_ignore_ascii_case(MESSAGE_PACK_PROTOCOL) {
        HubFormat::MessagePack
    } else {
        return Err(format!("The protocol '{protocol}' is not supported."));
    };
    if !(0..=NEWEST_VERSION).contains(&version) {
        return Err(format!(
            "The server does not support version {version} of the '{protocol}' protocol."
        ));
    }
    if format.is_binary() && !carries_binary {
        return Err(format!(
            "The '{protocol}' protocol is binary, and the current transport carries only text."
        ));
    }
    Ok(format)
}

/// Tells the client that it may go on.
pub(crate) const fn encode_answer_of_acceptance() -> Bytes {
    Bytes::from_static(b"{}\x1e")
}

/// Tells the client why the connection ends.
pub(crate) fn encode_answer_of_refusal(error: &str) -> Bytes {
    format!("{}\x1e", json!({ "error": error })).into()
}
