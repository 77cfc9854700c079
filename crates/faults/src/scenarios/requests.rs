//! Faults of single requests: unknown outcomes, panics, and the order of one socket's events.

use std::time::Duration;

use anyhow::{Result, ensure};
use owlpost_testkit::write_request_with_body;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    castle::{Castle, DEADLINE},
    checker::AcknowledgedWrite,
    lab::Run,
    wire::WireKind,
};

/// 9: the answer is lost; the client tries again with the same key.
pub(super) async fn retry_write_of_unknown_outcome(run: Run) -> Result<String> {
    let people = 5;
    let mut castle = Castle::build_castle_for_run(&run, &[], people).await?;
    let room = format!("incident:{}", castle.incidents[0]);
    for person in 0..people {
        let plan =
            castle.plan_client_of_person(person, WireKind::WebSocket, std::slice::from_ref(&room));
        castle.add_client_with_plan(person, plan);
    }
    castle.wait_until_all_caught_up().await?;
    let rounds = run.pick_value_by_scale(3, 12);
    for round in 0..rounds {
        let comments = format!("/api/incidents/{}/comments", castle.incidents[0]);
        let writes = [
            (
                "incident:created",
                "/api/incidents".to_owned(),
                json!({ "title": format!("once {round}") }),
            ),
            ("comment:created", comments, json!({ "content": format!("once {round} @student.0") })),
        ];
        for (event, path, body) in writes {
            let key = format!("key-{round}-{event}");
            send_request_and_hang_up(&castle, &path, &body, &key).await?;
            if round % 3 == 2 {
                castle.server.kill_server_without_mercy().await?;
                castle.restart_server_after_end().await?;
            }
            let token = castle.people[2].token.clone();
            let retry = || {
                let (rest, path, body) = (&castle.rest, &path, &body);
                rest.send_request_with_token(Method::POST, path, &token, Some(body), Some(&key))
            };
            // Two retries at once, then a third: all the same answer.
            let (one, two) = tokio::join!(retry(), retry());
            let answers = [one?, two?, retry().await?];
            for answer in &answers {
                ensure!(answer.status == 201, "a retry was answered {}", answer.text);
                ensure!(answer.json == answers[0].json, "a retry has another answer");
            }
            let id = answers[0].json["id"].as_str().unwrap_or_default().to_owned();
            let write = AcknowledgedWrite { event: event.to_owned(), key: id };
            castle.writes.lock().push(write);
            let other = json!({ "title": "other", "content": "other" });
            let rest = &castle.rest;
            let reused = rest
                .send_request_with_token(Method::POST, &path, &token, Some(&other), Some(&key))
                .await?;
            ensure!(reused.status == 409, "another body under the same key: {}", reused.text);
        }
    }
    castle.wait_until_all_caught_up().await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!("{} writes sent 4 times each: one row, one event each. {text}", rounds * 2))
}

/// Sends a request whole and closes the connection without reading a byte of the answer.
async fn send_request_and_hang_up(
    castle: &Castle,
    path: &str,
    body: &Value,
    key: &str,
) -> Result<()> {
    let address = castle.server.address;
    let (token, body) = (&castle.people[2].token, body.to_string());
    let mut stream = TcpStream::connect(address).await?;
    let headers = format!(
        "authorization: Bearer {token}\r\ncontent-type: application/json\r\nidempotency-key: {key}\r\n"
    );
    stream.write_all(&write_request_with_body("POST", path, &headers, body)).await?;
    Ok(stream.shutdown().await?)
}

/// 14: a handler panics.
pub(super) async fn panic_in_one_handler(run: Run) -> Result<String> {
    let fault = [("OWLPOST_FAULT", "panic_in_handler")];
    let mut castle = Castle::build_castle_for_run(&run, &fault, 6).await?;
    castle.add_crowd_of_clients(12).await?;
    // The fault hook panics when this incident is looked up.
    let nil = "00000000-0000-0000-0000-000000000000";
    let rounds = run.pick_value_by_scale(5, 30);
    for round in 0..rounds {
        let token = &castle.people[round % 6].token;
        let answer =
            castle.rest.get_path_with_token(&format!("/api/incidents/{nil}"), token).await?;
        ensure!(answer.status == 500 && answer.code() == "INTERNAL", "REST: {}", answer.text);
        let client = &castle.clients[round % castle.clients.len()];
        let room = json!({ "room": format!("incident:{nil}") });
        let ack = client.emit_event_and_wait("room:join", room).await?;
        ensure!(ack["error"]["code"] == "INTERNAL", "socket: {ack}");
        let after = client.emit_event_and_wait("room:join", json!({ "room": "incidents" })).await?;
        ensure!(after["ok"] == true, "the same socket afterwards: {after}");
        client.emit_event_and_wait("room:leave", json!({ "room": "incidents" })).await?;
    }
    // The rooms of these clients have changed by hand: judge the others' entitlement, which has not.
    for client in &castle.clients {
        let segments = client.read_history_with_closure(|history| history.segments.len());
        ensure!(segments == 1, "a panic ended a connection");
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!("{} panics, each answered INTERNAL, no connection ended. {text}", rounds * 2))
}

/// 18: events of one socket, sent without waiting.
pub(super) async fn keep_order_of_one_socket(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 4).await?;
    let incident = castle.incidents[0].clone();
    let room = format!("incident:{incident}");
    for (person, wire) in
        [(0, WireKind::WebSocket), (1, WireKind::Polling), (2, WireKind::WebSocket)]
    {
        let plan = castle.plan_client_of_person(person, wire, std::slice::from_ref(&room));
        castle.add_client_with_plan(person, plan);
    }
    castle.wait_until_all_caught_up().await?;
    let pairs = run.pick_value_by_scale(50, 120);
    let payload = json!({ "incidentId": incident });
    let mut sent = 0;
    for typist in 0..2 {
        let mut answers = Vec::new();
        for n in 0..pairs * 2 {
            let name = if n % 2 == 0 { "typing:start" } else { "typing:stop" };
            answers.push(castle.clients[typist].emit_event_for_ack(name, &payload).await?);
            sent += 1;
        }
        for answer in answers {
            let answer = tokio::time::timeout(DEADLINE, answer).await??;
            ensure!(answer["ok"] == true, "{answer}");
        }
        let id = castle.people[typist].id.clone();
        let wanted: Vec<bool> = (0..pairs * 2).map(|n| n % 2 == 0).collect();
        castle.clients[2]
            .wait_for_history_condition("every start and stop in order", DEADLINE, |history| {
                let typing = history.find_signals_by_name("presence:typing");
                let own = typing.filter(|signal| signal.payload["userId"] == *id);
                let seen: Vec<bool> =
                    own.map(|signal| signal.payload["isTyping"] == true).collect();
                seen == wanted
            })
            .await?;
    }
    tokio::time::timeout(Duration::from_secs(10), castle.wait_until_all_caught_up()).await??;
    Ok(format!("{sent} events of two sockets sent back to back: seen in order, every one answered"))
}
