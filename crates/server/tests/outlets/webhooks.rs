//! Webhooks are called in order, signed, again when they fail, and not for ever.

#![allow(clippy::unwrap_used)]

use owlpost_testkit::{ReceivedDelivery, WebhookReceiver};
use serde_json::{Value, json};

use super::{comment_on_incident, list_first_times, wait_for_outlet};
use crate::support::{NOBODYS_ID, Person, TestServer};

/// A server that may call this machine, an Auror, a student, and somebody who is called.
struct Outside {
    server: TestServer,
    auror: Person,
    harry: Person,
    receiver: WebhookReceiver,
}

impl Outside {
    async fn open() -> Self {
        Self::open_with(&[]).await
    }

    async fn open_with(more: &[(&str, &str)]) -> Self {
        let mut variables = vec![("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")];
        variables.extend(more);
        let server = TestServer::start_with(&variables);
        let receiver = WebhookReceiver::start_receiver_on_loopback().await;
        Self { auror: server.auror().await, harry: server.student("harry").await, server, receiver }
    }

    /// A webhook to the receiver; its answer with the secret.
    async fn create(&self, more: Value) -> Value {
        let mut body = json!({ "name": "Daily Prophet", "url": self.receiver.url() });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.server.api.post("/api/webhooks", &self.auror, body).await.expect(201).json
    }

    async fn report(&self, title: &str, severity: &str) -> Value {
        self.server.api.report(&self.harry, json!({ "title": title, "severity": severity })).await
    }

    async fn patch(&self, webhook: &Value, body: Value) -> Value {
        let path = format!("/api/webhooks/{}", webhook["id"].as_str().unwrap());
        self.server.api.patch(&path, &self.auror, body).await.expect(200).json
    }

    fn name_outlet(webhook: &Value) -> String {
        format!("webhook:{}", webhook["id"].as_str().unwrap())
    }
}

fn mentions(words: &str) -> impl FnMut(&[ReceivedDelivery]) -> bool {
    move |all| all.iter().any(|one| one.body.contains(words) && one.answered < 300)
}

#[tokio::test]
async fn should_deliver_each_event_signed_and_in_order() {
    let outside = Outside::open().await;
    let webhook = outside.create(json!({})).await;
    let secret = webhook["secret"].as_str().unwrap();
    let incident = outside.report("Troll", "CRITICAL").await;
    comment_on_incident(&outside.server, &outside.harry, &incident, 0..40).await;
    let deliveries = outside.receiver.wait_for_matching_deliveries(mentions("number 39\"")).await;
    let types: Vec<_> = deliveries
        .iter()
        .map(|one| serde_json::from_str::<Value>(&one.body).unwrap()["type"].clone())
        .collect();
    assert_eq!(types[..3], ["incident.created", "escalation.critical", "comment.created"]);
    assert_eq!(types.len(), 42);
    let (positions, repeated) = list_first_times(deliveries.iter().map(|one| &*one.id));
    assert!(positions.is_sorted() && repeated == 0, "{positions:?}");
    for delivery in &deliveries {
        assert!(delivery.is_signed_with_secret(secret), "{delivery:?}");
        let body: Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!(body["data"]["eventId"], delivery.id.as_str());
        assert!((chrono::Utc::now().timestamp() - delivery.timestamp).abs() < 60);
    }
    let another = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(!deliveries[0].is_signed_with_secret(another));
}

#[tokio::test]
async fn should_deliver_what_is_wanted_and_nothing_else() {
    let outside = Outside::open().await;
    let only = json!({ "events": ["#.created"], "severities": ["SERIOUS", "CRITICAL"] });
    outside.create(only).await;
    let small = outside.report("Small", "MISCHIEF").await;
    let large = outside.report("Large", "SERIOUS").await;
    comment_on_incident(&outside.server, &outside.harry, &small, 0..1).await;
    comment_on_incident(&outside.server, &outside.harry, &large, 1..2).await;
    let path = format!("/api/incidents/{}", large["id"].as_str().unwrap());
    outside.server.api.delete(&path, &outside.auror).await.expect(200);
    outside.report("Last", "CRITICAL").await;
    let deliveries = outside.receiver.wait_for_matching_deliveries(mentions("Last")).await;
    let told: Vec<_> = deliveries
        .iter()
        .map(|one| serde_json::from_str::<Value>(&one.body).unwrap())
        .map(|body| {
            let words = [&body["data"]["incident"]["title"], &body["data"]["comment"]["content"]];
            words.into_iter().find_map(Value::as_str).unwrap().to_owned()
        })
        .collect();
    assert_eq!(told, ["Large", "number 1", "Last"]);
}

#[tokio::test]
async fn should_write_a_line_of_text_for_chats() {
    let outside = Outside::open().await;
    for (template, pointer) in [
        ("slack", "/text"),
        ("mattermost", "/text"),
        ("teams", "/attachments/0/content/body/0/text"),
    ] {
        let receiver = WebhookReceiver::start_receiver_on_loopback().await;
        outside.create(json!({ "template": template, "url": receiver.url() })).await;
        let incident = outside.report(&format!("<!here> @all in {template}"), "SERIOUS").await;
        let body = json!({ "content": "I saw *it*" });
        let path = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
        outside.server.api.post(&path, &outside.harry, body).await.expect(201);
        let deliveries = receiver.wait_for_matching_deliveries(|all| all.len() == 2).await;
        let lines: Vec<String> = deliveries
            .iter()
            .map(|one| serde_json::from_str::<Value>(&one.body).unwrap())
            .map(|body| body.pointer(pointer).unwrap().as_str().unwrap().to_owned())
            .collect();
        assert!(lines[0].starts_with("SERIOUS incident reported by Name of harry"), "{lines:?}");
        assert!(lines[1].starts_with("Name of harry commented on"), "{lines:?}");
        let names_everybody = template == "mattermost" && lines[0].contains("@all");
        assert!(!lines[0].contains("<!") && !names_everybody, "{lines:?}");
    }
}

#[tokio::test]
async fn should_try_again_in_order_and_let_no_other_wait() {
    let outside = Outside::open().await;
    let other = WebhookReceiver::start_receiver_on_loopback().await;
    let webhook = outside.create(json!({})).await;
    outside.create(json!({ "name": "Quibbler", "url": other.url() })).await;
    outside.receiver.answer_calls_with_status(500);
    let incident = outside.report("Troll", "SERIOUS").await;
    comment_on_incident(&outside.server, &outside.harry, &incident, 0..10).await;
    other.wait_for_matching_deliveries(mentions("number 9\"")).await;
    let name = Outside::name_outlet(&webhook);
    let failing = wait_for_outlet(&outside.server, &outside.auror, &name, |outlet| {
        outlet["failures"].as_i64() >= Some(2)
    })
    .await;
    assert_eq!(failing["lastError"], "it answered 500 Internal Server Error");
    assert!(!failing["failingSince"].is_null());
    outside.receiver.answer_calls_with_status(204);
    let deliveries = outside.receiver.wait_for_matching_deliveries(mentions("number 9\"")).await;
    assert!(
        deliveries.iter().filter(|one| one.answered == 500).all(|one| one.body.contains("Troll"))
    );
    let taken = deliveries.iter().filter(|one| one.answered == 204);
    let (positions, repeated) = list_first_times(taken.map(|one| &*one.id));
    assert!(positions.is_sorted() && positions.len() == 11 && repeated == 0, "{positions:?}");
    wait_for_outlet(&outside.server, &outside.auror, &name, |outlet| {
        outlet["failingSince"].is_null() && outlet["lagEvents"] == 0
    })
    .await;
}

#[tokio::test]
async fn should_disable_what_takes_nothing_and_tell_the_aurors() {
    let outside = Outside::open_with(&[("WEBHOOK_DISABLE_AFTER", "1s")]).await;
    outside.receiver.answer_calls_with_status(503);
    let webhook = outside.create(json!({})).await;
    outside.report("Troll", "SERIOUS").await;
    let name = Outside::name_outlet(&webhook);
    wait_for_outlet(&outside.server, &outside.auror, &name, |outlet| outlet["paused"] == true)
        .await;
    let api = &outside.server.api;
    let list = api.get("/api/webhooks", &outside.auror).await.expect(200).json;
    let shown = &list["webhooks"][0];
    assert_eq!(shown["enabled"], false);
    assert_eq!(shown["disabledReason"], "it answered 503 Service Unavailable");
    let told = api.get("/api/notifications", &outside.auror).await.expect(200).json;
    let notice = &told["notifications"][0];
    assert_eq!((&notice["type"], &notice["link"]), (&json!("system"), &json!("/outlets")));
    let message = notice["message"].as_str().unwrap();
    assert!(message.contains("Daily Prophet") && message.contains("503"), "{message}");
    let none = api.get("/api/notifications", &outside.harry).await.expect(200).json;
    assert_eq!(none["notifications"], json!([]));
    // Enabled again, it is told of everything since.
    outside.receiver.answer_calls_with_status(200);
    let enabled = outside.patch(&webhook, json!({ "enabled": true })).await;
    assert_eq!((&enabled["enabled"], &enabled["disabledReason"]), (&json!(true), &Value::Null));
    outside.receiver.wait_for_matching_deliveries(mentions("Troll")).await;
}

#[tokio::test]
async fn should_disable_at_once_what_says_that_it_is_gone() {
    let outside = Outside::open().await;
    outside.receiver.answer_calls_with_status(410);
    let webhook = outside.create(json!({})).await;
    outside.report("Troll", "SERIOUS").await;
    let name = Outside::name_outlet(&webhook);
    wait_for_outlet(&outside.server, &outside.auror, &name, |outlet| outlet["paused"] == true)
        .await;
    assert_eq!(outside.receiver.list_all_received_deliveries().len(), 1);
}

#[tokio::test]
async fn should_sign_with_both_secrets_while_they_change() {
    let outside = Outside::open().await;
    let webhook = outside.create(json!({})).await;
    let path = format!("/api/webhooks/{}/secret", webhook["id"].as_str().unwrap());
    let rotated = outside.server.api.post(&path, &outside.auror, json!({})).await.expect(201).json;
    let (old, new) = (webhook["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap());
    assert_ne!(old, new);
    assert!(!rotated["previousSecretUntil"].is_null());
    let is_signed_twice = |one: &ReceivedDelivery| one.signatures.len() == 2;
    let mut number = 0;
    // The change takes effect within a second.
    let delivery = loop {
        number += 1;
        let title = format!("Troll {number}");
        outside.report(&title, "SERIOUS").await;
        let all = outside.receiver.wait_for_matching_deliveries(mentions(&title)).await;
        if let Some(delivery) = all.into_iter().find(is_signed_twice) {
            break delivery;
        }
    };
    assert!(delivery.is_signed_with_secret(old) && delivery.is_signed_with_secret(new));
    let list = outside.server.api.get("/api/webhooks", &outside.auror).await.expect(200);
    assert!(!list.text.contains("whsec_"), "secrets are told one time: {}", list.text);
    assert!(!outside.server.log().contains("whsec_"));
}

#[tokio::test]
async fn should_deliver_again_from_an_event_on() {
    let outside = Outside::open().await;
    let webhook = outside.create(json!({})).await;
    for title in ["One", "Two", "Three"] {
        outside.report(title, "SERIOUS").await;
    }
    let first = outside.receiver.wait_for_matching_deliveries(mentions("Three")).await;
    let path = format!("/api/webhooks/{}/redeliver", webhook["id"].as_str().unwrap());
    let api = &outside.server.api;
    let from = json!({ "from": first[1].id });
    api.post(&path, &outside.auror, from).await.expect(202);
    let all = outside.receiver.wait_for_matching_deliveries(|all| all.len() >= 5).await;
    let ids: Vec<_> = all.iter().map(|one| &*one.id).collect();
    assert_eq!(ids[3..5], [&*first[1].id, &*first[2].id]);
    for wrong in ["0", "999999999", "Three", "-1", ""] {
        let answer = api.post(&path, &outside.auror, json!({ "from": wrong })).await;
        answer.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.field(), "from", "{wrong}");
    }
}

#[tokio::test]
async fn should_be_for_aurors_and_refuse_what_makes_no_sense() {
    let outside = Outside::open().await;
    let api = &outside.server.api;
    let webhook = outside.create(json!({})).await;
    let id = webhook["id"].as_str().unwrap();
    let body = json!({ "name": "x", "url": "https://example.org" });
    api.get("/api/webhooks", &outside.harry).await.expect_error(403, "FORBIDDEN");
    api.post("/api/webhooks", &outside.harry, body).await.expect_error(403, "FORBIDDEN");
    let path = format!("/api/webhooks/{id}");
    api.patch(&path, &outside.harry, json!({})).await.expect_error(403, "FORBIDDEN");
    api.delete(&path, &outside.harry).await.expect_error(403, "FORBIDDEN");
    for part in ["secret", "redeliver"] {
        let path = format!("{path}/{part}");
        let answer = api.post(&path, &outside.harry, json!({ "from": "1" })).await;
        answer.expect_error(403, "FORBIDDEN");
    }
    for (field, value) in [
        ("url", json!("example.org")),
        ("url", json!("ftp://example.org/")),
        ("url", json!("https://user:secret@example.org/")),
        ("name", json!("")),
        ("events", json!([])),
        ("events", json!(["incident created"])),
        ("severities", json!(["BAD"])),
        ("template", json!("irc")),
        ("enabled", json!("yes")),
    ] {
        let mut body = json!({ "name": "x", "url": "https://example.org" });
        body[field] = value.clone();
        for answer in [
            api.post("/api/webhooks", &outside.auror, body.clone()).await,
            api.patch(&path, &outside.auror, json!({ field: value })).await,
        ] {
            answer.expect_error(400, "VALIDATION_ERROR");
            assert!(answer.field().starts_with(field), "{body}: {}", answer.text);
        }
    }
    let nobody = format!("/api/webhooks/{NOBODYS_ID}");
    api.patch(&nobody, &outside.auror, json!({})).await.expect_error(404, "NOT_FOUND");
    api.delete(&nobody, &outside.auror).await.expect_error(404, "NOT_FOUND");
    // One is there: up to fifty, and not one more.
    for number in 1..50 {
        let body =
            json!({ "name": format!("{number}"), "url": "https://example.org", "enabled": false });
        api.post("/api/webhooks", &outside.auror, body).await.expect(201);
    }
    let body = json!({ "name": "51", "url": "https://example.org" });
    api.post("/api/webhooks", &outside.auror, body).await.expect_error(409, "CONFLICT");
    api.delete(&path, &outside.auror).await.expect(204);
    let outlets = api.get("/api/outlets", &outside.auror).await.expect(200);
    assert!(!outlets.text.contains(id), "its position is gone with it");
}
