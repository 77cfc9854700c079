use super::*;

fn read_packets_of_body(
    body: &[u8],
    protocol: ProtocolVersion,
    is_binary: bool,
) -> Result<Vec<Packet>, Rejection> {
    Packets::from_body(body, protocol, is_binary)?.collect()
}

fn message_packet_of_text(content: &str) -> Packet {
    Packet::Message(content.to_owned().into())
}

#[test]
fn should_read_packets_with_separators_between() {
    let read = |body: &str| read_packets_of_body(body.as_bytes(), ProtocolVersion::V4, false);
    assert_eq!(read(""), Ok(vec![]));
    assert_eq!(read("4hällo"), Ok(vec![message_packet_of_text("hällo")]));
    let expected = vec![
        message_packet_of_text("a"),
        Packet::Binary(Bytes::from_static(&[1, 2, 3])),
        message_packet_of_text(""),
    ];
    assert_eq!(read("4a\x1ebAQID\x1e4"), Ok(expected));
    // Nothing behind the last separator is no packet that is missing.
    assert_eq!(read("2\x1e"), Ok(vec![Packet::Ping]));
    for body in ["\x1e4a", "4a\x1e\x1e4b", "x", "b!"] {
        assert_eq!(read(body), Err(Rejection::BadPayload), "{body:?}");
    }
}

#[test]
fn should_count_packets_of_protocol_3_in_utf16_units() {
    let read = |body: &str| read_packets_of_body(body.as_bytes(), ProtocolVersion::V3, false);
    assert_eq!(read(""), Ok(vec![]));
    assert_eq!(
        read("6:4hello4:4€𝄞1:2"),
        Ok(vec![message_packet_of_text("hello"), message_packet_of_text("€𝄞"), Packet::Ping])
    );
    assert_eq!(read("6:b4AQID"), Ok(vec![Packet::BinaryV3(Bytes::from_static(&[1, 2, 3]))]));
}

#[test]
fn should_refuse_lengths_of_protocol_3_that_do_not_fit() {
    for body in [
        // One unit, and a character of two: what made the decoder of before turn for ever.
        "1:🦉x",
        "2:4🦉",
        "0:",
        "0:4a",
        ":4a",
        "3:4a",
        "2:",
        "2",
        "+2:4a",
        "-2:4a",
        " 2:4a",
        "2 :4a",
        "٢:4a",
        "0000000002:4a",
        "99999999999999999999:4a",
        "2:4a2:4",
        "2:4ax",
        "2:xa",
    ] {
        let packets = read_packets_of_body(body.as_bytes(), ProtocolVersion::V3, false);
        assert_eq!(packets, Err(Rejection::BadPayload), "{body:?}");
    }
}

#[test]
fn should_read_binary_payloads_of_protocol_3() {
    let body = [&[0, 3, 255][..], b"4hi", &[1, 4, 255, 4, 1, 2, 3], &[1, 1, 255, 4]].concat();
    let bytes = |bytes: &'static [u8]| Packet::BinaryV3(Bytes::from_static(bytes));
    let expected = vec![message_packet_of_text("hi"), bytes(&[1, 2, 3]), bytes(&[])];
    assert_eq!(read_packets_of_body(&body, ProtocolVersion::V3, true), Ok(expected));
    let long = [&[1, 1, 0, 0, 0, 255, 4][..], &[7; 999]].concat();
    assert_eq!(read_packets_of_body(&long, ProtocolVersion::V3, true), Ok(vec![bytes(&[7; 999])]));
}

#[test]
fn should_refuse_heads_of_binary_payloads_that_do_not_fit() {
    for body in [
        &[0][..],
        &[0, 1],
        &[0, 255],
        &[0, 0, 255, b'2'],
        &[0, 10, 255, b'2'],
        &[0, 2, 255, b'2'],
        &[2, 1, 255, b'2'],
        &[0, 2, 255, b'4', 0xff],
        &[1, 1, 255, 2],
        &[0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 255, b'2'],
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 255, b'2'],
    ] {
        let packets = read_packets_of_body(body, ProtocolVersion::V3, true);
        assert_eq!(packets, Err(Rejection::BadPayload), "{body:?}");
    }
}

#[test]
fn should_hand_over_what_comes_before_a_packet_that_is_none_and_then_end() {
    for (body, protocol) in
        [("4a\x1ex\x1e4b", ProtocolVersion::V4), ("2:4a1:x2:4b", ProtocolVersion::V3)]
    {
        let mut packets = Packets::from_body(body.as_bytes(), protocol, false).unwrap();
        assert_eq!(packets.next(), Some(Ok(message_packet_of_text("a"))));
        assert_eq!(packets.next(), Some(Err(Rejection::BadPayload)));
        assert_eq!(packets.next(), None);
    }
}

#[test]
fn should_refuse_text_payloads_that_are_no_text() {
    for protocol in [ProtocolVersion::V3, ProtocolVersion::V4] {
        assert_eq!(read_packets_of_body(b"4a\xff", protocol, false), Err(Rejection::BadPayload));
    }
}

#[test]
fn should_read_a_long_payload_in_time_that_grows_with_its_length() {
    // Each packet looked at the whole rest once: quadratic, this would take minutes.
    let packets = 500_000;
    for (body, protocol) in [("1:2", ProtocolVersion::V3), ("2\x1e", ProtocolVersion::V4)] {
        let body = body.repeat(packets);
        let read = Packets::from_body(body.as_bytes(), protocol, false).unwrap();
        assert_eq!(read.filter(|packet| *packet == Ok(Packet::Ping)).count(), packets);
    }
}
