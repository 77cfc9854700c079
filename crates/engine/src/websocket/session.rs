//! What a websocket carries here: a session of the engine.

#[cfg(test)]
mod fuzz;

use std::{sync::Arc, task::Waker};

use engineioxide_core::{Packet, ProtocolVersion};
use owlpost_carrier::{
    queue::{Phase, Taken},
    websocket::{
        Bounds, CloseCode, Message,
        connection::{Carried, EndOfClient, Received, WRITE_BYTES},
    },
};

use super::packets::append_outgoing_as_frames;
use crate::{
    engine::EngineIo,
    handler::EngineIoHandler,
    polling::receive_packet_of_client,
    socket::{DisconnectReason, Socket},
};

/// One session, as the task of its websocket sees it.
pub(crate) struct CarriedSession<H: EngineIoHandler> {
    pub(crate) engine: Arc<EngineIo<H>>,
    pub(crate) socket: Arc<Socket<H::Data>>,
}

impl<H: EngineIoHandler> Carried for CarriedSession<H> {
    fn bounds(&self) -> Bounds {
        let config = &self.engine.config;
        let limit = |most| self.socket.link.stranger.limit_bytes_of_message(most);
        Bounds {
            frame_bytes: limit(config.ws_max_frame_size),
            message_bytes: limit(config.ws_max_message_size),
        }
    }

    fn receive_message(&self, message: Message) -> Result<Received, CloseCode> {
        self.socket.link.stranger.count_bytes_of_message(message.len());
        let packet = match message {
            Message::Text(text) => {
                Packet::parse(self.socket.protocol, text).map_err(|_| CloseCode::Policy)?
            }
            Message::Binary(bytes) => Packet::Binary(match self.socket.protocol {
                // The first byte says that it is a message; nothing else comes as bytes.
                ProtocolVersion::V3 if !bytes.is_empty() => bytes.slice(1..),
                _ => bytes,
            }),
        };
        receive_packet_of_client(&self.engine, &self.socket, packet).map_err(|_| CloseCode::Policy)
    }

    fn append_what_waits(&self, waker: &Waker, frames: &mut Vec<u8>) -> Taken {
        self.socket.link.take_outgoing_or_register(waker, |outgoing| {
            append_outgoing_as_frames(&outgoing, self.socket.protocol, frames);
            frames.len() < WRITE_BYTES
        })
    }

    fn phase(&self) -> Phase {
        self.socket.link.phase_of_session()
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        let reason = match end {
            EndOfClient::Closed(_) => DisconnectReason::TransportClose,
            EndOfClient::Violation(_) => DisconnectReason::PacketParsingError,
            EndOfClient::Lost => DisconnectReason::TransportError,
        };
        self.engine.close_session_with_reason(self.socket.link.sid, reason);
    }

    fn close_code(&self) -> CloseCode {
        CloseCode::Normal
    }
}
