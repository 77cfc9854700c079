//! What the documents of protocols 3 and 4 say of both, for each: the cases in which a server can be wrong.

use crate::support;

use std::time::Duration;

use engineioxide::DisconnectReason;
use owlpost_testkit::{PollingClient, WebSocketClient, request_answer_from_engine};
use support::{Behaviour, TestServer, config};
use tungstenite::{Error, Message};

/// How a version of the protocol is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Three,
    Four,
}

const BOTH: [Version; 2] = [Version::Three, Version::Four];

impl Version {
    fn query(self) -> &'static str {
        match self {
            Self::Three => "EIO=3",
            Self::Four => "EIO=4",
        }
    }

    /// Packets as the body of a polling request or answer.
    fn payload(self, packets: &[&str]) -> String {
        match self {
            Self::Three => packets
                .iter()
                .map(|packet| format!("{}:{packet}", packet.encode_utf16().count()))
                .collect(),
            Self::Four => packets.join("\x1e"),
        }
    }

    /// Bytes in a packet of text.
    fn packet_of_base64(self, base64: &str) -> String {
        match self {
            Self::Three => format!("b4{base64}"),
            Self::Four => format!("b{base64}"),
        }
    }

    /// A message of bytes as a websocket carries it.
    fn frame(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Three => [&[4], bytes].concat(),
            Self::Four => bytes.to_vec(),
        }
    }

    async fn open_polling(self, server: &TestServer) -> PollingClient {
        PollingClient::open_session_with_protocol(server.address, self.query()).await
    }

    async fn open_websocket(self, server: &TestServer) -> WebSocketClient {
        WebSocketClient::open_session_with_protocol(server.address, self.query()).await.0
    }

    async fn open_second(self, server: &TestServer, polling: &PollingClient) -> WebSocketClient {
        let query = format!("{}&transport=websocket&sid={}", self.query(), polling.sid);
        WebSocketClient::try_handshake(server.address, &query).await.expect("a handshake")
    }

    /// The session goes on by the websocket.
    async fn upgrade(self, server: &TestServer, polling: &PollingClient) -> WebSocketClient {
        let mut websocket = self.open_second(server, polling).await;
        websocket.send_text_to_server("2probe").await;
        websocket.expect_text_from_server("3probe").await;
        assert_eq!(polling.poll_for_packet_text().await, self.payload(&["6"]));
        websocket.send_text_to_server("5").await;
        websocket.send_text_to_server("4upgraded").await;
        websocket.expect_text_from_server("4upgraded").await;
        websocket
    }
}

async fn start_with_heartbeat(interval_ms: u64, timeout_ms: u64) -> TestServer {
    let config = config()
        .ping_interval(Duration::from_millis(interval_ms))
        .ping_timeout(Duration::from_millis(timeout_ms))
        .build();
    TestServer::start_with(config, Behaviour::default()).await
}

async fn expect_end(mut websocket: WebSocketClient) {
    while let Some(Ok(message)) = websocket.receive_next_message_or_end().await {
        let is_ping = matches!(&message, Message::Text(text) if text.as_str() == "2");
        assert!(is_ping || message.is_close(), "{message:?}");
    }
}

#[tokio::test]
async fn should_tell_a_client_by_either_transport_what_it_has_to_know() {
    for version in BOTH {
        let mut server = TestServer::start().await;
        let polling = version.open_polling(&server).await.open;
        server.expect_connect().await;
        let open = WebSocketClient::open_session_with_protocol(server.address, version.query());
        let (_websocket, by_websocket) = open.await;
        server.expect_connect().await;
        assert!(polling.contains("\"upgrades\":[\"websocket\"]"), "{polling}");
        assert!(by_websocket.contains("\"upgrades\":[]"), "{by_websocket}");
        for open in [polling, by_websocket] {
            for part in ["\"sid\":\"", "\"pingInterval\":25000", "\"pingTimeout\":20000"] {
                assert!(open.contains(part), "{open}");
            }
            assert!(open.contains("\"maxPayload\":100000"), "{open}");
        }
    }
}

#[tokio::test]
async fn should_refuse_a_handshake_of_no_version_no_transport_or_another_method() {
    let mut server = TestServer::start().await;
    let wrong = [
        ("GET", "transport=polling"),
        ("GET", "EIO=abc&transport=polling"),
        ("GET", "EIO=3"),
        ("GET", "EIO=4"),
        ("GET", "EIO=3&transport=abc"),
        ("GET", "EIO=4&transport=abc"),
    ];
    let methods = ["POST", "PUT", "DELETE"].map(|method| {
        BOTH.map(|version| (method, format!("{}&transport=polling", version.query())))
    });
    let methods: Vec<_> = methods.into_iter().flatten().collect();
    let methods = methods.iter().map(|(method, query)| (*method, query.as_str()));
    for (method, query) in wrong.into_iter().chain(methods) {
        let answer = request_answer_from_engine(server.address, method, query, "", b"").await;
        assert_eq!(answer.status, 400, "{method} {query}");
    }
    for query in
        ["transport=websocket", "EIO=abc&transport=websocket", "EIO=3", "EIO=4&transport=x"]
    {
        match WebSocketClient::try_handshake(server.address, query).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 400, "{query}"),
            other => panic!("{query} was not refused: {}", other.is_ok()),
        }
    }
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_carry_one_packet_several_and_bytes_by_polling() {
    for version in BOTH {
        let server = TestServer::start_echo().await;
        // Text only, or protocol 3 would answer bytes in bytes.
        let query = format!("{}&b64=1", version.query());
        let client = PollingClient::open_session_with_protocol(server.address, &query).await;
        let bytes = version.packet_of_base64("AQIDBA==");
        for packets in [&["4hello"][..], &["4test1", "4test2", "4test3"], &["4hello", &bytes]] {
            let payload = version.payload(packets);
            client.post_text_of_packets(&payload).await;
            assert_eq!(client.poll_for_packet_text().await, payload);
        }
    }
}

#[tokio::test]
async fn should_answer_text_and_bytes_in_bytes_to_a_client_of_protocol_3_that_takes_them() {
    let server = TestServer::start_echo().await;
    let client = Version::Three.open_polling(&server).await;
    client.post_text_of_packets(&Version::Three.payload(&["4hello", "b4AQIDBA=="])).await;
    let answer = client.poll_for_any_answer().await;
    let expected = [&[0, 6, 255][..], b"4hello", &[1, 5, 255, 4, 1, 2, 3, 4]].concat();
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn should_carry_text_and_bytes_by_websocket() {
    for version in BOTH {
        let server = TestServer::start_echo().await;
        let mut client = version.open_websocket(&server).await;
        client.send_text_to_server("4hello").await;
        client.expect_text_from_server("4hello").await;
        let frame = version.frame(&[1, 2, 3, 4]);
        client.send_bytes_to_server(&frame).await;
        client.expect_bytes_from_server(&frame).await;
    }
}

#[tokio::test]
async fn should_end_the_session_of_what_is_no_packet() {
    for version in BOTH {
        let mut server = TestServer::start().await;
        let client = version.open_polling(&server).await;
        server.expect_connect().await;
        assert_eq!(client.post_body_with_headers("", b"abc").await.status, 400);
        server.expect_disconnect(DisconnectReason::PacketParsingError).await;
        client.expect_session_is_unknown().await;

        let mut client = version.open_websocket(&server).await;
        server.expect_connect().await;
        client.send_text_to_server("abc").await;
        server.expect_disconnect(DisconnectReason::PacketParsingError).await;
        expect_end(client).await;
    }
}

#[tokio::test]
async fn should_end_the_session_of_two_polls_at_once_and_of_one_that_is_given_up() {
    for version in BOTH {
        let mut server = TestServer::start().await;
        let client = version.open_polling(&server).await;
        server.expect_connect().await;
        let waiting = server.begin_waiting_poll(&client).await;
        assert_eq!(client.poll_for_any_answer().await.status, 400);
        assert_eq!(waiting.receive_answer_until_close().await.text(), version.payload(&["1"]));
        server.expect_disconnect(DisconnectReason::MultipleHttpPollingError).await;
        client.expect_session_is_unknown().await;

        let client = version.open_polling(&server).await;
        server.expect_connect().await;
        drop(server.begin_waiting_poll(&client).await);
        server.expect_disconnect(DisconnectReason::TransportError).await;
        client.expect_session_is_unknown().await;
    }
}

#[tokio::test]
async fn should_ping_a_client_of_protocol_4_and_be_pinged_by_one_of_protocol_3() {
    let mut server = start_with_heartbeat(20, 20_000).await;
    let polling = Version::Four.open_polling(&server).await;
    let mut websocket = Version::Four.open_websocket(&server).await;
    for _ in 0..3 {
        // A slow machine may be due the next ping already.
        for packet in polling.poll_for_packet_text().await.split('\x1e') {
            assert_eq!(packet, "2");
        }
        polling.post_text_of_packets("3").await;
        websocket.expect_text_from_server("2").await;
        websocket.send_text_to_server("3").await;
    }
    let polling = Version::Three.open_polling(&server).await;
    let mut websocket = Version::Three.open_websocket(&server).await;
    for _ in 0..3 {
        polling.post_text_of_packets("1:2").await;
        assert_eq!(polling.poll_for_packet_text().await, "1:3");
        websocket.send_text_to_server("2").await;
        websocket.expect_text_from_server("3").await;
    }
    for _ in 0..4 {
        server.expect_connect().await;
    }
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_end_the_session_of_a_client_that_is_silent() {
    for version in BOTH {
        let mut server = start_with_heartbeat(50, 50).await;
        let polling = version.open_polling(&server).await;
        server.expect_connect().await;
        server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
        polling.expect_session_is_unknown().await;
        let posted = version.payload(&["2"]);
        assert_eq!(polling.post_body_with_headers("", posted.as_bytes()).await.status, 400);

        let websocket = version.open_websocket(&server).await;
        server.expect_connect().await;
        server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
        expect_end(websocket).await;
    }
}

#[tokio::test]
async fn should_end_the_session_of_a_client_that_says_goodbye() {
    for version in BOTH {
        let mut server = TestServer::start().await;
        let polling = version.open_polling(&server).await;
        server.expect_connect().await;
        let waiting = server.begin_waiting_poll(&polling).await;
        polling.post_text_of_packets(&version.payload(&["1"])).await;
        server.expect_disconnect(DisconnectReason::TransportClose).await;
        assert_eq!(waiting.receive_answer_until_close().await.text(), version.payload(&["6"]));
        polling.expect_session_is_unknown().await;

        let mut websocket = version.open_websocket(&server).await;
        server.expect_connect().await;
        websocket.send_text_to_server("1").await;
        server.expect_disconnect(DisconnectReason::TransportClose).await;
        expect_end(websocket).await;
    }
}

#[tokio::test]
async fn should_go_on_by_websocket_and_by_nothing_else_after_an_upgrade() {
    for version in BOTH {
        let server = TestServer::start_echo().await;
        let polling = version.open_polling(&server).await;
        let mut websocket = version.upgrade(&server, &polling).await;

        assert_eq!(polling.poll_for_any_answer().await.status, 400);
        let posted = version.payload(&["4posted"]);
        assert_eq!(polling.post_body_with_headers("", posted.as_bytes()).await.status, 400);
        let mut second = version.open_second(&server, &polling).await;
        match second.receive_next_message_or_end().await {
            Some(Ok(Message::Close(None))) => second.expect_end_of_connection().await,
            other => panic!("no close frame, but {other:?}"),
        }

        websocket.send_text_to_server("4still here").await;
        websocket.expect_text_from_server("4still here").await;
    }
}
