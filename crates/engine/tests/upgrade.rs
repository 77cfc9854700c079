//! Sessions that begin by polling and go on by websocket.

use crate::support;

use std::time::{Duration, Instant};

use engineioxide::{DisconnectReason, TransportType};
use owlpost_testkit::{
    PollingClient, WebSocketClient, finish_within_test_deadline, read_session_id_from_open,
};
use support::{Behaviour, TestServer, config, wait_until, wait_until_freed};
use tungstenite::{Message, protocol::frame::coding::CloseCode};

fn build_upgrade_query(client: &PollingClient) -> String {
    format!("EIO=4&transport=websocket&sid={}", client.sid)
}

async fn open_probe(server: &TestServer, client: &PollingClient) -> WebSocketClient {
    WebSocketClient::try_handshake(server.address, &build_upgrade_query(client))
        .await
        .expect("a handshake")
}

async fn open_answered_probe(server: &TestServer, client: &PollingClient) -> WebSocketClient {
    let mut websocket = open_probe(server, client).await;
    websocket.send_text_to_server("2probe").await;
    websocket.expect_text_from_server("3probe").await;
    websocket
}

#[tokio::test]
async fn should_release_the_waiting_poll_and_go_on_by_websocket() {
    let mut server = TestServer::start_echo().await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let waiting = server.begin_waiting_poll(&polling).await;
    let mut websocket = open_answered_probe(&server, &polling).await;
    assert_eq!(waiting.receive_answer_until_close().await.text(), "6");
    assert_eq!(socket.transport_type(), TransportType::Polling);
    websocket.send_text_to_server("5").await;
    websocket.send_text_to_server("4hello").await;
    server.expect_text("hello").await;
    websocket.expect_text_from_server("4hello").await;
    assert_eq!(socket.transport_type(), TransportType::Websocket);
    // Its polls are over.
    assert_eq!(polling.poll_for_any_answer().await.status, 400);
    assert_eq!(polling.post_body_with_headers("", b"4x").await.status, 400);
    websocket.send_text_to_server("4still").await;
    websocket.expect_text_from_server("4still").await;
}

#[tokio::test]
async fn should_upgrade_whatever_else_is_in_the_packet() {
    let mut server = TestServer::start_echo().await;
    let polling = PollingClient::open(server.address).await;
    server.expect_connect().await;
    let mut websocket = open_answered_probe(&server, &polling).await;
    websocket.send_text_to_server("5probe").await;
    websocket.send_text_to_server("4hello").await;
    websocket.expect_text_from_server("4hello").await;
}

#[tokio::test]
async fn should_deliver_what_is_emitted_during_the_upgrade_once_and_in_order() {
    let mut server = TestServer::start().await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    socket.emit("polled").expect("room");
    assert_eq!(polling.poll_for_packet_text().await, "4polled");
    let waiting = server.begin_waiting_poll(&polling).await;
    let mut websocket = open_answered_probe(&server, &polling).await;
    for n in 0..50 {
        socket.emit(n.to_string()).expect("room");
    }
    // A poll gets none of them, even one that comes now.
    assert_eq!(waiting.receive_answer_until_close().await.text(), "6");
    assert_eq!(polling.poll_for_packet_text().await, "6");
    // What the client still posts is taken.
    polling.post_text_of_packets("4posted").await;
    server.expect_text("posted").await;
    websocket.send_text_to_server("5").await;
    wait_until("the upgrade", || socket.transport_type() == TransportType::Websocket).await;
    for n in 50..100 {
        socket.emit(n.to_string()).expect("room");
    }
    for n in 0..100 {
        websocket.expect_text_from_server(&format!("4{n}")).await;
    }
    socket.close(DisconnectReason::ClosingServer);
    websocket.expect_close_with_code(CloseCode::Normal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_lose_nothing_of_a_stream_that_the_upgrade_cuts() {
    const MESSAGES: usize = 3000;
    // So little for one poll that they cannot have it all.
    let config = config().max_payload(1000).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    tokio::spawn(async move {
        for n in 0..MESSAGES {
            while socket.emit(n.to_string()).is_err() {
                tokio::task::yield_now().await;
            }
        }
    });
    let mut received: Vec<String> = Vec::new();
    let keep = |received: &mut Vec<String>, payload: String| {
        let messages = payload.split('\x1e').filter_map(|packet| packet.strip_prefix('4'));
        received.extend(messages.map(str::to_owned));
    };
    for _ in 0..3 {
        keep(&mut received, polling.poll_for_packet_text().await);
    }
    let mut websocket = open_probe(&server, &polling).await;
    websocket.send_text_to_server("2probe").await;
    // As clients do: the poll that is under way ends before the upgrade.
    keep(&mut received, polling.poll_for_packet_text().await);
    websocket.expect_text_from_server("3probe").await;
    websocket.send_text_to_server("5").await;
    while received.len() < MESSAGES {
        keep(&mut received, websocket.receive_next_text_message().await);
    }
    let expected: Vec<String> = (0..MESSAGES).map(|n| n.to_string()).collect();
    assert_eq!(received, expected);
}

#[tokio::test]
async fn should_go_on_polling_when_the_probe_is_none() {
    for probe in ["2prob", "4hello", "5", "x"] {
        let mut server = TestServer::start().await;
        let polling = PollingClient::open(server.address).await;
        let socket = server.expect_connect().await;
        let mut websocket = open_probe(&server, &polling).await;
        websocket.send_text_to_server(probe).await;
        websocket.expect_end_of_connection().await;
        socket.emit("polled").expect("room");
        assert_eq!(polling.poll_for_packet_text().await, "4polled", "{probe}");
        polling.post_text_of_packets("4posted").await;
        server.expect_text("posted").await;
    }
}

#[tokio::test]
async fn should_go_on_polling_when_the_client_gives_up_after_the_probe() {
    let mut server = TestServer::start().await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let websocket = open_answered_probe(&server, &polling).await;
    socket.emit("during").expect("room");
    assert_eq!(polling.poll_for_packet_text().await, "6");
    websocket.hang_up_without_farewell();
    // The polls that come before the engine knows are answered with nothing.
    let mut polled = polling.poll_for_packet_text().await;
    while polled == "6" {
        polled = polling.poll_for_packet_text().await;
    }
    assert_eq!(polled, "4during");
    assert_eq!(socket.transport_type(), TransportType::Polling);
    // And the next try succeeds.
    let mut websocket = open_answered_probe(&server, &polling).await;
    websocket.send_text_to_server("5").await;
    websocket.send_text_to_server("4done").await;
    server.expect_text("done").await;
}

#[tokio::test]
async fn should_give_up_an_upgrade_that_takes_too_long() {
    let config = config().upgrade_timeout(Duration::from_millis(500)).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let mut silent = open_probe(&server, &polling).await;
    silent.expect_end_of_connection().await;
    let mut halfway = open_answered_probe(&server, &polling).await;
    halfway.expect_end_of_connection().await;
    socket.emit("polled").expect("room");
    assert_eq!(polling.poll_for_packet_text().await, "4polled");
}

#[tokio::test]
async fn should_let_only_one_of_two_upgrades_go_on() {
    let mut server = TestServer::start().await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let mut first = open_answered_probe(&server, &polling).await;
    for _ in 0..300 {
        expect_surplus_probe(&server, &polling).await;
    }
    first.send_text_to_server("5").await;
    socket.emit("first").expect("room");
    first.expect_text_from_server("4first").await;
    for _ in 0..300 {
        expect_surplus_probe(&server, &polling).await;
    }
    socket.emit("still").expect("room");
    first.expect_text_from_server("4still").await;
}

#[tokio::test]
async fn should_let_a_client_try_again_once_an_upgrade_came_to_nothing() {
    let mut server = TestServer::start().await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let silent = open_probe(&server, &polling).await;
    expect_surplus_probe(&server, &polling).await;
    silent.hang_up_without_farewell();
    let mut next = loop {
        let mut next = open_probe(&server, &polling).await;
        next.send_text_to_server("2probe").await;
        match next.receive_next_message_or_end().await {
            Some(Ok(Message::Text(text))) if text.as_str() == "3probe" => break next,
            Some(Ok(Message::Close(_))) => {}
            other => panic!("{other:?}"),
        }
    };
    next.send_text_to_server("5").await;
    socket.emit("here").expect("room");
    next.expect_text_from_server("4here").await;
}

/// It is accepted and then closed as websockets are, so that the client takes nothing but the websocket for lost.
async fn expect_surplus_probe(server: &TestServer, polling: &PollingClient) {
    expect_close_without_code(open_probe(server, polling).await).await;
}

async fn expect_close_without_code(mut surplus: WebSocketClient) {
    match surplus.receive_next_message_or_end().await {
        Some(Ok(Message::Close(None))) => {}
        other => panic!("no close frame, but {other:?}"),
    }
    surplus.expect_end_of_connection().await;
}

#[tokio::test]
async fn should_refuse_to_upgrade_what_does_not_poll() {
    let mut server = TestServer::start().await;
    let (mut websocket, open) =
        WebSocketClient::open_session_with_protocol(server.address, "EIO=4").await;
    let socket = server.expect_connect().await;
    let query = format!("EIO=4&transport=websocket&sid={}", read_session_id_from_open(&open));
    let surplus = WebSocketClient::try_handshake(server.address, &query).await;
    expect_close_without_code(surplus.expect("a handshake")).await;
    // What others know the session by is not what proves to be its client.
    let public = socket.id.to_string();
    for sid in [public.as_str(), "AAAAAAAAAAAAAAAAAAAA", "none"] {
        let query = format!("EIO=4&transport=websocket&sid={sid}");
        match WebSocketClient::try_handshake(server.address, &query).await {
            Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 400),
            other => panic!("not refused: {}", other.is_ok()),
        }
    }
    // The session is none the worse for it.
    socket.emit("here").expect("room");
    websocket.expect_text_from_server("4here").await;
}

#[tokio::test]
async fn should_end_the_upgrade_of_a_session_that_ends() {
    let mut server = TestServer::start().await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let mut websocket = open_answered_probe(&server, &polling).await;
    socket.close(DisconnectReason::ClosingServer);
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
    websocket.expect_end_of_connection().await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_answer_polls_during_an_upgrade_no_faster_than_a_client_needs() {
    let mut server = TestServer::start().await;
    let polling = PollingClient::open(server.address).await;
    server.expect_connect().await;
    let waiting = server.begin_waiting_poll(&polling).await;
    let _websocket = open_answered_probe(&server, &polling).await;
    assert_eq!(waiting.receive_answer_until_close().await.text(), "6");
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(polling.poll_for_packet_text().await, "6");
    }
    assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
}

/// No client of the protocol does so, but what is emitted must not wait for the next packet of the client.
#[tokio::test]
async fn should_wake_the_websocket_of_a_client_that_upgrades_before_its_poll_has_ended() {
    let mut server = TestServer::start().await;
    let polling = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let waiting = server.begin_waiting_poll(&polling).await;
    let mut websocket = open_probe(&server, &polling).await;
    websocket.send_text_to_server("2probe").await;
    websocket.send_text_to_server("5").await;
    websocket.expect_text_from_server("3probe").await;
    assert_eq!(waiting.receive_answer_until_close().await.text(), "6");
    for n in 0..10 {
        socket.emit(n.to_string()).expect("room");
        websocket.expect_text_from_server(&format!("4{n}")).await;
    }
    finish_within_test_deadline(async { assert!(!socket.is_closed()) }).await;
}
