//! What is different for clients of protocol 3.

use crate::support;

use owlpost_testkit::{PollingClient, WebSocketClient};
use support::TestServer;

const OCTETS: &str = "content-type: application/octet-stream\r\n";

#[tokio::test]
async fn should_echo_text_with_its_length_in_utf16_units() {
    let mut server = TestServer::start_echo().await;
    let client = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    server.expect_connect().await;
    client.post_text_of_packets("6:4hello4:4€𝄞6:4world").await;
    for text in ["hello", "€𝄞", "world"] {
        server.expect_text(text).await;
    }
    assert_eq!(client.poll_for_packet_text().await, "6:4hello4:4€𝄞6:4world");
}

#[tokio::test]
async fn should_echo_bytes_in_a_binary_payload() {
    let mut server = TestServer::start_echo().await;
    let client = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    server.expect_connect().await;
    // Text `4hi`, then bytes 1 2 3: kind, decimal digits of the length, 255, and the packet.
    let payload = [&[0, 3, 255][..], b"4hi", &[1, 4, 255, 4, 1, 2, 3]].concat();
    let answer = client.post_body_with_headers(OCTETS, &payload).await;
    assert_eq!((answer.status, answer.text()), (200, "ok"));
    server.expect_text("hi").await;
    server.expect_binary(&[1, 2, 3]).await;
    let answer = client.poll_for_any_answer().await;
    assert!(
        answer.has_header_with_line("content-type: application/octet-stream"),
        "{}",
        answer.head
    );
    assert_eq!(answer.body, payload);
}

#[tokio::test]
async fn should_send_base64_to_a_client_that_takes_text_only() {
    let mut server = TestServer::start_echo().await;
    let client = PollingClient::open_session_with_protocol(server.address, "EIO=3&b64=1").await;
    server.expect_connect().await;
    client.post_text_of_packets("6:b4AQID").await;
    server.expect_binary(&[1, 2, 3]).await;
    let answer = client.poll_for_any_answer().await;
    assert!(
        answer.has_header_with_line("content-type: text/plain; charset=UTF-8"),
        "{}",
        answer.head
    );
    assert_eq!(answer.text(), "6:b4AQID");
}

#[tokio::test]
async fn should_echo_by_websocket_with_the_packet_type_before_bytes() {
    let mut server = TestServer::start_echo().await;
    let (mut client, _) =
        WebSocketClient::open_session_with_protocol(server.address, "EIO=3").await;
    server.expect_connect().await;
    client.send_text_to_server("4hello").await;
    server.expect_text("hello").await;
    client.expect_text_from_server("4hello").await;
    client.send_bytes_to_server(&[4, 1, 2, 3]).await;
    server.expect_binary(&[1, 2, 3]).await;
    client.expect_bytes_from_server(&[4, 1, 2, 3]).await;
}

#[tokio::test]
async fn should_send_attachments_with_the_packet_type_before_them() {
    let mut server = TestServer::start().await;
    let (mut client, _) =
        WebSocketClient::open_session_with_protocol(server.address, "EIO=3").await;
    let socket = server.expect_connect().await;
    assert!(socket.emit_many_volatile("text".into(), [vec![9u8].into()].into()));
    client.expect_text_from_server("4text").await;
    client.expect_bytes_from_server(&[4, 9]).await;
}

#[tokio::test]
async fn should_answer_pings_of_the_client() {
    let mut server = TestServer::start().await;
    let (mut websocket, _) =
        WebSocketClient::open_session_with_protocol(server.address, "EIO=3").await;
    server.expect_connect().await;
    websocket.send_text_to_server("2").await;
    websocket.expect_text_from_server("3").await;
    let polling = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    polling.post_text_of_packets("1:2").await;
    assert_eq!(polling.poll_for_packet_text().await, "1:3");
}

#[tokio::test]
async fn should_upgrade_to_a_websocket() {
    let mut server = TestServer::start_echo().await;
    let polling = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    server.expect_connect().await;
    let query = format!("EIO=3&transport=websocket&sid={}", polling.sid);
    let waiting = server.begin_waiting_poll(&polling).await;
    let mut websocket =
        WebSocketClient::try_handshake(server.address, &query).await.expect("a handshake");
    websocket.send_text_to_server("2probe").await;
    websocket.expect_text_from_server("3probe").await;
    let released = waiting.receive_answer_until_close().await;
    assert_eq!(released.text(), "1:6");
    websocket.send_text_to_server("5").await;
    websocket.send_bytes_to_server(&[4, 7]).await;
    websocket.expect_bytes_from_server(&[4, 7]).await;
}
