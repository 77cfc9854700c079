use serde_json::json;

use super::*;
use crate::hub_message::{MOST_ID_BYTES, MOST_NESTED_VALUES};

fn decode_body_of_client(body: &[u8]) -> Result<ClientMessage, String> {
    decode_message_from_msgpack(body).map_err(|bad| bad.as_str().to_owned())
}

#[track_caller]
fn assert_body_is_bad(body: &[u8], reason: &str) {
    assert_eq!(decode_body_of_client(body), Err(reason.to_owned()), "{}", body.escape_ascii());
}

fn decode_call_of_client(body: &[u8]) -> Invocation {
    match decode_body_of_client(body) {
        Ok(ClientMessage::Invocation(call) | ClientMessage::StreamInvocation(call)) => call,
        other => panic!("{} is {other:?}", body.escape_ascii()),
    }
}

#[test]
fn should_read_calls_with_and_without_streams_and_with_unknown_elements() {
    let mut expected = Invocation {
        id: Some("0".into()),
        target: "Join".into(),
        arguments: Ok(vec![json!({"room": "feed"}), json!(null)]),
        stream_ids: 0,
        bytes: 0,
    };
    let bodies: [(&[u8], usize); 5] = [
        (b"\x95\x01\x80\xa10\xa4Join\x92\x81\xa4room\xa4feed\xc0", 0),
        (b"\x96\x01\x80\xa10\xa4Join\x92\x81\xa4room\xa4feed\xc0\xc0", 0),
        (b"\x96\x01\x80\xa10\xa4Join\x92\x81\xa4room\xa4feed\xc0\x92\xa1a\xa1b", 2),
        (b"\x98\x01\x80\xa10\xa4Join\x92\x81\xa4room\xa4feed\xc0\x90\xc4\x01x\xd4\x01\0", 0),
        // The longest forms of everything, and headers that are none.
        (
            b"\xdd\0\0\0\x05\xd3\0\0\0\0\0\0\0\x01\x07\xdb\0\0\0\x010\xda\0\x04Join\
            \xdc\0\x02\xdf\0\0\0\x01\xd9\x04room\xdb\0\0\0\x04feed\xc0",
            0,
        ),
    ];
    for (body, stream_ids) in bodies {
        expected.stream_ids = stream_ids;
        expected.bytes = body.len();
        assert_eq!(decode_call_of_client(body), expected, "{}", body.escape_ascii());
    }
}

#[test]
fn should_take_nil_and_empty_ids_for_calls_without_an_answer() {
    for id in [b"\xc0", b"\xa0"] {
        assert_eq!(
            decode_call_of_client(&[b"\x95\x01\x80", &id[..], b"\xa1x\x90"].concat()).id,
            None
        );
        for (head, tail) in [
            (b"\x94\x02\x80", b"\x01".as_slice()),
            (b"\x94\x03\x80", b"\x02"),
            (b"\x95\x04\x80", b"\xa1x\x90"),
            (b"\x93\x05\x80", b""),
        ] {
            let body = [head, &id[..], tail].concat();
            assert_body_is_bad(&body, "Missing required property 'invocationId'.");
        }
    }
}

#[test]
fn should_refuse_messages_without_what_their_type_requires() {
    let missing: [(&[u8], &str); 10] = [
        (b"\x90", "type"),
        (b"\x91\x01", "headers"),
        (b"\x92\x01\x80", "invocationId"),
        (b"\x93\x01\x80\xc0", "target"),
        (b"\x94\x01\x80\xc0\xa0", "target"),
        (b"\x94\x01\x80\xc0\xa1x", "arguments"),
        (b"\x93\x02\x80\xa1x", "item"),
        (b"\x93\x03\x80\xa1x", "resultKind"),
        (b"\x94\x03\x80\xa1x\x03", "result"),
        (b"\x91\x08", "sequenceId"),
    ];
    for (body, name) in missing {
        assert_body_is_bad(body, &format!("Missing required property '{name}'."));
    }
    let wrong: [(&[u8], &str, &str); 11] = [
        (b"\x91\xa11", "type", "Number"),
        (b"\x91\xc0", "type", "Number"),
        (b"\x91\xca\x3f\x80\0\0", "type", "Number"),
        (b"\x91\xce\x80\0\0\0", "type", "Number"),
        (b"\x95\x01\x80\x01\xa1x\x90", "invocationId", "String"),
        (b"\x95\x01\x80\xc4\x01x\xa1x\x90", "invocationId", "String"),
        (b"\x95\x01\x80\xc0\xa1\xff\x90", "target", "String"),
        (b"\x95\x01\x80\xc0\xa1x\x80", "arguments", "Array"),
        (b"\x96\x01\x80\xc0\xa1x\x90\x80", "streamIds", "Array"),
        (b"\x96\x01\x80\xc0\xa1x\x90\x91\xc0", "streamIds", "Array"),
        (b"\x95\x03\x80\xa1x\x01\x01", "error", "String"),
    ];
    for (body, name, expected) in wrong {
        assert_body_is_bad(body, &format!("Expected '{name}' to be of type {expected}."));
    }
    assert_body_is_bad(b"\x94\x03\x80\xa1x\x04", "The 'resultKind' is none of 1, 2 and 3.");
}

#[test]
fn should_refuse_what_is_no_single_array() {
    for body in [b"\x80".as_slice(), b"\x06", b"\xc0", b"{}", b"\xdc\0", b""] {
        assert_body_is_bad(body, "Expected a msgpack array.");
    }
    assert_body_is_bad(b"\x91\x06\x91\x06", "Bytes follow the end of the message.");
    assert_body_is_bad(b"\x91\x06\0", "Bytes follow the end of the message.");
    assert_body_is_bad(b"\x92\x06\xc1", "The message has a byte that msgpack never uses.");
}

#[test]
fn should_refuse_claims_that_the_bytes_do_not_keep() {
    let claims: [&[u8]; 12] = [
        b"\xdd\xff\xff\xff\xff\x06",
        b"\x92\x06",
        b"\x92\x06\xdd\xff\xff\xff\xff",
        b"\x92\x06\xdf\xff\xff\xff\xff\0",
        b"\x92\x06\xdb\xff\xff\xff\xffx",
        b"\x92\x06\xc6\xff\xff\xff\xff",
        b"\x92\x06\xc9\xff\xff\xff\xff\x01",
        b"\x92\x06\xd8\x01\0",
        b"\x92\x06\xcb\0\0",
        b"\x92\x06\xda\0",
        b"\x95\x01\x80\xc0\xa1x\xdd\xff\xff\xff\xff",
        b"\x95\x01\x80\xc0\xa1x\x91\xdf\x7f\xff\xff\xff\xa1x\xa1x",
    ];
    for body in claims {
        assert_body_is_bad(body, "The message ends within a value.");
    }
}

#[test]
fn should_ignore_types_of_later_versions_and_what_is_not_asked_for() {
    for body in [b"\x91\0".as_slice(), b"\x93\x0a\x01\x02", b"\x91\xff", b"\x91\xd2\x80\0\0\0"] {
        assert_eq!(decode_body_of_client(body), Ok(ClientMessage::Ignored));
    }
    assert_eq!(decode_body_of_client(b"\x92\x06\x80"), Ok(ClientMessage::Ping));
    for close in [b"\x91\x07".as_slice(), b"\x92\x07\xc0", b"\x93\x07\x01\x02"] {
        assert_eq!(decode_body_of_client(close), Ok(ClientMessage::Close));
    }
}

#[test]
fn should_blame_the_call_for_arguments_that_cannot_be_represented() {
    let arguments: [&[u8]; 5] =
        [b"\xc4\x01x", b"\xd6\xff\0\0\0\0", b"\x81\x01\x02", b"\x81\xc0\x02", b"\xa1\xff"];
    for argument in arguments {
        let body = [b"\x96\x01\x80\xa10\xa1x\x91", argument, b"\x91\xa1s"].concat();
        let call = decode_call_of_client(&body);
        assert_eq!(call.arguments, Err(BAD_ARGUMENTS.to_owned()));
        // What follows the arguments is found all the same.
        assert_eq!((call.id.as_deref(), call.stream_ids), (Some("0"), 1));
    }
}

#[test]
fn should_bound_ids_and_nesting() {
    let cancel = |bytes: u16| {
        [b"\x93\x05\x80\xda", &bytes.to_be_bytes()[..], &vec![b'i'; bytes.into()]].concat()
    };
    let most = u16::try_from(MOST_ID_BYTES).unwrap();
    let longest = ClientMessage::CancelInvocation { id: "i".repeat(MOST_ID_BYTES) };
    assert_eq!(decode_body_of_client(&cancel(most)), Ok(longest));
    assert_body_is_bad(&cancel(most + 1), "The 'invocationId' is longer than 1024 bytes.");

    let too_deep = "The message is nested deeper than 64 levels.";
    for (array, end) in [(b"\x91".as_slice(), b"\x90".as_slice()), (b"\x81\xa1x", b"\x80")] {
        // The message and its arguments are levels of their own, and so is the empty one within.
        let nested =
            |levels| [b"\x95\x01\x80\xc0\xa1x\x91", &array.repeat(levels)[..], end].concat();
        let call = decode_call_of_client(&nested(MOST_NESTED_VALUES - 3));
        assert!(call.arguments.is_ok());
        assert_body_is_bad(&nested(MOST_NESTED_VALUES - 2), too_deep);
        assert_body_is_bad(&nested(20_000), too_deep);
        // Also in what is not read.
        assert_body_is_bad(&[b"\x92\x06", &array.repeat(64)[..], end].concat(), too_deep);
    }
}
