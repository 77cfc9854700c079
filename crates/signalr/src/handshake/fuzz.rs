//! Any bytes at the beginning of a connection.

use owlpost_fuzzing::FuzzTarget;

use super::*;

#[test]
fn should_accept_exactly_what_names_a_protocol_that_is_spoken() {
    FuzzTarget::new("signalr-handshake").check_each_fuzzed_input(|input| {
        let end = input.iter().position(|byte| *byte == RECORD_SEPARATOR);
        match read_handshake_of_client(input, true) {
            Handshake::Incomplete => assert!(end.is_none() && input.len() < MOST_BYTES),
            Handshake::Refused(error) => assert!(!error.is_empty() && error.len() < 400),
            Handshake::Accepted { format, length } => {
                assert_eq!(Some(length - 1), end);
                let request: Value = serde_json::from_slice(&input[..length - 1]).expect("JSON");
                let name = request["protocol"].as_str().expect("a name").to_ascii_lowercase();
                assert_eq!(name == "messagepack", format.is_binary());
                assert!(name == "json" || name == "messagepack");
                assert!(matches!(request["version"].as_i64(), Some(0 | 1)));
            }
        }
    });
}
