//! Pings, and clients that answer none.

use crate::support;

use std::time::{Duration, Instant};

use engineioxide::DisconnectReason;
use owlpost_testkit::{PollingClient, WebSocketClient};
use support::{Behaviour, TestServer, config, wait_until_freed};
use tungstenite::protocol::frame::coding::CloseCode;

async fn start(interval_ms: u64, timeout_ms: u64) -> TestServer {
    let config = config()
        .ping_interval(Duration::from_millis(interval_ms))
        .ping_timeout(Duration::from_millis(timeout_ms))
        .build();
    TestServer::start_with(config, Behaviour::default()).await
}

#[tokio::test]
async fn should_ping_for_the_first_time_after_an_interval() {
    let server = start(300, 10_000).await;
    let begun = Instant::now();
    let mut websocket = WebSocketClient::open(server.address).await;
    websocket.expect_text_from_server("2").await;
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    let begun = Instant::now();
    let polling = PollingClient::open(server.address).await;
    assert_eq!(polling.poll_for_packet_text().await, "2");
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn should_keep_clients_that_answer() {
    // So short a time for the answer that one ping without would end the session before the last.
    let mut server = start(50, 1500).await;
    let mut websocket = WebSocketClient::open(server.address).await;
    let by_websocket = server.expect_connect().await;
    let polling = PollingClient::open(server.address).await;
    let by_polling = server.expect_connect().await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        websocket.expect_text_from_server("2").await;
        websocket.send_text_to_server("3").await;
        for packet in polling.poll_for_packet_text().await.split('\x1e') {
            assert_eq!(packet, "2");
        }
        polling.post_text_of_packets("3").await;
    }
    assert!(!by_websocket.is_closed() && !by_polling.is_closed());
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_end_a_websocket_session_that_does_not_answer() {
    let mut server = start(50, 150).await;
    let begun = Instant::now();
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    let texts = client.receive_texts_until_close(CloseCode::Normal).await;
    assert!(texts.iter().all(|text| text == "2"), "{texts:?}");
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_end_a_session_that_only_talks_but_does_not_answer() {
    let mut server = start(50, 1000).await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    client.send_text_to_server("4hello").await;
    server.expect_text("hello").await;
    server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
}

#[tokio::test]
async fn should_end_a_polling_session_that_is_gone() {
    let mut server = start(50, 150).await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
    client.expect_session_is_unknown().await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_end_a_session_whose_answers_stop() {
    let mut server = start(50, 1000).await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    for _ in 0..3 {
        client.expect_text_from_server("2").await;
        client.send_text_to_server("3").await;
    }
    server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
}

#[tokio::test]
async fn should_keep_a_client_of_protocol_3_that_pings() {
    let mut server = start(100, 1000).await;
    let (mut client, _) =
        WebSocketClient::open_session_with_protocol(server.address, "EIO=3").await;
    let socket = server.expect_connect().await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2500) {
        client.send_text_to_server("2").await;
        client.expect_text_from_server("3").await;
    }
    assert!(!socket.is_closed());
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_end_a_silent_session_of_protocol_3_without_a_ping() {
    let mut server = start(100, 200).await;
    let begun = Instant::now();
    let (mut client, _) =
        WebSocketClient::open_session_with_protocol(server.address, "EIO=3").await;
    let socket = server.expect_connect().await;
    server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
    assert!(begun.elapsed() >= Duration::from_millis(299), "{:?}", begun.elapsed());
    client.expect_close_with_code(CloseCode::Normal).await;
    wait_until_freed(socket).await;

    let client = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    server.expect_connect().await;
    server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
    client.expect_session_is_unknown().await;
}
