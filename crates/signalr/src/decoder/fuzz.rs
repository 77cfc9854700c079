//! Any bytes of a client, however they are cut.

use owlpost_fuzzing::{Choices, FuzzTarget};

use super::*;

/// Small, so that inputs get past it.
const MOST_BYTES: usize = 200;

type Read = (Vec<ClientMessage>, Option<BadMessage>);

fn decode_pieces_to_end(format: HubFormat, pieces: &[&[u8]]) -> Read {
    let mut decoder = Decoder::with_format(format, MOST_BYTES);
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.add_bytes_of_client(piece);
        loop {
            match decoder.next_message_of_client() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(problem) => return (messages, Some(problem)),
            }
        }
        // No more is kept than may still become a message, and its length.
        assert!(decoder.received.len() <= MOST_BYTES + 5);
    }
    (messages, None)
}

fn check_any_bytes_of_format(format: HubFormat, input: &[u8]) {
    let Some((seed, bytes)) = input.split_first() else { return };
    let whole = decode_pieces_to_end(format, &[bytes]);
    let cut = decode_pieces_to_end(format, &Choices::cut_bytes_by_seed(bytes, *seed));
    assert_eq!(whole.0, cut.0);
    assert_eq!(whole.1.is_some(), cut.1.is_some());
    assert!(whole.0.len() <= bytes.len());
    if let Some(BadMessage(problem)) = whole.1 {
        assert!(!problem.is_empty() && problem.len() < 200, "{problem}");
    }
    for message in whole.0 {
        if let ClientMessage::Invocation(invocation) | ClientMessage::StreamInvocation(invocation) =
            message
        {
            assert!(invocation.bytes <= MOST_BYTES);
        }
    }
}

#[test]
fn should_read_the_same_of_json_however_it_is_cut() {
    FuzzTarget::new("signalr-json").check_each_fuzzed_input(|input| {
        check_any_bytes_of_format(HubFormat::Json, input);
    });
}

#[test]
fn should_read_the_same_of_msgpack_however_it_is_cut() {
    FuzzTarget::new("signalr-msgpack").check_each_fuzzed_input(|input| {
        check_any_bytes_of_format(HubFormat::MessagePack, input);
    });
}
