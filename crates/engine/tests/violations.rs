//! Clients that break a protocol: their sessions end, and they are told why.

use crate::support;

use engineioxide::DisconnectReason;
use owlpost_testkit::{BINARY, MORE, TEXT, WebSocketClient, encode_masked_client_frame};
use support::{Behaviour, TestServer, config, wait_until_freed};
use tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};

async fn expect_end_of_session(bytes: &[u8], code: CloseCode) {
    let config = config().ws_max_frame_size(1000).ws_max_message_size(1500).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    client.write_raw_bytes_to_server(bytes).await;
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    client.expect_close_with_code(code).await;
    wait_until_freed(socket).await;
}

#[tokio::test]
async fn should_refuse_frames_that_are_not_masked() {
    expect_end_of_session(&[0x81, 2, b'4', b'x'], CloseCode::Protocol).await;
}

#[tokio::test]
async fn should_refuse_opcodes_that_are_none() {
    expect_end_of_session(&[0x83, 0x80, 0, 0, 0, 0], CloseCode::Protocol).await;
    expect_end_of_session(&[0x8b, 0x80, 0, 0, 0, 0], CloseCode::Protocol).await;
}

#[tokio::test]
async fn should_refuse_reserved_bits() {
    for bit in [0x40, 0x20, 0x10] {
        let mut frame = encode_masked_client_frame(TEXT, true, b"4x");
        frame[0] |= bit;
        expect_end_of_session(&frame, CloseCode::Protocol).await;
    }
}

#[tokio::test]
async fn should_refuse_control_frames_in_parts_or_too_long() {
    let ping = OpCode::Control(Control::Ping);
    expect_end_of_session(&encode_masked_client_frame(ping, false, b""), CloseCode::Protocol).await;
    expect_end_of_session(&encode_masked_client_frame(ping, true, &[0; 126]), CloseCode::Protocol)
        .await;
}

#[tokio::test]
async fn should_refuse_a_frame_over_the_bound_by_its_head() {
    let mut frame = encode_masked_client_frame(BINARY, true, &[0; 1001]);
    frame.truncate(8);
    expect_end_of_session(&frame, CloseCode::Size).await;
}

#[tokio::test]
async fn should_refuse_a_message_over_the_bound() {
    let parts = [
        encode_masked_client_frame(BINARY, false, &[0; 800]),
        encode_masked_client_frame(MORE, true, &[0; 701]),
    ];
    expect_end_of_session(&parts.concat(), CloseCode::Size).await;
}

#[tokio::test]
async fn should_take_frames_and_messages_at_the_bound() {
    let config = config().ws_max_frame_size(1000).ws_max_message_size(1500).build();
    let mut server = TestServer::start_with(config, Behaviour::default()).await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(BINARY, true, &[1; 1000])).await;
    server.expect_binary(&[1; 1000]).await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(BINARY, false, &[2; 1000])).await;
    client.write_raw_bytes_to_server(&encode_masked_client_frame(MORE, true, &[2; 500])).await;
    server.expect_binary(&[2; 1500]).await;
}

#[tokio::test]
async fn should_refuse_fragments_out_of_order() {
    expect_end_of_session(&encode_masked_client_frame(MORE, true, b"4x"), CloseCode::Protocol)
        .await;
    let parts = [
        encode_masked_client_frame(TEXT, false, b"4x"),
        encode_masked_client_frame(TEXT, true, b"4y"),
    ];
    expect_end_of_session(&parts.concat(), CloseCode::Protocol).await;
}

#[tokio::test]
async fn should_refuse_text_that_is_not_utf8() {
    let frame = encode_masked_client_frame(TEXT, true, &[b'4', 0xff]);
    expect_end_of_session(&frame, CloseCode::Invalid).await;
}

#[tokio::test]
async fn should_refuse_text_that_is_no_packet_of_a_client() {
    for text in ["", "x", "0{}", "5", "2probe", "3probe", "b!"] {
        let frame = encode_masked_client_frame(TEXT, true, text.as_bytes());
        expect_end_of_session(&frame, CloseCode::Policy).await;
    }
}

#[tokio::test]
async fn should_hand_over_what_came_before_the_violation() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    let socket = server.expect_connect().await;
    socket.emit("queued").expect("room");
    let frames =
        [encode_masked_client_frame(TEXT, true, b"4good"), vec![0xff, 0x80, 0, 0, 0, 0]].concat();
    client.write_raw_bytes_to_server(&frames).await;
    server.expect_text("good").await;
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    // And what waits for the client still goes out.
    client.expect_text_from_server("4queued").await;
    client.expect_close_with_code(CloseCode::Protocol).await;
}

#[tokio::test]
async fn should_read_on_after_the_close_frame_so_that_the_client_gets_it() {
    let mut server = TestServer::start().await;
    let mut client = WebSocketClient::open(server.address).await;
    server.expect_connect().await;
    client.write_raw_bytes_to_server(&[0xff, 0x80, 0, 0, 0, 0]).await;
    server.expect_disconnect(DisconnectReason::PacketParsingError).await;
    // Unread, these would make the system reset the connection.
    client.write_raw_bytes_to_server(&[0; 10_000]).await;
    client.expect_close_with_code(CloseCode::Protocol).await;
}
