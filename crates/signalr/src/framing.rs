//! Where a message ends: before a separator in JSON, after a length in msgpack.

use std::ops::Range;

use crate::hub_message::BadMessage;

/// What ends a handshake and each message in JSON: the record separator of ASCII, which JSON text has only escaped.
pub(crate) const RECORD_SEPARATOR: u8 = 0x1e;

/// Most bytes of the length in front of a message in msgpack.
const MOST_LENGTH_BYTES: usize = 5;
/// The bit of a byte of the length that says that another byte follows.
const MORE_FOLLOWS: u8 = 0x80;
/// Bits of the length in one of its bytes.
const LENGTH_BITS: usize = 7;

/// A whole message among bytes that were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The message without what frames it.
    pub(crate) body: Range<usize>,
    /// Where the next one begins.
    pub(crate) end: usize,
}

impl Frame {
    /// The frame of the message at this place, which must not be empty.
    fn from_body(body: Range<usize>, end: usize) -> Result<Option<Self>, BadMessage> {
        if body.is_empty() {
            return Err(BadMessage::with_text("The message is empty."));
        }
        Ok(Some(Self { body, end }))
    }
}

/// Finds the end of the message that `bytes` begin with. The first `searched` of them are known to have no separator.
///
/// # Errors
///
/// When the message is empty, or is longer than `most_bytes` without its separator, whether or not that was received.
pub(crate) fn find_text_frame_after(
    bytes: &[u8],
    searched: usize,
    most_bytes: usize,
) -> Result<Option<Frame>, BadMessage> {
    let within_bound = &bytes[..bytes.len().min(most_bytes.saturating_add(1))];
    let unsearched = within_bound.get(searched..).unwrap_or_default();
    match memchr::memchr(RECORD_SEPARATOR, unsearched) {
        Some(index) => Frame::from_body(0..searched + index, searched + index + 1),
        None if bytes.len() > most_bytes => Err(describe_message_over_bound(most_bytes)),
        None => Ok(None),
    }
}

/// Finds the end of the message that `bytes` begin with by the length in front of it.
///
/// # Errors
///
/// When the length is zero, is over `most_bytes`, or has more than five bytes. The message need not be there.
pub(crate) fn find_binary_frame_by_length(
    bytes: &[u8],
    most_bytes: usize,
) -> Result<Option<Frame>, BadMessage> {
    let mut length = 0_u64;
    for (index, byte) in bytes.iter().take(MOST_LENGTH_BYTES).enumerate() {
        length |= u64::from(byte & !MORE_FOLLOWS) << (index * LENGTH_BITS);
        if byte & MORE_FOLLOWS != 0 {
            continue;
        }
        let Some(length) = usize::try_from(length).ok().filter(|length| *length <= most_bytes)
        else {
            return Err(describe_message_over_bound(most_bytes));
        };
        let (start, end) = (index + 1, index + 1 + length);
        return if end <= bytes.len() { Frame::from_body(start..end, end) } else { Ok(None) };
    }
    if bytes.len() >= MOST_LENGTH_BYTES {
        let text = format!("The length of a message has more than {MOST_LENGTH_BYTES} bytes.");
        return Err(BadMessage::with_text(text));
    }
    Ok(None)
}

fn describe_message_over_bound(most_bytes: usize) -> BadMessage {
    BadMessage::with_text(format!("The message is longer than {most_bytes} bytes."))
}

/// A message of the server in msgpack, with its length in front.
pub(crate) fn prefix_body_with_length(body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(MOST_LENGTH_BYTES + body.len());
    let mut length = body.len();
    loop {
        let low_bits = u8::try_from(length & usize::from(!MORE_FOLLOWS)).unwrap_or_default();
        length >>= LENGTH_BITS;
        if length == 0 {
            frame.push(low_bits);
            break;
        }
        frame.push(low_bits | MORE_FOLLOWS);
    }
    frame.extend_from_slice(body);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST_BYTES: usize = 1 << 20;

    #[test]
    fn should_write_and_read_lengths_as_the_protocol_says() {
        let heads: [(usize, &[u8]); 6] = [
            (1, b"\x01"),
            (53, b"\x35"),
            (127, b"\x7f"),
            (128, b"\x80\x01"),
            (5248, b"\x80\x29"),
            (MOST_BYTES, b"\x80\x80\x40"),
        ];
        for (length, head) in heads {
            let frame = prefix_body_with_length(&vec![7; length]);
            assert_eq!((&frame[..head.len()], frame.len()), (head, head.len() + length));
            let found = find_binary_frame_by_length(&frame, MOST_BYTES);
            let expected = Frame { body: head.len()..frame.len(), end: frame.len() };
            assert_eq!(found, Ok(Some(expected)));
            let cut = &frame[..frame.len() - 1];
            assert_eq!(find_binary_frame_by_length(cut, MOST_BYTES), Ok(None));
        }
    }

    #[test]
    fn should_accept_lengths_with_leading_zeros_up_to_five_bytes() {
        let frame = b"\x81\x80\x80\x80\x00x";
        let expected = Frame { body: 5..6, end: 6 };
        assert_eq!(find_binary_frame_by_length(frame, MOST_BYTES), Ok(Some(expected)));
        for bytes in 0..5 {
            assert_eq!(find_binary_frame_by_length(&frame[..bytes], MOST_BYTES), Ok(None));
        }
        let error = find_binary_frame_by_length(b"\x81\x80\x80\x80\x80", MOST_BYTES).unwrap_err();
        assert_eq!(error.as_str(), "The length of a message has more than 5 bytes.");
    }

    #[test]
    fn should_know_a_message_over_the_bound_by_its_length_alone() {
        assert_eq!(find_binary_frame_by_length(b"\x80\x01", 128), Ok(None));
        let error = find_binary_frame_by_length(b"\x81\x01", 128).unwrap_err();
        assert_eq!(error.as_str(), "The message is longer than 128 bytes.");
        for huge in [b"\xff\xff\xff\xff\x07", b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x7f"] {
            assert_eq!(find_binary_frame_by_length(huge, 128), Err(error.clone()));
        }
    }

    #[test]
    fn should_know_a_text_over_the_bound_without_its_separator() {
        let expected = Frame { body: 0..4, end: 5 };
        assert_eq!(find_text_frame_after(b"1234\x1e", 0, 4), Ok(Some(expected)));
        assert_eq!(find_text_frame_after(b"1234", 0, 4), Ok(None));
        for over in [b"12345".as_slice(), b"12345\x1e"] {
            let error = find_text_frame_after(over, 0, 4).unwrap_err();
            assert_eq!(error.as_str(), "The message is longer than 4 bytes.");
        }
    }

    #[test]
    fn should_refuse_empty_messages() {
        let error = find_text_frame_after(b"\x1e", 0, 4).unwrap_err();
        assert_eq!(error.as_str(), "The message is empty.");
        for empty in [b"\0".as_slice(), b"\x80\0", b"\x80\x80\x80\x80\0"] {
            assert_eq!(find_binary_frame_by_length(empty, 4), Err(error.clone()));
        }
    }
}
