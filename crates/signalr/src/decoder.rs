//! The bytes of a connection as messages, however they were cut.

#[cfg(test)]
mod tests;

use crate::{
    format::HubFormat,
    hub_message::{BadMessage, ClientMessage},
};

/// Takes bytes as they come and gives messages as they become whole.
///
/// When `next_message_of_client` gives `None`, what is kept is the beginning of one message, at most `most_bytes` and
/// its frame. A connection that has said all it wanted holds no memory. The work is linear in the bytes, also when they
/// come one at a time or all in one piece.
#[derive(Debug)]
pub(crate) struct Decoder {
    format: HubFormat,
    most_bytes: usize,
    buffer: Vec<u8>,
    /// Where the first message begins that was not given yet.
    start: usize,
    /// How many bytes from there on are known to have no separator.
    searched: usize,
    /// Whether a message was bad. Where the next one would begin cannot be relied on, so nothing more is read.
    is_over: bool,
}

impl Decoder {
    /// Reads messages of at most `most_bytes` each, not counting what frames them.
    pub(crate) const fn with_format(format: HubFormat, most_bytes: usize) -> Self {
        Self { format, most_bytes, buffer: Vec::new(), start: 0, searched: 0, is_over: false }
    }

    /// Takes the next bytes of the client, to be followed by calls of `next_message_of_client` until it gives `None`.
    pub(crate) fn add_bytes_of_client(&mut self, bytes: &[u8]) {
        if !self.is_over {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next whole message, or `None` until there are more bytes.
    ///
    /// # Errors
    ///
    /// For bytes that are no message, and for a message over the bound as soon as that is known. The connection is to be
    /// closed: the decoder has dropped its bytes and takes no more, and from then on gives `None`.
    pub(crate) fn next_message_of_client(&mut self) -> Result<Option<ClientMessage>, BadMessage> {
        let message = self.decode_first_whole_frame();
        match &message {
            Ok(Some(_)) if self.start < self.buffer.len() => {}
            Ok(_) => self.keep_incomplete_rest_only(),
            Err(_) => {
                self.is_over = true;
                self.start = self.buffer.len();
                self.keep_incomplete_rest_only();
            }
        }
        message
    }

    fn decode_first_whole_frame(&mut self) -> Result<Option<ClientMessage>, BadMessage> {
        let bytes = &self.buffer[self.start..];
        let frame = self.format.find_first_whole_frame(bytes, self.searched, self.most_bytes)?;
        let Some(frame) = frame else {
            self.searched = bytes.len();
            return Ok(None);
        };
        let message = self.format.decode_message_of_client(&bytes[frame.body])?;
        self.start += frame.end;
        self.searched = 0;
        Ok(Some(message))
    }

    /// Frees what the messages that were given took. What is copied came with the last bytes, since an older beginning
    /// is part of a message that was given; so all copies together are no more than what was received.
    fn keep_incomplete_rest_only(&mut self) {
        if self.start > 0 {
            self.buffer = self.buffer[self.start..].to_vec();
            self.start = 0;
        }
    }

    /// Memory that is held, for the tests of its bound.
    #[cfg(test)]
    pub(crate) const fn held_bytes(&self) -> usize {
        self.buffer.capacity()
    }
}
