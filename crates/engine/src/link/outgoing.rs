//! What waits for a client.

use bytes::Bytes;
use engineioxide_core::{Packet, PacketBuf, ProtocolVersion, Str};
use smallvec::smallvec;

/// Something on its way to the client. Cheap: the bytes are shared with whoever else they go to.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Text(Str),
    Binary(Bytes),
    /// Packets that belong together: text with its attachments, or what a polling answer had no room for.
    Packets(Box<PacketBuf>),
    Ping,
    Pong,
    Close,
}

impl Outgoing {
    /// Bytes in it, without those of framing.
    pub(crate) fn byte_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Packets(packets) => {
                packets.iter().map(|packet| packet.get_size_hint(false)).sum()
            }
            Self::Ping | Self::Pong | Self::Close => 1,
        }
    }

    pub(crate) fn into_packets_of_protocol(self, protocol: ProtocolVersion) -> PacketBuf {
        match self {
            Self::Text(text) => smallvec![Packet::Message(text)],
            Self::Binary(bytes) if protocol == ProtocolVersion::V3 => {
                smallvec![Packet::BinaryV3(bytes)]
            }
            Self::Binary(bytes) => smallvec![Packet::Binary(bytes)],
            Self::Packets(packets) => *packets,
            Self::Ping => smallvec![Packet::Ping],
            Self::Pong => smallvec![Packet::Pong],
            Self::Close => smallvec![Packet::Close],
        }
    }
}
