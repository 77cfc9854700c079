//! An Engine.IO client that polls: HTTP/1.1, one connection for each request.

use std::net::SocketAddr;

use crate::{
    answer::Answer,
    open_packet::read_session_id_from_open,
    raw_connection::RawConnection,
    request::{ENGINE_PATH, write_request_with_body},
};

/// Writes a request to the engine without waiting for its answer, behind which the connection is closed.
pub async fn begin_request_to_engine(
    address: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &[u8],
) -> RawConnection {
    let mut connection = RawConnection::connect(address).await;
    let headers = format!("connection: close\r\n{headers}");
    let target = format!("{ENGINE_PATH}?{query}");
    let request = write_request_with_body(method, &target, &headers, body);
    // A server that refuses a body may answer, and hang up, before all of it is written.
    let _ = connection.try_writing_bytes_to_server(request).await;
    connection
}

/// Sends a request to the engine; its answer.
pub async fn request_answer_from_engine(
    address: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &[u8],
) -> Answer {
    let connection = begin_request_to_engine(address, method, query, headers, body).await;
    connection.receive_answer_until_close().await
}

/// Sends a GET request to the engine; its answer.
pub async fn get_answer_from_engine(address: SocketAddr, query: &str) -> Answer {
    request_answer_from_engine(address, "GET", query, "", b"").await
}

/// One session that polls.
#[derive(Debug)]
pub struct PollingClient {
    address: SocketAddr,
    /// The id of the session.
    pub sid: String,
    /// The body that the session began with.
    pub open: String,
    query: String,
}

impl PollingClient {
    /// Begins a session of protocol 4.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_session_with_protocol(address, "EIO=4").await
    }

    /// Begins a session; `protocol` is the part of the query that names its version.
    pub async fn open_session_with_protocol(address: SocketAddr, protocol: &str) -> Self {
        let answer =
            get_answer_from_engine(address, &format!("{protocol}&transport=polling")).await;
        assert_eq!(answer.status, 200);
        let open = answer.text().to_owned();
        let sid = read_session_id_from_open(&open);
        let query = format!("{protocol}&transport=polling&sid={sid}");
        Self { address, sid, open, query }
    }

    /// A poll that waits.
    pub async fn begin_poll_of_session(&self) -> RawConnection {
        begin_request_to_engine(self.address, "GET", &self.query, "", b"").await
    }

    /// Polls; the answer, whatever it is.
    pub async fn poll_for_any_answer(&self) -> Answer {
        get_answer_from_engine(self.address, &self.query).await
    }

    /// Polls; the packets of the answer, which must be a good one.
    pub async fn poll_for_packet_text(&self) -> String {
        let answer = self.poll_for_any_answer().await;
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    }

    /// Posts a body; the answer, whatever it is.
    pub async fn post_body_with_headers(&self, headers: &str, body: &[u8]) -> Answer {
        request_answer_from_engine(self.address, "POST", &self.query, headers, body).await
    }

    /// Posts packets, which must be taken.
    pub async fn post_text_of_packets(&self, body: &str) {
        let headers = "content-type: text/plain;charset=UTF-8\r\n";
        let answer = self.post_body_with_headers(headers, body.as_bytes()).await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }

    /// The engine does not know the session any more.
    pub async fn expect_session_is_unknown(&self) {
        let answer = self.poll_for_any_answer().await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.text(), r#"{"code":1,"message":"Session ID unknown"}"#);
    }
}
