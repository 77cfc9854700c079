//! What clients send in the framing of SockJS.

use std::task::Waker;

use bytes::Bytes;
use owlpost_carrier::{Outgoing, Pipe};
use owlpost_fuzzing::FuzzTarget;

use crate::frames::{
    NextFrame, parse_messages_of_client, parse_messages_of_websocket, take_next_frame_from,
};

/// Whatever messages were read come out as they went in.
fn check_messages_of_input(input: &[u8]) {
    let by_post = parse_messages_of_client(input);
    let by_websocket = parse_messages_of_websocket(input);
    assert!(by_post.is_none() || by_post == by_websocket);
    let Some(messages) = by_websocket.filter(|messages| !messages.is_empty()) else { return };
    assert!(messages.iter().map(|message| message.len() + 2).sum::<usize>() <= input.len());
    let pipe = Pipe::with_capacity(messages.len());
    let taker = pipe.become_taker_of_pipe();
    for message in &messages {
        let entry = Outgoing::Text(Bytes::from(message.clone()));
        assert!(pipe.put_within_limit_of_pipe(entry).is_ok());
    }
    let NextFrame::Frame(frame) = take_next_frame_from(&pipe, taker, Waker::noop()) else {
        panic!("messages that wait are no frame");
    };
    assert!(!frame.iter().any(|byte| *byte < b' '), "a browser or a stream would change it");
    assert_eq!(parse_messages_of_client(&frame[1..]), Some(messages));
}

#[test]
fn should_give_back_any_messages_that_it_read() {
    FuzzTarget::new("sockjs-messages").check_each_fuzzed_input(check_messages_of_input);
}
