//! Any body at all against a slower decoder, and bodies as clients write them against what they were written of.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use owlpost_fuzzing::{Choices, FuzzTarget};

use super::*;

/// What clients can send a body in.
#[derive(Debug, Clone, Copy)]
enum Format {
    Four,
    ThreeText,
    ThreeBytes,
}

impl Format {
    /// By a byte that is easily read in the corpus.
    const fn from_byte(byte: u8) -> Self {
        match byte {
            b'4' => Self::Four,
            b'b' => Self::ThreeBytes,
            _ => Self::ThreeText,
        }
    }

    const fn protocol(self) -> ProtocolVersion {
        match self {
            Self::Four => ProtocolVersion::V4,
            Self::ThreeText | Self::ThreeBytes => ProtocolVersion::V3,
        }
    }
}

/// The packets of a body up to the first that is none; whether there was such a one.
#[derive(Debug, Default, PartialEq)]
struct Decoded {
    packets: Vec<Packet>,
    is_broken: bool,
}

fn decode_body_by_engine(format: Format, body: &[u8]) -> Decoded {
    let is_binary = matches!(format, Format::ThreeBytes);
    let Ok(packets) = Packets::from_body(body, format.protocol(), is_binary) else {
        return Decoded { is_broken: true, ..Decoded::default() };
    };
    let mut decoded = Decoded::default();
    for (number, packet) in packets.enumerate() {
        assert!(number < body.len(), "more packets than bytes");
        assert!(!decoded.is_broken, "a packet after one that is none");
        match packet {
            Ok(packet) => decoded.packets.push(packet),
            Err(rejection) => {
                assert_eq!(rejection, Rejection::BadPayload);
                decoded.is_broken = true;
            }
        }
    }
    decoded
}

fn parse_text_of_packet(format: Format, text: String) -> Option<Packet> {
    Packet::parse(format.protocol(), text).ok()
}

/// A length in front of `end`, and what is behind it.
fn split_length_from_packets<T: Copy + PartialEq>(
    units: &[T],
    end: T,
    value_of: impl Fn(T) -> Option<u64>,
) -> Option<(usize, &[T])> {
    let at = units.iter().position(|unit| *unit == end).filter(|at| *at <= 9)?;
    let length = units[..at].iter().try_fold(0, |sum, unit| Some(sum * 10 + value_of(*unit)?))?;
    Some((usize::try_from(length).ok().filter(|length| *length > 0)?, &units[at + 1..]))
}

/// Takes the body apart as JavaScript would, unit by unit.
fn decode_body_unit_by_unit(format: Format, body: &[u8]) -> Option<Vec<Option<Packet>>> {
    let mut packets = Vec::new();
    match format {
        Format::Four => {
            let text = String::from_utf8(body.to_vec()).ok()?;
            let mut parts: Vec<&str> = text.split('\x1e').collect();
            // The end of a body is no packet, whether or not a separator is in front of it.
            if parts.last().is_some_and(|part| part.is_empty()) {
                parts.pop();
            }
            packets.extend(
                parts.into_iter().map(|part| parse_text_of_packet(format, part.to_owned())),
            );
        }
        Format::ThreeText => {
            let text = String::from_utf8(body.to_vec()).ok()?;
            let units: Vec<u16> = text.encode_utf16().collect();
            let digit = |unit: u16| char::from_u32(unit.into())?.to_digit(10).map(u64::from);
            let mut rest = &units[..];
            while !rest.is_empty() {
                let taken = split_length_from_packets(rest, u16::from(b':'), digit)
                    .and_then(|(length, behind)| behind.split_at_checked(length));
                packets.push(taken.and_then(|(packet, _)| {
                    parse_text_of_packet(format, String::from_utf16(packet).ok()?)
                }));
                rest = taken.map_or(&[], |(_, behind)| behind);
            }
        }
        Format::ThreeBytes => {
            let digit = |byte: u8| (byte < 10).then_some(u64::from(byte));
            let mut rest = body;
            while let Some((kind, behind)) = rest.split_first() {
                let taken = split_length_from_packets(behind, 0xff, digit)
                    .and_then(|(length, behind)| behind.split_at_checked(length));
                packets.push(taken.and_then(|(packet, _)| match (kind, packet) {
                    (0, text) => {
                        parse_text_of_packet(format, String::from_utf8(text.to_vec()).ok()?)
                    }
                    (1, [4, bytes @ ..]) => Some(Packet::BinaryV3(bytes.to_vec().into())),
                    _ => None,
                }));
                rest = taken.map_or(&[], |(_, behind)| behind);
            }
        }
    }
    Some(packets)
}

#[test]
fn should_decode_any_body_as_a_slower_decoder_does() {
    FuzzTarget::new("polling-bodies").check_each_fuzzed_input(|input| {
        let Some((first, body)) = input.split_first() else { return };
        let format = Format::from_byte(*first);
        let expected = match decode_body_unit_by_unit(format, body) {
            None => Decoded { is_broken: true, ..Decoded::default() },
            Some(all) => Decoded {
                is_broken: all.iter().any(Option::is_none),
                packets: all.into_iter().map_while(|packet| packet).collect(),
            },
        };
        assert_eq!(decode_body_by_engine(format, body), expected, "{format:?}");
    });
}

/// A message as the bytes of an input choose it.
fn take_packet_of_choices(format: Format, choices: &mut Choices<'_>) -> Packet {
    let kind = choices.take_byte_or_zero();
    let length = usize::from(choices.take_byte_or_zero());
    let bytes = choices.take_bytes_up_to(length);
    match (kind % 8, format) {
        (0, _) => Packet::Ping,
        (1, _) => Packet::Pong,
        (2, _) => Packet::Close,
        (3 | 4, Format::Four) => Packet::Binary(bytes.to_vec().into()),
        (3 | 4, _) => Packet::BinaryV3(bytes.to_vec().into()),
        _ => {
            let text = String::from_utf8_lossy(bytes).replace(SEPARATOR, "-");
            Packet::Message(text.into())
        }
    }
}

fn append_packet_as_client(format: Format, packet: &Packet, body: &mut Vec<u8>) {
    let text = match packet {
        Packet::Message(text) => format!("4{text}"),
        Packet::Binary(bytes) => format!("b{}", STANDARD.encode(bytes)),
        Packet::BinaryV3(bytes) => format!("b4{}", STANDARD.encode(bytes)),
        Packet::Ping => "2".to_owned(),
        Packet::Pong => "3".to_owned(),
        _ => "1".to_owned(),
    };
    match format {
        Format::Four => {
            if !body.is_empty() {
                body.push(b'\x1e');
            }
            body.extend_from_slice(text.as_bytes());
        }
        Format::ThreeText => {
            body.extend_from_slice(format!("{}:{text}", text.encode_utf16().count()).as_bytes());
        }
        Format::ThreeBytes => {
            let (kind, bytes) = match packet {
                Packet::BinaryV3(bytes) => (1, [&[4], bytes.as_ref()].concat()),
                _ => (0, text.into_bytes()),
            };
            body.push(kind);
            body.extend(bytes.len().to_string().bytes().map(|digit| digit - b'0'));
            body.push(0xff);
            body.extend_from_slice(&bytes);
        }
    }
}

#[test]
fn should_decode_what_clients_write_to_what_they_mean() {
    FuzzTarget::new("polling-packets").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let format = Format::from_byte(choices.take_byte_or_zero());
        let (mut packets, mut body) = (Vec::new(), Vec::new());
        while !choices.is_empty() {
            let packet = take_packet_of_choices(format, &mut choices);
            append_packet_as_client(format, &packet, &mut body);
            packets.push(packet);
        }
        let decoded = decode_body_by_engine(format, &body);
        assert_eq!(decoded, Decoded { packets, is_broken: false }, "{format:?}");
    });
}
