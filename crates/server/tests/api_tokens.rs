//! API tokens: made, used within their scopes, revoked, and ended with their owner.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use crate::support;

use std::time::Instant;

use owlpost_testkit::WebSocketClient;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use support::{Answer, EventReader, Person, TestServer};

const ALL: [&str; 4] = ["report", "read", "write", "events"];

/// A token of somebody, and its holder as the client knows people.
async fn make_token(server: &TestServer, owner: &Person, scopes: &[&str]) -> (Value, Person) {
    let body = json!({ "name": "a tool", "scopes": scopes });
    let made = server.api.post("/api/tokens", owner, body).await.expect(201).json;
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("owl_") && token.len() == 47, "{token}");
    (made.clone(), Person { token, ..owner.clone() })
}

async fn revoke(server: &TestServer, actor: &Person, token: &Value) -> Answer {
    server.api.delete(&format!("/api/tokens/{}", token["id"].as_str().unwrap()), actor).await
}

async fn expect_end_of_stream(mut stream: EventReader) {
    while stream.next_event().await.is_some() {}
}

async fn ask(server: &TestServer, holder: &Person, method: &str, path: &str) -> Answer {
    let request = server.api.request(method, path).bearer_auth(&holder.token);
    let request = if method == "GET" {
        request
    } else {
        request.json(&json!({ "title": "Troll", "content": "x" }))
    };
    server.api.send(request).await
}

#[tokio::test]
async fn should_open_to_each_scope_what_it_is_for_and_say_what_is_missing() {
    let server = TestServer::start();
    let owner = server.auror().await;
    let incident = server.api.report(&owner, json!({ "title": "Troll" })).await;
    let at = |path: &str| path.replace("{id}", incident["id"].as_str().unwrap());
    let doors = [
        ("POST", "/api/incidents", "report"),
        ("POST", "/api/hooks/generic", "report"),
        ("GET", "/api/incidents", "read"),
        ("GET", "/api/incidents/{id}", "read"),
        ("GET", "/api/incidents/{id}/comments", "read"),
        ("GET", "/api/incidents/{id}/timeline", "read"),
        ("GET", "/api/incidents/{id}/receipts", "read"),
        ("GET", "/api/notifications", "read"),
        ("GET", "/api/presence/online", "read"),
        ("GET", "/api/presence/incident/{id}", "read"),
        ("GET", "/api/users", "read"),
        ("PATCH", "/api/incidents/{id}", "write"),
        ("POST", "/api/incidents/{id}/comments", "write"),
        ("POST", "/api/incidents/{id}/acknowledge", "write"),
        ("DELETE", "/api/incidents/{id}", "write"),
        ("GET", "/api/events", "events"),
    ];
    for scope in ALL {
        let (_, holder) = make_token(&server, &owner, &[scope]).await;
        for (method, path, needed) in doors {
            let answer = ask(&server, &holder, method, &at(path)).await;
            if needed == scope {
                assert!(![401, 403].contains(&answer.status), "{method} {path}: {}", answer.text);
            } else {
                answer.expect_error(403, "FORBIDDEN");
                let message = answer.json["error"]["message"].as_str().unwrap();
                assert!(message.ends_with(&format!("scope {needed}")), "{message}");
            }
        }
    }
}

#[tokio::test]
async fn should_leave_to_people_what_is_theirs_whatever_the_scopes() {
    let server = TestServer::start();
    let owner = server.auror().await;
    let (made, holder) = make_token(&server, &owner, &ALL).await;
    let own = format!("/api/tokens/{}", made["id"].as_str().unwrap());
    let user = format!("/api/users/{}", owner.id);
    for (method, path) in [
        ("GET", "/api/auth/me"),
        ("GET", "/api/auth/sessions"),
        ("PUT", "/api/auth/password"),
        ("GET", "/api/tokens"),
        ("POST", "/api/tokens"),
        ("DELETE", &*own),
        ("PATCH", &*user),
        ("DELETE", &*user),
        ("GET", "/api/invitations"),
        ("POST", "/api/invitations"),
        ("PATCH", "/api/notifications/read-all"),
    ] {
        ask(&server, &holder, method, path).await.expect_error(403, "FORBIDDEN");
    }
    ask(&server, &holder, "GET", "/api/incidents").await.expect(200);
}

#[tokio::test]
async fn should_show_a_token_once_and_list_it_without_its_secret() {
    let server = TestServer::start();
    let (harry, auror) = (server.student("harry").await, server.auror().await);
    let (made, holder) = make_token(&server, &harry, &["read", "report"]).await;
    assert_eq!(made["scopes"], json!(["report", "read"]));
    assert_eq!((&made["expiresAt"], &made["lastUsedAt"]), (&Value::Null, &Value::Null));
    assert_eq!(made["owner"]["id"], harry.id);
    ask(&server, &holder, "GET", "/api/incidents").await.expect(200);
    // It is written behind the answer.
    let listed = loop {
        let listed = server.api.get("/api/tokens", &harry).await.expect(200);
        assert!(!listed.text.contains(&holder.token));
        if listed.json["tokens"][0]["lastUsedAt"].is_string() {
            break listed.json;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(listed["tokens"][0]["id"], made["id"]);
    assert_eq!(listed["nextBefore"], Value::Null);
    // Others see none of it; Aurors see everybody's.
    let ron = server.student("ron").await;
    let of_ron = server.api.get("/api/tokens", &ron).await.expect(200).json;
    assert_eq!(of_ron["tokens"], json!([]));
    server.api.get("/api/tokens?all=true", &ron).await.expect_error(403, "FORBIDDEN");
    let all = server.api.get("/api/tokens?all=true&limit=1", &auror).await.expect(200).json;
    assert_eq!(all["tokens"][0]["id"], made["id"]);
    revoke(&server, &ron, &made).await.expect_error(404, "NOT_FOUND");
    revoke(&server, &auror, &made).await.expect(204);
    revoke(&server, &harry, &made).await.expect_error(404, "NOT_FOUND");
    ask(&server, &holder, "GET", "/api/incidents").await.expect_error(401, "UNAUTHENTICATED");
    let log = server.wait_until_log_is_whole().await;
    for deed in ["create_token", "revoke_token"] {
        let found = log.lines().any(|line| {
            line.contains("owlpost::audit")
                && line.contains(&format!("deed=\"{deed}\""))
                && line.contains(made["id"].as_str().unwrap())
        });
        assert!(found, "{deed}: {log}");
    }
    assert!(!log.contains(&holder.token), "no secret is logged");
}

#[tokio::test]
async fn should_tell_nobody_why_a_token_is_not_good() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let (made, revoked) = make_token(&server, &harry, &["read"]).await;
    ask(&server, &revoked, "GET", "/api/incidents").await.expect(200);
    revoke(&server, &harry, &made).await.expect(204);
    let mut answers = Vec::new();
    for token in [
        revoked.token.clone(),
        format!("owl_{}", "A".repeat(43)),
        "owl_".to_owned(),
        format!("owl_{}", "A".repeat(5_000)),
    ] {
        for _ in 0..2 {
            let holder = Person { token: token.clone(), ..harry.clone() };
            let answer = ask(&server, &holder, "GET", "/api/incidents").await;
            answer.expect_error(401, "UNAUTHENTICATED");
            answers.push((answer.text.clone(), answer.header("www-authenticate").to_owned()));
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn should_refuse_what_is_no_name_no_scope_and_no_lifetime() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let longest = "x".repeat(100);
    let good = json!({ "name": longest, "scopes": ["read"], "expiresInDays": 3650 });
    let made = server.api.post("/api/tokens", &harry, good).await.expect(201).json;
    assert!(made["expiresAt"].is_string());
    for (body, field) in [
        (json!({ "name": format!("{longest}x"), "scopes": ["read"] }), "name"),
        (json!({ "name": " ", "scopes": ["read"] }), "name"),
        (json!({ "name": "a\nb", "scopes": ["read"] }), "name"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": ["admin"] }), "scopes"),
        (json!({ "name": "x" }), "scopes"),
        (json!({ "name": "x", "scopes": ["read"], "expiresInDays": 0 }), "expiresInDays"),
        (json!({ "name": "x", "scopes": ["read"], "expiresInDays": 3651 }), "expiresInDays"),
    ] {
        let refused = server.api.post("/api/tokens", &harry, body.clone()).await;
        refused.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(refused.field(), field, "{body}");
    }
}

#[tokio::test]
async fn should_keep_fifty_live_tokens_of_a_person_and_not_one_more() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let mut last = Value::Null;
    for _ in 0..49 {
        last = make_token(&server, &harry, &["read"]).await.0;
    }
    let body = json!({ "name": "one of two", "scopes": ["read"] });
    let (one, two) = tokio::join!(
        server.api.post("/api/tokens", &harry, body.clone()),
        server.api.post("/api/tokens", &harry, body.clone())
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "also of two at the same moment");
    revoke(&server, &harry, &last).await.expect(204);
    server.api.post("/api/tokens", &harry, body).await.expect(201);
}

#[tokio::test]
async fn should_end_the_streams_of_a_token_with_it_and_no_others() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let (made, holder) = make_token(&server, &harry, &["events"]).await;
    let (_, other) = make_token(&server, &harry, &["events", "report"]).await;
    let stream = server.api.stream("/api/events", &holder).await;
    let mut kept = server.api.stream("/api/events", &other).await;
    let online = server.api.get("/api/presence/online", &harry).await.expect(200).json;
    assert_eq!(online["total"], 0, "a token is nobody who is there");
    revoke(&server, &harry, &made).await.expect(204);
    expect_end_of_stream(stream).await;
    ask(&server, &holder, "GET", "/api/events").await.expect_error(401, "UNAUTHENTICATED");
    ask(&server, &other, "POST", "/api/incidents").await.expect(201);
    assert_eq!(kept.next_durable().await.name, "incident:created");
}

/// Tokens live for whole days: only the database can make one that ends within seconds.
async fn let_token_end_in_seconds(server: &TestServer, token: &Value, seconds: f64) -> bool {
    let Some(url) = server.database_url() else { return false };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let id: Uuid = token["id"].as_str().unwrap().parse().unwrap();
    sqlx::query(
        "update api_tokens set expires_at = clock_timestamp() + make_interval(secs => $2) where id = $1",
    )
    .bind(id)
    .bind(seconds)
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    true
}

#[tokio::test]
async fn should_end_streams_and_sockets_of_a_token_when_its_time_is_over() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let (made, holder) = make_token(&server, &harry, &["events", "read"]).await;
    let (_, other) = make_token(&server, &harry, &["events", "report"]).await;
    if !let_token_end_in_seconds(&server, &made, 3.0).await {
        eprintln!("left out: only a Postgres server can be asked beside the server");
        return;
    }
    let stream = server.api.stream("/api/events", &holder).await;
    let mut kept = server.api.stream("/api/events", &other).await;
    let address = server.api.address.trim_start_matches("http://").parse().unwrap();
    let mut socket = WebSocketClient::open(address).await;
    socket.send_text_to_server(&format!("40{}", json!({ "token": holder.token }))).await;
    // It is let in, and told later why it is over.
    let mut told = socket.receive_next_text_message().await;
    assert!(told.starts_with("40{\"sid\""), "{told}");
    expect_end_of_stream(stream).await;
    while !told.contains("TOKEN_EXPIRED") {
        told = socket.receive_next_text_message().await;
    }
    // Those who can renew theirs are told a moment before.
    let deadline = Instant::now() + support::DEADLINE;
    while ask(&server, &holder, "GET", "/api/incidents").await.status == 200 {
        assert!(Instant::now() < deadline, "it is good for ever");
    }
    ask(&server, &holder, "GET", "/api/incidents").await.expect_error(401, "UNAUTHENTICATED");
    ask(&server, &other, "POST", "/api/incidents").await.expect(201);
    assert_eq!(kept.next_durable().await.name, "incident:created");
}

#[tokio::test]
async fn should_end_every_token_of_somebody_who_is_deactivated_for_good() {
    let server = TestServer::start();
    let (harry, auror) = (server.student("harry").await, server.auror().await);
    let (_, holder) = make_token(&server, &harry, &["events"]).await;
    let stream = server.api.stream("/api/events", &holder).await;
    let path = format!("/api/users/{}", harry.id);
    server.api.patch(&path, &auror, json!({ "active": false })).await.expect(200);
    expect_end_of_stream(stream).await;
    ask(&server, &holder, "GET", "/api/events").await.expect_error(401, "UNAUTHENTICATED");
    server.api.patch(&path, &auror, json!({ "active": true })).await.expect(200);
    ask(&server, &holder, "GET", "/api/events").await.expect_error(401, "UNAUTHENTICATED");
    let again = server.api.login(&harry.email).await;
    let (_, holder) = make_token(&server, &again, &["events"]).await;
    let stream = server.api.stream("/api/events", &holder).await;
    server.api.delete(&path, &auror).await.expect(204);
    expect_end_of_stream(stream).await;
    ask(&server, &holder, "GET", "/api/events").await.expect_error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn should_outlive_logins_and_passwords_of_its_owner() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let (_, holder) = make_token(&server, &harry, &["read"]).await;
    let request = server.api.request("PUT", "/api/auth/password").bearer_auth(&harry.token);
    let body =
        json!({ "currentPassword": support::PASSWORD, "newPassword": "wolfsbane & moonlight" });
    server.api.send(request.json(&body)).await.expect(204);
    ask(&server, &holder, "GET", "/api/incidents").await.expect(200);
}

#[tokio::test]
async fn should_count_the_requests_of_each_token_apart() {
    let server = TestServer::start_with(&[("RATE_LIMIT_HTTP", "5")]);
    let harry = server.student("harry").await;
    let (_, one) = make_token(&server, &harry, &["read"]).await;
    let (_, two) = make_token(&server, &harry, &["read"]).await;
    let mut refused = false;
    for _ in 0..40 {
        refused |= ask(&server, &one, "GET", "/api/incidents").await.status == 429;
    }
    assert!(refused, "a token has a rate");
    ask(&server, &two, "GET", "/api/incidents").await.expect(200);
}

#[test]
fn should_make_list_and_revoke_tokens_on_the_command_line() {
    let database = support::TestDatabase::create();
    let run = |words: &[&str]| {
        let output = database.command().args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let email = "argus@hogwarts.edu";
    let added = run(&["user", "add", "--email", email, "--name", "Argus"]);
    assert!(added.0, "{}", added.2);
    let made = run(&[
        "token",
        "new",
        email,
        "--name",
        "Prometheus",
        "--scope",
        "report,read",
        "--days",
        "30",
    ]);
    assert!(made.0, "{}", made.2);
    assert!(made.1.starts_with("owl_") && made.1.lines().count() == 1, "{}", made.1);
    let listed = run(&["token", "list", email]);
    assert!(listed.1.contains("report,read") && listed.1.contains("Prometheus"), "{}", listed.1);
    assert!(!listed.1.contains(made.1.trim()), "{}", listed.1);
    let id = listed.1.split_whitespace().next().unwrap();
    assert!(run(&["token", "revoke", id]).0);
    assert!(!run(&["token", "revoke", id]).0, "it is over");
    assert_eq!(run(&["token", "list"]).1, "");
    // And as before, an access token of a person.
    assert_eq!(run(&["token", email]).1.trim().split('.').count(), 3);
    for words in [
        &["token"][..],
        &["token", "new", email, "--name", "x"],
        &["token", "new", email, "--name", "x", "--scope", "all"],
    ] {
        assert!(!run(words).0, "{words:?}");
    }
}
