//! RFC 6455, 5.4: messages in several frames, and what may come between those.

use crate::case::{
    BINARY, CLOSE, CONTINUATION, Case, Frame, PING, PONG, PROTOCOL_ERROR, TEXT, text_frame,
};

/// The message in as many frames as there are parts.
fn frames_of_parts(opcode: u8, parts: &[&[u8]]) -> Vec<Frame> {
    let last = parts.len() - 1;
    let frames = parts.iter().enumerate().map(|(number, part)| {
        let frame = Frame::new(if number == 0 { opcode } else { CONTINUATION }, *part);
        if number == last { frame } else { frame.without_fin() }
    });
    frames.collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = cases_of_parts();
    cases.extend(cases_of_control_frames_between());
    cases.extend(cases_out_of_order());
    cases.extend(cases_of_control_frames_in_parts());
    cases
}

fn cases_of_parts() -> Vec<Case> {
    let divided: [(&str, &[&[u8]]); 9] = [
        ("two parts", &[b"4he", b"llo"]),
        ("three parts", &[b"4h", b"el", b"lo"]),
        ("bytes", &[b"4", b"h", b"e", b"l", b"l", b"o"]),
        ("an empty first part", &[b"", b"4hello"]),
        ("an empty last part", &[b"4hello", b""]),
        ("an empty part between", &[b"4he", b"", b"llo"]),
        ("empty parts all around", &[b"", b"", b"4hello", b"", b""]),
        ("its type alone in front", &[b"4", b"hello"]),
        ("its type behind an empty part", &[b"", b"4", b"hello"]),
    ];
    let mut cases = Vec::new();
    for (how, parts) in divided {
        for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
            let frames = frames_of_parts(opcode, parts);
            let case = Case::new(format!("{kind} in {how}"), &frames);
            cases.push(match opcode {
                TEXT => case.echoes_text(parts.concat()),
                _ => case.echoes_binary(parts.concat()),
            });
        }
    }
    let empty = frames_of_parts(BINARY, &[b"", b"", b""]);
    cases.push(Case::new("three empty parts of a binary message", &empty).echoes_binary([]));
    let parts = vec![&[b'x'; 10][..]; 1000];
    let many = frames_of_parts(BINARY, &parts);
    cases.push(Case::new("binary in a thousand parts", &many).echoes_binary(parts.concat()));
    let mut two = frames_of_parts(TEXT, &[b"4on", b"e"]);
    two.extend(frames_of_parts(BINARY, &[b"tw", b"o"]));
    let case = Case::new("two messages in two parts each", &two);
    cases.push(case.echoes_text("4one").echoes_binary(*b"two"));
    cases
}

fn cases_of_control_frames_between() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
        let parts = frames_of_parts(opcode, &[b"4a", b"b", b"c"]);
        let echoed = |case: Case| match opcode {
            TEXT => case.echoes_text("4abc"),
            _ => case.echoes_binary(*b"4abc"),
        };
        let [first, second, third] = &parts[..] else { unreachable!("three parts") };
        let ping = |payload: &str| Frame::new(PING, payload);
        let case = Case::new(
            format!("ping between two parts of {kind}"),
            &[first.clone(), ping("one"), second.clone(), third.clone()],
        );
        cases.push(echoed(case).answers_pong(*b"one"));
        let case = Case::new(
            format!("pings between all parts of {kind}"),
            &[
                first.clone(),
                ping("one"),
                ping("two"),
                second.clone(),
                ping("three"),
                third.clone(),
            ],
        );
        let case = echoed(case).answers_pong(*b"one").answers_pong(*b"two").answers_pong(*b"three");
        cases.push(case);
        let case = Case::new(
            format!("pong between two parts of {kind}"),
            &[first.clone(), Frame::new(PONG, *b"unasked"), second.clone(), third.clone()],
        );
        cases.push(echoed(case));
        cases.push(
            Case::new(
                format!("close between two parts of {kind}"),
                &[
                    first.clone(),
                    Frame::new(CLOSE, 1000_u16.to_be_bytes()),
                    second.clone(),
                    third.clone(),
                ],
            )
            .closes_with_payload(1000_u16.to_be_bytes()),
        );
    }
    cases
}

fn cases_out_of_order() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, payload) in [("nothing", &b""[..]), ("something", b"4x")] {
        let last = Frame::new(CONTINUATION, payload);
        let mut refused = |name: &str, frames: &[Frame]| {
            let case = Case::new(format!("{name} with {what}"), frames);
            cases.push(case.fails_with(PROTOCOL_ERROR));
        };
        refused("last part of no message", std::slice::from_ref(&last));
        refused("part of no message", &[last.clone().without_fin(), last.clone()]);
        refused("last part of no message before a message", &[last.clone(), text_frame("x")]);
        let case = Case::new(
            format!("part of no message behind a good one, with {what}"),
            &[text_frame("good"), last.clone()],
        );
        cases.push(case.echoes_text("4good").fails_with(PROTOCOL_ERROR));
        let mut frames = frames_of_parts(TEXT, &[b"4go", b"od"]);
        frames.push(last);
        let case = Case::new(format!("part too many behind a good message, with {what}"), &frames);
        cases.push(case.echoes_text("4good").fails_with(PROTOCOL_ERROR));
    }
    for (begun, first) in [("text", TEXT), ("binary", BINARY)] {
        for (other, second) in [("text", TEXT), ("binary", BINARY)] {
            for is_final in [true, false] {
                let next = Frame::new(second, *b"4y");
                let next = if is_final { next } else { next.without_fin() };
                let frames = [Frame::new(first, *b"4x").without_fin(), next];
                let how = if is_final { "whole" } else { "begun" };
                let name = format!("{begun} begun, then {other} {how} before its end");
                cases.push(Case::new(name, &frames).fails_with(PROTOCOL_ERROR));
            }
        }
    }
    cases
}

/// 5.5: "All control frames ... MUST NOT be fragmented."
fn cases_of_control_frames_in_parts() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, opcode) in [("ping", PING), ("pong", PONG), ("close", CLOSE)] {
        for payload in [&b""[..], &[0x03, 0xe8]] {
            let first = Frame::new(opcode, payload).without_fin();
            let name = format!("{kind} of {} bytes in two parts", payload.len());
            let case = Case::new(name, &[first.clone(), Frame::new(CONTINUATION, [])]);
            cases.push(case.fails_with(PROTOCOL_ERROR));
            let name = format!("begun {kind} of {} bytes within a message", payload.len());
            let frames = [text_frame("a").without_fin(), first];
            cases.push(Case::new(name, &frames).fails_with(PROTOCOL_ERROR));
        }
    }
    cases
}
