//! Sessions of the engine, and what is sent as HTTP: bodies, ids, races, paths and heads.

use anyhow::{Result, ensure};
use owlpost_testkit::{
    PollingClient, RECORD_SEPARATOR, RawConnection, WebSocketClient, find_session_id_in_open,
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    field::{Field, STUDENT},
    intruder::DEADLINE,
};

/// Writes a request as it is; the status of the answer, 0 when the server just hangs up.
async fn request_status_of_raw(field: &Field, request: &str) -> Result<u16> {
    let mut connection = RawConnection::connect(field.address()).await;
    let _ = connection.try_writing_bytes_to_server(request).await;
    Ok(timeout(DEADLINE, connection.receive_next_whole_answer())
        .await?
        .map_or(0, |answer| answer.status))
}

/// 28: bodies of packets.
pub(super) async fn post_bodies_of_packets(field: &Field) -> Result<String> {
    let mut refused = Vec::new();
    let storm = "\u{1e}".repeat(50_000);
    let tiny = vec!["3"; 30_000].join(&RECORD_SEPARATOR.to_string());
    let endless = "a".repeat(1 << 20);
    for (what, headers, body) in [
        ("another type", "content-type: application/xml\r\n", "3"),
        ("compressed", "content-encoding: gzip\r\n", "\u{1f}\u{8b}"),
        ("separators", "", &*storm),
        ("tiny packets", "", &*tiny),
        ("a megabyte", "", &*endless),
        ("an empty body", "", ""),
        ("no packet", "", "zzz"),
    ] {
        let client = PollingClient::open(field.address()).await;
        let answer =
            timeout(DEADLINE, client.post_body_with_headers(headers, body.as_bytes())).await?;
        refused.push(format!("{what} {}", answer.status));
        ensure!(answer.status < 500, "{what} was answered {}", answer.status);
    }
    // A body without end, in pieces, is cut off at its bound.
    let client = PollingClient::open(field.address()).await;
    let head = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n",
        client.sid
    );
    let mut connection = RawConnection::connect(field.address()).await;
    connection.write_raw_bytes_to_server(head).await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut chunks = 0;
    while chunks < 1_000 && connection.try_writing_bytes_to_server(&chunk).await.is_ok() {
        chunks += 1;
    }
    ensure!(chunks < 1_000, "64 MB in pieces were taken");
    Ok(format!("{}; a body in pieces was cut off after {chunks} of 64 kB", refused.join(", ")))
}

/// 29: guessed sessions.
pub(super) async fn guess_ids_of_sessions(field: &Field) -> Result<String> {
    let http = &field.castle.rest.http;
    let own = PollingClient::open(field.address()).await;
    let mut guessed = vec![
        String::new(),
        "x".to_owned(),
        "..%2f".to_owned(),
        "%00".to_owned(),
        "A".repeat(10_000),
        own.sid.to_lowercase(),
        own.sid[1..].to_owned(),
        format!("{}A", own.sid),
    ];
    guessed.extend((0..50).map(|_| {
        uuid::Uuid::from_u128(field.pick_random_number_below(usize::MAX) as u128)
            .simple()
            .to_string()
    }));
    for sid in &guessed {
        if *sid == own.sid || sid.is_empty() {
            continue;
        }
        let url =
            format!("http://{}/socket.io/?EIO=4&transport=polling&sid={sid}", field.address());
        let answer = http.get(url).timeout(DEADLINE).send().await?;
        let status = answer.status().as_u16();
        ensure!(matches!(status, 400 | 414 | 431), "{sid:.40} was answered {status}");
    }
    // Ids are long and never alike.
    let mut ids = std::collections::HashSet::new();
    for _ in 0..50 {
        ids.insert(PollingClient::open(field.address()).await.sid);
    }
    ensure!(ids.len() == 50 && ids.iter().all(|sid| sid.len() >= 16), "ids: {ids:?}");
    Ok(format!("{} ids that nobody was given: unknown; 50 ids of at least 96 bits", guessed.len()))
}

/// 30: races for a session.
pub(super) async fn race_requests_of_session(field: &Field) -> Result<String> {
    // Two polls at once.
    let client = PollingClient::open(field.address()).await;
    let first = client.begin_poll_of_session().await;
    let second = client.begin_poll_of_session().await;
    let (first, second) =
        tokio::join!(first.receive_answer_until_close(), second.receive_answer_until_close());
    ensure!(
        first.status == 400 || second.status == 400,
        "two polls: {} and {}",
        first.status,
        second.status
    );
    client.expect_session_is_unknown().await;
    // Two websockets for one session: at most one gets it.
    let client = PollingClient::open(field.address()).await;
    let query = format!("EIO=4&transport=websocket&sid={}", client.sid);
    let (one, two) = tokio::join!(
        WebSocketClient::try_handshake(field.address(), &query),
        WebSocketClient::try_handshake(field.address(), &query)
    );
    let mut upgraded = 0;
    for handshake in [one, two] {
        let Ok(mut socket) = handshake else { continue };
        socket.send_text_to_server("2probe").await;
        let answered = timeout(DEADLINE, socket.receive_next_message_or_end()).await?;
        if matches!(answered, Some(Ok(message)) if message.to_text().is_ok_and(|text| text == "3probe"))
        {
            upgraded += 1;
        }
    }
    ensure!(upgraded <= 1, "one session, two websockets");
    // A websocket for a session that is one already.
    let (mut owner, open) =
        WebSocketClient::open_session_with_protocol(field.address(), "EIO=4").await;
    let sid = find_session_id_in_open(&open).unwrap_or_default();
    let query = format!("EIO=4&transport=websocket&sid={sid}");
    if let Ok(mut thief) = WebSocketClient::try_handshake(field.address(), &query).await {
        thief.send_text_to_server("2probe").await;
        let taken = matches!(thief.receive_next_message_or_end().await,
            Some(Ok(message)) if message.to_text().is_ok_and(|text| text == "3probe"));
        ensure!(!taken, "a session was taken over");
    }
    owner
        .send_text_to_server(&format!(
            "40{}",
            json!({ "token": field.find_token_by_index(STUDENT) })
        ))
        .await;
    let entered = owner.receive_next_text_message().await;
    ensure!(entered.starts_with("40"), "the owner was shut out: {entered}");
    Ok(format!(
        "two polls end the session, {upgraded} of two websockets got one, none was taken over"
    ))
}

/// 44: paths.
pub(super) async fn walk_around_by_paths(field: &Field) -> Result<String> {
    let mut tried = 0;
    for path in [
        "/socket.io-admin/?EIO=4&transport=polling",
        "//socket.io/?EIO=4&transport=polling",
        "/SOCKET.IO/?EIO=4&transport=polling",
        "/socket%2eio/?EIO=4&transport=polling",
        "/socket.io/../socket.io-x/?EIO=4&transport=polling",
        "/api//incidents",
        "/API/incidents",
        "/api/incidents/",
        "/api/./incidents",
        "/api/%69ncidents",
        "/api/incidents%2f",
        "/api/../api/incidents",
        "/api/incidents;x=1",
        "//api/incidents",
        "/api/incidents%00",
        "/..%2f..%2fetc/passwd",
        "/assets/../../../../etc/passwd",
        "/docs/..%2f..%2fCargo.toml",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let mut connection = RawConnection::connect(field.address()).await;
        connection.write_raw_bytes_to_server(request).await;
        let answer = timeout(DEADLINE, connection.receive_answer_until_close()).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        ensure!(
            !text.contains("\"sid\"")
                && !text.contains("\"incidents\":")
                && !text.contains("root:"),
            "{path}: {text:.200}"
        );
        ensure!(answer.status < 500, "{path} was answered {}", answer.status);
        tried += 1;
    }
    Ok(format!("{tried} paths: no session, no data, no file"))
}

/// 45: smuggled requests.
pub(super) async fn smuggle_requests_in_heads(field: &Field) -> Result<String> {
    let socket = "/socket.io/?EIO=4&transport=websocket";
    let upgrade = "upgrade: websocket\r\nconnection: Upgrade\r\n";
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut statuses = Vec::new();
    for (what, request, wanted) in [
        ("two lengths", "POST /api/auth/login HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\ncontent-length: 40\r\n\r\n{}".to_owned(), &[400_u16][..]),
        ("a length of letters", "POST /api/auth/login HTTP/1.1\r\nhost: t\r\ncontent-length: x\r\n\r\n{}".to_owned(), &[400]),
        ("two hosts", "GET /health HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n".to_owned(), &[400]),
        ("no host", "GET /health HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), &[400]),
        ("a space before the colon", "GET /health HTTP/1.1\r\nhost : a\r\n\r\n".to_owned(), &[400]),
        ("a folded line", "GET /health HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n".to_owned(), &[400]),
        ("an encoding nobody knows", "POST /api/auth/login HTTP/1.1\r\nhost: t\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(), &[400, 501]),
        ("version 7", format!("GET {socket} HTTP/1.1\r\nhost: t\r\n{upgrade}{key}sec-websocket-version: 7\r\n\r\n"), &[400, 426]),
        ("no key", format!("GET {socket} HTTP/1.1\r\nhost: t\r\n{upgrade}sec-websocket-version: 13\r\n\r\n"), &[400]),
        ("a short key", format!("GET {socket} HTTP/1.1\r\nhost: t\r\n{upgrade}sec-websocket-key: abc\r\nsec-websocket-version: 13\r\n\r\n"), &[400]),
        ("EIO 99", "GET /socket.io/?EIO=99&transport=polling HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n".to_owned(), &[400]),
        ("no EIO", "GET /socket.io/?transport=polling HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n".to_owned(), &[400]),
        ("another transport", "GET /socket.io/?EIO=4&transport=carrier-pigeon HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n".to_owned(), &[400]),
    ] {
        let status = request_status_of_raw(field, &request).await?;
        ensure!(wanted.contains(&status), "{what} was answered {status}");
        statuses.push(status);
    }
    // Length and pieces together: one request, or none; never a second one out of its body.
    let inner = "GET /health HTTP/1.1\r\nhost: smuggled\r\n\r\n";
    let request = format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: t\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        inner.len() + 5
    );
    let mut connection = RawConnection::connect(field.address()).await;
    connection.write_raw_bytes_to_server(request).await;
    let first = connection.receive_next_whole_answer().await;
    let second = match &first {
        Some(_) => connection.receive_next_whole_answer().await,
        None => None,
    };
    ensure!(second.is_none(), "a second request was answered: {second:?}");
    Ok(format!("{} heads refused: {statuses:?}; nothing came out of a body", statuses.len()))
}
