//! A polling client: HTTP/1.1, one connection for each request.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::in_time;

/// An answer, all of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    pub(crate) fn has_header(&self, line: &str) -> bool {
        self.head.lines().any(|known| known.eq_ignore_ascii_case(line))
    }
}

/// Writes a request without waiting for its answer.
pub(crate) async fn begin_request(
    address: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &[u8],
) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "{method} /engine.io/?{query} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         content-length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("a head written");
    stream.write_all(body).await.expect("a body written");
    stream
}

/// Reads the answer to a request that was begun.
pub(crate) async fn finish_request(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    in_time(stream.read_to_end(&mut bytes)).await.expect("an answer");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head, body: bytes.split_off(end + 4) }
}

pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &[u8],
) -> Answer {
    finish_request(begin_request(address, method, query, headers, body).await).await
}

pub(crate) async fn get(address: SocketAddr, query: &str) -> Answer {
    request(address, "GET", query, "", b"").await
}

/// The value of a text field in the JSON of an open packet.
pub(crate) fn read_session_id(open: &str) -> String {
    let begin = open.find("\"sid\":\"").expect("a sid") + 7;
    open[begin..].split('"').next().expect("a whole sid").to_owned()
}

/// One session that polls.
pub(crate) struct PollingClient {
    address: SocketAddr,
    pub(crate) sid: String,
    pub(crate) open: String,
    query: String,
}

impl PollingClient {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::open_with(address, "EIO=4").await
    }

    pub(crate) async fn open_with(address: SocketAddr, protocol: &str) -> Self {
        let answer = get(address, &format!("{protocol}&transport=polling")).await;
        assert_eq!(answer.status, 200);
        let open = answer.text().to_owned();
        let sid = read_session_id(&open);
        let query = format!("{protocol}&transport=polling&sid={sid}");
        Self { address, sid, open, query }
    }

    /// A poll that waits.
    pub(crate) async fn begin_poll(&self) -> TcpStream {
        begin_request(self.address, "GET", &self.query, "", b"").await
    }

    pub(crate) async fn poll_raw(&self) -> Answer {
        get(self.address, &self.query).await
    }

    pub(crate) async fn poll(&self) -> String {
        let answer = self.poll_raw().await;
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    }

    pub(crate) async fn post_raw(&self, headers: &str, body: &[u8]) -> Answer {
        request(self.address, "POST", &self.query, headers, body).await
    }

    pub(crate) async fn post(&self, body: &str) {
        let answer = self.post_raw("content-type: text/plain;charset=UTF-8\r\n", body.as_bytes());
        let answer = answer.await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }

    /// The engine does not know the session any more.
    pub(crate) async fn expect_unknown(&self) {
        let answer = self.poll_raw().await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.text(), r#"{"code":1,"message":"Session ID unknown"}"#);
    }
}
