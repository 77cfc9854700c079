//! Any `Last-Event-ID`, and any `Accept`.

use axum::http::HeaderValue;
use owlpost_fuzzing::FuzzTarget;
use owlpost_realtime::POSITION_CHARACTERS;

use super::*;

#[test]
fn should_read_what_a_reader_saw_within_its_bound() {
    FuzzTarget::new("http-event-headers").check_each_fuzzed_input(|input| {
        let Ok(value) = HeaderValue::from_bytes(input) else { return };
        let mut headers = HeaderMap::new();
        headers.insert("last-event-id", value.clone());
        headers.insert(header::ACCEPT, value);
        match read_last_event_id_from(&headers) {
            None => assert!(input.is_empty()),
            Some(text) => {
                assert!(text.chars().count() <= POSITION_CHARACTERS);
                assert!(String::from_utf8_lossy(input).starts_with(&text));
            }
        }
        let lower = String::from_utf8_lossy(input).to_ascii_lowercase();
        if accepts_stream_of_events(&headers) {
            assert!(lower.contains(EVENT_STREAM));
        } else {
            assert_ne!(lower.trim_matches([' ', '\t']), EVENT_STREAM);
        }
    });
}
