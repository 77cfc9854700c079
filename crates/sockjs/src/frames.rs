//! The framing of SockJS: `o` opens, `h` is a sign of life, `a[…]` brings messages, `c[…]` ends.

use std::{io, task::Waker};

use bytes::Bytes;
use owlpost_carrier::{
    Outgoing, Pipe,
    pipe::TakerNumber,
    queue::{Phase, Taken},
};
use serde::Serialize as _;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Bytes after which no further message is added to a frame.
const FRAME_BYTES: usize = 64 * 1024;

/// Why a client is told that its connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// The server ended it.
    GoAway,
    /// The network did.
    Interrupted,
    /// Another request waits for what this one asks for.
    AnotherOpen,
}

impl Farewell {
    /// What is said of a connection that has ended.
    pub(crate) const fn of_ended_phase(phase: Phase) -> Self {
        match phase {
            Phase::Open | Phase::Closing => Self::GoAway,
            Phase::Broken => Self::Interrupted,
        }
    }

    pub(crate) const fn as_frame(self) -> Bytes {
        Bytes::from_static(match self {
            Self::GoAway => br#"c[3000,"Go away!"]"#,
            Self::Interrupted => br#"c[1002,"Connection interrupted"]"#,
            Self::AnotherOpen => br#"c[2010,"Another connection still open"]"#,
        })
    }
}

/// What there was to send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextFrame {
    /// One whole frame.
    Frame(Bytes),
    /// Nothing yet: the waker is called.
    Nothing,
    /// Nothing, ever.
    Over(Phase),
}

/// Takes the next frame: all messages that wait are one.
pub(crate) fn take_next_frame_from(pipe: &Pipe, taker: TakerNumber, waker: &Waker) -> NextFrame {
    let (mut words, mut messages) = (None, Vec::new());
    let taken = pipe.take_entries_as_taker(taker, waker, |entry| match entry {
        Outgoing::Binary(frame) if messages.is_empty() => {
            words = Some(frame);
            false
        }
        // A sign of life behind messages, which are one themselves.
        Outgoing::Binary(_) => true,
        message @ (Outgoing::Text(_) | Outgoing::TextInParts(..)) => {
            messages.extend_from_slice(if messages.is_empty() { b"a[" } else { b"," });
            let text = message.parts().concat();
            append_message_as_json(&String::from_utf8_lossy(&text), &mut messages);
            messages.len() < FRAME_BYTES
        }
    });
    if let Some(words) = words {
        return NextFrame::Frame(words);
    }
    if !messages.is_empty() {
        messages.push(b']');
        return NextFrame::Frame(messages.into());
    }
    match taken {
        Some(Taken::All | Taken::Enough) => NextFrame::Nothing,
        Some(Taken::Last) => NextFrame::Over(Phase::Closing),
        Some(Taken::Broken) | None => NextFrame::Over(Phase::Broken),
    }
}

/// Writes a message so that no browser and nothing on the way changes it.
fn append_message_as_json(message: &str, to: &mut Vec<u8>) {
    let mut writer = Serializer::with_formatter(to, BrowserProof(CompactFormatter));
    // Writing a string into memory cannot fail.
    let _ = message.serialize(&mut writer);
}

/// JSON in which characters are escaped that browsers are known to change.
struct BrowserProof(CompactFormatter);

impl Formatter for BrowserProof {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some((at, character)) =
            rest.char_indices().find(|(_, one)| is_changed_by_browsers(*one))
        {
            self.0.write_string_fragment(writer, &rest[..at])?;
            write!(writer, "\\u{:04x}", u32::from(character))?;
            rest = &rest[at + character.len_utf8()..];
        }
        self.0.write_string_fragment(writer, rest)
    }
}

const fn is_changed_by_browsers(character: char) -> bool {
    matches!(character,
        '\u{200c}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fff0}'..='\u{ffff}')
}

/// The messages in what a client sent: an array of strings.
pub(crate) fn parse_messages_of_client(text: &[u8]) -> Option<Vec<String>> {
    serde_json::from_slice(text).ok()
}

/// The messages of a websocket: an array of strings, one string, or nothing.
pub(crate) fn parse_messages_of_websocket(text: &[u8]) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let one = || serde_json::from_slice(text).ok().map(|message| vec![message]);
    parse_messages_of_client(text).or_else(one)
}

#[cfg(test)]
mod tests;
