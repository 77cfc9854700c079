//! Rights: other people's rooms, things, names and pages.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use owlpost_testkit::{RawConnection, write_request_with_body};
use reqwest::Method;
use serde_json::json;

use crate::{
    field::{AUROR, EXPENDABLE, Field, STUDENT, VICTIM},
    intruder::DEADLINE,
};

/// What a browser sends from pages that are not ours.
const FOREIGN_ORIGINS: [&str; 10] = [
    "http://evil.example",
    "https://evil.example",
    "null",
    "http://localhost:3001.evil.example",
    "http://evil.example/http://localhost:3001",
    "https://localhost:3001",
    "http://localhost:3002",
    "http://localhost",
    "http://user@localhost:3001@evil.example",
    "chrome-extension://evil",
];
/// Every door that sockets and streams come in by, for a websocket if it has one.
const DOORS: [(&str, bool); 6] = [
    ("/socket.io/?EIO=4&transport=websocket", true),
    ("/socket.io/?EIO=4&transport=polling", false),
    ("/socket.io-msgpack/?EIO=4&transport=websocket", true),
    ("/hub/incidents", true),
    ("/ws", true),
    ("/ws/000/evil/websocket", true),
];

/// 10: foreign pages.
pub(super) async fn come_from_foreign_pages(field: &Field) -> Result<String> {
    let mut refused = 0;
    for origin in FOREIGN_ORIGINS {
        for (door, by_websocket) in DOORS {
            let upgrade = "upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n\
                           sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
            let upgrade = if by_websocket { upgrade } else { "connection: close\r\n" };
            let request =
                format!("GET {door} HTTP/1.1\r\nhost: test\r\norigin: {origin}\r\n{upgrade}\r\n");
            let mut connection = RawConnection::connect(field.address()).await;
            connection.write_raw_bytes_to_server(request).await;
            let answer = connection.receive_next_whole_answer().await.context("no answer")?;
            ensure!(answer.status == 403, "{origin} at {door} was answered {}", answer.status);
            refused += 1;
        }
        let headers = format!(
            "origin: {origin}\r\nconnection: close\r\nauthorization: Bearer {}\r\n",
            field.find_token_by_index(VICTIM)
        );
        let mut connection = RawConnection::connect(field.address()).await;
        let request = write_request_with_body("GET", "/api/auth/me", &headers, "");
        connection.write_raw_bytes_to_server(request).await;
        let answer = connection.receive_answer_until_close().await;
        let shared = answer.head.to_ascii_lowercase().contains("access-control-allow-origin");
        ensure!(!shared, "REST lets a page of {origin} read: {}", answer.head);
    }
    Ok(format!("{refused} handshakes of {} origins refused with 403", FOREIGN_ORIGINS.len()))
}

/// 11: rooms of others.
pub(super) async fn enter_rooms_of_others(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let other = &field.find_person_by_index(VICTIM).id;
    let rooms = [
        format!("user:{other}"),
        format!("USER:{other}"),
        format!(" user:{other}"),
        format!("user:{other}\u{0}"),
        format!("user\u{ff1a}{other}"),
        "role:AUROR".to_owned(),
        "role:auror".to_owned(),
        "ROLE:AUROR".to_owned(),
        " role:AUROR ".to_owned(),
        "role:AUROR\u{0}".to_owned(),
        "r\u{43e}le:AUROR".to_owned(),
        "role:\u{200b}AUROR".to_owned(),
        "everyone".to_owned(),
        "*".to_owned(),
        String::new(),
    ];
    for room in &rooms {
        let code = student.expect_event_is_refused("room:join", &json!({ "room": room })).await?;
        ensure!(
            matches!(&*code, "FORBIDDEN" | "VALIDATION_ERROR" | "NOT_FOUND"),
            "{room:?}: {code}"
        );
    }
    // What Aurors and the other are told does not come.
    let notified = json!({ "title": "for others", "severity": "CRITICAL" });
    field
        .expect_status_for_person(VICTIM, Method::POST, "/api/incidents", Some(&notified), &[201])
        .await?;
    let body = json!({ "content": format!("@{} look", field.find_person_by_index(VICTIM).handle) });
    let path = format!("/api/incidents/{}/comments", field.castle.incidents[1]);
    field.expect_status_for_person(AUROR, Method::POST, &path, Some(&body), &[201]).await?;
    let mut heard = 0;
    student.send_text_to_server(r#"4299["room:leave",{"room":"incidents"}]"#).await?;
    loop {
        match student.receive_next_from_server().await? {
            crate::intruder::Received::Text(text) if text.starts_with("4399") => break,
            crate::intruder::Received::Text(text) => {
                heard += usize::from(
                    text.contains("escalation:critical") || text.contains("notification:new"),
                );
            }
            other => anyhow::bail!("{other:?}"),
        }
    }
    ensure!(heard == 0, "{heard} events for others were heard");
    Ok(format!("{} names of rooms refused, nothing of others heard", rooms.len()))
}

/// 13: guessed ids.
pub(super) async fn guess_ids_of_incidents(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let bytes = field.pick_random_byte_string(16);
        let id = uuid::Builder::from_random_bytes(bytes.try_into().unwrap_or_default()).into_uuid();
        codes.insert(
            student
                .expect_event_is_refused("room:join", &json!({ "room": format!("incident:{id}") }))
                .await?,
        );
        let path = format!("/api/incidents/{id}");
        let answer = field.send_request_as_person(STUDENT, Method::GET, &path, None).await?;
        ensure!(answer.status == 404, "{}", answer.text);
        let path = format!("/api/presence/incident/{id}");
        let answer = field.send_request_as_person(STUDENT, Method::GET, &path, None).await?;
        ensure!(
            matches!(answer.status, 200 | 404) && !answer.text.contains("hogwarts"),
            "{}",
            answer.text
        );
    }
    for odd in ["incident:", "incident:1", "incident:../x", "incident:%00"] {
        student.expect_event_is_refused("room:join", &json!({ "room": odd })).await?;
    }
    ensure!(codes.len() == 1, "answers differ: {codes:?}");
    Ok(format!("20 guesses, each answered {codes:?} and 404"))
}

/// 14: listening on.
pub(super) async fn listen_after_access_ends(field: &Field) -> Result<String> {
    let mut socket = field.enter_socket_as_person(EXPENDABLE).await?;
    socket.emit_event_for_ack("room:join", &json!({ "room": "incidents" })).await?;
    let path = format!("/api/users/{}", field.find_person_by_index(EXPENDABLE).id);
    let begun = Instant::now();
    let off = json!({ "active": false });
    field.expect_status_for_person(AUROR, Method::PATCH, &path, Some(&off), &[200]).await?;
    let secret = format!("not for the gone {}", field.pick_random_number_below(usize::MAX));
    let told = tokio::time::timeout(DEADLINE, socket.receive_texts_until_end()).await??;
    let took = begun.elapsed();
    field.castle.create_incident_with_title(&secret).await?;
    ensure!(!told.iter().any(|text| text.contains(&secret)), "heard after the end");
    ensure!(took < Duration::from_secs(5), "closed after {took:?}");
    let on = json!({ "active": true });
    field.expect_status_for_person(AUROR, Method::PATCH, &path, Some(&on), &[200]).await?;
    Ok(format!("closed after {} ms", took.as_millis()))
}

/// 15: others' things.
pub(super) async fn reach_for_others_things(field: &Field) -> Result<String> {
    let comments = format!("/api/incidents/{}/comments", field.castle.incidents[1]);
    let body =
        json!({ "content": format!("mine, @{}", field.find_person_by_index(VICTIM).handle) });
    let comment =
        field.expect_status_for_person(AUROR, Method::POST, &comments, Some(&body), &[201]).await?;
    let comment = comment.json["id"].as_str().context("no id")?.to_owned();
    let page = field
        .expect_status_for_person(VICTIM, Method::GET, "/api/notifications", None, &[200])
        .await?;
    let notification =
        page.json["notifications"][0]["id"].as_str().context("no notification")?.to_owned();
    let incident = format!("/api/incidents/{}", field.castle.incidents[0]);
    let victim = format!("/api/users/{}", field.find_person_by_index(VICTIM).id);
    let tries = [
        (Method::DELETE, format!("{comments}/{comment}"), None),
        (Method::PATCH, format!("/api/notifications/{notification}/read"), None),
        (Method::DELETE, format!("/api/notifications/{notification}"), None),
        (Method::PATCH, incident.clone(), Some(json!({ "title": "taken over", "version": 1 }))),
        (Method::DELETE, incident, Some(json!({ "resolution": "gone" }))),
        (Method::PATCH, victim.clone(), Some(json!({ "active": false }))),
        (Method::DELETE, victim.clone(), None),
        (Method::POST, format!("{victim}/password-reset"), None),
        (Method::GET, "/api/invitations".to_owned(), None),
        (Method::POST, "/api/invitations".to_owned(), Some(json!({ "email": "x@hogwarts.edu" }))),
    ];
    for (method, path, body) in &tries {
        let statuses = [403, 404];
        field
            .expect_status_for_person(STUDENT, method.clone(), path, body.as_ref(), &statuses)
            .await?;
    }
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student
        .expect_event_is_refused("notification:mark_read", &json!({ "id": notification }))
        .await?;
    let page = field
        .expect_status_for_person(VICTIM, Method::GET, "/api/notifications", None, &[200])
        .await?;
    ensure!(page.json["notifications"][0]["isRead"] == false, "somebody else read it");
    Ok(format!("{} requests and a socket event for others' things, each 403 or 404", tries.len()))
}

/// 16: fields of the server.
pub(super) async fn set_fields_of_server(field: &Field) -> Result<String> {
    let student = field.find_person_by_index(STUDENT).id.clone();
    let mut tried = 0;
    for (member, value) in [
        ("id", json!("018f0000-0000-7000-8000-000000000000")),
        ("status", json!("RESOLVED")),
        ("reportedBy", json!(field.find_person_by_index(VICTIM).id)),
        ("createdAt", json!("1999-01-01T00:00:00Z")),
        ("resolvedBy", json!(student)),
        ("version", json!(99)),
    ] {
        let mut body = json!({ "title": format!("mass assignment of {member}") });
        body[member] = value.clone();
        let answer = field
            .send_request_as_person(STUDENT, Method::POST, "/api/incidents", Some(&body))
            .await?;
        let set = answer.json[member] == value || answer.json[member]["id"] == value;
        ensure!(
            answer.status == 400 || (answer.status == 201 && !set),
            "{member}: {}",
            answer.text
        );
        tried += 1;
    }
    for (member, value) in
        [("role", json!("AUROR")), ("active", json!(true)), ("id", json!(student))]
    {
        let name = format!("climber{}", field.pick_random_number_below(usize::MAX));
        let mut body = json!({ "email": format!("{name}@hogwarts.edu"), "name": name, "password": "wingardium-leviosa" });
        body[member] = value;
        let answer =
            field.castle.rest.post_body_with_token("/api/auth/register", "", &body).await?;
        let role = &answer.json["user"]["role"];
        ensure!(answer.status == 400 || role == "STUDENT", "{member}: {}", answer.text);
        tried += 1;
    }
    Ok(format!("{tried} members that are the server's: refused or left out"))
}

/// 17: others' names.
pub(super) async fn type_in_others_names(field: &Field) -> Result<String> {
    let incident = &field.castle.incidents[0];
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student
        .emit_event_for_ack("room:join", &json!({ "room": format!("incident:{incident}") }))
        .await?;
    let victim = &field.find_person_by_index(VICTIM).id;
    for member in ["userId", "user_id", "user", "name"] {
        let mut payload = json!({ "incidentId": incident });
        payload[member] = json!(victim);
        // Refused or not: nobody may be told of the other.
        student.emit_event_for_ack("typing:start", &payload).await?;
    }
    student.emit_event_for_ack("typing:start", &json!({ "incidentId": incident })).await?;
    let own = &field.find_person_by_index(STUDENT).id;
    let bystander = &field.castle.clients[1];
    bystander
        .wait_for_history_condition("the typist's own name", DEADLINE, |history| {
            history
                .find_signals_by_name("presence:typing")
                .any(|signal| signal.payload["userId"] == **own)
        })
        .await?;
    let spoofed = bystander.read_history_with_closure(|history| {
        history
            .find_signals_by_name("presence:typing")
            .any(|signal| signal.payload["userId"] == **victim)
    });
    ensure!(!spoofed, "somebody typed in another's name");
    Ok("5 signals in the name of another: only the sender's own name was told".to_owned())
}
