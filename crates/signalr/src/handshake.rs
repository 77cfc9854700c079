//! What a client says first, in JSON whatever it speaks later: which protocol that is.

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{format::HubFormat, json::RECORD_SEPARATOR};

/// Bytes of a handshake, at most.
const MOST_BYTES: usize = 4096;
/// The versions of the hub protocols that are spoken. Python's signalrcore names that of the negotiation, which is 0 or 1.
const LATEST_VERSION: i64 = 1;

/// What the beginning of a connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// It is not whole yet.
    Incomplete,
    /// The client speaks this; messages begin behind so many bytes.
    Accepted { format: HubFormat, length: usize },
    /// Why the connection ends.
    Refused(String),
}

/// Reads a handshake at the beginning of what was received. `takes_binary` says whether the connection is carried by
/// something that can carry bytes.
pub(crate) fn read_handshake_of_client(received: &[u8], takes_binary: bool) -> Handshake {
    let looked_at = &received[..received.len().min(MOST_BYTES)];
    let Some(end) = memchr::memchr(RECORD_SEPARATOR, looked_at) else {
        if looked_at.len() < MOST_BYTES {
            return Handshake::Incomplete;
        }
        return Handshake::Refused("The handshake is larger than the limit.".to_owned());
    };
    match read_protocol_of_handshake(&received[..end], takes_binary) {
        Ok(format) => Handshake::Accepted { format, length: end + 1 },
        Err(error) => Handshake::Refused(error),
    }
}

fn read_protocol_of_handshake(bytes: &[u8], takes_binary: bool) -> Result<HubFormat, String> {
    let request = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let (Some(name), Some(version)) = (request["protocol"].as_str(), request["version"].as_i64())
    else {
        return Err("The handshake request is no object with a protocol and a version.".to_owned());
    };
    let format = match name {
        _ if name.eq_ignore_ascii_case("json") => HubFormat::Json,
        _ if name.eq_ignore_ascii_case("messagepack") => HubFormat::MessagePack,
        _ => {
            let name: String = name.chars().take(64).collect();
            return Err(format!("The protocol '{name}' is not supported."));
        }
    };
    if !(0..=LATEST_VERSION).contains(&version) {
        return Err(format!(
            "The server does not support version {version} of the '{name}' protocol."
        ));
    }
    if format.is_binary() && !takes_binary {
        return Err(format!("The transport cannot carry the '{name}' protocol, which is binary."));
    }
    Ok(format)
}

/// The answer to a handshake: why it is refused, or that messages follow.
pub(crate) fn encode_handshake_answer_with(error: Option<&str>) -> Bytes {
    let answer = error.map_or_else(|| json!({}), |error| json!({ "error": error }));
    let mut bytes = answer.to_string().into_bytes();
    bytes.push(RECORD_SEPARATOR);
    bytes.into()
}
