//! How sessions begin, and what is refused.

use crate::support;

use engineioxide::{ProtocolVersion, TransportType, response::Rejection};
use futures_util::{SinkExt as _, StreamExt as _};
use http::Request;
use owlpost_testkit::{
    PollingClient, RawConnection, WebSocketClient, finish_within_test_deadline,
    get_answer_from_engine, read_session_id_from_open, request_answer_from_engine,
    write_websocket_upgrade_request,
};
use support::{Behaviour, TestServer, config};
use tokio_tungstenite::WebSocketStream;
use tower::Service;
use tungstenite::{Error, Message, protocol::Role};

/// The status and body that a handshake was refused with.
fn expect_refusal(result: Result<WebSocketClient, Error>) -> (u16, String) {
    match result {
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8(body).expect("text"))
        }
        Err(other) => panic!("no refusal, but {other}"),
        Ok(_) => panic!("a handshake that was not refused"),
    }
}

#[tokio::test]
async fn should_open_a_polling_session_of_protocol_4() {
    let mut server = TestServer::start().await;
    let answer = get_answer_from_engine(server.address, "EIO=4&transport=polling").await;
    assert_eq!(answer.status, 200);
    assert!(answer.has_header_with_line("content-type: text/plain; charset=UTF-8"));
    let socket = server.expect_connect().await;
    let expected = format!(
        "0{{\"sid\":\"{}\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\
         \"pingTimeout\":20000,\"maxPayload\":100000}}",
        read_session_id_from_open(answer.text())
    );
    assert_eq!(answer.text(), expected);
    assert_eq!(socket.protocol, ProtocolVersion::V4);
    assert_eq!(socket.transport_type(), TransportType::Polling);
    assert!(!socket.is_closed());
}

#[tokio::test]
async fn should_open_a_polling_session_of_protocol_3_with_the_length_in_front() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open_session_with_protocol(server.address, "EIO=3").await;
    let (length, packet) = client.open.split_once(':').expect("a length");
    assert_eq!(length.parse(), Ok(packet.len()));
    let socket = server.expect_connect().await;
    assert!(packet.starts_with(&format!("0{{\"sid\":\"{}\"", socket.id)));
    assert_eq!(socket.protocol, ProtocolVersion::V3);
}

#[tokio::test]
async fn should_open_a_session_by_websocket() {
    for (protocol, expected) in [("EIO=4", ProtocolVersion::V4), ("EIO=3", ProtocolVersion::V3)] {
        let mut server = TestServer::start().await;
        let (_client, open) =
            WebSocketClient::open_session_with_protocol(server.address, protocol).await;
        let socket = server.expect_connect().await;
        let is_public = read_session_id_from_open(&open) == socket.id.to_string();
        assert_eq!(is_public, expected == ProtocolVersion::V3);
        assert!(open.contains("\"upgrades\":[]"), "{open}");
        assert_eq!(socket.protocol, expected);
        assert_eq!(socket.transport_type(), TransportType::Websocket);
    }
}

#[tokio::test]
async fn should_send_the_open_packet_before_what_the_handler_emits_on_connect() {
    let greet = Some::<fn(&support::Socket)>(|socket| socket.emit("hello").expect("room"));
    let behaviour = Behaviour { on_connect: greet, ..Behaviour::default() };
    let server = TestServer::start_with(config().build(), behaviour).await;
    let mut websocket = WebSocketClient::open(server.address).await;
    websocket.expect_text_from_server("4hello").await;
    let polling = PollingClient::open(server.address).await;
    assert_eq!(polling.poll_for_packet_text().await, "4hello");
}

#[tokio::test]
async fn should_keep_the_request_a_session_began_with() {
    let mut server = TestServer::start().await;
    let headers = "x-from: afar\r\n";
    request_answer_from_engine(server.address, "GET", "EIO=4&transport=polling&a=b", headers, b"")
        .await;
    let socket = server.expect_connect().await;
    assert_eq!(socket.req_parts.uri.query(), Some("EIO=4&transport=polling&a=b"));
    assert_eq!(socket.req_parts.headers["x-from"], "afar");
    assert!(!support::find_session_handle(&socket).is_closed());
}

#[tokio::test]
async fn should_refuse_requests_with_the_codes_of_the_protocol() {
    const UNKNOWN_SID: &str = "AAAAAAAAAAAAAAAAAAAA";
    let mut server = TestServer::start().await;
    let of_unknown = format!("EIO=4&transport=polling&sid={UNKNOWN_SID}");
    for (method, query, code, message) in [
        ("GET", "EIO=4&transport=pigeon", 0, "Transport unknown"),
        ("GET", "EIO=4", 0, "Transport unknown"),
        ("GET", of_unknown.as_str(), 1, "Session ID unknown"),
        ("POST", of_unknown.as_str(), 1, "Session ID unknown"),
        ("GET", "EIO=4&transport=polling&sid=no-such", 1, "Session ID unknown"),
        ("POST", "EIO=4&transport=polling", 2, "Bad handshake method"),
        ("GET", "EIO=5&transport=polling", 5, "Unsupported protocol version"),
        ("GET", "transport=polling", 5, "Unsupported protocol version"),
        ("GET", "EIO=4&transport=websocket", 3, "Bad request"),
    ] {
        let answer = request_answer_from_engine(server.address, method, query, "", b"").await;
        assert_eq!(answer.status, 400, "{method} {query}");
        assert!(answer.has_header_with_line("content-type: application/json"), "{}", answer.head);
        assert_eq!(answer.text(), format!(r#"{{"code":{code},"message":"{message}"}}"#));
    }
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_refuse_a_websocket_that_does_not_ask_for_one_as_it_should() {
    let mut server = TestServer::start().await;
    for headers in [
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n",
        "connection: upgrade\r\nupgrade: h2c\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        // `Connection` that does not name it, a key that is none, one that is too short, two of them.
        "connection: keep-alive\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: no base64!\r\n",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dG9vIHNob3J0\r\n",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ] {
        let query = "EIO=4&transport=websocket";
        let answer = request_answer_from_engine(server.address, "GET", query, headers, b"").await;
        assert_eq!((answer.status, answer.text()), (400, r#"{"code":3,"message":"Bad request"}"#));
    }
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_name_the_websocket_version_to_a_client_that_asks_for_another() {
    let mut server = TestServer::start().await;
    let asking = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for version in ["", "sec-websocket-version: 8\r\n", "sec-websocket-version: 14\r\n"] {
        let headers = format!("{asking}{version}");
        let query = "EIO=4&transport=websocket";
        let answer = request_answer_from_engine(server.address, "GET", query, &headers, b"").await;
        assert_eq!(answer.status, 426, "{version}");
        assert!(answer.has_header_with_line("sec-websocket-version: 13"), "{}", answer.head);
    }
    server.expect_no_further_event();
}

#[tokio::test]
async fn should_choose_the_first_subprotocol_that_is_offered() {
    let mut server = TestServer::start().await;
    let mut connections = Vec::new();
    for (offered, chosen) in [
        ("", None),
        ("sec-websocket-protocol: chat\r\n", Some("sec-websocket-protocol: chat")),
        ("sec-websocket-protocol: v2.chat, v1.chat\r\n", Some("sec-websocket-protocol: v2.chat")),
    ] {
        let mut connection = RawConnection::connect(server.address).await;
        let request = write_websocket_upgrade_request(offered);
        connection.write_raw_bytes_to_server(request).await;
        let answer = connection.receive_next_whole_answer().await.expect("an answer");
        assert_eq!(answer.status, 101, "{}", answer.head);
        match chosen {
            Some(line) => assert!(answer.has_header_with_line(line), "{}", answer.head),
            None => assert!(!answer.head.contains("sec-websocket-protocol"), "{}", answer.head),
        }
        server.expect_connect().await;
        connections.push(connection);
    }
}

#[tokio::test]
async fn should_refuse_a_method_that_a_session_has_no_use_for() {
    let mut server = TestServer::start().await;
    let client = PollingClient::open(server.address).await;
    let query = format!("EIO=4&transport=polling&sid={}", client.sid);
    let answer = request_answer_from_engine(server.address, "PUT", &query, "", b"").await;
    assert_eq!(answer.status, 400);
    // The session is none the worse for it.
    server.expect_connect().await.emit("still here").expect("room");
    assert_eq!(client.poll_for_packet_text().await, "4still here");
}

/// Without HTTP: a stream that somebody else has upgraded.
#[tokio::test]
async fn should_open_a_websocket_on_a_stream_that_is_given_to_it() {
    let mut server = TestServer::start_echo().await;
    let (near, far) = tokio::io::duplex(64);
    let request = |query: &str| Request::builder().uri(query).body(()).expect("a request");
    let mut service = server.service.clone();
    Service::call(&mut service, (far, request("/socket.io/?EIO=4&transport=websocket")))
        .await
        .expect("a session");
    server.expect_connect().await;
    let mut client = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    let open =
        finish_within_test_deadline(client.next()).await.expect("a message").expect("a message");
    assert!(open.to_text().expect("text").starts_with("0{"));
    // Longer than the stream holds at one time.
    let text = Message::text(format!("4{}", "x".repeat(1000)));
    finish_within_test_deadline(client.send(text.clone())).await.expect("a message sent");
    assert_eq!(
        finish_within_test_deadline(client.next()).await.expect("an echo").expect("an echo"),
        text
    );
    let (_near, far) = tokio::io::duplex(64);
    let unknown = request("/socket.io/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA");
    let refused = Service::call(&mut service, (far, unknown)).await;
    assert_eq!(refused, Err(Rejection::UnknownSession));
}

#[tokio::test]
async fn should_leave_other_paths_to_the_service_behind() {
    let server = TestServer::start().await;
    let config = config().req_path("/elsewhere").build();
    let elsewhere = TestServer::start_with(config, Behaviour::default()).await;
    assert_eq!(get_answer_from_engine(server.address, "EIO=4&transport=polling").await.status, 200);
    assert_eq!(
        get_answer_from_engine(elsewhere.address, "EIO=4&transport=polling").await.status,
        404
    );
}

#[tokio::test]
async fn should_serve_only_the_transports_of_the_configuration() {
    let polling = config().transports([TransportType::Polling]).build();
    let polling = TestServer::start_with(polling, Behaviour::default()).await;
    let client = PollingClient::open(polling.address).await;
    assert!(client.open.contains("\"upgrades\":[]"), "{}", client.open);
    let refused = WebSocketClient::try_handshake(polling.address, "EIO=4&transport=websocket");
    let refused = expect_refusal(refused.await);
    assert_eq!(refused.0, 400);

    let websocket = config().transports([TransportType::Websocket]).build();
    let websocket = TestServer::start_with(websocket, Behaviour::default()).await;
    WebSocketClient::open(websocket.address).await;
    let answer = get_answer_from_engine(websocket.address, "EIO=4&transport=polling").await;
    assert_eq!(answer.text(), r#"{"code":0,"message":"Transport unknown"}"#);
}
