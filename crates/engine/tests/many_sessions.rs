//! Many sessions at once: each begins once, ends once and leaves nothing.

use crate::support;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Weak},
};

use engineioxide::DisconnectReason;
use owlpost_testkit::{PollingClient, WebSocketClient, finish_within_test_deadline};
use support::{Event, Socket, TestServer, wait_until};
use tokio::task::JoinSet;
use tungstenite::Message;

const CLIENTS: usize = 120;
const MESSAGES: usize = 20;

async fn echo_by_websocket(client: &mut WebSocketClient) {
    for n in 0..MESSAGES {
        client.send_text_to_server(&format!("4{n}")).await;
        client.expect_text_from_server(&format!("4{n}")).await;
    }
}

/// One client's life, and what its session ends with.
async fn live_and_leave(address: SocketAddr, kind: usize) -> DisconnectReason {
    if kind == 0 {
        let client = PollingClient::open(address).await;
        for n in 0..MESSAGES {
            client.post_text_of_packets(&format!("4{n}")).await;
            assert_eq!(client.poll_for_packet_text().await, format!("4{n}"));
        }
        client.post_text_of_packets("1").await;
        return DisconnectReason::TransportClose;
    }
    if kind == 1 {
        let polling = PollingClient::open(address).await;
        let query = format!("EIO=4&transport=websocket&sid={}", polling.sid);
        let mut client =
            WebSocketClient::try_handshake(address, &query).await.expect("a handshake");
        client.send_text_to_server("2probe").await;
        client.expect_text_from_server("3probe").await;
        client.send_text_to_server("5").await;
        echo_by_websocket(&mut client).await;
        client.hang_up_without_farewell();
        return DisconnectReason::TransportError;
    }
    let mut client = WebSocketClient::open(address).await;
    echo_by_websocket(&mut client).await;
    match kind {
        2 => {
            client.send_message_to_server(Message::Close(None)).await;
            DisconnectReason::TransportClose
        }
        3 => {
            client.send_text_to_server("x").await;
            DisconnectReason::PacketParsingError
        }
        _ => {
            client.reset_connection_without_farewell();
            DisconnectReason::TransportError
        }
    }
}

fn sort_reasons_as_text(reasons: impl IntoIterator<Item = DisconnectReason>) -> Vec<String> {
    let mut texts: Vec<_> = reasons.into_iter().map(|reason| format!("{reason:?}")).collect();
    texts.sort();
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn should_begin_and_end_every_session_once() {
    let mut server = TestServer::start_echo().await;
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        clients.spawn(live_and_leave(server.address, n % 5));
    }
    let mut expected = Vec::new();
    while let Some(left) = finish_within_test_deadline(clients.join_next()).await {
        expected.push(left.expect("a client that ends well"));
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
    assert_eq!(sort_reasons_as_text(ended.into_values()), sort_reasons_as_text(expected));
    assert_eq!((sockets.len(), texts), (CLIENTS, CLIENTS * MESSAGES));
    wait_until("every socket is freed", || sockets.iter().all(|weak| weak.strong_count() == 0))
        .await;
}
