use super::*;

fn parse_text_of_client(text: &str) -> Handshake {
    parse_handshake_of_client(text.as_bytes(), true)
}

#[track_caller]
fn assert_text_is_refused(text: &str, error: &str) {
    assert_eq!(parse_text_of_client(text), Handshake::Refused { error: error.into() }, "{text}");
}

#[test]
fn should_accept_both_protocols_in_versions_zero_and_one() {
    let accepted = [
        ("{\"protocol\":\"json\",\"version\":1}\x1e", HubFormat::Json),
        ("{\"protocol\":\"json\",\"version\":0}\x1e", HubFormat::Json),
        ("{\"version\":1,\"protocol\":\"messagepack\"}\x1e", HubFormat::MessagePack),
        ("{\"protocol\":\"MessagePack\",\"version\":1}\x1e", HubFormat::MessagePack),
        (" { \"protocol\" : \"JSON\", \"version\" : 1, \"x\" : [{}] }\n\x1e", HubFormat::Json),
    ];
    for (text, format) in accepted {
        let expected = Handshake::Accepted { format, bytes: text.len() };
        assert_eq!(parse_text_of_client(text), expected, "{text}");
        // What follows in the same message are hub messages.
        assert_eq!(parse_text_of_client(&format!("{text}{{\"type\":6}}\x1e")), expected);
        for bytes in 0..text.len() {
            assert_eq!(parse_text_of_client(&text[..bytes]), Handshake::Incomplete);
        }
    }
}

#[test]
fn should_refuse_other_protocols_and_versions_by_name() {
    assert_text_is_refused(
        "{\"protocol\":\"xml\",\"version\":1}\x1e",
        "The protocol 'xml' is not supported.",
    );
    for version in ["2", "-1", "2147483647"] {
        assert_text_is_refused(
            &format!("{{\"protocol\":\"json\",\"version\":{version}}}\x1e"),
            &format!("The server does not support version {version} of the 'json' protocol."),
        );
    }
}

#[test]
fn should_refuse_a_binary_protocol_where_only_text_is_carried() {
    let msgpack = b"{\"protocol\":\"messagepack\",\"version\":1}\x1e";
    let error =
        "The 'messagepack' protocol is binary, and the current transport carries only text.";
    let refused = Handshake::Refused { error: error.into() };
    assert_eq!(parse_handshake_of_client(msgpack, false), refused);
    let json = b"{\"protocol\":\"json\",\"version\":1}\x1e";
    let accepted = Handshake::Accepted { format: HubFormat::Json, bytes: json.len() };
    assert_eq!(parse_handshake_of_client(json, false), accepted);
}

#[test]
fn should_refuse_what_is_no_handshake() {
    let refused = [
        ("\x1e", "The message is empty."),
        ("owl\x1e", "Expected a JSON object."),
        ("[\"json\",1]\x1e", "Expected a JSON object."),
        ("{\"protocol\":\"json\",\"version\":1\x1e", "Error reading JSON."),
        ("{\"protocol\":\"json\",\"version\":1,\"version\":1}\x1e", "Error reading JSON."),
        ("{\"type\":6}\x1e", "Missing required property 'protocol'."),
        ("{\"protocol\":null,\"version\":1}\x1e", "Missing required property 'protocol'."),
        ("{\"protocol\":\"json\"}\x1e", "Missing required property 'version'."),
        ("{\"protocol\":1,\"version\":1}\x1e", "Expected 'protocol' to be of type String."),
        (
            "{\"protocol\":\"json\",\"version\":\"1\"}\x1e",
            "Expected 'version' to be of type Number.",
        ),
        ("{\"protocol\":\"json\",\"version\":1.5}\x1e", "Expected 'version' to be of type Number."),
        (
            "{\"protocol\":\"json\",\"version\":2147483648}\x1e",
            "Expected 'version' to be of type Number.",
        ),
    ];
    for (text, reason) in refused {
        assert_text_is_refused(text, &format!("The handshake could not be read. {reason}"));
    }
    let not_utf8 = parse_handshake_of_client(b"{\"protocol\":\"\xff\",\"version\":1}\x1e", true);
    assert!(matches!(not_utf8, Handshake::Refused { .. }));
}

#[test]
fn should_bound_the_handshake_with_and_without_its_end() {
    let handshake = |bytes: usize| {
        let head = "{\"protocol\":\"json\",\"version\":1,\"x\":\"";
        format!("{head}{}\"}}", "x".repeat(bytes - head.len() - 2))
    };
    let longest = handshake(MOST_HANDSHAKE_BYTES);
    assert_eq!(parse_text_of_client(&longest), Handshake::Incomplete);
    let accepted = Handshake::Accepted { format: HubFormat::Json, bytes: longest.len() + 1 };
    assert_eq!(parse_text_of_client(&format!("{longest}\x1e")), accepted);
    let over = handshake(MOST_HANDSHAKE_BYTES + 1);
    let error = "The handshake could not be read. The message is longer than 4096 bytes.";
    assert_text_is_refused(&over, error);
    assert_text_is_refused(&format!("{over}\x1e"), error);
}

#[test]
fn should_answer_with_json_that_ends_with_one_separator() {
    assert_eq!(encode_answer_of_acceptance(), "{}\x1e");
    let refusal = encode_answer_of_refusal("The protocol '\x1e\"' is not supported.");
    assert_eq!(refusal, "{\"error\":\"The protocol '\\u001e\\\"' is not supported.\"}\x1e");
}
