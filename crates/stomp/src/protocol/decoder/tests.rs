use proptest::prelude::*;

use super::*;

const MOST_BYTES: usize = 64_000;

fn decode_all_given_bytes(
    bytes: &[u8],
    cut: usize,
    version: Option<Version>,
) -> Result<Vec<ClientFrame>, BadFrame> {
    let mut decoder = Decoder::with_limit_of_bytes(MOST_BYTES);
    let mut frames = Vec::new();
    for part in bytes.chunks(cut.max(1)) {
        decoder.add_bytes_of_client(part);
        while let Some(frame) = decoder.next_frame_of_client(version)? {
            frames.push(frame);
        }
    }
    assert_eq!(decoder.held_bytes(), 0, "bytes are left");
    Ok(frames)
}

fn decode_one_given_text(text: &str, version: Version) -> Result<Option<ClientFrame>, BadFrame> {
    let mut decoder = Decoder::with_limit_of_bytes(MOST_BYTES);
    decoder.add_bytes_of_client(text.as_bytes());
    decoder.next_frame_of_client(Some(version))
}

fn find_refusal_of_text(text: &str) -> Option<&'static str> {
    decode_one_given_text(text, Version::V12).err().map(|bad| bad.message)
}

/// Every kind of frame end, header and body there is, one behind the other.
const CONVERSATION: &str = "\n\r\n\nCONNECT\naccept-version:1.0,1.1,1.2\nhost:a:b\\c\n\n\0\n\n\
    SUBSCRIBE\r\nid:0\r\ndestination:/topic/incidents\r\n\r\n\0\r\n\
    SEND\ndestination:/app/room.join\ncontent-length:4\n\na\0\n\n\0\
    SEND\ndestination:/app/a\\cb\\n\\r\\\\\n\n{\"a\":\n\n1}\0\
    ACK\nid:1\n\nignored\0SEND\ndestination:x\n\n\0DISCONNECT\nreceipt:77\n\n\0\n";

#[test]
fn should_read_the_same_however_the_bytes_are_cut() {
    let whole =
        decode_all_given_bytes(CONVERSATION.as_bytes(), usize::MAX, Some(Version::V12)).unwrap();
    let commands: Vec<_> = whole.iter().map(|frame| frame.command.as_str()).collect();
    assert_eq!(commands, ["connect", "subscribe", "send", "send", "ack", "send", "disconnect"]);
    assert_eq!(
        whole[0].headers.find_value_by_name("host"),
        Some("a:b\\c"),
        "a CONNECT has no escapes"
    );
    assert_eq!(whole[1].headers.find_value_by_name("destination"), Some("/topic/incidents"));
    assert_eq!(whole[2].body, "a\0\n\n");
    assert_eq!(whole[3].headers.find_value_by_name("destination"), Some("/app/a:b\n\r\\"));
    assert_eq!(whole[3].body, "{\"a\":\n\n1}");
    assert_eq!(whole[4].body, "", "only a SEND has a body");
    for cut in 1..CONVERSATION.len() {
        let cut_in_pieces =
            decode_all_given_bytes(CONVERSATION.as_bytes(), cut, Some(Version::V12));
        assert_eq!(cut_in_pieces.as_ref(), Ok(&whole), "in pieces of {cut}");
    }
}

#[test]
fn should_refuse_every_frame_that_breaks_a_rule() {
    for (text, message) in [
        ("\0", "A frame ended before the empty line behind its headers"),
        ("SEND\ndestination:x\0", "A frame ended before the empty line behind its headers"),
        ("GET / HTTP/1.1\n\n\0", "The command is none of STOMP"),
        ("send\n\n\0", "The command is none of STOMP"),
        ("SEND \n\n\0", "The command is none of STOMP"),
        ("MESSAGE\n\n\0", "The command is none of STOMP"),
        ("SEND\ndestination\n\n\0", "A header has no colon"),
        ("SEND\n:x\n\n\0", "A header has no name"),
        ("SEND\na:\\t\n\n\0", "A header has an undefined escape"),
        ("SEND\na:\\\n\n\0", "A header has an undefined escape"),
        ("SEND\n\\x:a\n\n\0", "A header has an undefined escape"),
        ("SEND\ncontent-length:-1\n\n\0", "content-length must be a number of bytes"),
        ("SEND\ncontent-length:1e2\n\n\0", "content-length must be a number of bytes"),
        ("SEND\ncontent-length:\n\n\0", "content-length must be a number of bytes"),
        ("SEND\ncontent-length:+1\n\na\0", "content-length must be a number of bytes"),
        ("SEND\ncontent-length:1\n\nab\0", "No NUL follows the bytes that content-length counts"),
        ("SEND\ncontent-length:64000\n\n", "The frame is larger than the limit"),
        ("SEND\ncontent-length:99999999999999999999\n\n", "The frame is larger than the limit"),
    ] {
        assert_eq!(find_refusal_of_text(text), Some(message), "{text:?}");
    }
    let mut decoder = Decoder::with_limit_of_bytes(MOST_BYTES);
    decoder.add_bytes_of_client(b"SEND\na:\xff\n\n\0");
    let bad = decoder.next_frame_of_client(Some(Version::V12)).unwrap_err();
    assert_eq!(bad.message, "Command and headers must be UTF-8");
    assert_eq!(decoder.held_bytes(), 0, "what cannot be read is not kept");
}

#[test]
fn should_know_the_tricks_with_carriage_returns_and_colons() {
    let header = |text: &str, version, name: &str| {
        let frame = decode_one_given_text(text, version).unwrap().unwrap();
        frame.headers.find_value_by_name(name).map(ToOwned::to_owned)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(header("SEND\na:b:c\n\n\0", Version::V12, "a"), some("b:c"));
    assert_eq!(header("SEND\na:b\r\r\n\n\0", Version::V12, "a"), some("b\r"));
    assert_eq!(header("SEND\na: b \n\n\0", Version::V12, "a"), some(" b "));
    assert_eq!(header("SEND\na: b \n\n\0", Version::V10, "a"), some("b"));
    assert_eq!(header("SEND\na:\\c\n\n\0", Version::V10, "a"), some("\\c"));
    assert_eq!(header("SEND\na:1\na:2\n\n\0", Version::V12, "a"), some("1"));
    assert_eq!(header("SEND\na:\n\n\0", Version::V12, "a"), some(""));
    assert_eq!(header("SEND\n\\c:1\n\n\0", Version::V12, ":"), some("1"));
    assert_eq!(find_refusal_of_text("SEND\na:\\r\n\n\0"), None);
    assert!(decode_one_given_text("SEND\na:\\r\n\n\0", Version::V11).is_err());
    // A lone carriage return is a character of the command like any other.
    assert_eq!(find_refusal_of_text("SEND\r\r\n\n\0"), Some("The command is none of STOMP"));
}

#[test]
fn should_take_as_many_headers_and_bytes_as_may_be_and_no_more() {
    let with_headers = |count: usize| format!("SEND\n{}\n\0", "a:b\n".repeat(count));
    assert_eq!(find_refusal_of_text(&with_headers(MOST_HEADERS)), None);
    assert_eq!(
        find_refusal_of_text(&with_headers(MOST_HEADERS + 1)),
        Some("There are more headers than may be")
    );

    let with_head =
        |bytes: usize| format!("SEND\na:{}\n\n\0", "x".repeat(bytes - "SEND\na:\n\n".len()));
    assert_eq!(find_refusal_of_text(&with_head(MOST_HEAD_BYTES)), None);
    let too_large = Some("The headers are larger than the limit");
    assert_eq!(find_refusal_of_text(&with_head(MOST_HEAD_BYTES + 1)), too_large);
    // Whoever never ends its headers.
    assert_eq!(find_refusal_of_text(&"x".repeat(MOST_HEAD_BYTES)), None);
    assert_eq!(find_refusal_of_text(&"x".repeat(MOST_HEAD_BYTES + 1)), too_large);

    let frame = |bytes: usize| format!("SEND\n\n{}\0", "x".repeat(bytes - "SEND\n\n\0".len()));
    assert_eq!(find_refusal_of_text(&frame(MOST_BYTES)), None);
    assert_eq!(
        find_refusal_of_text(&frame(MOST_BYTES + 1)),
        Some("The frame is larger than the limit")
    );
    // Whoever never ends its body.
    let endless = frame(MOST_BYTES).replace('\0', "");
    assert_eq!(find_refusal_of_text(&endless), None);
    assert_eq!(find_refusal_of_text(&(endless + "x")), Some("The frame is larger than the limit"));
    // Whoever says that it will be long is not waited for.
    let said = |bytes: usize| format!("SEND\ncontent-length:{bytes}\n\n");
    let head = said(10_000).len();
    assert_eq!(find_refusal_of_text(&said(MOST_BYTES - head - 1)), None);
    assert_eq!(
        find_refusal_of_text(&said(MOST_BYTES - head)),
        Some("The frame is larger than the limit")
    );
}

#[test]
fn should_keep_no_memory_for_an_idle_client() {
    let mut decoder = Decoder::with_limit_of_bytes(MOST_BYTES);
    decoder.add_bytes_of_client(b"SEND\n\nbody\0\n\r\n\n");
    assert!(decoder.next_frame_of_client(None).unwrap().is_some());
    assert_eq!(decoder.next_frame_of_client(None), Ok(None));
    assert_eq!((decoder.held.len(), decoder.held.capacity()), (0, 0));
}

proptest! {
    #[test]
    fn should_read_headers_and_bodies_as_they_were_meant(
        headers in proptest::collection::vec(("[^\0]{1,20}", "[^\0]{0,20}"), 0..10),
        body in proptest::collection::vec(any::<u8>(), 0..100),
        cut in 1_usize..50,
    ) {
        let mut bytes = b"SEND\n".to_vec();
        for (name, value) in &headers {
            super::super::encoder::append_header_in_version(Version::V12, name, value, &mut bytes);
        }
        bytes.extend_from_slice(format!("content-length:{}\n\n", body.len()).as_bytes());
        bytes.extend_from_slice(&body);
        bytes.push(0);
        prop_assume!(!headers.iter().any(|(name, _)| name == "content-length"));
        let frames = decode_all_given_bytes(&bytes, cut, Some(Version::V12)).unwrap();
        prop_assert_eq!(frames.len(), 1);
        prop_assert_eq!(&frames[0].body[..], &body[..]);
        let read: Vec<_> = frames[0].headers.iter().take(headers.len()).collect();
        let meant: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        prop_assert_eq!(read, meant);
    }
}
