//! People who come by invitation, who are deactivated and deleted, and the last who may manage them.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::{Answer, NOBODYS_ID, PASSWORD, Person, TestServer};

async fn register(server: &TestServer, email: &str, invitation: Option<&Value>) -> Answer {
    let mut body = json!({ "email": email, "name": "Somebody", "password": PASSWORD });
    if let Some(invitation) = invitation {
        body["invitation"] = invitation.clone();
    }
    server.api.post_openly("/api/auth/register", body).await
}

async fn set_active(server: &TestServer, auror: &Person, id: &str, active: bool) -> Answer {
    server.api.patch(&format!("/api/users/{id}"), auror, json!({ "active": active })).await
}

#[tokio::test]
async fn should_let_in_whom_the_policy_or_an_invitation_lets_in() {
    let server = TestServer::start_with(&[("REGISTRATION", "hogwarts.edu,ministry.example")]);
    let auror = server.auror().await;
    register(&server, "harry@Hogwarts.EDU", None).await.expect(201);
    register(&server, "kingsley@ministry.example", None).await.expect(201);
    for email in ["tom@evil.example", "tom@hogwarts.edu.evil.example", "tom@x.hogwarts.edu"] {
        register(&server, email, None).await.expect_error(403, "FORBIDDEN");
    }
    let invite = json!({ "email": "Fleur@Beauxbatons.example", "role": "PREFECT" });
    let made = server.api.post("/api/invitations", &auror, invite).await.expect(201).json;
    assert_eq!(made["link"], format!("/register#{}", made["token"].as_str().unwrap()));
    let token = Some(&made["token"]);
    register(&server, "tom@evil.example", token).await.expect_error(403, "FORBIDDEN");
    let taken = register(&server, "harry@hogwarts.edu", token).await;
    taken.expect_error(403, "FORBIDDEN");
    let grant = register(&server, "fleur@beauxbatons.example", token).await.expect(201).json;
    assert_eq!(grant["user"]["role"], "PREFECT");
    register(&server, "fleur2@beauxbatons.example", token).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn should_let_only_aurors_invite_and_take_back() {
    let server = TestServer::start_with(&[("REGISTRATION", "closed")]);
    let auror = server.auror().await;
    register(&server, "harry@hogwarts.edu", None).await.expect_error(403, "FORBIDDEN");
    let anybody = server.api.post("/api/invitations", &auror, json!({})).await.expect(201).json;
    let grant = register(&server, "harry@hogwarts.edu", Some(&anybody["token"])).await;
    let harry = support::person_from_grant(&grant.expect(201).json);
    assert_eq!(harry.user["role"], "STUDENT");
    server.api.post("/api/invitations", &harry, json!({})).await.expect_error(403, "FORBIDDEN");
    server.api.get("/api/invitations", &harry).await.expect_error(403, "FORBIDDEN");

    let made = server.api.post("/api/invitations", &auror, json!({})).await.expect(201).json;
    let listed = server.api.get("/api/invitations", &auror).await.expect(200).json;
    assert_eq!(listed["invitations"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["invitations"][0]["id"], made["id"]);
    assert!(!listed.to_string().contains(made["token"].as_str().unwrap()));
    let path = format!("/api/invitations/{}", made["id"].as_str().unwrap());
    server.api.delete(&path, &harry).await.expect_error(403, "FORBIDDEN");
    server.api.delete(&path, &auror).await.expect(204);
    server.api.delete(&path, &auror).await.expect_error(404, "NOT_FOUND");
    register(&server, "ron@hogwarts.edu", Some(&made["token"]))
        .await
        .expect_error(403, "FORBIDDEN");
    for body in [json!({ "email": "nobody" }), json!({ "role": "MINISTER" }), json!({ "role": 5 })]
    {
        let answer = server.api.post("/api/invitations", &auror, body).await;
        answer.expect_error(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn should_limit_registrations_of_an_address() {
    let server = TestServer::start_with(&[("RATE_LIMIT_REGISTER", "2")]);
    register(&server, "one@hogwarts.edu", None).await.expect(201);
    // What made nobody and told of nobody does not count; what told that somebody is there does.
    for _ in 0..5 {
        register(&server, "no address", None).await.expect_error(400, "VALIDATION_ERROR");
    }
    register(&server, "one@hogwarts.edu", None).await.expect_error(409, "CONFLICT");
    register(&server, "two@hogwarts.edu", None).await.expect_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn should_take_addresses_and_names_as_people_have_them() {
    let server = TestServer::start();
    let body = json!({ "email": "Miles.O'Brien@hogwarts.edu", "name": "  Miles\u{a0} O'Brien ", "password": PASSWORD });
    let miles = server.api.post_openly("/api/auth/register", body).await.expect(201).json;
    assert_eq!(miles["user"]["handle"], "miles.o'brien");
    assert_eq!(miles["user"]["name"], "Miles O'Brien");
    for name in ["\u{202e}moderator", "Har\u{200b}ry", "\u{3164}", "a\u{1b}[2J"] {
        let body = json!({ "email": "tom@hogwarts.edu", "name": name, "password": PASSWORD });
        let answer = server.api.post_openly("/api/auth/register", body).await;
        assert_eq!((answer.status, answer.field()), (400, "name"), "{}", name.escape_unicode());
    }
    let added = server
        .command()
        .args(["user", "add", "--email", "x@y.z", "--name", "\u{202e}x"])
        .env("OWLPOST_USER_PASSWORD", PASSWORD)
        .output();
    if std::env::var_os("OWLPOST_TEST_DATABASE_URL").is_some() {
        assert!(!added.unwrap().status.success());
    }
}

#[tokio::test]
async fn should_shut_out_who_is_deactivated_and_keep_their_words() {
    let server = TestServer::start();
    let (percy, harry) = (server.prefect("percy").await, server.student("harry").await);
    let auror = server.auror().await;
    let incident = server.api.report(&percy, json!({ "title": "Dungbombs" })).await;
    let comments = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
    server.api.post(&comments, &percy, json!({ "content": "Nineteen." })).await.expect(201);
    let mut stream = server.api.stream("/api/events", &percy).await;
    set_active(&server, &harry, &percy.id, false).await.expect_error(403, "FORBIDDEN");
    set_active(&server, &auror, &percy.id, false).await.expect(200);
    while stream.next_event().await.is_some() {}
    server.api.get("/api/auth/me", &percy).await.expect_error(401, "UNAUTHENTICATED");
    let renewal = json!({ "refreshToken": percy.refresh_token });
    server.api.post_openly("/api/auth/refresh", renewal).await.expect_error(401, "UNAUTHENTICATED");
    let login = json!({ "email": percy.email, "password": PASSWORD });
    server
        .api
        .post_openly("/api/auth/login", login.clone())
        .await
        .expect_error(401, "UNAUTHENTICATED");
    // Nobody can give them anything, and no completion offers them.
    let patch = json!({ "assigneeId": percy.id });
    let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    let answer = server.api.patch(&path, &auror, patch).await;
    assert_eq!((answer.status, answer.field()), (400, "assigneeId"), "{}", answer.text);
    let found = server.api.get("/api/users?q=percy", &harry).await.expect(200).json;
    assert_eq!(found["users"], json!([]));
    server
        .api
        .post(&comments, &harry, json!({ "content": "@percy where are you" }))
        .await
        .expect(201);
    let written = server.api.get(&comments, &harry).await.expect(200).json;
    let authors: Vec<_> =
        written["comments"].as_array().unwrap().iter().map(|c| &c["author"]["name"]).collect();
    assert!(authors.contains(&&json!("Name of percy")), "{written}");

    let gone = server.api.get("/api/users?deactivated=true", &auror).await.expect(200).json;
    assert_eq!(gone["users"][0]["id"], json!(percy.id));
    server.api.get("/api/users?deactivated=true", &harry).await.expect_error(403, "FORBIDDEN");
    set_active(&server, &auror, &percy.id, true).await.expect(200);
    let back = server.api.login(&percy.email).await;
    let noted = server.api.get("/api/notifications", &back).await.expect(200).json;
    assert_eq!(noted["unreadCount"], 0, "nobody notified them meanwhile");
    server.api.get("/api/auth/me", &percy).await.expect_error(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn should_keep_nothing_of_who_is_deleted_but_their_words() {
    let server = TestServer::start();
    let (harry, auror) = (server.student("harry.potter").await, server.auror().await);
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = format!("/api/users/{}", harry.id);
    server.api.delete(&path, &harry).await.expect_error(403, "FORBIDDEN");
    server.api.delete(&path, &auror).await.expect(204);
    server.api.delete(&path, &auror).await.expect_error(404, "NOT_FOUND");
    set_active(&server, &auror, &harry.id, true).await.expect_error(404, "NOT_FOUND");
    server.api.get("/api/auth/me", &harry).await.expect_error(401, "UNAUTHENTICATED");
    let shown = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    let shown = server.api.get(&shown, &auror).await.expect(200).json;
    assert_eq!(shown["reportedBy"]["name"], "Deleted user");
    assert!(!shown.to_string().contains("potter"), "{shown}");
    let gone = server.api.get("/api/users?deactivated=true", &auror).await.expect(200).json;
    assert_eq!(gone["users"], json!([]));
    // The address is free, for another person.
    assert_ne!(server.student("harry.potter").await.id, harry.id);
    let nobody = format!("/api/users/{NOBODYS_ID}");
    server.api.delete(&nobody, &auror).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn should_keep_the_last_auror() {
    let server = TestServer::start();
    let (harry, auror) = (server.student("harry").await, server.auror().await);
    let own = format!("/api/users/{}", auror.id);
    let demote = json!({ "role": "PREFECT" });
    server.api.patch(&own, &auror, demote.clone()).await.expect_error(409, "CONFLICT");
    set_active(&server, &auror, &auror.id, false).await.expect_error(409, "CONFLICT");
    server.api.delete(&own, &auror).await.expect_error(409, "CONFLICT");
    let promote = json!({ "role": "AUROR" });
    let other = format!("/api/users/{}", harry.id);
    server.api.patch(&other, &auror, promote).await.expect(200);
    // Each demotes the other at the same moment.
    let (one, two) = tokio::join!(
        server.api.patch(&own, &harry, demote.clone()),
        server.api.patch(&other, &auror, demote)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && [403, 409].contains(&statuses[1]), "{statuses:?}");
}

#[tokio::test]
async fn should_refuse_changes_of_people_that_say_nothing() {
    let server = TestServer::start();
    let auror = server.auror().await;
    let path = format!("/api/users/{}", auror.id);
    for (body, field) in [
        (json!({}), "role"),
        (json!({ "role": null }), "role"),
        (json!({ "role": "MINISTER" }), "role"),
        (json!({ "active": "yes" }), "active"),
        (json!({ "active": null }), "active"),
    ] {
        let answer = server.api.patch(&path, &auror, body.clone()).await;
        assert_eq!((answer.status, answer.field()), (400, field), "{body}");
    }
}

#[tokio::test]
async fn should_page_everybody_whom_an_incident_can_be_given() {
    let server = TestServer::start();
    let (harry, auror) = (server.student("harry").await, server.auror().await);
    for handle in ["percy", "penelope", "cedric"] {
        server.prefect(handle).await;
    }
    let gone = server.prefect("gone").await;
    set_active(&server, &auror, &gone.id, false).await.expect(200);
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for query in [
        "assignable=true",
        "",
        "assignable=false",
        "assignable=true&q=pe",
        "assignable=true&q=harry",
    ] {
        let first = format!("/api/users?limit=2&{query}");
        let (mut path, mut handles) = (first.clone(), Vec::new());
        loop {
            let page = server.api.get(&path, &harry).await.expect(200).json;
            let users = page["users"].as_array().unwrap();
            assert!(users.len() <= 2);
            handles.extend(users.iter().map(|user| user["handle"].as_str().unwrap().to_owned()));
            let Some(after) = page["nextAfter"].as_str() else { break };
            path = format!("{first}&after={after}");
        }
        found.push((query.to_owned(), handles));
    }
    let everybody = vec!["alastor.moody", "cedric", "harry", "penelope", "percy"];
    assert_eq!(found[0].1, ["alastor.moody", "cedric", "penelope", "percy"]);
    assert_eq!(found[1].1, everybody);
    assert_eq!(found[2].1, everybody);
    assert_eq!(found[3].1, ["penelope", "percy"]);
    assert_eq!(found[4].1, [""; 0]);
    for (query, field) in [
        ("assignable=yes".to_owned(), "assignable"),
        ("assignable=true&deactivated=true".to_owned(), "assignable"),
        (format!("after={}", "x".repeat(401)), "after"),
    ] {
        let refused = server.api.get(&format!("/api/users?{query}"), &auror).await;
        assert_eq!((refused.status, refused.field()), (400, field), "{query}");
    }
    let longest = format!("/api/users?after={}", "x".repeat(400));
    server.api.get(&longest, &auror).await.expect(200);
}
