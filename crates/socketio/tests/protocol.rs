//! What the documents of the Socket.IO protocol, version 5, ask of a server, with the server of the example: entering and
//! leaving namespaces, events, acknowledgements and attachments, and packets that are none.
//!
//! That of Engine.IO is tested in the engine's own crate, and the events of the product with real clients.

#[path = "../examples/protocol_server.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is written to be run, and read")]
mod protocol_server;

use std::{net::SocketAddr, time::Duration};

use owlpost_testkit::{PollingClient, WebSocketClient};
use protocol_server::{ServerOptions, Suite, build_router_of_server};
use serde_json::Value;
use tokio::net::TcpListener;

async fn start_server_with_options(change: impl FnOnce(&mut ServerOptions)) -> SocketAddr {
    let mut options = ServerOptions::from(Suite::Protocol);
    // Nobody here answers pings.
    options.ping_interval = Duration::from_secs(300);
    options.connect_timeout = Duration::from_secs(300);
    change(&mut options);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = build_router_of_server(&options);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn start_server_without_pings() -> SocketAddr {
    start_server_with_options(|_| {}).await
}

/// Enters a namespace and reads what it begins with.
async fn enter_namespace_with_packet(client: &mut WebSocketClient, packet: &str, head: &str) {
    client.send_text_to_server(packet).await;
    let answer = client.receive_next_text_message().await;
    let data = answer.strip_prefix(head).expect("the answer to a CONNECT of this namespace");
    let data: Value = serde_json::from_str(data).expect("JSON");
    let fields: Vec<&String> = data.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["sid"]);
    assert!(data["sid"].as_str().is_some_and(|sid| !sid.is_empty()));
}

async fn open_client_in_main_namespace(address: SocketAddr) -> WebSocketClient {
    let mut client = WebSocketClient::open(address).await;
    enter_namespace_with_packet(&mut client, "40", "40").await;
    client.expect_text_from_server(r#"42["auth",{}]"#).await;
    client
}

async fn expect_client_is_served(client: &mut WebSocketClient) {
    client.send_text_to_server(r#"42["message","alive"]"#).await;
    client.expect_text_from_server(r#"42["message-back","alive"]"#).await;
}

#[tokio::test]
async fn should_let_clients_into_namespaces_with_and_without_a_payload() {
    let address = start_server_without_pings().await;
    for (packet, head, told) in [
        ("40", "40", r#"42["auth",{}]"#),
        (r#"40{"token":"a"}"#, "40", r#"42["auth",{"token":"a"}]"#),
        ("40/custom,", "40/custom,", r#"42/custom,["auth",{}]"#),
        ("40/custom", "40/custom,", r#"42/custom,["auth",{}]"#),
        (r#"40/custom,{"token":"b"}"#, "40/custom,", r#"42/custom,["auth",{"token":"b"}]"#),
    ] {
        let mut client = WebSocketClient::open(address).await;
        enter_namespace_with_packet(&mut client, packet, head).await;
        client.expect_text_from_server(told).await;
    }
}

#[tokio::test]
async fn should_refuse_a_namespace_that_is_not_there_and_let_the_client_enter_another() {
    let address = start_server_without_pings().await;
    let mut client = WebSocketClient::open(address).await;
    for packet in ["40/random", "40/random,", r#"40/random,{"token":"a"}"#] {
        client.send_text_to_server(packet).await;
        client.expect_text_from_server(r#"44/random,{"message":"Invalid namespace"}"#).await;
    }
    enter_namespace_with_packet(&mut client, "40", "40").await;
}

#[tokio::test]
async fn should_end_connections_that_enter_no_namespace() {
    let address = start_server_without_pings().await;
    for packet in ["4abc", "4", "47", r#"42["message"]"#, r#"430["a"]"#, "41"] {
        let mut client = WebSocketClient::open(address).await;
        client.send_text_to_server(packet).await;
        client.read_until_connection_ends().await;
    }
    let hasty = |options: &mut ServerOptions| options.connect_timeout = Duration::from_millis(50);
    let address = start_server_with_options(hasty).await;
    WebSocketClient::open(address).await.read_until_connection_ends().await;
}

#[tokio::test]
async fn should_leave_one_namespace_and_stay_in_another() {
    let address = start_server_without_pings().await;
    let mut client = open_client_in_main_namespace(address).await;
    enter_namespace_with_packet(&mut client, "40/custom", "40/custom,").await;
    client.expect_text_from_server(r#"42/custom,["auth",{}]"#).await;
    client.send_text_to_server(r#"42/custom,["message",1]"#).await;
    client.expect_text_from_server(r#"42/custom,["message-back",1]"#).await;
    client.send_text_to_server("41/custom").await;
    expect_client_is_served(&mut client).await;
    enter_namespace_with_packet(&mut client, "40/custom", "40/custom,").await;
    client.expect_text_from_server(r#"42/custom,["auth",{}]"#).await;
    client.send_text_to_server("41").await;
    client.send_text_to_server(r#"42/custom,["message",2]"#).await;
    client.expect_text_from_server(r#"42/custom,["message-back",2]"#).await;
}

#[tokio::test]
async fn should_send_arguments_back_as_they_came() {
    let address = start_server_without_pings().await;
    let mut client = open_client_in_main_namespace(address).await;
    for (packet, answer) in [
        (r#"42["message"]"#, r#"42["message-back"]"#),
        (
            r#"42["message",1,-2.5,"3",null,{"b":[true],"a":{}}]"#,
            r#"42["message-back",1,-2.5,"3",null,{"b":[true],"a":{}}]"#,
        ),
        (r#"420["message-with-ack"]"#, "430[]"),
        (r#"42456["message-with-ack",1,"2",[3]]"#, r#"43456[1,"2",[3]]"#),
    ] {
        client.send_text_to_server(packet).await;
        client.expect_text_from_server(answer).await;
    }
}

#[tokio::test]
async fn should_send_attachments_back_behind_their_packet() {
    let address = start_server_without_pings().await;
    let mut client = open_client_in_main_namespace(address).await;
    let (first, second) = (r#"{"_placeholder":true,"num":0}"#, r#"{"_placeholder":true,"num":1}"#);
    for (packet, answer) in [
        (
            format!(r#"452-["message",{first},"a",{{"b":[{second}]}}]"#),
            format!(r#"452-["message-back",{first},"a",{{"b":[{second}]}}]"#),
        ),
        (
            format!(r#"452-789["message-with-ack",{first},{second}]"#),
            format!("462-789[{first},{second}]"),
        ),
        (
            format!(r#"452-8["message-with\u002dack",{first},{second}]"#),
            format!("462-8[{first},{second}]"),
        ),
    ] {
        client.send_text_to_server(&packet).await;
        client.send_bytes_to_server(&[1, 2, 3]).await;
        client.send_bytes_to_server(&[4, 5, 6]).await;
        client.expect_text_from_server(&answer).await;
        client.expect_bytes_from_server(&[1, 2, 3]).await;
        client.expect_bytes_from_server(&[4, 5, 6]).await;
    }
}

#[tokio::test]
async fn should_end_connections_over_packets_that_are_none() {
    let address = start_server_without_pings().await;
    for packet in [
        "4abc",
        "42{}",
        "42[]",
        r#"42[{"a":1}]"#,
        r#"42abc["message",1]"#,
        r#"42["message""#,
        r#"42["mess\age"]"#,
        r#"45["message"]"#,
    ] {
        let mut client = open_client_in_main_namespace(address).await;
        client.send_text_to_server(packet).await;
        client.read_until_connection_ends().await;
    }
}

#[tokio::test]
async fn should_take_names_of_events_however_they_are_written() {
    let address = start_server_without_pings().await;
    let mut client = open_client_in_main_namespace(address).await;
    // Nothing answers to these.
    for unknown in [r#"42["na\"me",1]"#, r#"421["\\",1]"#, r#"42["\ud800"]"#, r#"42["\u0000"]"#] {
        client.send_text_to_server(unknown).await;
    }
    client.send_text_to_server(r#"42["\u006dess\u0061ge","\u0041\""]"#).await;
    client.expect_text_from_server(r#"42["message-back","A\""]"#).await;
    client.send_text_to_server(r#"427["message\u002dwith-ack",1]"#).await;
    client.expect_text_from_server("437[1]").await;
}

#[tokio::test]
async fn should_take_names_of_events_however_they_are_written_by_polling() {
    let address = start_server_without_pings().await;
    let event = r#"42["mess\u0061ge",1]"#;
    // Clients of the older protocol are in the main namespace from the beginning.
    for (protocol, connect, event) in [
        ("EIO=4", Some("40"), event.to_owned()),
        ("EIO=3", None, format!("{}:{event}", event.len())),
    ] {
        let client = PollingClient::open_session_with_protocol(address, protocol).await;
        if let Some(connect) = connect {
            client.post_text_of_packets(connect).await;
        }
        let mut read = client.poll_for_packet_text().await;
        while !read.contains(r#"["auth""#) {
            read = client.poll_for_packet_text().await;
        }
        client.post_text_of_packets(&event).await;
        assert!(client.poll_for_packet_text().await.contains(r#"["message-back",1]"#));
    }
}

#[tokio::test]
async fn should_pay_no_heed_to_acknowledgements_nobody_asked_for() {
    let address = start_server_without_pings().await;
    let mut client = open_client_in_main_namespace(address).await;
    for packet in [r#"430["a"]"#, r#"43999["a"]"#, "431[]"] {
        client.send_text_to_server(packet).await;
    }
    expect_client_is_served(&mut client).await;
}
