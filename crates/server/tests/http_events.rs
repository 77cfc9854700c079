//! Durable events as pages and as streams.

#![allow(clippy::unwrap_used)]

use crate::support;

use chrono::Utc;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use support::{EventReader, Person, SECRET, TestServer, mint_token_from_claims};

fn read_event_names(page: &Value) -> Vec<&str> {
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect()
}

fn read_incident_id(incident: &Value) -> &str {
    incident["id"].as_str().unwrap()
}

/// Somebody who sees everything in the log asks until it holds `count` events: the follower reads it a moment later.
async fn page_with_events(
    server: &TestServer,
    person: &Person,
    query: &str,
    count: usize,
) -> Value {
    let deadline = tokio::time::Instant::now() + support::DEADLINE;
    loop {
        let page = server.api.get(&format!("/api/events?{query}"), person).await.expect(200).json;
        if read_event_names(&page).len() >= count {
            return page;
        }
        assert!(tokio::time::Instant::now() < deadline, "{page}");
    }
}

#[tokio::test]
async fn should_give_pages_of_what_one_is_entitled_to() {
    let server = TestServer::start();
    let (harry, auror) = (server.student("harry").await, server.auror().await);
    let incident =
        server.api.report(&harry, json!({ "title": "Troll", "severity": "CRITICAL" })).await;
    let comments = format!("/api/incidents/{}/comments", read_incident_id(&incident));
    server.api.post(&comments, &harry, json!({ "content": "Run" })).await.expect(201);
    server
        .api
        .delete(&format!("/api/incidents/{}", read_incident_id(&incident)), &harry)
        .await
        .expect(200);

    let of_harry = page_with_events(&server, &harry, "", 3).await;
    assert_eq!(
        read_event_names(&of_harry),
        ["incident:created", "incident:updated", "incident:resolved"]
    );
    let of_auror = page_with_events(&server, &auror, "", 5).await;
    let everything = [
        "incident:created",
        "escalation:critical",
        "notification:new",
        "incident:updated",
        "incident:resolved",
    ];
    assert_eq!(read_event_names(&of_auror), everything);
    let with_room = format!("room=incident:{}", read_incident_id(&incident));
    let with_room = page_with_events(&server, &harry, &with_room, 4).await;
    assert_eq!(read_event_names(&with_room)[1], "comment:created");

    let first = &of_harry["events"][0];
    assert_eq!(first["payload"]["incident"]["id"], incident["id"]);
    assert_eq!(first["payload"]["eventId"], first["eventId"]);
    assert!(first["createdAt"].as_str().is_some_and(|time| time.ends_with('Z')));
    assert_eq!(of_harry["complete"], true);
    let one = format!("after={}&limit=1", first["eventId"].as_str().unwrap());
    let one = page_with_events(&server, &harry, &one, 1).await;
    assert_eq!(read_event_names(&one), ["incident:updated"]);
    let next = format!("after={}", one["lastEventId"].as_str().unwrap());
    assert_eq!(
        read_event_names(&page_with_events(&server, &harry, &next, 1).await),
        ["incident:resolved"]
    );
    let future = server.api.get("/api/events?after=999999999", &harry).await.expect(200).json;
    assert_eq!((read_event_names(&future).len(), &future["complete"]), (0, &json!(false)));
}

#[tokio::test]
async fn should_refuse_rooms_that_are_not_open_to_clients() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let (one, two) = (
        server.api.report(&harry, json!({ "title": "1" })).await,
        server.api.report(&harry, json!({ "title": "2" })).await,
    );
    let both = format!("incident:{},incident:{}", read_incident_id(&one), read_incident_id(&two));
    let cases = [
        ("role:AUROR", 403),
        ("user:00000000-0000-7000-8000-000000000000", 403),
        ("everyone", 403),
        ("x", 403),
        ("incident:5", 403),
        ("incident:00000000-0000-7000-8000-000000000000", 404),
        (&both, 400),
        ("incidents", 200),
    ];
    for (room, status) in cases {
        for accept in ["application/json", "text/event-stream"] {
            let request = server
                .api
                .request("GET", &format!("/api/events?room={room}"))
                .header("accept", accept);
            let response = request.bearer_auth(&harry.token).send().await.unwrap();
            assert_eq!(response.status(), status, "{room} {accept}");
        }
    }
}

#[tokio::test]
async fn should_stream_what_happens_and_resume_what_was_missed() {
    let server = TestServer::start();
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let mut stream = server.api.stream("/api/events", &ron).await;
    let opening = stream.next_block().await.unwrap();
    assert!(opening.contains("retry: 2000") && opening.starts_with(':'), "{opening}");
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let created = stream.next_durable().await;
    assert_eq!((&*created.name, &created.data["incident"]), ("incident:created", &incident));
    let id = created.id.unwrap();
    assert_eq!(created.data["eventId"], json!(id));
    drop(stream);

    let path = format!("/api/incidents/{}", read_incident_id(&incident));
    server.api.patch(&path, &harry, json!({ "title": "Large troll" })).await.expect(200);
    server
        .api
        .post(&format!("{path}/comments"), &harry, json!({ "content": "@ron run" }))
        .await
        .expect(201);
    // The header of a reconnecting browser wins over the query it first asked with.
    let request = server.api.request(
        "GET",
        &format!("/api/events?after=0&room=incident:{}", read_incident_id(&incident)),
    );
    let request = request
        .bearer_auth(&ron.token)
        .header("accept", "text/event-stream")
        .header("last-event-id", &id);
    let mut stream = EventReader::open(request).await;
    let mut names = Vec::new();
    let resumed = loop {
        let event = stream.next_event().await.unwrap();
        match &*event.name {
            "events:resumed" => break event,
            // From here a reader resumes that hears nothing more.
            "connection:acknowledged" => assert_eq!(event.id.as_deref(), Some(&*id)),
            _ if event.id.is_some() => names.push(event.name),
            _ => {}
        }
    };
    assert_eq!(names, ["incident:updated", "comment:created", "notification:new"]);
    assert_eq!((&resumed.data["from"], &resumed.data["count"]), (&json!(id), &json!(3)));
    assert_eq!((&resumed.data["complete"], resumed.id), (&json!(true), None));
    server.api.delete(&path, &harry).await.expect(200);
    assert_eq!(stream.next_durable().await.name, "incident:updated");
    assert_eq!(stream.next_durable().await.name, "incident:resolved");
}

#[tokio::test]
async fn should_take_the_token_of_a_stream_from_the_query() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let path = format!("/api/events?token={}", harry.token);
    let mut stream =
        EventReader::open(server.api.request("GET", &path).header("accept", "text/event-stream"))
            .await;
    server.api.report(&harry, json!({ "title": "Troll" })).await;
    assert_eq!(stream.next_durable().await.name, "incident:created");
    // Nowhere else, and never in the log.
    let elsewhere = server
        .api
        .send(server.api.request("GET", &format!("/api/incidents?token={}", harry.token)))
        .await;
    elsewhere.expect_error(401, "UNAUTHENTICATED");
    assert!(!server.wait_until_log_is_whole().await.contains(&harry.token));
}

#[tokio::test]
async fn should_end_a_stream_when_its_token_expires() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let claims = json!({ "sub": harry.id, "exp": Utc::now().timestamp() + 2 });
    let brief =
        Person { token: mint_token_from_claims(&claims, Algorithm::HS256, SECRET), ..harry };
    let mut stream = server.api.stream("/api/events", &brief).await;
    let told = stream.next_named("stream:error").await;
    assert_eq!(told.data["code"], "TOKEN_EXPIRED");
    assert!(stream.next_event().await.is_none(), "there is no grace for streams");
    // A token is good to the end of the second of its `exp`.
    let deadline = tokio::time::Instant::now() + support::DEADLINE;
    loop {
        let answer = server.api.get("/api/events", &brief).await;
        if answer.status != 200 {
            break answer.expect_error(401, "TOKEN_EXPIRED");
        }
        assert!(tokio::time::Instant::now() < deadline, "the token is still good");
    }
}

#[tokio::test]
async fn should_bound_the_streams_of_a_user() {
    let server = TestServer::start_with(&[("MAX_SOCKETS_PER_USER", "3")]);
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(server.api.stream("/api/events", &harry).await);
    }
    let request = server.api.request("GET", "/api/events").header("accept", "text/event-stream");
    server.api.send(request.bearer_auth(&harry.token)).await.expect_error(409, "CONFLICT");
    server.api.stream("/api/events", &ron).await;
    streams.pop();
    let deadline = tokio::time::Instant::now() + support::DEADLINE;
    loop {
        let request =
            server.api.request("GET", "/api/events").header("accept", "text/event-stream");
        let response = request.bearer_auth(&harry.token).send().await.unwrap();
        if response.status() == 200 {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the place of a closed stream is free again"
        );
    }
}

#[tokio::test]
async fn should_end_streams_and_exit_cleanly_when_asked_to_stop() {
    let mut server = TestServer::start();
    let harry = server.student("harry").await;
    let mut stream = server.api.stream("/api/events", &harry).await;
    stream.next_block().await.unwrap();
    let ended = tokio::spawn(async move { while stream.next_event().await.is_some() {} });
    assert_eq!(server.stop(), Some(0));
    tokio::time::timeout(support::DEADLINE, ended).await.expect("the stream ends").unwrap();
}

#[tokio::test]
async fn should_answer_a_position_that_is_none_as_sockets_are_answered() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    server.api.report(&harry, json!({ "title": "Troll" })).await;
    let known = server.api.get("/api/events", &harry).await.expect(200).json;
    let last = known["lastEventId"].as_str().unwrap();
    for (path, header, complete) in [
        (format!("/api/events?lastEventId={last}"), "", true),
        (format!("/api/events?after={last}"), "", true),
        ("/api/events?lastEventId=nonsense".to_owned(), "", false),
        ("/api/events".to_owned(), "-1", false),
        ("/api/events".to_owned(), "99999999999999999999", false),
        (format!("/api/events?lastEventId={last}"), "nonsense", false),
        ("/api/events?lastEventId=nonsense".to_owned(), last, true),
    ] {
        let request = server.api.request("GET", &path).bearer_auth(&harry.token);
        let request = request.header("accept", "text/event-stream").header("last-event-id", header);
        let mut stream = EventReader::open(request).await;
        let resumed = stream.next_named("events:resumed").await;
        assert_eq!(resumed.data["complete"], json!(complete), "{path} {header}");
    }
}
