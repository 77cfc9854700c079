//! Many sessions at once: each begins once, ends once and leaves nothing.

mod support;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Weak},
};

use engineioxide::DisconnectReason;
use support::{
    Event, Socket, TestServer, in_time,
    polling_client::{PollingClient, read_session_id},
    wait_until,
    websocket_client::WebSocketClient,
};
use tokio::task::JoinSet;
use tungstenite::Message;

const CLIENTS: usize = 120;
const MESSAGES: usize = 20;

async fn echo_by_websocket(client: &mut WebSocketClient) {
    for n in 0..MESSAGES {
        client.send_text(&format!("4{n}")).await;
        client.expect_text(&format!("4{n}")).await;
    }
}

/// One client's life, and what its session ends with.
async fn live_and_leave(address: SocketAddr, kind: usize) -> (String, DisconnectReason) {
    if kind == 0 {
        let client = PollingClient::open(address).await;
        for n in 0..MESSAGES {
            client.post(&format!("4{n}")).await;
            assert_eq!(client.poll().await, format!("4{n}"));
        }
        client.post("1").await;
        return (client.sid, DisconnectReason::TransportClose);
    }
    if kind == 1 {
        let polling = PollingClient::open(address).await;
        let query = format!("EIO=4&transport=websocket&sid={}", polling.sid);
        let mut client =
            WebSocketClient::try_handshake(address, &query).await.expect("a handshake");
        client.send_text("2probe").await;
        client.expect_text("3probe").await;
        client.send_text("5").await;
        echo_by_websocket(&mut client).await;
        client.hang_up();
        return (polling.sid, DisconnectReason::TransportError);
    }
    let (mut client, open) = WebSocketClient::open_with(address, "EIO=4").await;
    echo_by_websocket(&mut client).await;
    let reason = match kind {
        2 => {
            client.send_message(Message::Close(None)).await;
            DisconnectReason::TransportClose
        }
        3 => {
            client.send_text("x").await;
            DisconnectReason::PacketParsingError
        }
        _ => {
            client.reset();
            DisconnectReason::TransportError
        }
    };
    (read_session_id(&open), reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn should_begin_and_end_every_session_once() {
    let mut server = TestServer::start_echo().await;
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        clients.spawn(live_and_leave(server.address, n % 5));
    }
    let mut expected = HashMap::new();
    while let Some(left) = in_time(clients.join_next()).await {
        let (sid, reason) = left.expect("a client that ends well");
        expected.insert(sid, reason);
    }
    let mut sockets: Vec<Weak<Socket>> = Vec::new();
    let mut ended = HashMap::new();
    let mut texts = 0;
    while ended.len() < CLIENTS {
        match server.next_event().await {
            Event::Connected(socket) => sockets.push(Arc::downgrade(&socket)),
            Event::Text(_) => texts += 1,
            Event::Binary(_) => panic!("nobody sent bytes"),
            Event::Disconnected(sid, reason) => {
                assert!(ended.insert(sid.to_string(), reason).is_none(), "ended twice");
            }
        }
    }
    server.expect_no_further_event();
    assert_eq!(ended, expected);
    assert_eq!((sockets.len(), texts), (CLIENTS, CLIENTS * MESSAGES));
    wait_until("every socket is freed", || sockets.iter().all(|weak| weak.strong_count() == 0))
        .await;
}
