use super::*;

fn read_text_of_client(text: &str) -> Handshake {
    read_handshake_of_client(text.as_bytes(), true)
}

#[test]
fn should_accept_each_protocol_and_leave_what_stands_behind() {
    let accepted = |format, length| Handshake::Accepted { format, length };
    let json = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
    assert_eq!(read_text_of_client(json), accepted(HubFormat::Json, json.len()));
    let followed = format!("{json}{{\"type\":6}}\u{1e}");
    assert_eq!(read_text_of_client(&followed), accepted(HubFormat::Json, json.len()));
    let binary = "{\"version\":0,\"protocol\":\"messagepack\",\"more\":[]}\u{1e}";
    assert_eq!(read_text_of_client(binary), accepted(HubFormat::MessagePack, binary.len()));
}

#[test]
fn should_wait_for_the_rest_of_a_handshake_cut_at_any_byte() {
    let json = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
    for cut in 0..json.len() {
        assert_eq!(read_text_of_client(&json[..cut]), Handshake::Incomplete);
    }
}

#[test]
fn should_say_why_a_handshake_is_refused() {
    for (text, why) in [
        (
            "{\"protocol\":\"blazor\",\"version\":1}\u{1e}",
            "The protocol 'blazor' is not supported.",
        ),
        (
            "{\"protocol\":\"json\",\"version\":2}\u{1e}",
            "The server does not support version 2 of the 'json' protocol.",
        ),
        (
            "{\"protocol\":\"json\",\"version\":-1}\u{1e}",
            "The server does not support version -1 of the 'json' protocol.",
        ),
    ] {
        assert_eq!(read_text_of_client(text), Handshake::Refused(why.to_owned()));
    }
    for text in
        ["\u{1e}", "[]\u{1e}", "{}\u{1e}", "{\"protocol\":1,\"version\":1}\u{1e}", "x\u{1e}"]
    {
        assert!(matches!(read_text_of_client(text), Handshake::Refused(_)), "{text}");
    }
    let binary = b"{\"protocol\":\"messagepack\",\"version\":1}\x1e";
    assert!(matches!(read_handshake_of_client(binary, false), Handshake::Refused(_)));
}

#[test]
fn should_bound_what_is_kept_of_a_handshake() {
    let padded = |bytes: usize| {
        let head = "{\"protocol\":\"json\",\"version\":1,\"x\":\"";
        format!("{head}{}\"}}\u{1e}", "x".repeat(bytes - head.len() - 3))
    };
    assert!(matches!(read_text_of_client(&padded(MOST_BYTES)), Handshake::Accepted { .. }));
    assert!(matches!(read_text_of_client(&padded(MOST_BYTES + 1)), Handshake::Refused(_)));
    assert_eq!(read_text_of_client(&"x".repeat(MOST_BYTES - 1)), Handshake::Incomplete);
    assert!(matches!(read_text_of_client(&"x".repeat(MOST_BYTES)), Handshake::Refused(_)));
}

#[test]
fn should_answer_with_an_error_or_nothing() {
    assert_eq!(encode_handshake_answer_with(None), "{}\u{1e}");
    assert_eq!(encode_handshake_answer_with(Some("a\"b")), "{\"error\":\"a\\\"b\"}\u{1e}");
}
