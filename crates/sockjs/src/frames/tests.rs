use std::sync::Arc;

use owlpost_carrier::websocket::CloseCode;
use proptest::prelude::*;

use super::*;
use crate::application::{HEARTBEAT, OPEN};

fn put_entry_into_pipe(pipe: &Arc<Pipe>, entry: &Outgoing) {
    pipe.put_within_limit_of_pipe(entry.clone()).unwrap();
}

fn put_message_into_pipe(pipe: &Arc<Pipe>, message: &str) {
    put_entry_into_pipe(pipe, &Outgoing::Text(Bytes::copy_from_slice(message.as_bytes())));
}

fn take_frame_from_pipe(pipe: &Arc<Pipe>, taker: TakerNumber) -> NextFrame {
    take_next_frame_from(pipe, taker, Waker::noop())
}

fn expect_frame_of_text(text: &'static str) -> NextFrame {
    NextFrame::Frame(Bytes::from_static(text.as_bytes()))
}

#[test]
fn should_make_one_frame_of_all_messages_that_wait() {
    let pipe = Pipe::with_capacity(8);
    let taker = pipe.become_taker_of_pipe();
    put_entry_into_pipe(&pipe, &OPEN);
    put_message_into_pipe(&pipe, "one");
    put_message_into_pipe(&pipe, "two\n\0");
    put_entry_into_pipe(&pipe, &HEARTBEAT);
    assert_eq!(take_frame_from_pipe(&pipe, taker), expect_frame_of_text("o"));
    assert_eq!(
        take_frame_from_pipe(&pipe, taker),
        expect_frame_of_text(r#"a["one","two\n\u0000"]"#)
    );
    assert_eq!(take_frame_from_pipe(&pipe, taker), NextFrame::Nothing);
    put_entry_into_pipe(&pipe, &HEARTBEAT);
    assert_eq!(take_frame_from_pipe(&pipe, taker), expect_frame_of_text("h"));
}

#[test]
fn should_send_what_waits_before_it_is_over() {
    let pipe = Pipe::with_capacity(8);
    let taker = pipe.become_taker_of_pipe();
    put_message_into_pipe(&pipe, "last");
    pipe.close_pipe_with_farewell(None, CloseCode::Normal);
    assert_eq!(take_frame_from_pipe(&pipe, taker), expect_frame_of_text(r#"a["last"]"#));
    for _ in 0..2 {
        assert_eq!(take_frame_from_pipe(&pipe, taker), NextFrame::Over(Phase::Closing));
    }
    pipe.break_pipe_without_farewell();
    assert_eq!(take_frame_from_pipe(&pipe, taker), NextFrame::Over(Phase::Broken));
    assert_eq!(Farewell::of_ended_phase(Phase::Broken), Farewell::Interrupted);
}

#[test]
fn should_bound_what_is_made_one_frame() {
    let pipe = Pipe::with_capacity(8);
    let taker = pipe.become_taker_of_pipe();
    let half = "x".repeat(FRAME_BYTES / 2);
    for _ in 0..3 {
        put_message_into_pipe(&pipe, &half);
    }
    let NextFrame::Frame(first) = take_frame_from_pipe(&pipe, taker) else { panic!("a frame") };
    let NextFrame::Frame(second) = take_frame_from_pipe(&pipe, taker) else { panic!("a frame") };
    let messages =
        |frame: &Bytes| serde_json::from_slice::<Vec<String>>(&frame[1..]).unwrap().len();
    assert_eq!((messages(&first), messages(&second)), (2, 1));
}

#[test]
fn should_escape_what_browsers_change_and_nothing_else() {
    let mut written = Vec::new();
    append_message_as_json(
        "\u{200c}ä\u{200b}\u{2028}\u{202f}\u{2060}\u{ffff}\u{1f989}\"\\\u{1}",
        &mut written,
    );
    let expected = "\"\\u200cä\u{200b}\\u2028\\u202f\\u2060\\uffff\u{1f989}\\\"\\\\\\u0001\"";
    assert_eq!(String::from_utf8(written).unwrap(), expected);
}

#[test]
fn should_take_arrays_of_strings_and_of_websockets_single_ones() {
    let parsed = |text: &str| parse_messages_of_client(text.as_bytes());
    assert_eq!(parsed(r#"["a","b"]"#), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(parsed("[]"), Some(Vec::new()));
    for broken in ["", "\"a\"", "[\"a", "[1]", "{}", "[[\"a\"]]", "[\"\\ud800\"]"] {
        assert_eq!(parsed(broken), None, "{broken}");
    }
    assert_eq!(parse_messages_of_client(&[b'[', b'"', 0xff, b'"', b']']), None);
    let parsed = |text: &str| parse_messages_of_websocket(text.as_bytes());
    assert_eq!(parsed("\"a\""), Some(vec!["a".to_owned()]));
    assert_eq!(parsed(""), Some(Vec::new()));
    assert_eq!(parsed("[\"a"), None);
}

proptest! {
    #[test]
    fn should_read_what_it_wrote(message in any::<String>()) {
        let mut written = Vec::new();
        append_message_as_json(&message, &mut written);
        prop_assert!(!written.contains(&b'\n'));
        prop_assert_eq!(serde_json::from_slice::<String>(&written).unwrap(), message);
    }
}
