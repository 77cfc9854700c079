//! Two ids of a session: one that others may know, and one that its client proves itself with.

use crate::support;

use engineioxide::Socket;
use owlpost_testkit::{PollingClient, WebSocketClient, request_answer_from_engine};
use support::{Behaviour, TestServer, config, find_session_handle};

#[tokio::test]
async fn should_let_nobody_act_as_the_client_whose_public_id_they_know() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    assert_ne!(client.sid, socket.id.to_string());
    let query = format!("EIO=4&transport=polling&sid={}", socket.id);
    for (method, body) in [("GET", ""), ("POST", "4forged")] {
        let (address, body) = (server.address, body.as_bytes());
        let answer = request_answer_from_engine(address, method, &query, "", body).await;
        assert_eq!((answer.status, answer.text().contains("Session ID unknown")), (400, true));
    }
    let query = format!("EIO=4&transport=websocket&sid={}", socket.id);
    assert!(WebSocketClient::try_handshake(server.address, &query).await.is_err());
    // Its own client goes on.
    client.post_text_of_packets("4own").await;
    server.expect_text("own").await;
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_keep_one_id_for_clients_of_protocol_3() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    let socket = server.expect_connect().await;
    assert_eq!(client.sid, socket.id.to_string());
}

fn answer_first_permit_by_handle(socket: &Socket<()>) {
    let handle = find_session_handle(socket);
    handle.withhold_next_reserved_message();
    for text in ["withheld", "passes"] {
        socket.reserve().expect("a place").emit(text.into());
    }
    handle.send_encoded_text_to_client("own".into()).expect("a place");
}

#[tokio::test]
async fn should_withhold_one_reserved_message_and_give_its_place_back() {
    let behaviour =
        Behaviour { on_connect: Some(answer_first_permit_by_handle), ..Behaviour::default() };
    let mut server = TestServer::start_with(config().max_buffer_size(2).build(), behaviour).await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    client.expect_text_from_server("4passes").await;
    client.expect_text_from_server("4own").await;
    // A place that was not given back would show here.
    let places: Vec<_> = std::iter::from_fn(|| socket.reserve().ok()).take(3).collect();
    assert_eq!(places.len(), 2);
}
