//! What clients without a token may cost: the server stays there for others, and its memory within what
//! docs/OPERATIONS.md promises.

use crate::support;

use std::time::Instant;

use owlpost_testkit::{
    Answer, ENGINE_PATH, MORE, RawConnection, TEXT, encode_masked_client_frame,
    read_session_id_from_open, write_request_with_body, write_websocket_upgrade_request,
};
use support::{DEADLINE, TestServer};
use tokio::time::timeout;

/// What a session of a stranger may take, whatever it sends: the bound of docs/OPERATIONS.md.
const BYTES_OF_STRANGER: usize = 32 * 1024;
/// What the process may take besides, for whatever the allocator keeps.
const SLACK_BYTES: usize = 32 << 20;

async fn connect_to_server(server: &TestServer) -> RawConnection {
    let address = server.api.address.trim_start_matches("http://").parse().expect("an address");
    RawConnection::connect(address).await
}

fn begin_polling_session(protocol: u8, headers: &str) -> Vec<u8> {
    let target = format!("{ENGINE_PATH}?EIO={protocol}&transport=polling");
    write_request_with_body("GET", &target, headers, "")
}

async fn open_polling_session(line: &mut RawConnection, protocol: u8) -> String {
    line.write_raw_bytes_to_server(begin_polling_session(protocol, "")).await;
    let open = line.receive_next_whole_answer().await.expect("a session");
    read_session_id_from_open(open.text())
}

/// The head of a POST, whose body may never come.
fn begin_post_of_session(protocol: u8, sid: &str, length: usize) -> String {
    format!(
        "POST {ENGINE_PATH}?EIO={protocol}&transport=polling&sid={sid} HTTP/1.1\r\nhost: test\r\n\
         content-type: text/plain;charset=UTF-8\r\ncontent-length: {length}\r\n\r\n"
    )
}

fn post_body_of_session(protocol: u8, sid: &str, body: &str) -> String {
    begin_post_of_session(protocol, sid, body.len()) + body
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
        let mut line = connect_to_server(&server).await;
        let sid = open_polling_session(&mut line, 3).await;
        let body = "1:🦉x";
        line.write_raw_bytes_to_server(post_body_of_session(3, &sid, body)).await;
        assert_eq!(line.receive_next_whole_answer().await.expect("an answer").status, 400);
    }
    expect_health(&server).await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test]
async fn should_bound_the_sessions_that_one_connection_can_begin() {
    let server = TestServer::start_with(&[("MAX_CONNECTIONS", "50")]);
    let mut line = connect_to_server(&server).await;
    let mut begun = 0;
    for _ in 0..100 {
        line.write_raw_bytes_to_server(begin_polling_session(4, "").repeat(20)).await;
        for _ in 0..20 {
            match line.receive_next_whole_answer().await.expect("an answer").status {
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
            line.write_raw_bytes_to_server(begin_polling_session(4, "")).await;
            if line.receive_next_whole_answer().await.expect("an answer").status == 200 {
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
        let mut line = connect_to_server(&server).await;
        let sid = open_polling_session(&mut line, 4).await;
        line.write_raw_bytes_to_server(begin_post_of_session(4, &sid, 1000)).await;
        held.push(line);
    }
    let refused = connect_to_server(&server).await.receive_next_whole_answer().await;
    assert_eq!(refused.expect("an answer").status, 503);
    let free = async {
        loop {
            let mut line = connect_to_server(&server).await;
            // A connection that is refused may be closed before it is written to.
            let request = b"GET /health HTTP/1.1\r\nhost: test\r\n\r\n";
            if line.try_writing_bytes_to_server(request).await.is_ok()
                && matches!(
                    line.receive_next_whole_answer().await,
                    Some(Answer { status: 200, .. })
                )
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
    let mut line = connect_to_server(&server).await;
    for (forwarded, expected) in [
        ("9.9.9.9", [200, 200, 200, 503, 503]),
        // What the client has written itself is not believed.
        ("1.2.3.4, 9.9.9.9", [503; 5]),
        ("2001:db8::1", [200, 200, 200, 503, 503]),
        ("2001:db8::2", [503; 5]),
        ("2001:db8:0:1::1", [200, 200, 200, 503, 503]),
    ] {
        for expected in expected {
            line.write_raw_bytes_to_server(begin_polling_session(
                4,
                &format!("x-forwarded-for: {forwarded}\r\n"),
            ))
            .await;
            assert_eq!(
                line.receive_next_whole_answer().await.expect("an answer").status,
                expected,
                "{forwarded}"
            );
        }
    }
    let mut websocket = connect_to_server(&server).await;
    websocket
        .write_raw_bytes_to_server(write_websocket_upgrade_request("x-forwarded-for: 9.9.9.9\r\n"))
        .await;
    assert_eq!(websocket.receive_next_whole_answer().await.expect("an answer").status, 503);
    // The proxy itself, and its own questions, are not counted.
    for _ in 0..5 {
        line.write_raw_bytes_to_server(begin_polling_session(4, "")).await;
        assert_eq!(line.receive_next_whole_answer().await.expect("an answer").status, 200);
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
        let mut line = connect_to_server(&server).await;
        if line.try_writing_bytes_to_server(&request).await.is_ok()
            && matches!(line.receive_next_whole_answer().await, Some(Answer { status: 200, .. }))
        {
            held.push(line);
        }
    }
    let mut one_more = connect_to_server(&server).await;
    assert_eq!(one_more.receive_next_whole_answer().await.expect("an answer").status, 503);
    assert_eq!(one_more.read_text_until_close().await, "");
    let mut known = held.pop().expect("one of three");
    known.write_raw_bytes_to_server(request).await;
    assert_eq!(known.receive_next_whole_answer().await.expect("an answer").status, 200);
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
        let mut line = connect_to_server(&server).await;
        line.write_raw_bytes_to_server(write_websocket_upgrade_request("")).await;
        assert_eq!(line.receive_next_whole_answer().await.expect("an answer").status, 101);
        line.write_raw_bytes_to_server(encode_masked_client_frame(TEXT, false, &[b'4'; 8192]))
            .await;
        let rest = encode_masked_client_frame(MORE, true, &[b'4'; 8192]);
        line.write_raw_bytes_to_server(&rest[..8000]).await;
        held.push(line);
    }
    expect_bounded_growth(&server, STRANGERS, before).await;
    // One byte more of a message, by its head alone.
    let mut line = connect_to_server(&server).await;
    line.write_raw_bytes_to_server(write_websocket_upgrade_request("")).await;
    assert_eq!(line.receive_next_whole_answer().await.expect("an answer").status, 101);
    line.write_raw_bytes_to_server(&encode_masked_client_frame(TEXT, false, &[b'4'; 16_385])[..8])
        .await;
    line.read_text_until_close().await;
    drop(held);
}

/// Each posts a binary event whose attachments are still to come, which a parser keeps.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn should_hold_little_of_polling_sessions_that_say_nothing_whole() {
    const STRANGERS: usize = 2000;
    let server = TestServer::start();
    let before = measure_resident_bytes(&server);
    let mut line = connect_to_server(&server).await;
    for _ in 0..STRANGERS {
        let sid = open_polling_session(&mut line, 4).await;
        let packets =
            format!("452-[\"x\",{{\"_placeholder\":true,\"num\":0}}]\x1eb{}", "A".repeat(16_000));
        line.write_raw_bytes_to_server(post_body_of_session(4, &sid, &packets)).await;
        line.receive_next_whole_answer().await.expect("an answer");
    }
    expect_bounded_growth(&server, STRANGERS, before).await;
}

#[tokio::test]
async fn should_count_every_packet_of_a_body_against_the_rate_of_its_socket() {
    let server = TestServer::start_with(&[("RATE_LIMIT_EVENTS", "50")]);
    let harry = server.student("harry").await;
    let mut line = connect_to_server(&server).await;
    let sid = open_polling_session(&mut line, 4).await;
    let connect = format!("40{{\"token\":\"{}\"}}", harry.token);
    line.write_raw_bytes_to_server(post_body_of_session(4, &sid, &connect)).await;
    assert_eq!(line.receive_next_whole_answer().await.expect("an answer").status, 200);
    // Let in before the answer is there: only then may it send as much.
    let mut poll = connect_to_server(&server).await;
    poll.write_raw_bytes_to_server(format!(
        "GET /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nhost: test\r\n\r\n"
    ))
    .await;
    let answer = poll.receive_next_whole_answer().await.expect("an answer");
    assert!(answer.status == 200 && answer.text().contains("40{\"sid\""), "{answer:?}");
    let flood = vec!["42[\"typing:stop\",{}]"; 3000].join("\x1e");
    line.write_raw_bytes_to_server(post_body_of_session(4, &sid, &flood)).await;
    line.receive_next_whole_answer().await.expect("an answer");
    let closed = "owlpost_sessions_closed_total{reason=\"rate_limited\"}";
    let begun = Instant::now();
    while count_of_metric(&server, closed).await < 1.0 {
        assert!(begun.elapsed() < DEADLINE, "{}", server.log());
    }
}
