//! Logins: seen, ended one by one, by another password and by theft; and how often they may be tried.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::{Answer, EventReader, PASSWORD, Person, TestServer};

const NEW_PASSWORD: &str = "wolfsbane & moonlight";

async fn ask_who(server: &TestServer, person: &Person) -> Answer {
    server.api.get("/api/auth/me", person).await
}

async fn renew(server: &TestServer, person: &Person) -> Answer {
    let body = json!({ "refreshToken": person.refresh_token });
    server.api.post_openly("/api/auth/refresh", body).await
}

async fn open_stream(server: &TestServer, person: &Person) -> EventReader {
    server.api.stream("/api/events", person).await
}

async fn expect_end_of_stream(mut stream: EventReader) {
    while stream.next_event().await.is_some() {}
}

async fn put_password(server: &TestServer, person: &Person, current: &str, new: &str) -> Answer {
    let request = server.api.request("PUT", "/api/auth/password").bearer_auth(&person.token);
    let body = json!({ "currentPassword": current, "newPassword": new });
    server.api.send(request.json(&body)).await
}

async fn try_login(server: &TestServer, email: &str, password: &str, address: &str) -> Answer {
    let request = server.api.request("POST", "/api/auth/login");
    let body = json!({ "email": email, "password": password });
    server.api.send(request.header("x-forwarded-for", address).json(&body)).await
}

#[tokio::test]
async fn should_list_the_logins_of_a_person_and_end_them_one_by_one() {
    let server = TestServer::start();
    let (first, ron) = (server.student("harry").await, server.student("ron").await);
    let request = server.api.request("POST", "/api/auth/login").header("user-agent", "Broom/2000");
    let body = json!({ "email": first.email, "password": PASSWORD });
    let second = server.api.send(request.json(&body)).await.expect(200).json;
    let second = support::person_from_grant(&second);
    let listed = server.api.get("/api/auth/sessions", &first).await.expect(200).json;
    let sessions = listed["sessions"].as_array().unwrap();
    let agents: Vec<_> = sessions.iter().map(|session| &session["userAgent"]).collect();
    assert_eq!(agents, [&json!("Broom/2000"), &Value::Null]);
    assert_eq!(sessions[0]["address"], "127.0.0.1");
    assert_eq!((&sessions[0]["current"], &sessions[1]["current"]), (&json!(false), &json!(true)));

    let stream = open_stream(&server, &second).await;
    let path = format!("/api/auth/sessions/{}", sessions[0]["id"].as_str().unwrap());
    server.api.delete(&path, &ron).await.expect_error(404, "NOT_FOUND");
    ask_who(&server, &second).await.expect(200);
    server.api.delete(&path, &first).await.expect(204);
    expect_end_of_stream(stream).await;
    ask_who(&server, &second).await.expect_error(401, "UNAUTHENTICATED");
    renew(&server, &second).await.expect_error(401, "UNAUTHENTICATED");
    server.api.delete(&path, &first).await.expect_error(404, "NOT_FOUND");
    ask_who(&server, &first).await.expect(200);
    let left = server.api.get("/api/auth/sessions", &first).await.expect(200).json;
    assert_eq!(left["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn should_end_access_tokens_and_streams_with_the_logout() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let other = server.api.login(&harry.email).await;
    let stream = open_stream(&server, &harry).await;
    let body = json!({ "refreshToken": harry.refresh_token });
    server.api.post_openly("/api/auth/logout", body).await.expect(204);
    expect_end_of_stream(stream).await;
    ask_who(&server, &harry).await.expect_error(401, "UNAUTHENTICATED");
    ask_who(&server, &other).await.expect(200);
}

#[tokio::test]
async fn should_end_the_login_whose_refresh_token_was_stolen() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let renewed = support::person_from_grant(&renew(&server, &harry).await.expect(200).json);
    let renewed = support::person_from_grant(&renew(&server, &renewed).await.expect(200).json);
    let stream = open_stream(&server, &renewed).await;
    renew(&server, &harry).await.expect_error(401, "UNAUTHENTICATED");
    expect_end_of_stream(stream).await;
    ask_who(&server, &renewed).await.expect_error(401, "UNAUTHENTICATED");
    assert_eq!(server.api.login(&harry.email).await.id, harry.id);
}

#[tokio::test]
async fn should_keep_the_newest_hundred_logins_of_a_person() {
    let server = TestServer::start();
    let first = server.student("harry").await;
    let mut last = first.clone();
    for _ in 0..99 {
        last = server.api.login(&first.email).await;
    }
    ask_who(&server, &first).await.expect(200);
    let one_more = server.api.login(&first.email).await;
    ask_who(&server, &first).await.expect_error(401, "UNAUTHENTICATED");
    ask_who(&server, &last).await.expect(200);
    let listed = server.api.get("/api/auth/sessions", &one_more).await.expect(200).json;
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn should_end_every_other_login_with_a_new_password() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let other = server.api.login(&harry.email).await;
    let stream = open_stream(&server, &other).await;
    put_password(&server, &harry, "not this one", NEW_PASSWORD)
        .await
        .expect_error(403, "FORBIDDEN");
    for (refused, why) in
        [("short", "8"), ("harry@hogwarts.edu", "guessed"), ("password1", "guessed")]
    {
        let answer = put_password(&server, &harry, PASSWORD, refused).await;
        assert_eq!((answer.status, answer.field()), (400, "newPassword"), "{refused}");
        assert!(answer.text.contains(why), "{}", answer.text);
    }
    ask_who(&server, &other).await.expect(200);
    put_password(&server, &harry, PASSWORD, NEW_PASSWORD).await.expect(204);
    expect_end_of_stream(stream).await;
    ask_who(&server, &other).await.expect_error(401, "UNAUTHENTICATED");
    renew(&server, &other).await.expect_error(401, "UNAUTHENTICATED");
    ask_who(&server, &harry).await.expect(200);
    renew(&server, &harry).await.expect(200);
    try_login(&server, &harry.email, PASSWORD, "").await.expect_error(401, "UNAUTHENTICATED");
    try_login(&server, &harry.email, NEW_PASSWORD, "").await.expect(200);
}

#[tokio::test]
async fn should_take_one_password_for_one_however_it_is_typed() {
    let server = TestServer::start();
    let composed = "\u{e4}ngstlicher Z\u{e4}hlappell";
    let body = json!({ "email": "zoe@hogwarts.edu", "name": "Zoe", "password": composed });
    server.api.post_openly("/api/auth/register", body).await.expect(201);
    let decomposed = "a\u{308}ngstlicher Za\u{308}hlappell";
    try_login(&server, "zoe@hogwarts.edu", decomposed, "").await.expect(200);
}

#[tokio::test]
async fn should_let_an_auror_hand_out_a_link_that_sets_a_password_once() {
    let server = TestServer::start();
    let (harry, auror) = (server.student("harry").await, server.auror().await);
    let stream = open_stream(&server, &harry).await;
    let path = format!("/api/users/{}/password-reset", harry.id);
    server.api.post(&path, &harry, json!({})).await.expect_error(403, "FORBIDDEN");
    let replaced = server.api.post(&path, &auror, json!({})).await.expect(201).json;
    let made = server.api.post(&path, &auror, json!({})).await.expect(201).json;
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["link"], format!("/reset-password#{token}"));
    let reset = |token: Value, password: &'static str| {
        let body = json!({ "token": token, "password": password });
        server.api.post_openly("/api/auth/password-reset", body)
    };
    reset(replaced["token"].clone(), NEW_PASSWORD).await.expect_error(404, "NOT_FOUND");
    reset(json!("guessed"), NEW_PASSWORD).await.expect_error(404, "NOT_FOUND");
    // What is refused leaves the link good.
    assert_eq!(reset(token.into(), "password").await.field(), "password");
    let (one, two) =
        tokio::join!(reset(token.into(), NEW_PASSWORD), reset(token.into(), NEW_PASSWORD));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404], "good once, also for two at the same moment");
    expect_end_of_stream(stream).await;
    ask_who(&server, &harry).await.expect_error(401, "UNAUTHENTICATED");
    try_login(&server, &harry.email, NEW_PASSWORD, "").await.expect(200);
    assert!(!server.wait_until_log_is_whole().await.contains(token), "no secret is logged");
}

#[tokio::test]
async fn should_slow_guesses_at_an_account_without_locking_its_person_out_at_home() {
    let variables = [("RATE_LIMIT_AUTH", "1000"), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = TestServer::start_with(&variables);
    let harry = server.student("harry").await;
    try_login(&server, &harry.email, PASSWORD, "10.1.1.1").await.expect(200);
    // Ten addresses guess, each once; the next, from an eleventh, must wait.
    for host in 0..10 {
        let answer = try_login(&server, &harry.email, "a guess", &format!("10.2.2.{host}")).await;
        answer.expect_error(401, "UNAUTHENTICATED");
    }
    let refused = try_login(&server, &harry.email, "a guess", "10.2.2.10").await;
    refused.expect_error(429, "RATE_LIMITED");
    // Not even the right one is told from a wrong one.
    try_login(&server, &harry.email, PASSWORD, "10.3.3.3").await.expect_error(429, "RATE_LIMITED");
    try_login(&server, &harry.email, PASSWORD, "10.1.1.1").await.expect(200);
    // An account that nobody has is no different.
    for host in 0..10 {
        let address = format!("10.2.2.{host}");
        try_login(&server, "nobody@x.y", "a guess", &address)
            .await
            .expect_error(401, "UNAUTHENTICATED");
    }
    try_login(&server, "nobody@x.y", "a guess", "10.2.2.10")
        .await
        .expect_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn should_count_neither_logins_nor_renewals_of_those_who_know_their_secret() {
    let server = TestServer::start_with(&[("RATE_LIMIT_AUTH", "5")]);
    let mut harry = server.student("harry").await;
    // Many people behind one address.
    for _ in 0..20 {
        harry = server.api.login(&harry.email).await;
        renew(&server, &harry).await.expect(200);
    }
    for _ in 0..5 {
        try_login(&server, "x@y.z", "a guess", "").await.expect_error(401, "UNAUTHENTICATED");
    }
    try_login(&server, "x@y.z", "a guess", "").await.expect_error(429, "RATE_LIMITED");
    // Guesses of others take nothing from those whose token is good.
    renew(&server, &harry).await.expect(200);
}

#[tokio::test]
async fn should_leave_an_audit_line_of_what_people_do_with_their_logins() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let auror = server.auror().await;
    let again = server.api.login(&harry.email).await;
    renew(&server, &again).await.expect(200);
    let body = json!({ "refreshToken": harry.refresh_token });
    server.api.post_openly("/api/auth/logout", body).await.expect(204);
    let path = format!("/api/users/{}", harry.id);
    server.api.patch(&path, &auror, json!({ "role": "PREFECT" })).await.expect(200);
    let log = server.wait_until_log_is_whole().await;
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("owlpost::audit")).collect();
    for (deed, actor) in [
        ("register", &harry.id),
        ("login", &harry.id),
        ("refresh", &harry.id),
        ("logout", &harry.id),
        ("make_prefect", &auror.id),
    ] {
        let found = lines.iter().any(|line| {
            line.contains(&format!("deed=\"{deed}\""))
                && line.contains(actor)
                && line.contains("127.0.0.1")
        });
        assert!(found, "{deed}: {lines:#?}");
    }
    for secret in [&*harry.token, &*harry.refresh_token, &*again.refresh_token, PASSWORD] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
}
