//! HTTP requests over kept-alive connections: at a steady rate, within a window, or as fast as they are answered.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use parking_lot::Mutex;

use crate::{
    fleet::{Marker, Tally},
    histogram::Histogram,
};

/// A request, such as one that makes a server send an event.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// The value of `Authorization`, when there is one.
    pub authorization: Option<String>,
    /// A JSON object that is posted; without one, the path is asked for.
    pub body: Option<String>,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// So many a second, whether or not the earlier ones are answered.
    Steady {
        /// Requests a second.
        per_second: f64,
    },
    /// As long as fewer than so many events are on their way to the clients.
    Window {
        /// Events on their way.
        events: u64,
        /// Receivers of each event.
        receivers: u64,
    },
    /// The next as soon as one is answered.
    Closed,
}

/// What came of a run of requests.
#[derive(Debug, Clone, Copy)]
pub struct Posted {
    /// Requests answered with success.
    pub sent: u64,
    /// Sum of their numbers.
    pub number_sum: u64,
    /// Time from first to last.
    pub took: Duration,
}

/// Sends numbered requests on several connections.
pub struct Poster<'a> {
    /// Where to.
    pub server: SocketAddr,
    /// Connections, one thread each.
    pub connections: usize,
    /// Clock and phase of the markers, and what has arrived.
    pub tally: &'a Arc<Tally>,
    /// Makes the request that carries a marker.
    pub request: &'a (dyn Fn(Marker) -> Request + Sync),
    /// Time from request to answer.
    pub answers: &'a Histogram,
}

impl Poster<'_> {
    /// Begins a phase and sends at `pace` until `duration` is over or `most` were sent.
    pub fn post_requests_at_pace(
        &self,
        pace: Pace,
        duration: Duration,
        most: u64,
    ) -> anyhow::Result<Posted> {
        let phase = self.tally.begin_next_marker_phase();
        let (next, number_sum) = (AtomicU64::new(0), AtomicU64::new(0));
        let failure = Mutex::new(None);
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..self.connections {
                scope.spawn(|| {
                    let work = || -> anyhow::Result<()> {
                        let mut connection = Connection::open_connection_to_server(self.server)?;
                        while let Some(number) =
                            self.wait_for_next_turn(pace, started, duration, &next, most)
                        {
                            self.post_one_marked_request(&mut connection, phase, number)?;
                            number_sum.fetch_add(number, Ordering::Relaxed);
                        }
                        Ok(())
                    };
                    if let Err(error) = work() {
                        *failure.lock() = Some(error);
                    }
                });
            }
        });
        match failure.into_inner() {
            Some(error) => Err(error),
            None => Ok(Posted {
                sent: next.load(Ordering::SeqCst),
                number_sum: number_sum.load(Ordering::SeqCst),
                took: started.elapsed(),
            }),
        }
    }

    fn wait_for_next_turn(
        &self,
        pace: Pace,
        started: Instant,
        duration: Duration,
        next: &AtomicU64,
        most: u64,
    ) -> Option<u64> {
        loop {
            let sent = next.load(Ordering::SeqCst);
            if sent >= most || started.elapsed() >= duration {
                return None;
            }
            let pause = match pace {
                Pace::Closed => Duration::ZERO,
                Pace::Steady { per_second } => {
                    let due = Duration::from_secs_f64(sent as f64 / per_second);
                    due.saturating_sub(started.elapsed())
                }
                Pace::Window { events, receivers } => {
                    let arrived = self.tally.marked.load(Ordering::Relaxed) / receivers.max(1);
                    let full = sent.saturating_sub(arrived) >= events;
                    if full { Duration::from_micros(200) } else { Duration::ZERO }
                }
            };
            if !pause.is_zero() {
                std::thread::sleep(pause.min(Duration::from_millis(20)));
            } else if next
                .compare_exchange(sent, sent + 1, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok()
            {
                return Some(sent + 1);
            }
        }
    }

    fn post_one_marked_request(
        &self,
        connection: &mut Connection,
        phase: u64,
        number: u64,
    ) -> anyhow::Result<()> {
        let sent_nanos = self.tally.now_nanos();
        let request = (self.request)(Marker { phase, number, sent_nanos });
        let status = connection.post_and_await_answer(self.server, &request)?;
        if !(200..300).contains(&status) {
            bail!("{} was answered {status}", request.path);
        }
        self.answers.record_one_latency_value(self.tally.now_nanos() - sent_nanos);
        Ok(())
    }
}

/// One kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open_connection_to_server(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Posts, and gives the status of the answer.
    pub fn post_and_await_answer(
        &mut self,
        server: SocketAddr,
        request: &Request,
    ) -> anyhow::Result<u16> {
        Ok(self.post_and_read_answer(server, request)?.0)
    }

    /// Posts, and gives status and body of the answer.
    pub fn post_and_read_answer(
        &mut self,
        server: SocketAddr,
        request: &Request,
    ) -> anyhow::Result<(u16, Vec<u8>)> {
        let authorization = match &request.authorization {
            Some(value) => format!("authorization: {value}\r\n"),
            None => String::new(),
        };
        let path = &request.path;
        let text = match &request.body {
            Some(body) => format!(
                "POST {path} HTTP/1.1\r\nhost: {server}\r\n{authorization}content-type: application/json\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            ),
            None => format!("GET {path} HTTP/1.1\r\nhost: {server}\r\n{authorization}\r\n"),
        };
        self.stream.write_all(text.as_bytes())?;
        self.received.clear();
        let mut chunk = [0; 8192];
        loop {
            if let Some(end) = memchr::memmem::find(&self.received, b"\r\n\r\n") {
                let (status, length) = read_status_and_length(&self.received[..end])?;
                if self.received.len() >= end + 4 + length {
                    return Ok((status, self.received[end + 4..].to_vec()));
                }
            }
            match self.stream.read(&mut chunk)? {
                0 => bail!("the server closed the connection"),
                read => self.received.extend(&chunk[..read]),
            }
        }
    }
}

fn read_status_and_length(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let status =
        head.split(' ').nth(1).and_then(|text| text.parse().ok()).context("a status line")?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse())?;
    Ok((status, length))
}
