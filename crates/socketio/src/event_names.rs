//! Names of events, however a client writes them.
//!
//! The library borrows the name of an event from the text of its packet, and takes a number, or text with an escape in its
//! JSON, for no name at all: that ends the connection. So such a packet is written anew before the library reads it. All
//! others, which are nearly all that clients send, are looked at up to the end of the name.

#[cfg(test)]
mod tests;

use engineioxide::{ReadableText, Str};
use serde_json::Number;

/// Stands for a character of a name that cannot be written without an escape. No event that is handled has one.
const STAND_IN: char = char::REPLACEMENT_CHARACTER;

/// What the library is given of a text: the packet, in which an event's name has no escapes, and how many attachments it
/// announces.
pub fn make_packet_text_readable(text: Str) -> ReadableText {
    let attachments = count_attachments_of_packet(&text);
    ReadableText { text: rewrite_event_name_plainly(text), attachments }
}

/// Of an event or an acknowledgement with attachments (types 5 and 6). A number that is none is left to the library, which
/// ends the connection.
fn count_attachments_of_packet(text: &str) -> usize {
    let Some(b'5' | b'6') = text.as_bytes().first() else { return 0 };
    text[1..].split_once('-').and_then(|(count, _)| count.parse().ok()).unwrap_or(0)
}

/// Writes the name of an event as text without escapes; every other packet stays as it is. A packet becomes half as long
/// again at most, and two bytes longer.
pub(crate) fn rewrite_event_name_plainly(text: Str) -> Str {
    let Some(start) = find_first_value_of_event(&text) else { return text };
    let plain = match text.as_bytes().get(start) {
        Some(b'"') => decode_name_with_escapes(&text[start..]),
        Some(b'-' | b'0'..=b'9') => quote_name_without_quotes(&text[start..]),
        _ => None,
    };
    match plain {
        Some((name, rest)) => [&text[..start], "\"", &name, "\"", rest].concat().into(),
        // It has a name that the library reads, or is no JSON: over that the library ends the connection.
        None => text,
    }
}

/// Where the name of an event should stand: behind the type, the number of attachments, the namespace, the number of the
/// acknowledgement and the bracket.
fn find_first_value_of_event(text: &str) -> Option<usize> {
    let behind_type = match text.as_bytes().first()? {
        b'2' => &text[1..],
        b'5' => skip_leading_ascii_digits(&text[1..]).strip_prefix('-')?,
        _ => return None,
    };
    let behind_namespace =
        if behind_type.starts_with('/') { behind_type.split_once(',')?.1 } else { behind_type };
    let list = skip_leading_ascii_digits(behind_namespace).strip_prefix('[')?;
    Some(text.len() - list.trim_start_matches([' ', '\t', '\n', '\r']).len())
}

fn skip_leading_ascii_digits(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_ascii_digit())
}

/// The number, which JavaScript takes for a name, and what stands behind it.
fn quote_name_without_quotes(text: &str) -> Option<(String, &str)> {
    let end = text.find([',', ']', ' ', '\t', '\n', '\r'])?;
    let (number, behind) = text.split_at(end);
    serde_json::from_str::<Number>(number).ok()?;
    Some((number.to_owned(), behind))
}

/// The name without its quotes, and what stands behind them; `None` when it has no escape, or no end.
fn decode_name_with_escapes(text: &str) -> Option<(String, &str)> {
    let bytes = text.as_bytes();
    let mut at = 1 + bytes[1..].iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    if bytes[at] == b'"' {
        return None;
    }
    while *bytes.get(at)? != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    Some((decode_escapes_or_replace_them(&text[1..at])?, &text[at + 1..]))
}

fn decode_escapes_or_replace_them(name: &str) -> Option<String> {
    let mut decoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, escape)) = rest.split_once('\\') {
        let (character, behind) = decode_first_json_escape(escape)?;
        decoded.push_str(before);
        let is_plain = !matches!(character, '"' | '\\' | '\0'..='\x1f');
        decoded.push(if is_plain { character } else { STAND_IN });
        rest = behind;
    }
    decoded.push_str(rest);
    Some(decoded)
}

/// The character of an escape, of which the backslash is cut off, and what stands behind it.
fn decode_first_json_escape(escape: &str) -> Option<(char, &str)> {
    let behind = escape.get(1..)?;
    match escape.as_bytes()[0] {
        b'/' => Some(('/', behind)),
        b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some((STAND_IN, behind)),
        b'u' => decode_utf16_json_escape(behind),
        _ => None,
    }
}

/// One code unit, or two that make a character. JavaScript allows halves of one, Rust does not.
fn decode_utf16_json_escape(digits: &str) -> Option<(char, &str)> {
    let (first, behind) = parse_four_hex_digits(digits)?;
    let second = behind.strip_prefix("\\u").and_then(parse_four_hex_digits);
    if let Some((second, behind_both)) = second
        && let Some(Ok(character)) = char::decode_utf16([first, second]).next()
        && character.len_utf16() == 2
    {
        return Some((character, behind_both));
    }
    Some((char::from_u32(first.into()).unwrap_or(STAND_IN), behind))
}

fn parse_four_hex_digits(text: &str) -> Option<(u16, &str)> {
    let digits = text.get(..4)?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)?;
    Some((unit, &text[4..]))
}
