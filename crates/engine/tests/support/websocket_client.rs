//! A websocket client, which can also write what no client should.

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
    protocol::{
        CloseFrame,
        frame::{
            Frame,
            coding::{CloseCode, OpCode},
        },
    },
};

use super::{in_time, polling_client::read_session_id};

pub(crate) struct WebSocketClient {
    stream: WebSocketStream<TcpStream>,
}

/// One frame as a client writes it.
pub(crate) fn masked_frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = Frame::message(payload.to_vec(), opcode, is_final);
    frame.header_mut().mask = Some([7, 11, 13, 17]);
    let mut bytes = Vec::new();
    frame.format(&mut bytes).expect("a frame in memory");
    bytes
}

impl WebSocketClient {
    /// A session that begins by websocket.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::open_with(address, "EIO=4").await.0
    }

    /// The same, and the packet it began with.
    pub(crate) async fn open_with(address: SocketAddr, protocol: &str) -> (Self, String) {
        let mut client = Self::try_handshake(address, &format!("{protocol}&transport=websocket"))
            .await
            .expect("a handshake");
        let open = client.next_text().await;
        assert!(open.starts_with('0') && !read_session_id(&open).is_empty());
        (client, open)
    }

    pub(crate) async fn try_handshake(address: SocketAddr, query: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self::handshake_on(stream, address, query).await
    }

    /// A client whose system holds little of what it does not read.
    pub(crate) async fn open_with_small_buffer(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let stream = socket.connect(address).await.expect("a connection");
        Self::handshake_on(stream, address, "EIO=4&transport=websocket").await.expect("a handshake")
    }

    async fn handshake_on(
        stream: TcpStream,
        address: SocketAddr,
        query: &str,
    ) -> Result<Self, Error> {
        let url = format!("ws://{address}/engine.io/?{query}");
        let (stream, _) = in_time(client_async(url, stream)).await?;
        Ok(Self { stream })
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("text sent");
    }

    pub(crate) async fn send_binary(&mut self, bytes: &[u8]) {
        self.stream.send(Message::binary(bytes.to_vec())).await.expect("bytes sent");
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        self.stream.send(message).await.expect("a message sent");
    }

    /// Bytes as they are, whatever they mean.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.expect("bytes written");
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        in_time(self.stream.next()).await
    }

    pub(crate) async fn next_text(&mut self) -> String {
        match self.next().await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("no text, but {other:?}"),
        }
    }

    pub(crate) async fn expect_text(&mut self, expected: &str) {
        assert_eq!(self.next_text().await, expected);
    }

    pub(crate) async fn expect_binary(&mut self, expected: &[u8]) {
        match self.next().await {
            Some(Ok(Message::Binary(bytes))) => assert_eq!(bytes, expected),
            other => panic!("no bytes, but {other:?}"),
        }
    }

    pub(crate) async fn expect_pong(&mut self, expected: &[u8]) {
        match self.next().await {
            Some(Ok(Message::Pong(bytes))) => assert_eq!(bytes, expected),
            other => panic!("no pong, but {other:?}"),
        }
    }

    /// A close frame, and nothing behind it.
    pub(crate) async fn expect_close(&mut self, expected: CloseCode) {
        match self.next().await {
            Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => assert_eq!(code, expected),
            other => panic!("no close frame, but {other:?}"),
        }
        self.expect_end().await;
    }

    /// The end of the connection, without another message.
    pub(crate) async fn expect_end(&mut self) {
        match self.next().await {
            None | Some(Err(_)) => {}
            Some(Ok(message)) => panic!("no end, but {message:?}"),
        }
        let mut rest = Vec::new();
        let read = in_time(self.stream.get_mut().read_to_end(&mut rest)).await;
        assert!(rest.is_empty(), "behind the end: {read:?} {rest:?}");
        // As clients do, so that the server need not wait for the rest of its farewell time.
        let _ = self.stream.get_mut().shutdown().await;
    }

    /// Whether the connection is gone, however it went: reads whatever still comes.
    pub(crate) async fn read_until_gone(self) {
        let mut stream = self.stream.into_inner();
        let mut bytes = vec![0; 64 * 1024];
        in_time(async { while matches!(stream.read(&mut bytes).await, Ok(1..)) {} }).await;
    }

    /// Ends the connection as a crash would.
    pub(crate) fn reset(self) {
        self.stream.get_ref().set_zero_linger().expect("no linger");
    }

    /// Hangs up without a word.
    pub(crate) fn hang_up(self) {
        drop(self.stream.into_inner());
    }

    pub(crate) async fn ping(&mut self, payload: &'static [u8]) {
        self.send_message(Message::Ping(Bytes::from_static(payload))).await;
    }
}
