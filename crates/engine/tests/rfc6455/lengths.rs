//! RFC 6455, 5.2 and 5.3: lengths of payloads, and masks.

use crate::case::{
    BINARY, CLOSE, CONTINUATION, Case, Frame, Length, PING, PONG, PROTOCOL_ERROR, TEXT,
};

/// Around each change of how a length is written.
const LENGTHS: [usize; 14] =
    [1, 2, 3, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 131_072];

fn text_of_length(length: usize) -> Vec<u8> {
    let letters = (b'a'..=b'z').cycle();
    std::iter::once(b'4').chain(letters).take(length).collect()
}

fn bytes_of_length(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7) as u8).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("binary message of 0 bytes", &[Frame::new(BINARY, [])]).echoes_binary([]),
        Case::new("every byte in a binary message", &[Frame::new(BINARY, bytes_of_length(256))])
            .echoes_binary(bytes_of_length(256)),
    ];
    for length in LENGTHS {
        let text = text_of_length(length);
        let name = format!("text message of {length} bytes");
        cases.push(Case::new(name, &[Frame::new(TEXT, &*text)]).echoes_text(text));
        let bytes = bytes_of_length(length);
        let name = format!("binary message of {length} bytes");
        cases.push(Case::new(name, &[Frame::new(BINARY, &*bytes)]).echoes_binary(bytes));
    }
    cases.extend(cases_of_masks());
    cases.extend(cases_of_longer_lengths());
    cases.extend(cases_of_impossible_lengths());
    cases.extend(cases_of_many_messages());
    cases
}

fn cases_of_masks() -> Vec<Case> {
    let mut cases = Vec::new();
    for mask in [[0; 4], [0xff; 4], [1, 0, 0, 0], [0, 0, 0, 0x80], *b"4444"] {
        for length in [1, 2, 3, 4, 5, 130] {
            let text = text_of_length(length);
            let frame = Frame::new(TEXT, &*text).with_mask(Some(mask));
            let name = format!("{length} bytes of text masked by {mask:x?}");
            cases.push(Case::new(name, &[frame]).echoes_text(text));
        }
    }
    for (kind, opcode, payload) in [
        ("text", TEXT, b"4x".to_vec()),
        ("empty text", TEXT, vec![]),
        ("binary", BINARY, vec![1, 2, 3]),
        ("long binary", BINARY, bytes_of_length(200)),
        ("ping", PING, vec![]),
        ("pong", PONG, vec![7]),
        ("close", CLOSE, vec![]),
        ("continuation", CONTINUATION, vec![]),
    ] {
        let frame = Frame::new(opcode, payload).with_mask(None);
        cases.push(
            Case::new(format!("{kind} that is not masked"), &[frame]).fails_with(PROTOCOL_ERROR),
        );
    }
    let begun = Frame::new(TEXT, *b"4be").without_fin();
    let rest = Frame::new(CONTINUATION, *b"gun").with_mask(None);
    cases.push(
        Case::new("second fragment that is not masked", &[begun, rest]).fails_with(PROTOCOL_ERROR),
    );
    cases
}

/// 5.2: "the minimal number of bytes MUST be used to encode the length".
fn cases_of_longer_lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for (bytes, form, lengths) in [
        ("two", Length::InTwoBytes, &[0, 1, 124, 125][..]),
        ("eight", Length::InEightBytes, &[0, 125, 126, 127, 65_535][..]),
    ] {
        for &length in lengths {
            for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
                let frame = Frame::new(opcode, text_of_length(length)).with_length(form);
                let name = format!("length {length} of {kind} in {bytes} bytes");
                cases.push(Case::new(name, &[frame]).fails_with(PROTOCOL_ERROR));
            }
        }
        for (kind, opcode) in [("ping", PING), ("pong", PONG), ("close", CLOSE)] {
            let frame = Frame::new(opcode, []).with_length(form);
            let name = format!("length 0 of {kind} in {bytes} bytes");
            cases.push(Case::new(name, &[frame]).fails_with(PROTOCOL_ERROR));
        }
    }
    cases
}

/// 5.2: of a length in eight bytes, "the most significant bit MUST be 0".
fn cases_of_impossible_lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [1 << 63, (1 << 63) + 5, u64::MAX] {
        for (kind, opcode) in [("text", TEXT), ("binary", BINARY), ("ping", PING)] {
            let frame = Frame::new(opcode, *b"4x").with_length(Length::Claimed(length));
            let name = format!("{kind} of {length} bytes, which is negative");
            cases.push(Case::new(name, &[frame]).fails_with(PROTOCOL_ERROR));
        }
    }
    cases
}

fn cases_of_many_messages() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [2_usize, 10, 100] {
        let payloads: Vec<Vec<u8>> = (0..count).map(|n| format!("4{n}").into_bytes()).collect();
        let frames: Vec<Frame> = payloads.iter().map(|text| Frame::new(TEXT, &**text)).collect();
        let case = Case::new(format!("{count} messages in one write"), &frames);
        cases.push(payloads.into_iter().fold(case, Case::echoes_text));
    }
    cases
}
