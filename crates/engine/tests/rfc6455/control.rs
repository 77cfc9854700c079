//! RFC 6455, 5.5: pings and pongs.

use crate::case::{BINARY, Case, Frame, PING, PONG, PROTOCOL_ERROR, text_frame};

/// Payloads a ping may have: text, bytes that are no text, and everything up to the bound.
fn payloads_of_pings() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", vec![]),
        ("one byte", vec![b'p']),
        ("a word", b"are you there".to_vec()),
        ("no text", vec![0, 0xff, 0xfe, 0xfd, 0x80]),
        ("zeros", vec![0; 64]),
        ("124 bytes", vec![0xfe; 124]),
        ("125 bytes", (0..125).collect()),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, payload) in payloads_of_pings() {
        let ping = Frame::new(PING, &*payload);
        let pong = Frame::new(PONG, &*payload);
        cases.push(
            Case::new(format!("ping with {what}"), std::slice::from_ref(&ping))
                .answers_pong(&*payload),
        );
        cases.push(
            Case::new(format!("ping with {what}, byte by byte"), std::slice::from_ref(&ping))
                .answers_pong(&*payload)
                .in_pieces(1),
        );
        cases.push(
            Case::new(
                format!("ping with {what} between two messages"),
                &[text_frame("before"), ping.clone(), text_frame("behind")],
            )
            .echoes_text("4before")
            .answers_pong(&*payload)
            .echoes_text("4behind"),
        );
        cases.push(Case::new(format!("unsolicited pong with {what}"), std::slice::from_ref(&pong)));
        cases.push(
            Case::new(
                format!("unsolicited pong with {what} before a ping"),
                &[pong, Frame::new(PING, *b"next")],
            )
            .answers_pong(*b"next"),
        );
    }
    cases.extend(cases_of_many_pings());
    for length in [126, 127, 1000, 65_535, 65_536] {
        for (kind, opcode) in [("ping", PING), ("pong", PONG)] {
            let frame = Frame::new(opcode, vec![b'x'; length]);
            let case = Case::new(format!("{kind} of {length} bytes"), &[frame]);
            cases.push(case.fails_with(PROTOCOL_ERROR));
        }
    }
    cases
}

fn cases_of_many_pings() -> Vec<Case> {
    let payloads: Vec<Vec<u8>> = (0..10).map(|n| format!("ping {n}").into_bytes()).collect();
    let pings: Vec<Frame> = payloads.iter().map(|payload| Frame::new(PING, &**payload)).collect();
    let answered = |case: Case| payloads.iter().cloned().fold(case, Case::answers_pong);
    let mut mixed = Vec::new();
    for ping in &pings {
        mixed.extend([ping.clone(), Frame::new(BINARY, [3]), Frame::new(PONG, *b"ping 0")]);
    }
    let mut mixed = answered(Case::new("ten pings among messages and pongs", &mixed));
    mixed.expected.binaries = vec![vec![3]; 10];
    vec![
        answered(Case::new("ten pings in one write", &pings)),
        answered(Case::new("ten pings byte by byte", &pings).in_pieces(1)),
        answered(Case::new("ten pings in pieces of seven bytes", &pings).in_pieces(7)),
        mixed,
    ]
}
