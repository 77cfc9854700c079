//! Sessions of protocol 4 that poll.

use crate::support;

use std::io::Read as _;

use engineioxide::DisconnectReason;
use flate2::read::GzDecoder;
use owlpost_testkit::{
    PollingClient, finish_within_test_deadline, get_answer_from_engine, read_session_id_from_open,
    request_answer_from_engine,
};
use support::{Behaviour, TestServer, config, fill_queue, wait_until_freed};
use tokio::sync::mpsc::error::TrySendError;

#[tokio::test]
async fn should_echo_text_and_bytes() {
    let mut server = TestServer::start_echo().await;
    let client = PollingClient::open(server.address).await;
    server.expect_connect().await;
    client.post_text_of_packets("4hällo").await;
    server.expect_text("hällo").await;
    assert_eq!(client.poll_for_packet_text().await, "4hällo");
    client.post_text_of_packets("bAQIDBA==").await;
    server.expect_binary(&[1, 2, 3, 4]).await;
    assert_eq!(client.poll_for_packet_text().await, "bAQIDBA==");
}

#[tokio::test]
async fn should_carry_several_packets_in_one_payload_both_ways() {
    let mut server = TestServer::start_echo().await;
    let client = PollingClient::open(server.address).await;
    server.expect_connect().await;
    client.post_text_of_packets("4one\x1ebAQID\x1e4\x1e4three").await;
    server.expect_text("one").await;
    server.expect_binary(&[1, 2, 3]).await;
    server.expect_text("").await;
    server.expect_text("three").await;
    assert_eq!(client.poll_for_packet_text().await, "4one\x1ebAQID\x1e4\x1e4three");
}

#[tokio::test]
async fn should_hold_a_poll_until_there_is_something_to_tell() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let poll = server.begin_waiting_poll(&client).await;
    socket.emit("late").expect("room");
    assert_eq!(poll.receive_answer_until_close().await.text(), "4late");
}

#[tokio::test]
async fn should_send_text_and_its_attachments_together() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let attachments = [vec![1u8].into(), vec![2u8].into()];
    socket.reserve().expect("room").emit_many("with".into(), attachments.into());
    assert_eq!(client.poll_for_packet_text().await, "4with\x1ebAQ==\x1ebAg==");
}

#[tokio::test]
async fn should_answer_413_with_nothing_to_a_payload_over_the_bound() {
    let config = config().max_payload(100).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let at_bound = "4".repeat(100);
    client.post_text_of_packets(&at_bound).await;
    server.expect_text(&at_bound[1..]).await;
    let answer = client.post_body_with_headers("", "4".repeat(101).as_bytes()).await;
    assert_eq!((answer.status, answer.text()), (413, ""));
    assert!(!answer.head.contains("content-type"), "{}", answer.head);
    // Whether to go on is for the client to say.
    socket.emit("still here").expect("room");
    assert_eq!(client.poll_for_packet_text().await, "4still here");
    client.post_text_of_packets("1").await;
    server.expect_disconnect(DisconnectReason::TransportClose).await;
}

#[tokio::test]
async fn should_let_nobody_keep_the_answer_to_a_poll() {
    let mut server = TestServer::start().await;
    let query = "EIO=4&transport=polling";
    let opened = get_answer_from_engine(server.address, query).await;
    let sid = read_session_id_from_open(opened.text());
    let query = format!("{query}&sid={sid}");
    let posted = request_answer_from_engine(server.address, "POST", &query, "", b"4x").await;
    server.expect_connect().await.emit("x").expect("room");
    let polled = get_answer_from_engine(server.address, &query).await;
    for answer in [opened, posted, polled] {
        assert_eq!(answer.status, 200);
        assert!(answer.has_header_with_line("cache-control: no-store"), "{}", answer.head);
    }
}

#[tokio::test]
async fn should_compress_a_large_payload_for_a_client_that_takes_gzip() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let poll = async |headers: &str, text: &str| {
        socket.emit(text.to_owned()).expect("room");
        let query = format!("EIO=4&transport=polling&sid={}", client.sid);
        let answer = request_answer_from_engine(server.address, "GET", &query, headers, b"").await;
        assert_eq!(answer.status, 200);
        answer
    };
    // With the packet type in front: one byte below the bound, and at the bound.
    let (small, large) = ("x".repeat(1022), "x".repeat(1023));
    let takes_gzip = "accept-encoding: deflate, gzip\r\n";
    let vary = "vary: accept-encoding";

    let answer = poll(takes_gzip, &small).await;
    assert_eq!(answer.text(), format!("4{small}"));
    assert!(!answer.head.contains("content-encoding") && !answer.has_header_with_line(vary));

    let answer = poll(takes_gzip, &large).await;
    assert!(answer.has_header_with_line("content-encoding: gzip"), "{}", answer.head);
    assert!(answer.has_header_with_line(vary), "{}", answer.head);
    let length = format!("content-length: {}", answer.body.len());
    assert!(answer.body.len() < 200 && answer.has_header_with_line(&length), "{}", answer.head);
    let mut text = String::new();
    GzDecoder::new(&answer.body[..]).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, format!("4{large}"));

    for headers in ["", "accept-encoding: br\r\n", "accept-encoding: gzip;q=0\r\n"] {
        let answer = poll(headers, &large).await;
        assert_eq!(answer.text(), format!("4{large}"));
        assert!(!answer.head.contains("content-encoding") && answer.has_header_with_line(vary));
    }
}

#[tokio::test]
async fn should_take_a_packet_that_says_nothing() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    server.expect_connect().await;
    client.post_text_of_packets("6\x1e4text\x1e6").await;
    server.expect_text("text").await;
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_end_the_session_of_a_payload_that_is_no_packets() {
    for payload in ["", "x", "0{}", "5", "2probe", "b!", "4ok\x1e", "4ok\x1ex"] {
        let mut server = TestServer::start().await;
        let client = PollingClient::open(server.address).await;
        server.expect_connect().await;
        let answer = client.post_body_with_headers("", payload.as_bytes()).await;
        if payload.is_empty() || payload == "4ok\x1e" {
            // Nothing is no packet, and so is nothing behind a separator.
            assert_eq!(answer.status, 200, "{payload:?}");
            continue;
        }
        assert_eq!(answer.status, 400, "{payload:?}");
        assert_eq!(answer.text(), r#"{"code":3,"message":"Bad request"}"#);
        if payload.starts_with("4ok") {
            server.expect_text("ok").await;
        }
        server.expect_disconnect(DisconnectReason::PacketParsingError).await;
        client.expect_session_is_unknown().await;
    }
}

#[tokio::test]
async fn should_split_what_waits_into_payloads_within_the_bound() {
    let config = config().max_payload(100).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let texts: Vec<String> = (0..50).map(|n| format!("{n:020}")).collect();
    for text in &texts {
        socket.emit(text.clone()).expect("room");
    }
    let mut received = Vec::new();
    while received.len() < texts.len() {
        let payload = client.poll_for_packet_text().await;
        assert!(payload.len() <= 100, "{} bytes", payload.len());
        received.extend(payload.split('\x1e').map(|packet| packet[1..].to_owned()));
    }
    assert_eq!(received, texts);
}

#[tokio::test]
async fn should_send_one_packet_over_the_bound_alone() {
    let config = config().max_payload(100).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let large = "x".repeat(1000);
    socket.emit(large.clone()).expect("room");
    socket.emit("small").expect("room");
    assert_eq!(client.poll_for_packet_text().await, format!("4{large}"));
    assert_eq!(client.poll_for_packet_text().await, "4small");
}

#[tokio::test]
async fn should_end_a_session_that_polls_twice_at_once() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let waiting = server.begin_waiting_poll(&client).await;
    let refused = client.poll_for_any_answer().await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.text(), r#"{"code":3,"message":"Bad request"}"#);
    server.expect_disconnect(DisconnectReason::MultipleHttpPollingError).await;
    assert_eq!(waiting.receive_answer_until_close().await.text(), "1");
    client.expect_session_is_unknown().await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_end_a_session_whose_client_hangs_up_on_a_poll() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    drop(server.begin_waiting_poll(&client).await);
    server.expect_disconnect(DisconnectReason::TransportError).await;
    finish_within_test_deadline(socket.closed()).await;
    client.expect_session_is_unknown().await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_end_a_session_whose_client_says_so() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    server.expect_connect().await;
    let poll = server.begin_waiting_poll(&client).await;
    client.post_text_of_packets("4last\x1e1\x1e4behind").await;
    server.expect_text("last").await;
    server.expect_disconnect(DisconnectReason::TransportClose).await;
    server.expect_no_further_event();
    assert_eq!(poll.receive_answer_until_close().await.text(), "6");
}

#[tokio::test]
async fn should_tell_a_waiting_poll_that_the_server_closes() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let poll = server.begin_waiting_poll(&client).await;
    socket.close(DisconnectReason::ClosingServer);
    server.expect_disconnect(DisconnectReason::ClosingServer).await;
    finish_within_test_deadline(socket.closed()).await;
    assert_eq!(poll.receive_answer_until_close().await.text(), "1");
    assert!(matches!(socket.emit("late"), Err(TrySendError::Closed(_))));
    client.expect_session_is_unknown().await;
}

#[tokio::test]
async fn should_send_what_was_queued_before_it_says_that_the_server_closes() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let poll = server.begin_waiting_poll(&client).await;
    // The poll is answered when this thread has nothing else to do: after all of it.
    socket.emit("one").expect("room");
    socket.emit("two").expect("room");
    socket.close(DisconnectReason::ClosingServer);
    assert_eq!(poll.receive_answer_until_close().await.text(), "4one\x1e4two\x1e1");
}

#[tokio::test]
async fn should_release_a_waiting_poll_when_the_transport_is_broken() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let poll = server.begin_waiting_poll(&client).await;
    socket.emit("lost").expect("room");
    support::find_session_handle(&socket).break_transport_without_farewell();
    server.expect_disconnect(DisconnectReason::TransportError).await;
    assert_eq!(poll.receive_answer_until_close().await.text(), "6");
    client.expect_session_is_unknown().await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_refuse_more_than_may_wait_and_lose_nothing_of_it() {
    let config = config().max_buffer_size(16).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let client = PollingClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let held = socket.reserve().expect("room");
    for n in 0..15 {
        socket.emit(n.to_string()).expect("room below the bound");
    }
    assert!(matches!(socket.reserve(), Err(TrySendError::Full(()))));
    match socket.emit("over") {
        Err(TrySendError::Full(text)) => assert_eq!(text, "over"),
        other => panic!("{other:?}"),
    }
    match socket.emit_binary(vec![1, 2]) {
        Err(TrySendError::Full(bytes)) => assert_eq!(bytes, [1u8, 2].as_slice()),
        other => panic!("{other:?}"),
    }
    assert!(!socket.emit_volatile("over") && !socket.emit_binary_volatile(vec![1]));
    assert!(!socket.emit_many_volatile("over".into(), [vec![1u8].into()].into()));
    held.emit("15".into());
    assert!(matches!(socket.reserve(), Err(TrySendError::Full(()))));
    let expected: Vec<String> = (0..16).map(|n| format!("4{n}")).collect();
    assert_eq!(client.poll_for_packet_text().await, expected.join("\x1e"));
    // There is room again, as much as before.
    assert_eq!(fill_queue(&socket, "again"), 16);
    assert_eq!(client.poll_for_packet_text().await.split('\x1e').count(), 16);
}
