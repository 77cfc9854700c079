//! What a client sends as messages, however it is cut.

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use bytes::{Buf as _, Bytes, BytesMut};

use crate::{
    format::HubFormat,
    hub_message::{BadMessage, ClientMessage},
    json::{self, RECORD_SEPARATOR},
    msgpack::{self, read_length_of_message},
};

/// Puts messages together. While nothing is on its way it holds no memory.
#[derive(Debug)]
pub(crate) struct Decoder {
    format: HubFormat,
    most_bytes: usize,
    received: BytesMut,
    /// Bytes of those received that have no separator in them: they need no second look.
    searched: usize,
}

impl Decoder {
    /// A message may have so many bytes.
    pub(crate) fn with_format(format: HubFormat, most_bytes: usize) -> Self {
        Self { format, most_bytes, received: BytesMut::new(), searched: 0 }
    }

    pub(crate) fn add_bytes_of_client(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next whole message; `None` when there is none yet.
    pub(crate) fn next_message_of_client(&mut self) -> Result<Option<ClientMessage>, BadMessage> {
        let message = match self.format {
            HubFormat::Json => self.take_message_before_separator()?,
            HubFormat::MessagePack => self.take_message_behind_length()?,
        };
        let Some(message) = message else { return Ok(None) };
        if self.received.is_empty() {
            self.received = BytesMut::new();
        }
        match self.format {
            HubFormat::Json => json::decode_message_of_client(&message).map(Some),
            HubFormat::MessagePack => msgpack::decode_message_of_client(&message).map(Some),
        }
    }

    fn take_message_before_separator(&mut self) -> Result<Option<Bytes>, BadMessage> {
        let found = memchr::memchr(RECORD_SEPARATOR, &self.received[self.searched..]);
        let length = found.map_or(self.received.len(), |at| self.searched + at);
        self.check_length_of_message(length)?;
        if found.is_none() {
            self.searched = length;
            return Ok(None);
        }
        self.searched = 0;
        let message = self.received.split_to(length).freeze();
        self.received.advance(1);
        Ok(Some(message))
    }

    fn take_message_behind_length(&mut self) -> Result<Option<Bytes>, BadMessage> {
        let Some((length, head)) = read_length_of_message(&self.received)? else { return Ok(None) };
        self.check_length_of_message(length)?;
        if self.received.len() < head + length {
            return Ok(None);
        }
        self.received.advance(head);
        Ok(Some(self.received.split_to(length).freeze()))
    }

    fn check_length_of_message(&self, length: usize) -> Result<(), BadMessage> {
        if length <= self.most_bytes {
            return Ok(());
        }
        let most = self.most_bytes;
        Err(BadMessage::from_text(format!("The maximum message size of {most}B was exceeded.")))
    }
}
