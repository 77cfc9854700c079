//! A stream of bytes has no frames: the same bytes mean the same, wherever the network cuts them.

use crate::case::{
    BINARY, CLOSE, CONTINUATION, Case, Frame, INVALID_DATA, PING, PONG, PROTOCOL_ERROR, TEXT,
    text_frame,
};

/// Says what is to come of a case.
type Expect = fn(Case) -> Case;

/// A little of everything, with lengths of one and of two bytes.
fn conversation() -> Case {
    let long = "y".repeat(300);
    Case::new(
        "",
        &[
            text_frame("one"),
            Frame::new(PING, *b"two"),
            Frame::new(TEXT, [b'4', 0xe2]).without_fin(),
            Frame::new(PONG, *b"three"),
            Frame::new(CONTINUATION, [0x82]).without_fin(),
            Frame::new(PING, []),
            Frame::new(CONTINUATION, [0xac]),
            text_frame(&long),
            Frame::new(BINARY, []),
        ],
    )
    .echoes_text("4one")
    .answers_pong(*b"two")
    .answers_pong([])
    .echoes_text("4€")
    .echoes_text(format!("4{long}"))
    .echoes_binary([])
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for bytes in [1, 2, 3, 4, 5, 7, 11, 13, 16, 31, 64, 127, 256] {
        let mut case = conversation().in_pieces(bytes);
        case.name = format!("conversation in pieces of {bytes} bytes");
        cases.push(case);
    }
    // Every place where a short frame can be cut, for each kind of frame.
    let close = Frame::new(CLOSE, [&1000_u16.to_be_bytes()[..], b"bye"].concat());
    let whole: [(&str, Expect, Frame); 6] = [
        ("text", |case| case.echoes_text("4text"), text_frame("text")),
        ("binary", |case| case.echoes_binary([1, 2]), Frame::new(BINARY, [1, 2])),
        ("ping", |case| case.answers_pong([9]), Frame::new(PING, [9])),
        ("close", |case| case.closes_with_payload(1000_u16.to_be_bytes()), close),
        ("bad text", |case| case.fails_with(INVALID_DATA), text_frame([0xff])),
        ("bad ping", |case| case.fails_with(PROTOCOL_ERROR), Frame::new(PING, [1]).without_fin()),
    ];
    for (kind, expect, frame) in whole {
        for at in 1..frame.to_bytes().len() {
            let case = Case::new(format!("{kind} cut at byte {at}"), std::slice::from_ref(&frame));
            cases.push(expect(case).cut_at(at));
        }
    }
    // The head of a long frame, whose length takes two bytes or eight.
    for (length, head_bytes) in [(126, 8), (65_536, 14)] {
        for at in 1..=head_bytes {
            let payload = vec![b'z'; length];
            let case = Case::new(
                format!("binary of {length} bytes cut at byte {at}"),
                &[Frame::new(BINARY, &*payload)],
            );
            cases.push(case.echoes_binary(payload).cut_at(at));
        }
    }
    cases
}
