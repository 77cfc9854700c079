//! Floods: of events, sockets, slow requests and guesses, against servers with the limits of production.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use owlpost_testkit::{RawConnection, open_websocket_over_tcp};
use serde_json::json;
use tokio::{io::AsyncReadExt as _, time::timeout};

use crate::{
    field::{Field, STUDENT, VICTIM},
    intruder::{DEADLINE, Intruder, Received},
};

/// 33: floods of events.
pub(super) async fn flood_with_client_events(field: &Field) -> Result<String> {
    let limited = field
        .prepare_field_with_settings(&[("RATE_LIMIT_EVENTS", "50"), ("RATE_LIMIT_HTTP", "50")])
        .await?;
    let before = limited.look_at_server_before().await?;
    let mut student = limited.enter_socket_as_person(STUDENT).await?;
    let incident = &limited.castle.incidents[0];
    let mut sent = 0;
    for n in 0..5_000 {
        let event = format!(r#"42{n}["typing:start",{{"incidentId":"{incident}"}}]"#);
        if student.send_text_to_server(&event).await.is_err() {
            break;
        }
        sent += 1;
    }
    let (mut taken, mut refused) = (0, 0);
    let mut ended = false;
    while taken + refused < sent {
        match student.receive_next_from_server().await? {
            Received::Text(text) if text.starts_with("43") && text.contains("RATE_LIMITED") => {
                refused += 1
            }
            Received::Text(text) if text.starts_with("43") => taken += 1,
            Received::End => {
                ended = true;
                break;
            }
            _ => {}
        }
    }
    ensure!(taken < 1_000, "{taken} of {sent} events were taken");
    ensure!(refused > 0 || ended, "nothing was refused");
    let mut statuses = [0; 2];
    for _ in 0..300 {
        let answer = limited
            .castle
            .rest
            .get_path_with_token("/api/auth/me", limited.find_token_by_index(VICTIM))
            .await?;
        match answer.status {
            200 => statuses[0] += 1,
            429 if answer.retry_after.is_some() => statuses[1] += 1,
            other => anyhow::bail!("a flood of requests was answered {other}"),
        }
    }
    ensure!(statuses[1] > 0, "300 requests in a row were all taken");
    limited.check_server_is_unharmed(&before).await?;
    Ok(format!(
        "of {sent} events {taken} taken, {refused} refused{}; of 300 requests {} refused with Retry-After",
        if ended { ", then hung up" } else { "" },
        statuses[1]
    ))
}

/// 34: sockets without end.
pub(super) async fn open_sockets_without_end(field: &Field) -> Result<String> {
    let settings = [
        ("MAX_SOCKETS_PER_USER", "8"),
        ("MAX_CONNECTIONS_PER_ADDRESS", "60"),
        ("UNLIMITED_ADDRESSES", "10.0.0.1"),
    ];
    let limited = field.prepare_field_with_settings(&settings).await?;
    let auth = json!({ "token": limited.find_token_by_index(STUDENT) });
    let mut sockets = Vec::new();
    for _ in 0..12 {
        match Intruder::try_entering_with_auth(limited.address(), &auth).await? {
            Ok(socket) => sockets.push(socket),
            Err(refused) => anyhow::bail!("refused: {refused}"),
        }
    }
    // The newest push the oldest out: a forgotten tab must not lock its owner out.
    let mut alive = 0;
    for socket in &mut sockets {
        alive += usize::from(socket.is_still_being_answered().await?);
    }
    ensure!(alive == 8, "{alive} sockets of one user");
    let mut connections = Vec::new();
    for _ in 0..120 {
        connections.push(RawConnection::connect(limited.address()).await);
    }
    let mut served = 0;
    for connection in &mut connections {
        if connection
            .try_writing_bytes_to_server("GET /health HTTP/1.1\r\nhost: t\r\n\r\n")
            .await
            .is_ok()
        {
            let answer = timeout(DEADLINE, connection.receive_next_whole_answer()).await?;
            served += usize::from(answer.is_some_and(|answer| answer.status == 200));
        }
    }
    ensure!(served < 60, "{served} connections of one address");
    drop((sockets, connections));
    // Others come in as soon as they are gone.
    let entered = async {
        while limited.enter_socket_as_person(VICTIM).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(DEADLINE, entered).await?;
    for _ in 0..200 {
        drop(limited.enter_socket_as_person(VICTIM).await);
    }
    let before = limited.look_at_server_before().await?;
    limited.check_server_is_unharmed(&before).await?;
    Ok(format!(
        "8 of 12 sockets of one user stay; {served} of 120 connections of one address; 200 came and went"
    ))
}

/// 35: slow requests.
pub(super) async fn send_requests_byte_by_byte(field: &Field) -> Result<String> {
    let settings = [("HEADER_READ_TIMEOUT", "1000"), ("REQUEST_TIMEOUT", "2000")];
    let limited = field.prepare_field_with_settings(&settings).await?;
    let before = limited.look_at_server_before().await?;
    let begun = Instant::now();
    let token = limited.find_token_by_index(STUDENT);
    let many: String = (0..2_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let beginnings = [
        ("nothing", String::new()),
        ("half a line", "GET /hea".to_owned()),
        ("half a head", "GET /health HTTP/1.1\r\nhost: t\r\n".to_owned()),
        (
            "half a body",
            format!(
                "POST /api/incidents HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
            ),
        ),
        (
            "2,000 headers",
            format!("GET /health HTTP/1.1\r\nhost: t\r\nconnection: close\r\n{many}\r\n"),
        ),
    ];
    let mut tasks = Vec::new();
    for (what, beginning) in beginnings {
        for _ in 0..20 {
            let (address, beginning) = (limited.address(), beginning.clone());
            tasks.push(tokio::spawn(async move {
                let mut connection = RawConnection::connect(address).await;
                // One byte at a time, for as long as the server listens.
                let _ = connection.try_writing_bytes_to_server(&beginning).await;
                let end = timeout(DEADLINE, connection.read_text_until_close()).await;
                (what, end.is_ok())
            }));
        }
    }
    for task in tasks {
        let (what, ended) = task.await?;
        ensure!(ended, "{what}: waited for without end");
    }
    let took = begun.elapsed();
    limited.check_server_is_unharmed(&before).await?;
    Ok(format!("100 slow connections, all of them let go of within {:.1} s", took.as_secs_f64()))
}

/// 36: reading nothing.
pub(super) async fn read_nothing_at_all(field: &Field) -> Result<String> {
    let settings = [("SLOW_CONSUMER_TIMEOUT", "3000"), ("SEND_QUEUE", "256")];
    let limited = field.prepare_field_with_settings(&settings).await?;
    let before = limited.look_at_server_before().await?;
    let mut stuck = Vec::new();
    for _ in 0..20 {
        let query = "EIO=4&transport=websocket";
        let mut socket = open_websocket_over_tcp(limited.address(), query, Some(4096)).await?;
        let auth = json!({ "token": limited.find_token_by_index(STUDENT), "room": ["incidents"] });
        futures_util::SinkExt::send(
            &mut socket,
            tokio_tungstenite::tungstenite::Message::text(format!("40{auth}")),
        )
        .await?;
        stuck.push(socket.into_inner());
    }
    let long = "x".repeat(9_000);
    let path = "/api/incidents";
    let mut written = 0;
    let closed = async {
        loop {
            let body = json!({ "title": "to be read", "description": long });
            let rest = &limited.castle.rest;
            rest.post_body_with_token(path, limited.find_token_by_index(VICTIM), &body)
                .await?
                .expect_status_of_answer(201)?;
            written += 1;
            let closed =
                rest.read_metric_by_labels("owlpost_sessions_closed_total", &["slow"]).await?;
            if closed >= 20.0 {
                return anyhow::Ok(());
            }
        }
    };
    timeout(4 * DEADLINE, closed).await??;
    for stream in &mut stuck {
        let mut rest = Vec::new();
        // What was sent before is there; behind it is the end.
        let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await?;
    }
    limited.check_server_is_unharmed(&before).await?;
    Ok(format!(
        "20 that never read were closed after {written} events; bystanders heard all of them"
    ))
}

/// 41: guessed passwords.
pub(super) async fn guess_passwords_and_accounts(field: &Field) -> Result<String> {
    let name = format!("owner{}", field.pick_random_number_below(usize::MAX));
    field.register_new_person_by_rest(&name).await?;
    let rest = &field.castle.rest;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..8 {
        // A new account each time, so that none is slowed down for the guesses before.
        let known = format!("known{round}x{}", field.pick_random_number_below(usize::MAX));
        field.register_new_person_by_rest(&known).await?;
        for (index, name) in [known, format!("un{round}known")].iter().enumerate() {
            let body = json!({ "email": format!("{name}@hogwarts.edu"), "password": "alohomora-alohomora" });
            let begun = Instant::now();
            let answer = rest.post_body_with_token("/api/auth/login", "", &body).await?;
            times[index].push(begun.elapsed());
            ensure!(answer.status == 401, "{}", answer.text);
            ensure!(
                !answer.text.contains("exist") && !answer.text.contains("unknown"),
                "{}",
                answer.text
            );
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    });
    ensure!(
        (0.5..2.0).contains(&(known / unknown)),
        "{known:.1} ms when it exists, {unknown:.1} ms when not"
    );
    // Guesses at one account are slowed down, and its owner gets in nevertheless.
    let limited = field.prepare_field_with_settings(&[("RATE_LIMIT_AUTH", "1000")]).await?;
    let grant = limited.register_new_person_by_rest(&name).await?;
    let wrong =
        json!({ "email": format!("{name}@hogwarts.edu"), "password": "alohomora-alohomora" });
    let mut statuses = Vec::new();
    for _ in 0..15 {
        statuses.push(
            limited.castle.rest.post_body_with_token("/api/auth/login", "", &wrong).await?.status,
        );
    }
    ensure!(statuses.contains(&429), "15 guesses at one account: {statuses:?}");
    let body = json!({ "refreshToken": grant["refreshToken"] });
    let renewed = limited.castle.rest.post_body_with_token("/api/auth/refresh", "", &body).await?;
    ensure!(renewed.status == 200, "the owner is locked out: {}", renewed.text);
    let refused = statuses.iter().filter(|status| **status == 429).count();
    Ok(format!(
        "{known:.0} ms for an account that exists, {unknown:.0} ms for one that does not; {refused} of 15 guesses at one account refused unread"
    ))
}
