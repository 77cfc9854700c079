//! Sessions of protocol 4 that a websocket carries.

use crate::support;

use bytes::Bytes;
use engineioxide::DisconnectReason;
use owlpost_testkit::{
    BINARY, MORE, TEXT, WebSocketClient, encode_masked_client_frame, finish_within_test_deadline,
};
use support::{TestServer, find_session_handle};
use tokio::sync::mpsc::error::TrySendError;
use tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};

#[tokio::test]
async fn should_echo_text_and_bytes_of_every_size_of_length() {
    let mut server = TestServer::start_echo().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    for length in [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 1 << 20] {
        let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
        client.send_text_to_server(&format!("4{text}")).await;
        server.expect_text(&text).await;
        client.expect_text_from_server(&format!("4{text}")).await;
        let bytes: Vec<u8> = (0..length).map(|n| n as u8).collect();
        client.send_bytes_to_server(&bytes).await;
        server.expect_binary(&bytes).await;
        client.expect_bytes_from_server(&bytes).await;
    }
}

#[tokio::test]
async fn should_take_bytes_as_base64_text_too() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    client.send_text_to_server("bAQID").await;
    server.expect_binary(&[1, 2, 3]).await;
}

#[tokio::test]
async fn should_take_a_packet_that_says_nothing() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    client.send_text_to_server("6").await;
    client.send_text_to_server("4text").await;
    server.expect_text("text").await;
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_send_text_with_its_attachments_in_order() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let attachments = [Bytes::from_static(b"a"), Bytes::from_static(b"b")];
    socket.reserve().expect("room").emit_many("first".into(), attachments.clone().into());
    assert!(socket.emit_many_volatile("second".into(), attachments.into()));
    for text in ["4first", "4second"] {
        client.expect_text_from_server(text).await;
        client.expect_bytes_from_server(b"a").await;
        client.expect_bytes_from_server(b"b").await;
    }
}

#[tokio::test]
async fn should_send_what_is_encoded_already_by_its_handle() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let handle = find_session_handle(&*server.expect_connect().await);
    handle.send_encoded_text_to_client("text".into()).expect("room");
    handle.send_encoded_bytes_to_client(Bytes::from_static(b"bytes")).expect("room");
    client.expect_text_from_server("4text").await;
    client.expect_bytes_from_server(b"bytes").await;
}

#[tokio::test]
async fn should_put_fragments_together_around_control_frames() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    // The euro sign is cut in two.
    client
        .write_raw_bytes_to_server(&encode_masked_client_frame(
            TEXT,
            false,
            &[b"4a", &[0xe2, 0x82][..]].concat(),
        ))
        .await;
    client
        .write_raw_bytes_to_server(&encode_masked_client_frame(
            OpCode::Control(Control::Ping),
            true,
            b"now",
        ))
        .await;
    client.expect_pong_from_server(b"now").await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(MORE, false, b"")).await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(MORE, true, &[0xac, b'z'])).await;
    server.expect_text("a€z").await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(BINARY, false, &[1])).await;
    client
        .write_raw_bytes_to_server(&encode_masked_client_frame(
            OpCode::Control(Control::Pong),
            true,
            b"",
        ))
        .await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(MORE, true, &[2])).await;
    server.expect_binary(&[1, 2]).await;
}

#[tokio::test]
async fn should_take_frames_that_come_byte_by_byte() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    let frames = [
        encode_masked_client_frame(TEXT, true, format!("4{}", "x".repeat(200)).as_bytes()),
        encode_masked_client_frame(TEXT, true, b"4y"),
    ]
    .concat();
    for byte in frames {
        client.write_raw_bytes_to_server(&[byte]).await;
        tokio::task::yield_now().await;
    }
    server.expect_text(&"x".repeat(200)).await;
    server.expect_text("y").await;
}

#[tokio::test]
async fn should_receive_many_messages_sent_at_once_in_order() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    let frames: Vec<u8> = (0..5000)
        .flat_map(|n| encode_masked_client_frame(TEXT, true, format!("4{n}").as_bytes()))
        .collect();
    client.write_raw_bytes_to_server(&frames).await;
    for n in 0..5000 {
        server.expect_text(&n.to_string()).await;
    }
}

#[tokio::test]
async fn should_answer_pings_of_the_websocket_while_messages_wait() {
    let mut server = TestServer::start_echo().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    client.send_ping_with_payload(b"one").await;
    client.send_text_to_server("4between").await;
    client.send_ping_with_payload(b"two").await;
    // A pong may overtake the message, but not another pong.
    let mut pongs = Vec::new();
    let mut texts = Vec::new();
    while pongs.len() + texts.len() < 3 {
        match client.receive_next_message_or_end().await {
            Some(Ok(tungstenite::Message::Pong(payload))) => pongs.push(payload),
            Some(Ok(tungstenite::Message::Text(text))) => texts.push(text.to_string()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((pongs, texts), (vec!["one".into(), "two".into()], vec!["4between".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_deliver_many_messages_with_back_pressure_in_order_and_complete() {
    const MESSAGES: usize = 10_000;
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    let sender = tokio::spawn(async move {
        let mut refused = 0_usize;
        for n in 0..MESSAGES {
            let text = format!("{n} {}", "x".repeat(n % 2000));
            while let Err(error) = socket.emit(text.clone()) {
                assert!(matches!(error, TrySendError::Full(_)), "{error:?}");
                refused += 1;
                tokio::task::yield_now().await;
            }
        }
        refused
    });
    for n in 0..MESSAGES {
        client.expect_text_from_server(&format!("4{n} {}", "x".repeat(n % 2000))).await;
    }
    assert!(
        finish_within_test_deadline(sender).await.expect("a sender that ends") > 0,
        "nothing was ever refused"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn should_keep_the_order_of_each_of_several_senders() {
    const SENDERS: usize = 4;
    const MESSAGES: usize = 2000;
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    for sender in 0..SENDERS {
        let socket = socket.clone();
        tokio::spawn(async move {
            for n in 0..MESSAGES {
                // By permit, so that reservations meet messages of others.
                loop {
                    if let Ok(permit) = socket.reserve() {
                        break permit.emit(format!("{sender} {n}").into());
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    let mut next = [0; SENDERS];
    for _ in 0..SENDERS * MESSAGES {
        let text = client.receive_next_text_message().await;
        let (sender, n) = text[1..].split_once(' ').expect("two numbers");
        let sender: usize = sender.parse().expect("a number");
        assert_eq!(n.parse(), Ok(next[sender]));
        next[sender] += 1;
    }
    assert_eq!(next, [MESSAGES; SENDERS]);
    socket.close(DisconnectReason::ClosingServer);
    client.expect_close_with_code(CloseCode::Normal).await;
}
