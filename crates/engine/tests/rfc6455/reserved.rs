//! RFC 6455, 5.2: bits and opcodes that mean nothing unless both sides have agreed on it.

use crate::case::{
    BINARY, CLOSE, CONTINUATION, Case, Frame, PING, PONG, PROTOCOL_ERROR, TEXT, text_frame,
};

const RESERVED_OPCODES: [u8; 10] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = cases_of_bits();
    cases.extend(cases_of_opcodes());
    cases
}

fn cases_of_bits() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1..8 {
        for (kind, opcode, payload) in [
            ("text", TEXT, b"4x".to_vec()),
            ("binary", BINARY, vec![1]),
            ("ping", PING, b"x".to_vec()),
            ("pong", PONG, vec![]),
            ("close", CLOSE, vec![]),
        ] {
            let frame = Frame::new(opcode, payload).with_reserved_bits(bits);
            let case = Case::new(format!("{kind} with reserved bits {bits:03b}"), &[frame]);
            cases.push(case.fails_with(PROTOCOL_ERROR));
        }
        cases.push(
            Case::new(
                format!("reserved bits {bits:03b} behind a good message and a ping"),
                &[
                    text_frame("good"),
                    Frame::new(PING, *b"good too"),
                    text_frame("bad").with_reserved_bits(bits),
                    text_frame("unread"),
                ],
            )
            .echoes_text("4good")
            .answers_pong(*b"good too")
            .fails_with(PROTOCOL_ERROR),
        );
        cases.push(
            Case::new(
                format!("reserved bits {bits:03b} in the second fragment"),
                &[
                    text_frame("a").without_fin(),
                    Frame::new(CONTINUATION, *b"b").with_reserved_bits(bits),
                ],
            )
            .fails_with(PROTOCOL_ERROR),
        );
    }
    cases
}

fn cases_of_opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in RESERVED_OPCODES {
        let refused =
            |name: String, frames: &[Frame]| Case::new(name, frames).fails_with(PROTOCOL_ERROR);
        cases.push(refused(format!("empty frame of kind {opcode}"), &[Frame::new(opcode, [])]));
        cases.push(refused(format!("frame of kind {opcode}"), &[Frame::new(opcode, *b"4x")]));
        cases.push(refused(
            format!("fragment of kind {opcode}"),
            &[Frame::new(opcode, *b"4x").without_fin(), Frame::new(CONTINUATION, [])],
        ));
        cases.push(refused(
            format!("frame of kind {opcode} within a message"),
            &[
                text_frame("a").without_fin(),
                Frame::new(opcode, []),
                Frame::new(CONTINUATION, *b"b"),
            ],
        ));
        let behind = [text_frame("good"), Frame::new(opcode, [0]), Frame::new(PING, [])];
        cases.push(
            refused(format!("frame of kind {opcode} behind a good message"), &behind)
                .echoes_text("4good"),
        );
    }
    cases
}
