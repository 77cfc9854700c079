//! What clients send, as bytes and as frames that are nearly right.

use owlpost_fuzzing::{Choices, FuzzTarget};

use crate::protocol::{
    decoder::{BadFrame, Decoder, MOST_HEADERS},
    exchange::{Exchange, Fault, Received, Request},
    frame::ClientFrame,
    transactions::MOST_WAITING_FRAMES,
    version::Version,
};

/// A bound that inputs reach.
const MOST_BYTES: usize = 1500;

/// The version of a connection, chosen by its first byte.
fn choose_version_by_byte(byte: u8) -> Option<Version> {
    [None, Some(Version::V10), Some(Version::V11), Some(Version::V12)][usize::from(byte % 4)]
}

/// What these pieces say, and what ended it. What is held between them is at most one frame.
fn decode_pieces_of_input(
    version: Option<Version>,
    pieces: &[&[u8]],
) -> (Vec<ClientFrame>, Option<BadFrame>) {
    let mut decoder = Decoder::with_limit_of_bytes(MOST_BYTES);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.add_bytes_of_client(piece);
        loop {
            match decoder.next_frame_of_client(version) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                // Nothing further of this client is read.
                Err(bad) => {
                    assert_eq!(decoder.held_bytes(), 0);
                    return (frames, Some(bad));
                }
            }
        }
    }
    (frames, None)
}

fn check_frames_of_input(input: &[u8]) {
    let mut choices = Choices::new(input);
    let version = choose_version_by_byte(choices.take_byte_or_zero());
    let seed = choices.take_byte_or_zero();
    let bytes = choices.take_rest_of_input();
    let whole = decode_pieces_of_input(version, &[bytes]);
    let pieces = Choices::cut_bytes_by_seed(bytes, seed);
    let (frames, bad) = decode_pieces_of_input(version, &pieces);
    assert_eq!(frames, whole.0, "the frames depend on how the bytes were cut");
    // Which of two limits is passed first does depend on it.
    assert_eq!(bad.map(|bad| bad.code), whole.1.map(|bad| bad.code));
    let mut total = 0;
    for frame in &frames {
        assert!(frame.headers.len() <= MOST_HEADERS && frame.bytes <= MOST_BYTES);
        total += frame.bytes;
    }
    assert!(total <= bytes.len());
}

/// What a client asks for in all, and what ended it.
fn read_requests_of_pieces(version: Version, pieces: &[&[u8]]) -> (Vec<Received>, Option<Fault>) {
    let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
    let mut requests = Vec::new();
    for piece in pieces {
        exchange.add_bytes_of_client(piece);
        loop {
            match exchange.next_request_of_client() {
                Ok(Some(received)) => {
                    if let Request::Connect { .. } = received.request {
                        exchange.accept_client_in_version(version);
                    }
                    requests.push(received);
                }
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!(exchange.next_request_of_client(), Ok(None));
                    return (requests, Some(fault));
                }
            }
        }
    }
    (requests, None)
}

fn check_requests_of_input(input: &[u8]) {
    let mut choices = Choices::new(input);
    let version = choose_version_by_byte(choices.take_byte_or_zero()).unwrap_or(Version::V12);
    let seed = choices.take_byte_or_zero();
    let bytes = choices.take_rest_of_input();
    let (requests, fault) = read_requests_of_pieces(version, &[bytes]);
    let pieces = Choices::cut_bytes_by_seed(bytes, seed);
    let cut = read_requests_of_pieces(version, &pieces);
    assert_eq!(cut.0, requests);
    assert_eq!(cut.1.map(|fault| fault.bad.code), fault.map(|fault| fault.bad.code));
    let connects =
        requests.iter().filter(|received| matches!(received.request, Request::Connect { .. }));
    assert!(connects.count() <= 1);
    let is_first = |received: &Received| matches!(received.request, Request::Connect { .. });
    assert!(requests.first().is_none_or(is_first), "somebody was heard before the CONNECT");
    let goodbye = requests.iter().position(|received| received.request == Request::Disconnect);
    assert!(goodbye.is_none_or(|at| at + 1 == requests.len()), "heard behind a goodbye");
    // A frame of a few bytes asks for one thing, but for a COMMIT.
    assert!(requests.len() <= bytes.len() / 6 + MOST_WAITING_FRAMES);
}

#[test]
fn should_read_any_bytes_the_same_however_they_are_cut() {
    FuzzTarget::new("stomp-frames").check_each_fuzzed_input(check_frames_of_input);
}

#[test]
fn should_ask_for_the_same_however_the_bytes_are_cut() {
    FuzzTarget::new("stomp-requests").check_each_fuzzed_input(check_requests_of_input);
}
