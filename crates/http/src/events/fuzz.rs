//! Any `Last-Event-ID`, and any `Accept`.

use axum::http::HeaderValue;
use owlpost_fuzzing::FuzzTarget;

use super::*;

#[test]
fn should_resume_after_a_position_or_say_that_it_is_none() {
    FuzzTarget::new("http-event-headers").check_each_fuzzed_input(|input| {
        let Ok(value) = HeaderValue::from_bytes(input) else { return };
        let mut headers = HeaderMap::new();
        headers.insert("last-event-id", value.clone());
        headers.insert(header::ACCEPT, value);
        let digits = input.iter().all(u8::is_ascii_digit);
        match read_last_event_id_from(&headers) {
            Ok(None) => assert!(input.is_empty()),
            Ok(Some(position)) => {
                let zeros = input.iter().take_while(|byte| **byte == b'0').count();
                let shown = position.to_string();
                assert!(digits && position >= 0);
                assert!(
                    shown.as_bytes() == &input[zeros..] || (position == 0 && zeros == input.len())
                );
            }
            Err(HttpError::Domain(DomainError::Validation { field, .. })) => {
                assert_eq!(field, "Last-Event-ID");
                assert!(!digits || input.len() > 18);
            }
            Err(other) => panic!("no refusal of a field: {other}"),
        }
        let lower = String::from_utf8_lossy(input).to_ascii_lowercase();
        if accepts_stream_of_events(&headers) {
            assert!(lower.contains(EVENT_STREAM));
        } else {
            assert_ne!(lower.trim_matches([' ', '\t']), EVENT_STREAM);
        }
    });
}
