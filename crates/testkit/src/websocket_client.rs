//! An Engine.IO client by websocket, which can also write what no client should.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::{WebSocketStream, client_async};
use tungstenite::{
    Error, Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    deadline::finish_within_test_deadline, open_packet::read_session_id_from_open,
    request::ENGINE_PATH,
};

/// A receive buffer that is soon full.
const SMALL_BUFFER_BYTES: u32 = 4096;
/// Begins a session of protocol 4.
const OPENING_QUERY: &str = "EIO=4&transport=websocket";

/// Opens a websocket of the engine. With `receive_buffer_bytes`, the system keeps no more than about that of what the
/// client does not read.
pub async fn open_websocket_over_tcp(
    address: SocketAddr,
    query: &str,
    receive_buffer_bytes: Option<u32>,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let path = format!("{ENGINE_PATH}?{query}");
    open_websocket_at_path(address, &path, receive_buffer_bytes).await
}

/// The same at another path than the engine's; `path` has its query.
pub async fn open_websocket_at_path(
    address: SocketAddr,
    path: &str,
    receive_buffer_bytes: Option<u32>,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}{path}");
    let (stream, _) = client_async(url, stream).await?;
    Ok(stream)
}

/// One websocket of the engine.
#[derive(Debug)]
pub struct WebSocketClient {
    stream: WebSocketStream<TcpStream>,
}

impl WebSocketClient {
    /// Begins a session of protocol 4.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_session_with_protocol(address, "EIO=4").await.0
    }

    /// Begins a session, and gives the packet it began with; `protocol` is the part of the query that names its version.
    pub async fn open_session_with_protocol(address: SocketAddr, protocol: &str) -> (Self, String) {
        let query = format!("{protocol}&transport=websocket");
        let mut client = Self::try_handshake(address, &query).await.expect("a handshake");
        let open = client.receive_next_text_message().await;
        assert!(open.starts_with('0') && !read_session_id_from_open(&open).is_empty());
        (client, open)
    }

    /// A handshake that may be refused.
    pub async fn try_handshake(address: SocketAddr, query: &str) -> Result<Self, Error> {
        let opening = open_websocket_over_tcp(address, query, None);
        Ok(Self { stream: finish_within_test_deadline(opening).await? })
    }

    /// A client whose system holds little of what it does not read. It has not read the open packet.
    pub async fn open_with_small_buffer(address: SocketAddr) -> Self {
        let opening = open_websocket_over_tcp(address, OPENING_QUERY, Some(SMALL_BUFFER_BYTES));
        Self { stream: finish_within_test_deadline(opening).await.expect("a handshake") }
    }

    /// Sends a text message.
    pub async fn send_text_to_server(&mut self, text: &str) {
        self.send_message_to_server(Message::text(text)).await;
    }

    /// Sends a binary message.
    pub async fn send_bytes_to_server(&mut self, bytes: &[u8]) {
        self.send_message_to_server(Message::binary(bytes.to_vec())).await;
    }

    /// Sends a ping of the websocket, which is none of the engine.
    pub async fn send_ping_with_payload(&mut self, payload: &'static [u8]) {
        self.send_message_to_server(Message::Ping(Bytes::from_static(payload))).await;
    }

    /// Sends a message of any kind.
    pub async fn send_message_to_server(&mut self, message: Message) {
        self.stream.send(message).await.expect("a message sent");
    }

    /// Writes bytes as they are, whatever they mean.
    pub async fn write_raw_bytes_to_server(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.expect("bytes written");
    }

    /// The next message, or what became of the connection.
    pub async fn receive_next_message_or_end(&mut self) -> Option<Result<Message, Error>> {
        finish_within_test_deadline(self.stream.next()).await
    }

    /// The next message, which must be text.
    pub async fn receive_next_text_message(&mut self) -> String {
        match self.receive_next_message_or_end().await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("no text, but {other:?}"),
        }
    }

    /// The next message is this text.
    pub async fn expect_text_from_server(&mut self, expected: &str) {
        assert_eq!(self.receive_next_text_message().await, expected);
    }

    /// The next message is these bytes.
    pub async fn expect_bytes_from_server(&mut self, expected: &[u8]) {
        match self.receive_next_message_or_end().await {
            Some(Ok(Message::Binary(bytes))) => assert_eq!(bytes, expected),
            other => panic!("no bytes, but {other:?}"),
        }
    }

    /// The next message is a pong of the websocket with this payload.
    pub async fn expect_pong_from_server(&mut self, expected: &[u8]) {
        match self.receive_next_message_or_end().await {
            Some(Ok(Message::Pong(bytes))) => assert_eq!(bytes, expected),
            other => panic!("no pong, but {other:?}"),
        }
    }

    /// A close frame, and nothing behind it.
    pub async fn expect_close_with_code(&mut self, expected: CloseCode) {
        match self.receive_next_message_or_end().await {
            Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => assert_eq!(code, expected),
            other => panic!("no close frame, but {other:?}"),
        }
        self.expect_end_of_connection().await;
    }

    /// Every text up to a close frame with this code, and nothing behind it.
    pub async fn receive_texts_until_close(&mut self, expected: CloseCode) -> Vec<String> {
        let mut texts = Vec::new();
        loop {
            match self.receive_next_message_or_end().await {
                Some(Ok(Message::Text(text))) => texts.push(text.to_string()),
                Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) if code == expected => {
                    self.expect_end_of_connection().await;
                    return texts;
                }
                other => panic!("neither text nor such a close frame, but {other:?}"),
            }
        }
    }

    /// The end of the connection, without another message.
    pub async fn expect_end_of_connection(&mut self) {
        match self.receive_next_message_or_end().await {
            None | Some(Err(_)) => {}
            Some(Ok(message)) => panic!("no end, but {message:?}"),
        }
        let mut rest = Vec::new();
        let reading = self.stream.get_mut().read_to_end(&mut rest);
        let read = finish_within_test_deadline(reading).await;
        assert!(rest.is_empty(), "behind the end: {read:?} {rest:?}");
        // As clients do, so that the server need not wait for the rest of its farewell time.
        let _ = self.stream.get_mut().shutdown().await;
    }

    /// Reads whatever still comes, until the connection is gone, however it went.
    pub async fn read_until_connection_ends(self) {
        let mut stream = self.stream.into_inner();
        let mut bytes = vec![0; 64 * 1024];
        let reading = async { while matches!(stream.read(&mut bytes).await, Ok(1..)) {} };
        finish_within_test_deadline(reading).await;
    }

    /// Ends the connection as a crash would.
    pub fn reset_connection_without_farewell(self) {
        self.stream.get_ref().set_zero_linger().expect("no linger");
    }

    /// Hangs up without a close frame.
    pub fn hang_up_without_farewell(self) {
        drop(self.stream.into_inner());
    }
}
