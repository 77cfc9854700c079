//! The body of a polling POST as packets.
//!
//! The whole body is in memory, so nothing here waits; and each packet takes at least one byte off what is left, so
//! that reading ends whatever a stranger sends.

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use engineioxide_core::{Packet, ProtocolVersion};

use crate::response::Rejection;

/// Between two packets of protocol 4.
const SEPARATOR: char = '\x1e';
/// Behind the length of a packet in a text payload of protocol 3.
const LENGTH_END: char = ':';
/// Behind the length of a packet in a binary payload of protocol 3.
const BINARY_LENGTH_END: u8 = 0xff;
/// What a packet in a binary payload of protocol 3 is: the first byte of its head.
const KIND_TEXT: u8 = 0;
const KIND_BINARY: u8 = 1;
/// The first byte of a binary packet of protocol 3: it is a message, as nothing else is sent in bytes.
const TYPE_MESSAGE: u8 = 4;
/// Digits of a length. No body is as long as what more would say.
const LENGTH_DIGITS: usize = 9;

/// The packets of one body, in order. Ends after the first that is none, since what follows cannot be told apart.
#[derive(Debug)]
pub(crate) enum Packets<'a> {
    /// Protocol 4: packets with separators between.
    Separated(&'a str),
    /// Protocol 3: each with its length in UTF-16 units before it.
    Counted(&'a str),
    /// Protocol 3 in bytes: each with a head that says what it is and how long.
    Headed(&'a [u8]),
}

impl<'a> Packets<'a> {
    /// An error when the body is no text where it has to be.
    pub(crate) fn from_body(
        body: &'a [u8],
        protocol: ProtocolVersion,
        is_binary: bool,
    ) -> Result<Self, Rejection> {
        if protocol == ProtocolVersion::V3 && is_binary {
            return Ok(Self::Headed(body));
        }
        let text = std::str::from_utf8(body).map_err(|_| Rejection::BadPayload)?;
        Ok(match protocol {
            ProtocolVersion::V3 => Self::Counted(text),
            ProtocolVersion::V4 => Self::Separated(text),
        })
    }

    /// Bytes that are not read yet.
    fn unread_bytes(&self) -> usize {
        match self {
            Self::Separated(rest) | Self::Counted(rest) => rest.len(),
            Self::Headed(rest) => rest.len(),
        }
    }
}

impl Iterator for Packets<'_> {
    type Item = Result<Packet, Rejection>;

    fn next(&mut self) -> Option<Self::Item> {
        let unread = self.unread_bytes();
        if unread == 0 {
            return None;
        }
        let packet = match self {
            Self::Separated(rest) => take_separated_packet_from(rest),
            Self::Counted(rest) => take_counted_packet_from(rest),
            Self::Headed(rest) => take_headed_packet_from(rest),
        };
        debug_assert!(packet.is_none() || self.unread_bytes() < unread, "no progress");
        if packet.is_none() {
            *self = Self::Headed(&[]);
        }
        Some(packet.ok_or(Rejection::BadPayload))
    }
}

fn take_separated_packet_from(rest: &mut &str) -> Option<Packet> {
    let (packet, behind) = rest.split_once(SEPARATOR).unwrap_or((rest, ""));
    *rest = behind;
    Packet::parse(ProtocolVersion::V4, packet.to_owned()).ok()
}

fn take_counted_packet_from(rest: &mut &str) -> Option<Packet> {
    let (digits, behind) = rest.split_once(LENGTH_END)?;
    let units = read_length_of_packet(digits.bytes().map(|digit| digit.wrapping_sub(b'0')))?;
    let (packet, behind) = behind.split_at(find_end_of_units(behind, units)?);
    *rest = behind;
    Packet::parse(ProtocolVersion::V3, packet.to_owned()).ok()
}

fn take_headed_packet_from(rest: &mut &[u8]) -> Option<Packet> {
    let (kind, behind) = rest.split_first()?;
    let digits = behind.iter().position(|byte| *byte == BINARY_LENGTH_END)?;
    let length = read_length_of_packet(behind[..digits].iter().copied())?;
    let (packet, behind) = behind[digits + 1..].split_at_checked(length)?;
    *rest = behind;
    match *kind {
        KIND_TEXT => {
            let text = std::str::from_utf8(packet).ok()?;
            Packet::parse(ProtocolVersion::V3, text.to_owned()).ok()
        }
        KIND_BINARY => {
            let bytes = packet.strip_prefix(&[TYPE_MESSAGE])?;
            Some(Packet::BinaryV3(Bytes::copy_from_slice(bytes)))
        }
        _ => None,
    }
}

/// A length of decimal digits, each given as its value. None when it is no number, or zero: there is no empty packet.
fn read_length_of_packet(digits: impl ExactSizeIterator<Item = u8>) -> Option<usize> {
    if digits.len() > LENGTH_DIGITS {
        return None;
    }
    let mut length = 0;
    for digit in digits {
        if digit > 9 {
            return None;
        }
        length = length * 10 + usize::from(digit);
    }
    (length > 0).then_some(length)
}

/// The byte behind so many UTF-16 units, the measure of JavaScript. None when there are fewer, or when the end is
/// between the two units of one character.
fn find_end_of_units(text: &str, units: usize) -> Option<usize> {
    let mut left = units;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return Some(at);
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    (left == 0).then_some(text.len())
}
