//! RFC 6455, 7.4.1 and 10.4: what is larger than the server takes is refused with 1009.

use crate::case::{
    BINARY, CONTINUATION, Case, Frame, Length, MOST_FRAME_BYTES, MOST_MESSAGE_BYTES, TEXT, TOO_BIG,
    text_frame,
};

fn payload_with_length(opcode: u8, length: usize) -> Vec<u8> {
    let mut payload = vec![b'x'; length];
    if opcode == TEXT {
        payload[0] = b'4';
    }
    payload
}

/// A message in frames of these lengths.
fn frames_of_lengths(opcode: u8, lengths: &[usize]) -> (Vec<Frame>, Vec<u8>) {
    let whole = payload_with_length(opcode, lengths.iter().sum());
    let mut rest = &whole[..];
    let mut frames = Vec::new();
    for (number, length) in lengths.iter().enumerate() {
        let (part, behind) = rest.split_at(*length);
        rest = behind;
        let frame = Frame::new(if number == 0 { opcode } else { CONTINUATION }, part);
        let is_last = number + 1 == lengths.len();
        frames.push(if is_last { frame } else { frame.without_fin() });
    }
    (frames, whole)
}

pub(crate) fn cases() -> Vec<Case> {
    let (frame, message) = (MOST_FRAME_BYTES, MOST_MESSAGE_BYTES);
    let mut cases = Vec::new();
    for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
        for (what, lengths) in [
            ("frame one below the bound", &[frame - 1][..]),
            ("frame at the bound", &[frame]),
            ("message at the bound in two frames", &[frame, message - frame]),
            ("message at the bound in three frames", &[message / 3, message / 3, message / 3]),
            ("message at the bound and an empty last frame", &[frame, message - frame, 0]),
        ] {
            let (frames, whole) = frames_of_lengths(opcode, lengths);
            let case = Case::new(format!("{kind}: {what}"), &frames);
            cases.push(match opcode {
                TEXT => case.echoes_text(whole),
                _ => case.echoes_binary(whole),
            });
        }
        for (what, lengths) in [
            ("frame one past the bound", &[frame + 1][..]),
            ("frame twice the bound", &[2 * frame]),
            ("last frame one past the bound", &[1, frame + 1]),
            ("message one past the bound in two frames", &[frame, message - frame + 1]),
            ("message one past the bound by a last byte", &[frame, message - frame, 1]),
            ("message of three frames, each at the bound", &[frame, frame, frame]),
        ] {
            let (frames, _) = frames_of_lengths(opcode, lengths);
            let case = Case::new(format!("{kind}: {what}"), &frames);
            cases.push(case.fails_with(TOO_BIG));
        }
        // Nobody need wait for what would be refused.
        for claimed in [frame as u64 + 1, u64::from(u32::MAX), (1 << 62), i64::MAX as u64] {
            let head = Frame::new(opcode, *b"4").with_length(Length::Claimed(claimed));
            let case = Case::new(format!("{kind}: the head of {claimed} bytes"), &[head]);
            cases.push(case.fails_with(TOO_BIG));
        }
    }
    let (mut frames, whole) = frames_of_lengths(TEXT, &[frame]);
    frames.insert(0, text_frame("good"));
    frames.push(Frame::new(BINARY, vec![0; frame + 1]));
    let case = Case::new("frame past the bound behind good messages", &frames);
    cases.push(case.echoes_text("4good").echoes_text(whole).fails_with(TOO_BIG));
    cases
}
