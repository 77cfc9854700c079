//! RFC 6455, 5.5.1 and 7: how a client closes, and what the server answers: the same code, as is usual.

use crate::case::{BINARY, CLOSE, Case, Frame, INVALID_DATA, PING, PROTOCOL_ERROR, text_frame};

/// 7.4: what the RFC and the registry it founded define, and the ranges for libraries and applications.
const VALID_CODES: [u16; 16] = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];
/// Never used, reserved for what no frame says, not assigned, or past the end.
const INVALID_CODES: [u16; 17] = [
    0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 5001, 10_000, 32_768,
    65_535,
];

fn close_frame(code: u16, reason: impl AsRef<[u8]>) -> Frame {
    Frame::new(CLOSE, [&code.to_be_bytes()[..], reason.as_ref()].concat())
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = cases_of_codes();
    cases.extend(cases_of_reasons());
    cases.extend(cases_of_what_follows());
    let empty = Case::new("close with nothing", &[Frame::new(CLOSE, [])]);
    cases.push(empty.closes_with_payload([]));
    for byte in [0, 3, 0xff] {
        let case =
            Case::new(format!("close with the byte {byte} alone"), &[Frame::new(CLOSE, [byte])]);
        cases.push(case.fails_with(PROTOCOL_ERROR));
    }
    cases
}

fn cases_of_codes() -> Vec<Case> {
    let mut cases = Vec::new();
    for code in VALID_CODES {
        for (how, reason) in [("alone", ""), ("with a reason", "the owl has flown")] {
            let case = Case::new(format!("code {code} {how}"), &[close_frame(code, reason)]);
            cases.push(case.closes_with_payload(code.to_be_bytes()));
        }
    }
    for code in INVALID_CODES {
        for (how, reason) in [("alone", ""), ("with a reason", "no such code")] {
            let case = Case::new(format!("code {code} {how}"), &[close_frame(code, reason)]);
            cases.push(case.fails_with(PROTOCOL_ERROR));
        }
    }
    cases
}

fn cases_of_reasons() -> Vec<Case> {
    let mut cases = Vec::new();
    let normal = 1000_u16.to_be_bytes();
    for (what, reason) in [
        ("one letter", "x".to_owned()),
        ("words of many alphabets", "прощай 再见 👋".to_owned()),
        ("123 bytes", "r".repeat(123)),
        ("123 bytes of long code points", "狐".repeat(41)),
    ] {
        let case = Case::new(format!("reason of {what}"), &[close_frame(1000, reason)]);
        cases.push(case.closes_with_payload(normal));
    }
    for length in [124, 200] {
        let frame = close_frame(1000, "r".repeat(length));
        let case = Case::new(format!("reason of {length} bytes"), &[frame]);
        cases.push(case.fails_with(PROTOCOL_ERROR));
    }
    for (what, reason) in [
        ("a lone continuation byte", &[0x80][..]),
        ("a code point cut off", &[b'x', 0xe2, 0x82]),
        ("a surrogate", &[0xed, 0xa0, 0x80]),
        ("a slash in two bytes", &[0xc0, 0xaf]),
        ("a code point past the last", &[0xf4, 0x90, 0x80, 0x80]),
        ("the byte FF", &[0xff]),
    ] {
        let case = Case::new(format!("reason with {what}"), &[close_frame(1000, reason)]);
        cases.push(case.fails_with(INVALID_DATA));
    }
    cases
}

/// 5.5.1: what comes behind a close frame is not read.
fn cases_of_what_follows() -> Vec<Case> {
    let normal = 1000_u16.to_be_bytes();
    let mut cases = Vec::new();
    for (what, frames) in [
        ("a message", vec![text_frame("late")]),
        ("a binary message", vec![Frame::new(BINARY, [1])]),
        ("a ping", vec![Frame::new(PING, *b"late")]),
        ("another close frame", vec![close_frame(1001, "late")]),
        ("a frame that is not masked", vec![text_frame("late").with_mask(None)]),
        ("a frame with reserved bits", vec![text_frame("late").with_reserved_bits(7)]),
        ("a hundred pings", vec![Frame::new(PING, *b"late"); 100]),
        ("a megabyte", vec![Frame::new(BINARY, vec![0; 100_000]); 10]),
    ] {
        let all: Vec<Frame> = std::iter::once(close_frame(1000, "")).chain(frames).collect();
        let case = Case::new(format!("close and then {what}"), &all);
        cases.push(case.closes_with_payload(normal));
    }
    let case = Case::new(
        "messages and a ping and then close",
        &[
            text_frame("one"),
            Frame::new(PING, *b"two"),
            Frame::new(BINARY, *b"three"),
            close_frame(1001, "leaving"),
        ],
    );
    let case = case.echoes_text("4one").answers_pong(*b"two").echoes_binary(*b"three");
    cases.push(case.closes_with_payload(1001_u16.to_be_bytes()));
    let case = Case::new("close byte by byte", &[close_frame(3000, "slowly")]).in_pieces(1);
    cases.push(case.closes_with_payload(3000_u16.to_be_bytes()));
    cases
}
