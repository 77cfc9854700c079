//! Answers on the listening socket when nobody else accepts, so that a supervisor or a load balancer sees at once that
//! the server failed instead of waiting for it.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::LazyLock,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Clients answered at the same time; further ones wait in the kernel's queue.
const MAX_GUESTS: usize = 64;
/// Longest wait for the head of a request. A client that says nothing is answered as well.
const HEAD_TIMEOUT: Duration = Duration::from_millis(500);
/// Longest wait, after the answer, for the client to close. Closing first, with bytes unread, would destroy the answer.
const LINGER_TIMEOUT: Duration = Duration::from_millis(300);
/// Bytes read from one client at a time, and of a head before it is answered whatever else it says.
const READ_BYTES: usize = 16 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The same error the server itself answers with.
static ANSWER: LazyLock<String> = LazyLock::new(|| {
    let body = r#"{"error":{"code":"UNAVAILABLE","message":"Workers of the server are stuck"}}"#;
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nretry-after: 1\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
});

/// A clone of the listening socket, until it is closed.
#[derive(Debug)]
pub(super) struct Door(Mutex<Option<TcpListener>>);

impl Door {
    pub(super) fn with_listener(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Mutex::new(Some(listener))))
    }

    pub(super) fn close_listener_to_clients(&self) {
        drop(self.0.lock().take());
    }

    /// Accepts whoever waits, as far as there is room.
    pub(super) fn admit_guests_who_wait(&self, guests: &mut Vec<Guest>) {
        let listener = self.0.lock();
        let Some(listener) = &*listener else { return };
        while guests.len() < MAX_GUESTS {
            match listener.accept() {
                Ok((stream, _)) => guests.extend(Guest::from_accepted_stream(stream)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nobody waits, or there is no descriptor left: the next look tries again.
                Err(_) => return,
            }
        }
    }
}

/// A client that is about to be answered.
#[derive(Debug)]
pub(super) struct Guest {
    stream: TcpStream,
    /// The last bytes of what was read, as long as they may be the beginning of the end.
    tail: Vec<u8>,
    head_bytes: usize,
    answered: bool,
    deadline: Instant,
}

/// Answers those who have asked, and lets go of those who are done.
pub(super) fn serve_guests_without_waiting(guests: &mut Vec<Guest>) {
    let mut chunk = [0; READ_BYTES];
    guests.retain_mut(|guest| guest.serve_guest_until_waiting(&mut chunk));
}

impl Guest {
    /// `None` when the client has gone already.
    fn from_accepted_stream(stream: TcpStream) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        Some(Self {
            stream,
            tail: Vec::new(),
            head_bytes: 0,
            answered: false,
            deadline: Instant::now() + HEAD_TIMEOUT,
        })
    }

    /// Whether it stays.
    fn serve_guest_until_waiting(&mut self, chunk: &mut [u8]) -> bool {
        match self.stream.read(chunk) {
            Ok(0) => {
                self.answer_request_with_failure();
                return false;
            }
            Ok(count) => self.note_bytes_of_request(&chunk[..count]),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {}
                _ => return false,
            },
        }
        if Instant::now() < self.deadline {
            return true;
        }
        let told = self.answered;
        self.answer_request_with_failure();
        // A client that has just been answered may read the answer.
        !told
    }

    fn note_bytes_of_request(&mut self, bytes: &[u8]) {
        if self.answered {
            return;
        }
        self.head_bytes += bytes.len();
        self.tail.extend_from_slice(bytes);
        let ended = self.tail.windows(END_OF_HEAD.len()).any(|window| window == END_OF_HEAD);
        if ended || self.head_bytes >= READ_BYTES {
            self.answer_request_with_failure();
        } else {
            let kept = self.tail.len().saturating_sub(END_OF_HEAD.len() - 1);
            self.tail.drain(..kept);
        }
    }

    fn answer_request_with_failure(&mut self) {
        if !self.answered {
            self.answered = true;
            self.deadline = Instant::now() + LINGER_TIMEOUT;
            // Fits into an empty send buffer, or the client is gone.
            let _ = self.stream.write(ANSWER.as_bytes());
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

#[cfg(test)]
mod tests;
