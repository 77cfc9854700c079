//! One TCP connection, for requests as they are written.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{answer::Answer, deadline::finish_within_test_deadline};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// A connection, and what came over it that nobody has taken yet.
#[derive(Debug)]
pub struct RawConnection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl RawConnection {
    /// Connects to a server, which must accept.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self { stream, unread: Vec::new() }
    }

    /// Writes bytes, whatever they mean. Fails when the server has hung up.
    pub async fn write_raw_bytes_to_server(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_writing_bytes_to_server(bytes).await.expect("bytes written");
    }

    /// Writes bytes to a server that may have hung up.
    pub async fn try_writing_bytes_to_server(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// The next answer; `None` when the connection is closed instead, or reset. Its body is as long as
    /// `content-length` says.
    pub async fn receive_next_whole_answer(&mut self) -> Option<Answer> {
        loop {
            if let Some(answer) = Answer::split_first_whole_answer(&mut self.unread) {
                return Some(answer);
            }
            let mut chunk = [0; CHUNK_BYTES];
            match finish_within_test_deadline(self.stream.read(&mut chunk)).await {
                Ok(read @ 1..) => self.unread.extend_from_slice(&chunk[..read]),
                Ok(0) | Err(_) => return None,
            }
        }
    }

    /// The answer to a request that asked for the connection to be closed behind it.
    pub async fn receive_answer_until_close(mut self) -> Answer {
        let read = finish_within_test_deadline(self.stream.read_to_end(&mut self.unread)).await;
        read.expect("an answer");
        Answer::from_closed_connection(&self.unread)
    }

    /// Whatever comes until the server closes the connection. A reset counts as closed.
    pub async fn read_text_until_close(&mut self) -> String {
        let _ = finish_within_test_deadline(self.stream.read_to_end(&mut self.unread)).await;
        String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned()
    }
}
