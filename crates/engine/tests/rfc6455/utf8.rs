//! RFC 6455, 5.6 and 8.1: text is UTF-8. What is not is told so with 1007, at the latest when the message is whole.

use crate::case::{CONTINUATION, Case, Frame, INVALID_DATA, TEXT};

/// The first and last code points of each length in UTF-8, those around the surrogates, and words.
const VALID: [(&str, &str); 24] = [
    ("U+0000", "\0"),
    ("U+0001", "\u{1}"),
    ("U+007F", "\u{7f}"),
    ("U+0080", "\u{80}"),
    ("U+07FF", "\u{7ff}"),
    ("U+0800", "\u{800}"),
    ("U+0FFF", "\u{fff}"),
    ("U+1000", "\u{1000}"),
    ("U+D7FF", "\u{d7ff}"),
    ("U+E000", "\u{e000}"),
    ("U+FEFF, which some take for a mark", "\u{feff}"),
    ("U+FFFD", "\u{fffd}"),
    ("U+FFFE, which is no character", "\u{fffe}"),
    ("U+FFFF, which is no character", "\u{ffff}"),
    ("U+FDD0, which is no character", "\u{fdd0}"),
    ("U+10000", "\u{10000}"),
    ("U+1FFFE, which is no character", "\u{1fffe}"),
    ("U+3FFFF", "\u{3ffff}"),
    ("U+40000", "\u{40000}"),
    ("U+FFFFF", "\u{fffff}"),
    ("U+100000", "\u{100000}"),
    ("U+10FFFF", "\u{10ffff}"),
    ("words of four alphabets", "Füchse, лисы, αλεπούδες, 狐"),
    ("an owl and its family", "🦉 👨\u{200d}👩\u{200d}👧 e\u{301}"),
];

/// Sequences that are no UTF-8, each by what is wrong with it.
const INVALID: [(&str, &[u8]); 36] = [
    ("lone continuation byte 80", &[0x80]),
    ("lone continuation byte BF", &[0xbf]),
    ("two continuation bytes", &[0x80, 0xbf]),
    ("five continuation bytes", &[0x80, 0xbf, 0x80, 0xbf, 0x80]),
    ("first of two bytes alone", &[0xc3]),
    ("first of two bytes before a letter", &[0xc3, b'x']),
    ("first of two bytes twice", &[0xc3, 0xc3, 0xa9]),
    ("first of three bytes alone", &[0xe2]),
    ("two of three bytes", &[0xe2, 0x82]),
    ("two of three bytes before a letter", &[0xe2, 0x82, b'x']),
    ("first of four bytes alone", &[0xf0]),
    ("two of four bytes", &[0xf0, 0x9f]),
    ("three of four bytes", &[0xf0, 0x9f, 0xa6]),
    ("three of four bytes before a letter", &[0xf0, 0x9f, 0xa6, b'x']),
    ("one continuation byte too many", &[0xc3, 0xa9, 0xa9]),
    ("byte FE", &[0xfe]),
    ("byte FF", &[0xff]),
    ("bytes FE FE FF FF", &[0xfe, 0xfe, 0xff, 0xff]),
    ("slash in two bytes", &[0xc0, 0xaf]),
    ("slash in three bytes", &[0xe0, 0x80, 0xaf]),
    ("slash in four bytes", &[0xf0, 0x80, 0x80, 0xaf]),
    ("NUL in two bytes", &[0xc0, 0x80]),
    ("NUL in three bytes", &[0xe0, 0x80, 0x80]),
    ("U+007F in two bytes", &[0xc1, 0xbf]),
    ("U+07FF in three bytes", &[0xe0, 0x9f, 0xbf]),
    ("U+FFFF in four bytes", &[0xf0, 0x8f, 0xbf, 0xbf]),
    ("first surrogate U+D800", &[0xed, 0xa0, 0x80]),
    ("surrogate U+DBFF", &[0xed, 0xaf, 0xbf]),
    ("surrogate U+DC00", &[0xed, 0xb0, 0x80]),
    ("last surrogate U+DFFF", &[0xed, 0xbf, 0xbf]),
    ("pair of surrogates", &[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]),
    ("U+110000, past the last", &[0xf4, 0x90, 0x80, 0x80]),
    ("U+13FFFF, past the last", &[0xf4, 0xbf, 0xbf, 0xbf]),
    ("U+140000, past the last", &[0xf5, 0x80, 0x80, 0x80]),
    ("five bytes", &[0xf8, 0x88, 0x80, 0x80, 0x80]),
    ("six bytes", &[0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]),
];

fn message_packet(payload: &[u8]) -> Vec<u8> {
    [b"4", payload].concat()
}

/// A frame for each byte.
fn frames_of_bytes(payload: &[u8]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = payload
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            Frame::new(if at == 0 { TEXT } else { CONTINUATION }, [*byte]).without_fin()
        })
        .collect();
    frames.push(Frame::new(CONTINUATION, []));
    frames
}

fn frames_cut_at(payload: &[u8], at: usize) -> [Frame; 2] {
    let (first, second) = payload.split_at(at);
    [Frame::new(TEXT, first).without_fin(), Frame::new(CONTINUATION, second)]
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, text) in VALID {
        let payload = message_packet(text.as_bytes());
        cases.push(Case::new(what, &[Frame::new(TEXT, &*payload)]).echoes_text(&*payload));
        let name = format!("{what}, a frame for each byte");
        cases.push(Case::new(name, &frames_of_bytes(&payload)).echoes_text(&*payload));
        let case = Case::new(format!("{what}, byte by byte"), &[Frame::new(TEXT, &*payload)]);
        cases.push(case.in_pieces(1).echoes_text(payload));
    }
    let owl = message_packet("🦉€é".as_bytes());
    for at in 1..owl.len() {
        let case = Case::new(format!("code points cut at byte {at}"), &frames_cut_at(&owl, at));
        cases.push(case.echoes_text(&*owl));
    }
    for (what, bytes) in INVALID {
        let payload = message_packet(bytes);
        let case = Case::new(what, &[Frame::new(TEXT, &*payload)]);
        cases.push(case.fails_with(INVALID_DATA));
        let around = [b"4good ", bytes, b" good"].concat();
        let case = Case::new(format!("{what} among good text"), &[Frame::new(TEXT, &*around)]);
        cases.push(case.fails_with(INVALID_DATA));
        let name = format!("{what}, a frame for each byte");
        cases.push(Case::new(name, &frames_of_bytes(&payload)).fails_with(INVALID_DATA));
    }
    // Each part for itself is UTF-8 or the beginning of it; what they make is not.
    for (what, parts) in [
        ("code point begun in one message", [&[b'4', 0xe2, 0x82][..], b""]),
        ("code point begun and then a letter", [&[b'4', 0xe2, 0x82], b"x"]),
        ("surrogate over two parts", [&[b'4', 0xed], &[0xa0, 0x80]]),
    ] {
        let frames = [Frame::new(TEXT, parts[0]).without_fin(), Frame::new(CONTINUATION, parts[1])];
        cases.push(Case::new(what, &frames).fails_with(INVALID_DATA));
    }
    let halves = [Frame::new(TEXT, [b'4', 0xc3]), Frame::new(TEXT, [0xa9])];
    let case = Case::new("code point over two messages", &halves);
    cases.push(case.fails_with(INVALID_DATA));
    cases
}
