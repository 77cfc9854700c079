//! Notifications over REST: who gets one, and what one can do with it.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::{Person, TestServer};

async fn list_notifications(server: &TestServer, person: &Person) -> Value {
    server.api.get("/api/notifications", person).await.expect(200).json
}

fn read_notification_types(list: &Value) -> Vec<&str> {
    list["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn should_notify_mentions_assignments_and_escalations_once() {
    let server = TestServer::start();
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let (percy, auror) = (server.prefect("percy").await, server.auror().await);
    let incident =
        server.api.report(&harry, json!({ "title": "Troll", "severity": "CRITICAL" })).await;
    let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    let content = "@ron, @RON and @harry: ask @percy. @nobody ron@hogwarts.edu";
    let comment = server
        .api
        .post(&format!("{path}/comments"), &harry, json!({ "content": content }))
        .await
        .expect(201);
    server.api.patch(&path, &auror, json!({ "assigneeId": percy.id })).await.expect(200);
    server.api.patch(&path, &auror, json!({ "assigneeId": auror.id })).await.expect(200);

    assert!(read_notification_types(&list_notifications(&server, &harry).await).is_empty());
    let of_ron = list_notifications(&server, &ron).await;
    assert_eq!(read_notification_types(&of_ron), ["mention"]);
    let link = format!(
        "{}#comment-{}",
        path.trim_start_matches("/api"),
        comment.json["id"].as_str().unwrap()
    );
    assert_eq!(of_ron["notifications"][0]["link"], json!(link));
    assert_eq!(of_ron["notifications"][0]["isRead"], false);
    assert_eq!(of_ron["unreadCount"], 1);
    let of_percy = list_notifications(&server, &percy).await;
    assert_eq!(read_notification_types(&of_percy), ["assignment", "mention"]);
    let message = of_percy["notifications"][0]["message"].as_str().unwrap();
    assert!(message.contains("Troll") && message.contains("CRITICAL"), "{message}");
    // Not for what one does oneself: the Auror assigned themselves.
    assert_eq!(read_notification_types(&list_notifications(&server, &auror).await), ["escalation"]);
}

#[tokio::test]
async fn should_read_dismiss_and_page_ones_own_only() {
    let server = TestServer::start();
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
    for number in 0..4 {
        server
            .api
            .post(&path, &harry, json!({ "content": format!("@ron {number}") }))
            .await
            .expect(201);
    }
    let page = server.api.get("/api/notifications?limit=3", &ron).await.expect(200).json;
    assert_eq!((read_notification_types(&page).len(), &page["unreadCount"]), (3, &json!(4)));
    let before = page["nextBefore"].as_str().unwrap();
    let rest =
        server.api.get(&format!("/api/notifications?before={before}"), &ron).await.expect(200).json;
    assert_eq!((read_notification_types(&rest).len(), &rest["nextBefore"]), (1, &Value::Null));

    let one = format!("/api/notifications/{}", page["notifications"][0]["id"].as_str().unwrap());
    for person in [&harry] {
        server
            .api
            .patch(&format!("{one}/read"), person, json!({}))
            .await
            .expect_error(404, "NOT_FOUND");
        server.api.delete(&one, person).await.expect_error(404, "NOT_FOUND");
    }
    let read = server.api.patch(&format!("{one}/read"), &ron, json!({})).await.expect(200).json;
    assert_eq!(read["isRead"], true);
    let again = server
        .api
        .send(server.api.request("PATCH", &format!("{one}/read")).bearer_auth(&ron.token))
        .await;
    assert_eq!(again.expect(200).json, read);
    let unread = server.api.get("/api/notifications?unread=true", &ron).await.expect(200).json;
    assert_eq!((read_notification_types(&unread).len(), &unread["unreadCount"]), (3, &json!(3)));
    let all =
        server.api.patch("/api/notifications/read-all", &ron, json!({})).await.expect(200).json;
    assert_eq!(all, json!({ "updated": 3 }));
    let all =
        server.api.patch("/api/notifications/read-all", &ron, json!({})).await.expect(200).json;
    assert_eq!(all, json!({ "updated": 0 }));
    server.api.delete(&one, &ron).await.expect(204);
    server.api.delete(&one, &ron).await.expect_error(404, "NOT_FOUND");
    assert_eq!(
        list_notifications(&server, &ron).await["notifications"].as_array().unwrap().len(),
        3
    );
}

/// What is done at the same moment to one person's notifications.
fn spawn_simultaneous_changes(
    server: &TestServer,
    (harry, ron): (&Person, &Person),
    comments: &str,
    unread: &[String],
) -> tokio::task::JoinSet<()> {
    let mut changes = tokio::task::JoinSet::new();
    for (number, id) in unread.iter().enumerate() {
        let (api, harry, ron) = (server.api.clone(), harry.clone(), ron.clone());
        let (comments, path) = (comments.to_owned(), format!("/api/notifications/{id}"));
        changes.spawn(async move {
            match number % 3 {
                0 => drop(api.delete(&path, &ron).await.expect(204)),
                1 => drop(
                    api.post(&comments, &harry, json!({ "content": "@ron" })).await.expect(201),
                ),
                _ => drop(api.patch(&format!("{path}/read"), &ron, json!({})).await.expect(200)),
            }
        });
    }
    changes
}

#[tokio::test]
async fn should_tell_the_unread_count_that_was_true_at_each_event() {
    let server = TestServer::start();
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let comments = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
    let mut events = server.api.stream("/api/events", &ron).await;
    let mut unread = std::collections::HashSet::new();
    for _ in 0..6 {
        for _ in 0..12 {
            server.api.post(&comments, &harry, json!({ "content": "@ron" })).await.expect(201);
            unread.insert(events.next_named("notification:new").await.data["id"].clone());
        }
        let ids: Vec<String> =
            unread.iter().take(12).map(|id| id.as_str().unwrap().to_owned()).collect();
        let changes = spawn_simultaneous_changes(&server, (&harry, &ron), &comments, &ids);
        for _ in 0..ids.len() {
            let event = events.next_durable().await;
            if event.name == "notification:new" {
                unread.insert(event.data["id"].clone());
                continue;
            }
            assert!(unread.remove(&event.data["id"]), "{}", event.data);
            assert_eq!(event.data["unreadCount"], json!(unread.len()), "{}", event.name);
        }
        changes.join_all().await;
    }
    assert_eq!(list_notifications(&server, &ron).await["unreadCount"], json!(unread.len()));
}

#[tokio::test]
async fn should_find_the_person_whatever_their_handle_ends_in() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let (snape, other, plus) = (
        server.student("snape_").await,
        server.student("snape").await,
        server.student("fred+").await,
    );
    let namesake = json!({ "email": "harry@durmstrang.edu", "name": "Harry Too", "password": support::PASSWORD });
    let namesake = server.api.post_openly("/api/auth/register", namesake).await.expect(201).json;
    assert_eq!(
        (&harry.user["handle"], &namesake["user"]["handle"]),
        (&json!("harry"), &json!("harry2"))
    );
    let found = server.api.get("/api/users?q=harry2", &harry).await.expect(200).json;
    assert_eq!(found["users"], json!([namesake["user"]]));

    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
    let content = "Ask @snape_. Or @fred+, or @harry2...";
    server.api.post(&path, &harry, json!({ "content": content })).await.expect(201);
    for person in [&snape, &plus] {
        assert_eq!(
            read_notification_types(&list_notifications(&server, person).await),
            ["mention"],
            "{}",
            person.email
        );
    }
    let token = namesake["accessToken"].as_str().unwrap();
    let theirs =
        server.api.send(server.api.request("GET", "/api/notifications").bearer_auth(token));
    assert_eq!(read_notification_types(&theirs.await.expect(200).json), ["mention"]);
    assert!(read_notification_types(&list_notifications(&server, &other).await).is_empty());
    // Nobody is called `snape-`: the sign is the sentence's.
    server.api.post(&path, &harry, json!({ "content": "@snape- no" })).await.expect(201);
    assert_eq!(read_notification_types(&list_notifications(&server, &other).await), ["mention"]);
}
