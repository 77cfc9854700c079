//! Retries with an `Idempotency-Key`: the first answer again, and one event.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::{Person, TestServer};

fn build_incident_path(incident: &Value) -> String {
    format!("/api/incidents/{}", incident["id"].as_str().unwrap())
}

#[tokio::test]
async fn should_answer_a_repeated_idempotency_key_as_the_first_time() {
    let server = TestServer::start();
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let post = |person: &Person, path: &str, key: &str, body: Value| {
        let request = server.api.request("POST", path).bearer_auth(&person.token);
        server.api.send(request.header("idempotency-key", key).json(&body))
    };
    let first =
        post(&harry, "/api/incidents", "key", json!({ "title": "Troll" })).await.expect(201);
    let again =
        post(&harry, "/api/incidents", "key", json!({ "title": "Troll" })).await.expect(201);
    assert_eq!((&first.json, first.header("etag")), (&again.json, again.header("etag")));
    post(&harry, "/api/incidents", "key", json!({ "title": "Other" }))
        .await
        .expect_error(409, "CONFLICT");
    let other_user =
        post(&ron, "/api/incidents", "key", json!({ "title": "Troll" })).await.expect(201);
    assert_ne!(other_user.json["id"], first.json["id"]);

    let path = format!("{}/comments", build_incident_path(&first.json));
    let comment = post(&harry, &path, "comment", json!({ "content": "Run" })).await.expect(201);
    let again = post(&harry, &path, "comment", json!({ "content": "Run" })).await.expect(201);
    assert_eq!(comment.json, again.json);
    let elsewhere = format!("{}/comments", build_incident_path(&other_user.json));
    post(&harry, &elsewhere, "comment", json!({ "content": "Run" }))
        .await
        .expect_error(409, "CONFLICT");
    let comments = server.api.get(&path, &harry).await.expect(200).json;
    assert_eq!(comments["comments"].as_array().unwrap().len(), 1);

    let long = "k".repeat(256);
    for key in ["", &long] {
        let refused = post(&harry, "/api/incidents", key, json!({ "title": "Troll" })).await;
        assert_eq!((refused.status, refused.field()), (400, "Idempotency-Key"));
    }
    // A refused request claims nothing: the same key may be used again.
    post(&harry, "/api/incidents", "fresh", json!({ "title": "" }))
        .await
        .expect_error(400, "VALIDATION_ERROR");
    post(&harry, "/api/incidents", "fresh", json!({ "title": "Troll" })).await.expect(201);
}

/// Sends with an idempotency key.
async fn send_with_key(
    server: &TestServer,
    person: &Person,
    (method, path): (&str, &str),
    body: Option<Value>,
) -> support::Answer {
    let request = server.api.request(method, path).bearer_auth(&person.token);
    let request = request.header("idempotency-key", format!("{method} {path}"));
    server
        .api
        .send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
}

#[tokio::test]
async fn should_answer_every_repeated_change_as_the_first_time() {
    let server = TestServer::start();
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = build_incident_path(&incident);
    let mut events = server
        .api
        .stream(&format!("/api/events?room=incident:{}", incident["id"].as_str().unwrap()), &ron)
        .await;
    for (method, title) in [("PATCH", "Two trolls"), ("PUT", "Three trolls")] {
        let body = json!({ "title": title });
        let first =
            send_with_key(&server, &harry, (method, &path), Some(body.clone())).await.expect(200);
        // Somebody else changes it before the retry.
        server.api.patch(&path, &harry, json!({ "title": "Other" })).await.expect(200);
        let again = send_with_key(&server, &harry, (method, &path), Some(body)).await.expect(200);
        assert_eq!((&first.json, first.header("etag")), (&again.json, again.header("etag")));
        send_with_key(&server, &harry, (method, &path), Some(json!({ "title": "x" })))
            .await
            .expect_error(409, "CONFLICT");
    }
    let comments = format!("{path}/comments");
    let comment =
        server.api.post(&comments, &harry, json!({ "content": "@ron run" })).await.expect(201);
    let comment = format!("{comments}/{}", comment.json["id"].as_str().unwrap());
    let list = server.api.get("/api/notifications", &ron).await.expect(200).json;
    let notification =
        format!("/api/notifications/{}", list["notifications"][0]["id"].as_str().unwrap());
    let read = format!("{notification}/read");
    for (person, method, path, status) in [
        (&ron, "PATCH", &*read, 200),
        (&ron, "PATCH", "/api/notifications/read-all", 200),
        (&ron, "DELETE", &notification, 204),
        (&harry, "DELETE", &comment, 204),
        (&harry, "DELETE", &path, 200),
    ] {
        let first = send_with_key(&server, person, (method, path), None).await.expect(status);
        let again = send_with_key(&server, person, (method, path), None).await.expect(status);
        assert_eq!(first.text, again.text, "{method} {path}");
    }
    // Each is in the log once.
    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "incident:resolved") {
        names.push(events.next_durable().await.name);
    }
    let count = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    assert_eq!((count("incident:updated"), count("comment:deleted")), (5, 1), "{names:?}");
    assert_eq!((count("notification:read"), count("notification:deleted")), (1, 1), "{names:?}");
}

#[tokio::test]
async fn should_answer_a_retry_as_before_whatever_changed_meanwhile() {
    let server = TestServer::start();
    let (percy, penelope) = (server.prefect("percy").await, server.prefect("penelope").await);
    let auror = server.auror().await;
    let report = json!({ "title": "Troll", "assigneeId": penelope.id });
    let first = send_with_key(&server, &percy, ("POST", "/api/incidents"), Some(report.clone()))
        .await
        .expect(201);
    for person in [&percy, &penelope] {
        let path = format!("/api/users/{}", person.id);
        let demote =
            || send_with_key(&server, &auror, ("PATCH", &path), Some(json!({ "role": "STUDENT" })));
        demote().await.expect(200);
        demote().await.expect(200);
    }
    server.api.post("/api/incidents", &percy, report.clone()).await.expect_error(403, "FORBIDDEN");
    let again =
        send_with_key(&server, &percy, ("POST", "/api/incidents"), Some(report)).await.expect(201);
    assert_eq!(first.json, again.json);

    // Whoever works on it already may go on, and does not keep others from changing something else.
    let mut whole =
        server.api.get(&build_incident_path(&first.json), &percy).await.expect(200).json;
    whole["title"] = json!("Large troll");
    whole["assigneeId"] = json!(penelope.id);
    let put =
        server.api.request("PUT", &build_incident_path(&first.json)).bearer_auth(&percy.token);
    let put = server.api.send(put.json(&whole)).await.expect(200).json;
    assert_eq!(
        (&put["title"], &put["assignee"]["id"]),
        (&json!("Large troll"), &json!(penelope.id))
    );
}
