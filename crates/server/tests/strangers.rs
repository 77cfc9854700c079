//! What clients without a token may cost: the server stays there for others, and its memory within what
//! docs/OPERATIONS.md promises.

mod support;

use std::time::Instant;

use support::{DEADLINE, TestServer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// What a session of a stranger may take, whatever it sends: the bound of docs/OPERATIONS.md.
const BYTES_OF_STRANGER: usize = 32 * 1024;
/// What the process may take besides, for whatever the allocator keeps.
const SLACK_BYTES: usize = 32 << 20;

/// One connection, for raw requests.
struct Line {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Line {
    async fn connect(server: &TestServer) -> Self {
        let address = server.api.address.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self { stream, unread: Vec::new() }
    }

    async fn send(&mut self, request: impl AsRef<[u8]>) {
        self.stream.write_all(request.as_ref()).await.expect("written");
    }

    /// Status and body of one answer with a length; `None` when the connection is closed instead.
    async fn next_answer(&mut self) -> Option<(u16, String)> {
        loop {
            if let Some(answer) = self.take_whole_answer() {
                return Some(answer);
            }
            let mut chunk = [0; 16 * 1024];
            match timeout(DEADLINE, self.stream.read(&mut chunk)).await.expect("in time") {
                Ok(read @ 1..) => self.unread.extend_from_slice(&chunk[..read]),
                Ok(0) | Err(_) => return None,
            }
        }
    }

    fn take_whole_answer(&mut self) -> Option<(u16, String)> {
        let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.unread[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().expect("a length"));
        if self.unread.len() < end + length {
            return None;
        }
        let rest = self.unread.split_off(end + length);
        let answer = std::mem::replace(&mut self.unread, rest);
        let status = head[9..12].parse().expect("a status");
        Some((status, String::from_utf8_lossy(&answer[end..]).into_owned()))
    }

    async fn is_closed_by_the_server(&mut self) -> bool {
        let mut rest = Vec::new();
        timeout(DEADLINE, self.stream.read_to_end(&mut rest)).await.is_ok()
    }
}

fn begin_polling_session(protocol: u8, headers: &str) -> String {
    format!(
        "GET /socket.io/?EIO={protocol}&transport=polling HTTP/1.1\r\nhost: test\r\n{headers}\r\n"
    )
}

fn post_of_session(protocol: u8, sid: &str, length: usize) -> String {
    format!(
        "POST /socket.io/?EIO={protocol}&transport=polling&sid={sid} HTTP/1.1\r\nhost: test\r\n\
         content-type: text/plain;charset=UTF-8\r\ncontent-length: {length}\r\n\r\n"
    )
}

fn begin_websocket_with(headers: &str) -> String {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: test\r\nupgrade: websocket\r\n\
         connection: Upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

/// A masked frame, its mask nothing.
fn frame_of_text(is_final: bool, is_first: bool, length: u16) -> Vec<u8> {
    let head = (u8::from(is_final) << 7) | u8::from(is_first);
    let mut frame = vec![head, 0x80 | 126];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.resize(frame.len() + usize::from(length), b'4');
    frame
}

fn read_session_id(open: &str) -> String {
    open.split("\"sid\":\"").nth(1).expect("a sid").split('"').next().expect("whole").to_owned()
}

async fn expect_health(server: &TestServer) {
    let health = server.api.send(server.api.request("GET", "/health"));
    timeout(DEADLINE, health).await.expect("an answer in time").expect(200);
}

async fn count_of_metric(server: &TestServer, name: &str) -> f64 {
    let metrics = server.api.send(server.api.request("GET", "/metrics")).await.expect(200);
    let of_name = |line: &&str| line.starts_with(name);
    let values = metrics.text.lines().filter(of_name);
    values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test]
async fn should_refuse_an_owl_cut_in_two_as_often_as_it_comes() {
    let mut server = TestServer::start();
    let cores = std::thread::available_parallelism().expect("cores").get();
    for _ in 0..2 * cores {
        let mut line = Line::connect(&server).await;
        line.send(begin_polling_session(3, "")).await;
        let (_, open) = line.next_answer().await.expect("a session");
        let body = "1:🦉x";
        line.send(post_of_session(3, &read_session_id(&open), body.len()) + body).await;
        assert_eq!(line.next_answer().await.expect("an answer").0, 400);
    }
    expect_health(&server).await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test]
async fn should_bound_the_sessions_that_one_connection_can_begin() {
    let server = TestServer::start_with(&[("MAX_CONNECTIONS", "50")]);
    let mut line = Line::connect(&server).await;
    let mut begun = 0;
    for _ in 0..100 {
        line.send(begin_polling_session(4, "").repeat(20)).await;
        for _ in 0..20 {
            match line.next_answer().await.expect("an answer").0 {
                200 => begun += 1,
                status => assert_eq!(status, 503),
            }
        }
    }
    assert_eq!(begun, 50);
    assert_eq!(count_of_metric(&server, "owlpost_sessions_refused_total").await, 1950.0);
    // Who never came further than that makes room again.
    let room = async {
        loop {
            line.send(begin_polling_session(4, "")).await;
            if line.next_answer().await.expect("an answer").0 == 200 {
                break;
            }
        }
    };
    timeout(DEADLINE, room).await.expect("room again");
}

#[tokio::test]
async fn should_let_go_of_posts_whose_bodies_never_come() {
    let server = TestServer::start_with(&[("MAX_CONNECTIONS", "50")]);
    let mut held = Vec::new();
    for _ in 0..50 {
        let mut line = Line::connect(&server).await;
        line.send(begin_polling_session(4, "")).await;
        let (_, open) = line.next_answer().await.expect("a session");
        line.send(post_of_session(4, &read_session_id(&open), 1000)).await;
        held.push(line);
    }
    let refused = Line::connect(&server).await.next_answer().await;
    assert_eq!(refused.expect("an answer").0, 503);
    let free = async {
        loop {
            let mut line = Line::connect(&server).await;
            // A connection that is refused may be closed before it is written to.
            let request = b"GET /health HTTP/1.1\r\nhost: test\r\n\r\n";
            if line.stream.write_all(request).await.is_ok()
                && matches!(line.next_answer().await, Some((200, _)))
            {
                break;
            }
        }
    };
    timeout(DEADLINE, free).await.expect("a place is free while the bodies still have not come");
    drop(held);
}

#[tokio::test]
async fn should_give_each_address_its_share_of_sessions_behind_a_proxy() {
    let server = TestServer::start_with(&[
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("MAX_CONNECTIONS_PER_ADDRESS", "3"),
    ]);
    let mut line = Line::connect(&server).await;
    for (forwarded, expected) in [
        ("9.9.9.9", [200, 200, 200, 503, 503]),
        // What the client has written itself is not believed.
        ("1.2.3.4, 9.9.9.9", [503; 5]),
        ("2001:db8::1", [200, 200, 200, 503, 503]),
        ("2001:db8::2", [503; 5]),
        ("2001:db8:0:1::1", [200, 200, 200, 503, 503]),
    ] {
        for expected in expected {
            line.send(begin_polling_session(4, &format!("x-forwarded-for: {forwarded}\r\n"))).await;
            assert_eq!(line.next_answer().await.expect("an answer").0, expected, "{forwarded}");
        }
    }
    let mut websocket = Line::connect(&server).await;
    websocket.send(begin_websocket_with("x-forwarded-for: 9.9.9.9\r\n")).await;
    assert_eq!(websocket.next_answer().await.expect("an answer").0, 503);
    // The proxy itself, and its own questions, are not counted.
    for _ in 0..5 {
        line.send(begin_polling_session(4, "")).await;
        assert_eq!(line.next_answer().await.expect("an answer").0, 200);
    }
}

#[tokio::test]
async fn should_give_each_address_its_share_of_connections() {
    let limits = [("MAX_CONNECTIONS_PER_ADDRESS", "3"), ("UNLIMITED_ADDRESSES", "192.0.2.0/24")];
    let server = TestServer::start_with(&limits);
    let request = "GET /health HTTP/1.1\r\nhost: test\r\n\r\n";
    let mut held = Vec::new();
    // Refused until the connections of the start are gone.
    let begun = Instant::now();
    while held.len() < 3 {
        assert!(begun.elapsed() < DEADLINE, "three places");
        let mut line = Line::connect(&server).await;
        if line.stream.write_all(request.as_bytes()).await.is_ok()
            && matches!(line.next_answer().await, Some((200, _)))
        {
            held.push(line);
        }
    }
    let mut one_more = Line::connect(&server).await;
    assert_eq!(one_more.next_answer().await.expect("an answer").0, 503);
    assert!(one_more.is_closed_by_the_server().await);
    let mut known = held.pop().expect("one of three");
    known.send(request).await;
    assert_eq!(known.next_answer().await.expect("an answer").0, 200);
}

/// The server's resident memory, in bytes.
#[cfg(target_os = "linux")]
fn measure_resident_bytes(server: &TestServer) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id()));
    let status = status.expect("the status of the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
}

#[cfg(target_os = "linux")]
async fn expect_bounded_growth(server: &TestServer, strangers: usize, before: usize) {
    let grown = measure_resident_bytes(server).saturating_sub(before);
    let bound = strangers * BYTES_OF_STRANGER + SLACK_BYTES;
    assert!(grown <= bound, "{strangers} strangers took {grown} bytes, more than {bound}");
    expect_health(server).await;
}

/// Each sends as much as it may without being understood, and keeps still.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn should_hold_little_of_websockets_that_say_nothing_whole() {
    const STRANGERS: usize = 1000;
    let server = TestServer::start();
    let before = measure_resident_bytes(&server);
    let mut held = Vec::new();
    for _ in 0..STRANGERS {
        let mut line = Line::connect(&server).await;
        line.send(begin_websocket_with("")).await;
        assert_eq!(line.next_answer().await.expect("an answer").0, 101);
        line.send(frame_of_text(false, true, 8192)).await;
        let rest = frame_of_text(true, false, 8192);
        line.send(&rest[..8000]).await;
        held.push(line);
    }
    expect_bounded_growth(&server, STRANGERS, before).await;
    // One byte more of a message, by its head alone.
    let mut line = Line::connect(&server).await;
    line.send(begin_websocket_with("")).await;
    assert_eq!(line.next_answer().await.expect("an answer").0, 101);
    line.send(&frame_of_text(false, true, 16_385)[..8]).await;
    assert!(line.is_closed_by_the_server().await);
    drop(held);
}

/// Each posts a binary event whose attachments are still to come, which a parser keeps.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn should_hold_little_of_polling_sessions_that_say_nothing_whole() {
    const STRANGERS: usize = 2000;
    let server = TestServer::start();
    let before = measure_resident_bytes(&server);
    let mut line = Line::connect(&server).await;
    for _ in 0..STRANGERS {
        line.send(begin_polling_session(4, "")).await;
        let (_, open) = line.next_answer().await.expect("a session");
        let packets =
            format!("452-[\"x\",{{\"_placeholder\":true,\"num\":0}}]\x1eb{}", "A".repeat(16_000));
        line.send(post_of_session(4, &read_session_id(&open), packets.len()) + &packets).await;
        line.next_answer().await.expect("an answer");
    }
    expect_bounded_growth(&server, STRANGERS, before).await;
}

#[tokio::test]
async fn should_count_every_packet_of_a_body_against_the_rate_of_its_socket() {
    let server = TestServer::start_with(&[("RATE_LIMIT_EVENTS", "50")]);
    let harry = server.student("harry").await;
    let mut line = Line::connect(&server).await;
    line.send(begin_polling_session(4, "")).await;
    let (_, open) = line.next_answer().await.expect("a session");
    let sid = read_session_id(&open);
    let connect = format!("40{{\"token\":\"{}\"}}", harry.token);
    line.send(post_of_session(4, &sid, connect.len()) + &connect).await;
    assert_eq!(line.next_answer().await.expect("an answer").0, 200);
    // Let in before the answer is there: only then may it send as much.
    let mut poll = Line::connect(&server).await;
    poll.send(format!(
        "GET /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nhost: test\r\n\r\n"
    ))
    .await;
    let (status, answer) = poll.next_answer().await.expect("an answer");
    assert!(status == 200 && answer.contains("40{\"sid\""), "{answer}");
    let flood = vec!["42[\"typing:stop\",{}]"; 3000].join("\x1e");
    line.send(post_of_session(4, &sid, flood.len()) + &flood).await;
    line.next_answer().await.expect("an answer");
    let closed = "owlpost_sessions_closed_total{reason=\"rate_limited\"}";
    let begun = Instant::now();
    while count_of_metric(&server, closed).await < 1.0 {
        assert!(begun.elapsed() < DEADLINE, "{}", server.log());
    }
}
