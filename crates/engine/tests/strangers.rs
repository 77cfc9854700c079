//! What a client that nobody has let in may cost: bytes, time, places.

use crate::support;

use std::time::Duration;

use engineioxide::{DisconnectReason, config::EngineIoConfigBuilder};
use owlpost_admission::{Networks, Places};
use owlpost_testkit::{
    ENGINE_PATH, MORE, PollingClient, RawConnection, TEXT, WebSocketClient,
    encode_masked_client_frame, finish_within_test_deadline, get_answer_from_engine,
};
use support::{Behaviour, TestServer, config, find_session_handle, wait_until, wait_until_freed};
use tungstenite::protocol::frame::coding::CloseCode;

fn config_of_strangers(bytes: usize) -> EngineIoConfigBuilder {
    config().max_stranger_bytes(bytes)
}

async fn start_for_strangers(bytes: usize) -> TestServer {
    TestServer::start_with(config_of_strangers(bytes).build(), Behaviour::default()).await
}

fn build_text_packet(bytes: usize) -> String {
    format!("4{}", "x".repeat(bytes - 1))
}

#[tokio::test]
async fn should_take_of_a_stranger_by_websocket_what_a_handshake_needs_and_not_one_byte_more() {
    let mut server = start_for_strangers(100).await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    for bytes in [60, 40] {
        client.send_text_to_server(&build_text_packet(bytes)).await;
        server.expect_text(&build_text_packet(bytes)[1..]).await;
    }
    client.send_text_to_server("4").await;
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    client.expect_close_with_code(CloseCode::Size).await;

    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    // Its head alone says that it is too long.
    client
        .write_raw_bytes_to_server(&encode_masked_client_frame(TEXT, true, &[b'4'; 101])[..6])
        .await;
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    client.expect_close_with_code(CloseCode::Size).await;

    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(TEXT, false, &[b'4'; 60])).await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(MORE, false, &[b'4'; 41])).await;
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    client.expect_close_with_code(CloseCode::Size).await;
}

#[tokio::test]
async fn should_take_of_a_stranger_by_polling_what_a_handshake_needs_and_not_one_byte_more() {
    let mut server = start_for_strangers(100).await;
    let client = PollingClient::open(server.address).await;
    server.expect_connect().await;
    for bytes in [60, 40] {
        client.post_text_of_packets(&build_text_packet(bytes)).await;
        server.expect_text(&build_text_packet(bytes)[1..]).await;
    }
    assert_eq!(client.post_body_with_headers("", b"4").await.status, 413);
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    client.expect_session_is_unknown().await;
}

#[tokio::test]
async fn should_refuse_a_body_in_chunks_that_says_no_length_at_its_bound() {
    let mut server = start_for_strangers(100).await;
    let client = PollingClient::open(server.address).await;
    server.expect_connect().await;
    let mut post = RawConnection::connect(server.address).await;
    let head = format!(
        "POST {ENGINE_PATH}?EIO=4&transport=polling&sid={} HTTP/1.1\r\nhost: test\r\n\
         connection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        client.sid
    );
    post.write_raw_bytes_to_server(head).await;
    for _ in 0..11 {
        // The server may have hung up on the last ones.
        let _ = post.try_writing_bytes_to_server("a\r\n4xxxxxxxxx\r\n").await;
    }
    assert_eq!(post.receive_answer_until_close().await.status, 413);
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
}

#[tokio::test]
async fn should_take_all_of_a_client_that_was_let_in() {
    let mut server = start_for_strangers(100).await;
    let mut websocket = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    websocket.send_text_to_server("4hello").await;
    server.expect_text("hello").await;
    find_session_handle(&socket).lift_limits_after_admission();
    let polling = PollingClient::open(server.address).await;
    find_session_handle(&*server.expect_connect().await).lift_limits_after_admission();
    for _ in 0..3 {
        websocket.send_text_to_server(&build_text_packet(50_000)).await;
        server.expect_text(&build_text_packet(50_000)[1..]).await;
        polling.post_text_of_packets(&build_text_packet(50_000)).await;
        server.expect_text(&build_text_packet(50_000)[1..]).await;
    }
}

#[tokio::test]
async fn should_not_wait_for_a_body_longer_than_it_may_take() {
    let config = config().body_timeout(Duration::from_millis(100)).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    for sent in ["", "4begun"] {
        let client = PollingClient::open(server.address).await;
        let socket = server.expect_connect().await;
        let answer = begin_post_of_bytes(&server, &client, 7, sent).await;
        let answer = answer.receive_answer_until_close().await;
        assert_eq!(answer.status, 408);
        assert_eq!(answer.text(), r#"{"code":3,"message":"Request timeout"}"#);
        server.expect_disconnect(DisconnectReason::TransportError).await;
        client.expect_session_is_unknown().await;
        wait_until_freed(socket).await;
    }
}

/// A POST that promises so many bytes and sends these.
async fn begin_post_of_bytes(
    server: &TestServer,
    client: &PollingClient,
    promised: usize,
    sent: &str,
) -> RawConnection {
    let mut post = RawConnection::connect(server.address).await;
    let head = format!(
        "POST {ENGINE_PATH}?EIO=4&transport=polling&sid={} HTTP/1.1\r\nhost: test\r\n\
         connection: close\r\ncontent-length: {promised}\r\n\r\n{sent}",
        client.sid
    );
    post.write_raw_bytes_to_server(head).await;
    post
}

#[tokio::test]
async fn should_not_wait_for_the_body_of_a_session_that_is_over() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let post = begin_post_of_bytes(&server, &client, 7, "4be").await;
    find_session_handle(&socket).break_transport_without_farewell();
    assert_eq!(post.receive_answer_until_close().await.status, 400);
    server.expect_disconnect(DisconnectReason::TransportError).await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_end_a_session_that_posts_twice_at_once() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let before = server.count_requests();
    let first = begin_post_of_bytes(&server, &client, 7, "").await;
    wait_until("the first has begun", || server.count_requests() > before).await;
    assert_eq!(client.post_body_with_headers("", b"4x").await.status, 400);
    server.expect_disconnect(DisconnectReason::MultipleHttpPollingError).await;
    assert_eq!(first.receive_answer_until_close().await.status, 400);
    wait_until_freed(socket).await;
}

/// Length one, and a character that counts as two: a decoder that cuts it takes nothing, for ever.
#[tokio::test]
async fn should_refuse_a_length_that_cuts_a_character_and_go_on() {
    let mut server = TestServer::start_echo().await;
    for _ in 0..4 {
        let client = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
        server.expect_connect().await;
        let answer = client.post_body_with_headers("", "1:🦉x".as_bytes()).await;
        assert_eq!(answer.status, 400);
        server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    }
    let client = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    client.post_text_of_packets("3:4🦉").await;
    assert_eq!(finish_within_test_deadline(client.poll_for_packet_text()).await, "3:4🦉");
}

#[tokio::test]
async fn should_let_others_have_their_turn_during_a_post_of_very_many_packets() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    server.expect_connect().await;
    let packets = 10_000;
    let body = "4\x1e".repeat(packets);
    let post = client.post_body_with_headers("", body.as_bytes());
    let mut turns = 0;
    let others = async {
        loop {
            turns += 1;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = post => assert_eq!(answer.status, 200),
        () = others => {}
    }
    for _ in 0..packets {
        server.expect_text("").await;
    }
    assert!(turns > packets / 100, "{turns}");
}

#[tokio::test]
async fn should_begin_no_more_sessions_than_there_are_places() {
    for places in [Places::new(2, 0, Networks::default()), Places::new(9, 2, Networks::default())] {
        let behaviour = Behaviour::default();
        let server =
            TestServer::start_with_places(config().build(), behaviour, Some(places.clone()));
        let mut server = server.await;
        let polling = PollingClient::open(server.address).await;
        server.expect_connect().await;
        let websocket = WebSocketClient::open(server.address).await;
        server.expect_connect().await;
        assert_eq!(places.taken(), 2);

        let refused = get_answer_from_engine(server.address, "EIO=4&transport=polling").await;
        assert_eq!(refused.status, 503);
        assert_eq!(refused.text(), r#"{"code":3,"message":"Too many sessions"}"#);
        assert!(refused.has_header_with_line("retry-after: 10"), "{}", refused.head);
        let query = "EIO=4&transport=websocket";
        match WebSocketClient::try_handshake(server.address, query).await {
            Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 503),
            other => panic!("not refused: {}", other.is_ok()),
        }
        server.expect_no_further_event();
        // Who is inside is not hindered.
        polling.post_text_of_packets("4hello").await;
        server.expect_text("hello").await;

        websocket.hang_up_without_farewell();
        wait_until("a place is free", || places.taken() == 1).await;
        PollingClient::open(server.address).await;
    }
}

/// Its poll, its POST and its probe are its own: what begins a session is another request.
#[tokio::test]
async fn should_count_a_session_once_whatever_carries_it() {
    let places = Places::new(1, 0, Networks::default());
    let behaviour = Behaviour { echo: true, ..Behaviour::default() };
    let mut server =
        TestServer::start_with_places(config().build(), behaviour, Some(places.clone())).await;
    let polling = PollingClient::open(server.address).await;
    server.expect_connect().await;
    let poll = server.begin_waiting_poll(&polling).await;
    let query = format!("EIO=4&transport=websocket&sid={}", polling.sid);
    let mut websocket = WebSocketClient::try_handshake(server.address, &query).await.expect("one");
    websocket.send_text_to_server("2probe").await;
    websocket.expect_text_from_server("3probe").await;
    assert_eq!(poll.receive_answer_until_close().await.text(), "6");
    websocket.send_text_to_server("5").await;
    websocket.send_text_to_server("4hello").await;
    websocket.expect_text_from_server("4hello").await;
    assert_eq!(places.taken(), 1);
    websocket.hang_up_without_farewell();
    wait_until("the place is free", || places.taken() == 0).await;
}

/// A request that is no beginning takes no place.
#[tokio::test]
async fn should_give_the_place_back_when_a_request_is_refused() {
    let places = Places::new(1, 0, Networks::default());
    let behaviour = Behaviour::default();
    let server =
        TestServer::start_with_places(config().build(), behaviour, Some(places.clone())).await;
    for query in
        ["EIO=4&transport=websocket", "EIO=5&transport=polling", "EIO=4&transport=polling&sid=x"]
    {
        let answer = get_answer_from_engine(server.address, query).await;
        assert_eq!(answer.status, 400);
        assert_eq!(places.taken(), 0);
    }
    // The beginning of a query is not the name of a session.
    get_answer_from_engine(server.address, "EIO=4&transport=polling&xsid=1").await;
    assert_eq!(places.taken(), 1);
}
