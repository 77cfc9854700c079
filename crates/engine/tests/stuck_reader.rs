//! Clients that do not read, whom nothing must wait for.

use crate::support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use engineioxide::DisconnectReason;
use owlpost_testkit::{WebSocketClient, finish_within_test_deadline};
use support::{
    Behaviour, Socket, TestServer, config, fill_queue, find_session_handle, wait_until_freed,
};
use tokio::sync::mpsc::error::TrySendError;

/// Text of 64 KiB: more than a few of them no system holds for a client with a small buffer.
fn large_text() -> String {
    "x".repeat(64 * 1024)
}

/// Emits until the connection takes no more and the queue is full behind it.
async fn fill_connection_and_queue(socket: &Socket) {
    let text = large_text();
    let mut full_rounds = 0;
    // The connection's task has its turn between the rounds; when it takes nothing in many of them, it is stuck.
    finish_within_test_deadline(async {
        while full_rounds < 200 {
            full_rounds = if fill_queue(socket, &text) == 0 { full_rounds + 1 } else { 0 };
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(matches!(socket.reserve(), Err(TrySendError::Full(()))));
}

async fn open_stuck_session() -> (TestServer, WebSocketClient, Arc<Socket>) {
    let mut server = TestServer::start().await;
    let client = WebSocketClient::open_with_small_buffer(server.address).await;
    let socket = server.expect_connect().await;
    fill_connection_and_queue(&socket).await;
    (server, client, socket)
}

#[tokio::test]
async fn should_drop_the_connection_at_once_when_it_is_broken() {
    let (mut server, client, socket) = open_stuck_session().await;
    let begun = Instant::now();
    find_session_handle(&socket).break_transport_without_farewell();
    server.expect_disconnect(DisconnectReason::TransportError).await;
    finish_within_test_deadline(socket.closed()).await;
    assert!(matches!(socket.emit("late"), Err(TrySendError::Closed(_))));
    wait_until_freed(socket).await;
    // Sooner than a farewell would be over.
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    client.read_until_connection_ends().await;
}

#[tokio::test]
async fn should_give_up_on_the_farewell_of_a_client_that_never_reads() {
    let (mut server, _client, socket) = open_stuck_session().await;
    let begun = Instant::now();
    socket.close(DisconnectReason::ClosingServer);
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
    finish_within_test_deadline(socket.closed()).await;
    wait_until_freed(socket).await;
    let elapsed = begun.elapsed();
    assert!(elapsed >= Duration::from_millis(900), "no time for a farewell: {elapsed:?}");
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[tokio::test]
async fn should_say_all_of_the_farewell_to_a_client_that_reads_again() {
    let (mut server, mut client, socket) = open_stuck_session().await;
    socket.close(DisconnectReason::ClosingServer);
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
    assert!(client.receive_next_text_message().await.starts_with('0'));
    let texts = client
        .receive_texts_until_close(tungstenite::protocol::frame::coding::CloseCode::Normal)
        .await;
    assert!(!texts.is_empty() && texts.iter().all(|text| text.len() == 1 + 64 * 1024));
}

#[tokio::test]
async fn should_break_a_transport_that_is_saying_farewell() {
    let (mut server, _client, socket) = open_stuck_session().await;
    socket.close(DisconnectReason::ClosingServer);
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
    find_session_handle(&socket).break_transport_without_farewell();
    wait_until_freed(socket).await;
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_find_a_stuck_client_by_its_heartbeat() {
    let config = config()
        .ping_interval(Duration::from_millis(200))
        .ping_timeout(Duration::from_millis(200))
        .build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let _client = WebSocketClient::open_with_small_buffer(server.address).await;
    let socket = server.expect_connect().await;
    while let Ok(()) | Err(TrySendError::Full(_)) = socket.emit(large_text()) {
        tokio::task::yield_now().await;
    }
    server.expect_disconnect(DisconnectReason::HeartbeatTimeout).await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_notice_that_a_stuck_client_is_gone() {
    let (mut server, client, socket) = open_stuck_session().await;
    client.reset_connection_without_farewell();
    server.expect_disconnect(DisconnectReason::TransportError).await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_hear_a_client_that_sends_but_does_not_read() {
    let (mut server, mut client, _socket) = open_stuck_session().await;
    client.send_text_to_server("4help").await;
    server.expect_text("help").await;
}

/// The connection has never been idle, so it has never waited for the queue.
async fn open_session_stuck_from_the_start() -> (TestServer, WebSocketClient, Arc<Socket>) {
    let flood = Some::<fn(&Socket)>(|socket| {
        let text = "x".repeat(256 * 1024);
        assert_eq!(fill_queue(socket, &text), 128);
    });
    let behaviour = Behaviour { on_connect: flood, ..Behaviour::default() };
    let mut server = TestServer::start_with(config().build(), behaviour).await;
    let client = WebSocketClient::open_with_small_buffer(server.address).await;
    let socket = server.expect_connect().await;
    fill_connection_and_queue(&socket).await;
    (server, client, socket)
}

#[tokio::test]
async fn should_break_a_connection_that_was_stuck_from_the_start() {
    let (mut server, _client, socket) = open_session_stuck_from_the_start().await;
    find_session_handle(&socket).break_transport_without_farewell();
    server.expect_disconnect(DisconnectReason::TransportError).await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_close_a_connection_that_was_stuck_from_the_start() {
    let (mut server, _client, socket) = open_session_stuck_from_the_start().await;
    socket.close(DisconnectReason::ClosingServer);
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
    wait_until_freed(socket).await;
}
