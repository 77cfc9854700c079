//! How sessions of websockets end, from either side.

use crate::support;

use engineioxide::DisconnectReason;
use owlpost_testkit::{WebSocketClient, finish_within_test_deadline};
use support::{Behaviour, TestServer, config, find_session_handle, wait_until_freed};
use tokio::sync::mpsc::error::TrySendError;
use tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

#[tokio::test]
async fn should_answer_the_close_frame_of_a_client_with_its_code() {
    let mut server = TestServer::start().await;
    for code in [None, Some(CloseCode::Normal), Some(CloseCode::Away), Some(4321.into())] {
        let mut client = WebSocketClient::open(server.address).await;
        let socket = server.expect_connect().await;
        let frame = code.map(|code| CloseFrame { code, reason: "reason".into() });
        client.send_message_to_server(Message::Close(frame)).await;
        match client.receive_next_message_or_end().await {
            Some(Ok(Message::Close(answer))) => assert_eq!(answer.map(|it| it.code), code),
            other => panic!("no close frame, but {other:?}"),
        }
        server.expect_disconnect(DisconnectReason::TransportClose).await;
        finish_within_test_deadline(socket.closed()).await;
        wait_until_freed(socket).await;
    }
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_end_the_session_of_a_client_that_says_so() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    client.send_text_to_server("4last").await;
    client.send_text_to_server("1").await;
    client.send_text_to_server("4behind").await;
    server.expect_text("last").await;
    server.expect_disconnect(DisconnectReason::TransportClose).await;
    client.expect_close_with_code(CloseCode::Normal).await;
    wait_until_freed(socket).await;
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_send_what_was_queued_then_goodbye_when_the_server_closes() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    for n in 0..100 {
        socket.emit(n.to_string()).expect("room");
    }
    socket.close(DisconnectReason::ClosingServer);
    assert!(socket.is_closed() && find_session_handle(&socket).is_closed());
    assert!(matches!(socket.emit("late"), Err(TrySendError::Closed(_))));
    assert!(matches!(socket.reserve(), Err(TrySendError::Closed(()))));
    // Only the first end counts.
    socket.close(DisconnectReason::TransportError);
    finish_within_test_deadline(socket.closed()).await;
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
    for n in 0..100 {
        client.expect_text_from_server(&format!("4{n}")).await;
    }
    client.expect_close_with_code(CloseCode::Normal).await;
    drop(client);
    wait_until_freed(socket).await;
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_say_goodbye_behind_a_queue_that_was_full() {
    let config = config().max_buffer_size(4).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    assert_eq!(support::fill_queue(&socket, "x"), 4);
    socket.close(DisconnectReason::ClosingServer);
    for _ in 0..4 {
        client.expect_text_from_server("4x").await;
    }
    client.expect_close_with_code(CloseCode::Normal).await;
}

#[tokio::test]
async fn should_end_a_session_that_the_handler_closes_on_connect() {
    let close = Some::<fn(&support::Socket)>(|socket| {
        socket.emit("why").expect("room");
        socket.close(DisconnectReason::ClosingServer);
    });
    let behaviour = Behaviour { on_connect: close, ..Behaviour::default() };
    let mut server = TestServer::start_with(config().build(), behaviour).await;
    let mut client = WebSocketClient::open(server.address).await;
    client.expect_text_from_server("4why").await;
    client.expect_close_with_code(CloseCode::Normal).await;
    wait_until_freed(server.expect_connect().await).await;
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
}

#[tokio::test]
async fn should_wait_for_a_permit_and_then_say_goodbye() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let permit = socket.reserve().expect("room");
    socket.close(DisconnectReason::ClosingServer);
    permit.emit("held".into());
    client.expect_text_from_server("4held").await;
    client.expect_close_with_code(CloseCode::Normal).await;
}

#[tokio::test]
async fn should_say_goodbye_when_the_last_permit_is_dropped_unused() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let permit = socket.reserve().expect("room");
    socket.close(DisconnectReason::ClosingServer);
    // Whatever else the connection is woken by is over when another session has begun.
    WebSocketClient::open(server.address).await;
    drop(permit);
    client.expect_close_with_code(CloseCode::Normal).await;
    drop(client);
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_take_a_reset_for_a_broken_transport() {
    let mut server = TestServer::start().await;
    let client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    client.reset_connection_without_farewell();
    server.expect_disconnect(DisconnectReason::TransportError).await;
    finish_within_test_deadline(socket.closed()).await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_take_a_hang_up_without_a_word_for_a_broken_transport() {
    let mut server = TestServer::start().await;
    let client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    client.hang_up_without_farewell();
    server.expect_disconnect(DisconnectReason::TransportError).await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_break_an_idle_transport_without_a_word() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let handle = find_session_handle(&socket);
    handle.break_transport_without_farewell();
    server.expect_disconnect(DisconnectReason::TransportError).await;
    client.expect_end_of_connection().await;
    assert_eq!(
        handle.send_encoded_text_to_client("late".into()),
        Err(engineioxide::session_handle::Refused::Closed)
    );
    drop(handle);
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_resolve_every_wait_for_the_end() {
    let mut server = TestServer::start().await;
    let _client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let socket = socket.clone();
            tokio::spawn(async move { socket.closed().await })
        })
        .collect();
    tokio::task::yield_now().await;
    socket.close(DisconnectReason::ClosingServer);
    for task in waiting {
        finish_within_test_deadline(task).await.expect("a wait that ends");
    }
    finish_within_test_deadline(socket.closed()).await;
}

#[tokio::test]
async fn should_end_the_session_of_a_connection_whose_handler_panics() {
    let panic = Some::<fn(&str)>(|text| assert_ne!(text, "boom"));
    let behaviour = Behaviour { on_text: panic, ..Behaviour::default() };
    let mut server = TestServer::start_with(config().build(), behaviour).await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    client.send_text_to_server("4boom").await;
    server.expect_text("boom").await;
    server.expect_disconnect(DisconnectReason::TransportError).await;
    client.expect_end_of_connection().await;
    wait_until_freed(socket).await;
}
