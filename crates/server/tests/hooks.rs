//! Alerts of tools: what becomes of them, that nothing is told twice, and what is refused.

#![allow(clippy::unwrap_used)]

use crate::support;

mod bodies;
mod prometheus;

use serde_json::{Value, json};
use support::{Answer, Api, Person, TestServer};

use bodies::{batch, generic, pagerduty};

/// A server, and a tool with the key of a Prefect.
struct Tool {
    server: TestServer,
    owner: Person,
    key: String,
}

impl Tool {
    async fn with_server(server: TestServer) -> Self {
        let owner = server.prefect("minerva").await;
        let key = make_key(&server.api, &owner).await;
        Self { server, owner, key }
    }

    async fn set() -> Self {
        Self::with_server(TestServer::start()).await
    }

    async fn deliver(&self, hook: &str, body: &Value) -> Answer {
        deliver_with_key(&self.server.api, &self.key, hook, body).await
    }

    /// What a delivery comes to.
    async fn outcome(&self, hook: &str, body: &Value) -> String {
        self.deliver(hook, body).await.expect(200).json["outcome"].as_str().unwrap().to_owned()
    }

    async fn incidents(&self) -> Vec<Value> {
        let page = self.server.api.get("/api/incidents", &self.owner).await.expect(200).json;
        page["incidents"].as_array().unwrap().clone()
    }

    async fn comments(&self, incident: &Value) -> Vec<String> {
        let path = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
        let page = self.server.api.get(&path, &self.owner).await.expect(200).json;
        let comments = page["comments"].as_array().unwrap().iter();
        comments.map(|comment| comment["content"].as_str().unwrap().to_owned()).collect()
    }
}

async fn make_key(api: &Api, owner: &Person) -> String {
    let body = json!({ "name": "alerts", "scopes": ["report"] });
    let made = api.post("/api/tokens", owner, body).await.expect(201).json;
    made["token"].as_str().unwrap().to_owned()
}

async fn deliver_with_key(api: &Api, key: &str, hook: &str, body: &Value) -> Answer {
    let request = api.request("POST", &format!("/api/hooks/{hook}")).bearer_auth(key);
    api.send(request.json(body)).await
}

#[tokio::test]
async fn should_make_one_incident_of_a_group_and_tell_it_of_its_alerts_once() {
    let tool = Tool::set().await;
    let first = batch("g1", &[("a", "firing", 1, "warning")]);
    assert_eq!(tool.outcome("alertmanager", &first).await, "created");
    assert_eq!(tool.outcome("alertmanager", &first).await, "unchanged");
    let incident = tool.incidents().await.remove(0);
    assert_eq!(incident["title"], "a is unwell");
    assert_eq!(incident["severity"], "SERIOUS");
    assert_eq!(incident["location"], "web-1");
    assert_eq!(incident["reportedBy"]["id"], tool.owner.id);
    assert!(incident["description"].as_str().unwrap().contains("alertname=a"), "{incident}");

    let more = batch("g1", &[("a", "firing", 1, "warning"), ("b", "firing", 2, "critical")]);
    assert_eq!(tool.outcome("alertmanager", &more).await, "updated");
    assert_eq!(tool.outcome("alertmanager", &more).await, "unchanged");
    assert_eq!(tool.incidents().await[0]["severity"], "CRITICAL");
    let fewer = batch("g1", &[("a", "resolved", 1, "warning"), ("b", "firing", 2, "critical")]);
    assert_eq!(tool.outcome("alertmanager", &fewer).await, "updated");
    let comments = tool.comments(&incident).await;
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert!(
        comments[0].starts_with("Firing:") && comments[0].contains("b is unwell"),
        "{comments:?}"
    );
    assert!(
        comments[1].starts_with("Ended:") && comments[1].contains("a is unwell"),
        "{comments:?}"
    );

    let over = batch("g1", &[("a", "resolved", 1, "warning"), ("b", "resolved", 2, "critical")]);
    assert_eq!(tool.outcome("alertmanager", &over).await, "resolved");
    assert_eq!(tool.outcome("alertmanager", &over).await, "unchanged");
    // What comes late changes nothing.
    assert_eq!(tool.outcome("alertmanager", &first).await, "unchanged");
    let incidents = tool.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0]["status"], "RESOLVED");
    assert!(incidents[0]["resolution"].as_str().unwrap().contains("b is unwell"), "{incidents:?}");
    // It fires anew: another incident.
    let again = batch("g1", &[("a", "firing", 9, "warning")]);
    assert_eq!(tool.outcome("alertmanager", &again).await, "created");
    assert_eq!(tool.incidents().await.len(), 2);
}

#[tokio::test]
async fn should_make_one_incident_however_many_deliver_at_once() {
    let tool = Tool::set().await;
    let body = batch("g1", &[("a", "firing", 1, "critical")]);
    let deliveries = (0..12).map(|_| tool.deliver("alertmanager", &body));
    let answers = futures_util::future::join_all(deliveries).await;
    let of =
        |outcome: &str| answers.iter().filter(|answer| answer.json["outcome"] == outcome).count();
    assert_eq!((of("created"), of("unchanged")), (1, 11), "{answers:?}");
    assert_eq!(tool.incidents().await.len(), 1);
}

#[tokio::test]
async fn should_keep_groups_apart_by_name_tool_installation_and_owner() {
    let tool = Tool::set().await;
    let body = batch("g1", &[("a", "firing", 1, "info")]);
    assert_eq!(tool.outcome("alertmanager", &body).await, "created");
    assert_eq!(tool.outcome("alertmanager?source=eu", &body).await, "created");
    assert_eq!(tool.outcome("alertmanager?source=eu", &body).await, "unchanged");
    assert_eq!(tool.outcome("grafana", &bodies::grafana()).await, "created");
    let other = batch("g2", &[("a", "firing", 1, "info")]);
    assert_eq!(tool.outcome("alertmanager", &other).await, "created");
    // Another key of the same person is the same tool: keys are changed.
    let key = make_key(&tool.server.api, &tool.owner).await;
    let again = deliver_with_key(&tool.server.api, &key, "alertmanager", &body).await;
    assert_eq!(again.json["outcome"], "unchanged");
    let ron = tool.server.student("ron").await;
    let of_ron = make_key(&tool.server.api, &ron).await;
    let of_ron = deliver_with_key(&tool.server.api, &of_ron, "alertmanager", &body).await;
    assert_eq!(of_ron.json["outcome"], "created");
    let longest = "s".repeat(100);
    assert_eq!(tool.outcome(&format!("alertmanager?source={longest}"), &body).await, "created");
    let refused = tool.deliver(&format!("alertmanager?source={longest}s"), &body).await;
    assert_eq!((refused.status, refused.field()), (400, "source"));
}

#[tokio::test]
async fn should_take_what_grafana_sends() {
    let tool = Tool::set().await;
    let body = bodies::grafana();
    assert_eq!(tool.outcome("grafana", &body).await, "created");
    assert_eq!(tool.outcome("grafana", &body).await, "unchanged");
    let incident = tool.incidents().await.remove(0);
    assert_eq!(incident["title"], "This alert was triggered for zone us-1 (+1 more)");
    assert!(
        incident["description"]
            .as_str()
            .unwrap()
            .contains("https://play.grafana.org/alerting/1afz29v7z/edit")
    );
    let mut over = body.clone();
    over["status"] = json!("resolved");
    for alert in over["alerts"].as_array_mut().unwrap() {
        alert["status"] = json!("resolved");
    }
    assert_eq!(tool.outcome("grafana", &over).await, "resolved");
}

#[tokio::test]
async fn should_leave_alone_what_a_person_resolved_until_something_is_new() {
    let tool = Tool::set().await;
    let body = batch("g1", &[("a", "firing", 1, "info")]);
    tool.outcome("alertmanager", &body).await;
    let incident = tool.incidents().await.remove(0);
    let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    tool.server.api.delete(&path, &tool.owner).await.expect(200);
    assert_eq!(tool.outcome("alertmanager", &body).await, "unchanged");
    let more = batch("g1", &[("a", "firing", 1, "info"), ("b", "firing", 2, "info")]);
    assert_eq!(tool.outcome("alertmanager", &more).await, "created");
    assert_eq!(tool.incidents().await.len(), 2);
}

#[tokio::test]
async fn should_answer_as_pagerduty_does_and_take_the_key_where_it_has_it() {
    let tool = Tool::set().await;
    let send = |body: Value| {
        tool.server.api.send(tool.server.api.request("POST", "/api/hooks/pagerduty").json(&body))
    };
    let trigger = pagerduty(&tool.key, "trigger", Some("disk"), "Disk 90 %");
    let answer = send(trigger.clone()).await.expect(202).json;
    assert_eq!(
        answer,
        json!({ "status": "success", "message": "Event processed", "dedup_key": "disk" })
    );
    send(trigger).await.expect(202);
    let incident = tool.incidents().await.remove(0);
    assert_eq!(
        (&incident["title"], &incident["severity"]),
        (&json!("Disk 90 %"), &json!("SERIOUS"))
    );
    assert_eq!(incident["location"], "db-1");
    assert!(incident["description"].as_str().unwrap().contains("free: 3 GB"));
    assert_eq!(tool.comments(&incident).await, [""; 0]);
    // Said again with other words: a comment.
    send(pagerduty(&tool.key, "trigger", Some("disk"), "Disk 99 %")).await.expect(202);
    assert!(tool.comments(&incident).await[0].contains("Disk 99 %"));
    for _ in 0..2 {
        send(pagerduty(&tool.key, "acknowledge", Some("disk"), "")).await.expect(202);
    }
    let taken = tool.incidents().await.remove(0);
    assert_eq!(taken["acknowledgedBy"]["id"], tool.owner.id);
    assert_eq!(taken["status"], "IN_PROGRESS");
    for _ in 0..2 {
        send(pagerduty(&tool.key, "resolve", Some("disk"), "")).await.expect(202);
    }
    assert_eq!(tool.incidents().await[0]["status"], "RESOLVED");
    // Of a trigger without a key, the body stands for it.
    let keyless = pagerduty(&tool.key, "trigger", None, "No key");
    let one = send(keyless.clone()).await.expect(202).json;
    let two = send(keyless).await.expect(202).json;
    assert_eq!(one["dedup_key"], two["dedup_key"]);
    assert_eq!(tool.incidents().await.len(), 2);
}

#[tokio::test]
async fn should_comment_where_the_owner_of_the_key_may_not_take() {
    let tool = Tool::set().await;
    let ron = tool.server.student("ron").await;
    let key = make_key(&tool.server.api, &ron).await;
    let send = |body: Value| {
        tool.server.api.send(tool.server.api.request("POST", "/api/hooks/pagerduty").json(&body))
    };
    send(pagerduty(&key, "trigger", Some("disk"), "Disk")).await.expect(202);
    for _ in 0..2 {
        send(pagerduty(&key, "acknowledge", Some("disk"), "")).await.expect(202);
    }
    let incident = tool.incidents().await.remove(0);
    assert_eq!((&incident["acknowledgedBy"], &incident["status"]), (&Value::Null, &json!("OPEN")));
    assert_eq!(tool.comments(&incident).await.len(), 1);
}

#[tokio::test]
async fn should_name_the_field_of_a_bad_body_and_change_nothing() {
    let tool = Tool::set().await;
    let good = batch("g1", &[("a", "firing", 1, "info")]);
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (hook, body, field) in [
        ("alertmanager", json!({}), "groupKey"),
        ("alertmanager", with("/version", json!("3")), "version"),
        ("alertmanager", with("/groupKey", json!("")), "groupKey"),
        ("alertmanager", with("/status", json!("maybe")), "status"),
        ("alertmanager", with("/alerts", json!({})), "alerts"),
        ("alertmanager", with("/alerts/0/status", json!(5)), "alerts[0].status"),
        ("alertmanager", with("/alerts/0/startsAt", json!("soon")), "alerts[0].startsAt"),
        (
            "alertmanager",
            with("/alerts/0/startsAt", json!("+12026-01-01T00:00:00Z")),
            "alerts[0].startsAt",
        ),
        ("alertmanager", with("/alerts/0/labels", json!({ "a": 1 })), "alerts[0].labels.a"),
        ("grafana", json!({ "groupKey": "x", "status": "firing" }), "alerts"),
        ("generic", json!({ "title": "x" }), "dedupKey"),
        ("generic", json!({ "dedupKey": "x" }), "title"),
        ("generic", json!({ "dedupKey": "", "title": "x" }), "dedupKey"),
        ("generic", json!({ "dedupKey": "x", "title": "x", "status": "odd" }), "status"),
        ("pagerduty", json!({ "event_action": "trigger" }), "payload"),
        ("pagerduty", json!({ "event_action": "resolve" }), "dedup_key"),
        ("pagerduty", json!({ "event_action": "sing" }), "event_action"),
        (
            "pagerduty",
            json!({ "event_action": "trigger", "payload": { "source": "x" } }),
            "summary",
        ),
        (
            "pagerduty",
            json!({ "event_action": "resolve", "dedup_key": "x".repeat(256) }),
            "dedup_key",
        ),
    ] {
        let refused = tool.deliver(hook, &body).await;
        refused.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(refused.field(), field, "{hook} {body}");
        if hook == "pagerduty" {
            assert_eq!(refused.json["status"], "invalid event");
            assert!(refused.json["errors"][0].as_str().unwrap().contains(field));
        }
    }
    assert_eq!(tool.incidents().await, [Value::Null; 0]);
}

#[tokio::test]
async fn should_cut_what_is_too_long_and_refuse_only_too_many() {
    let tool = Tool::set().await;
    let mut long = generic("k", "firing", &"t".repeat(500));
    long["description"] = json!(format!("\u{0}{}", "d".repeat(15_000)));
    long["location"] = json!("l".repeat(500));
    assert_eq!(tool.outcome("generic", &long).await, "created");
    let incident = tool.incidents().await.remove(0);
    for (field, chars) in [("title", 200), ("description", 10_000), ("location", 200)] {
        let text = incident[field].as_str().unwrap();
        assert_eq!(text.chars().count(), chars, "{field}");
        assert!(text.ends_with('\u{2026}'), "{field}");
    }
    long["title"] = json!("u".repeat(500));
    assert_eq!(tool.outcome("generic", &long).await, "updated");
    assert_eq!(tool.comments(&incident).await[0].chars().count(), 10_000);

    let many = |count: usize| {
        let alert = |n: usize| json!({ "status": "firing", "labels": { "n": n.to_string() } });
        let alerts: Vec<_> = (0..count).map(alert).collect();
        json!({ "version": "4", "groupKey": "many", "status": "firing", "alerts": alerts })
    };
    assert_eq!(tool.outcome("alertmanager", &many(1_000)).await, "created");
    let refused = tool.deliver("alertmanager", &many(1_001)).await;
    assert_eq!((refused.status, refused.field()), (400, "alerts"));
    let title = tool.incidents().await[0]["title"].as_str().unwrap().to_owned();
    assert_eq!(title, "Alert (+999 more)");
}

#[tokio::test]
async fn should_follow_the_settings_of_titles_severities_and_ends() {
    let server = TestServer::start_with(&[
        ("HOOK_TITLE", "[{{ labels.team | \"nobody\" }}] {{ labels.alertname }}"),
        ("HOOK_SEVERITY_LABEL", "priority"),
        ("HOOK_SEVERITIES", "p1=CRITICAL,*=MISCHIEF"),
        ("HOOK_RESOLVES", "false"),
    ]);
    let tool = Tool::with_server(server).await;
    let mut body = batch("g1", &[("a", "firing", 1, "critical")]);
    assert_eq!(tool.outcome("alertmanager", &body).await, "created");
    body["groupKey"] = json!("g2");
    body["alerts"][0]["labels"]["priority"] = json!("P1");
    body["alerts"][0]["labels"]["team"] = json!("owls");
    assert_eq!(tool.outcome("alertmanager", &body).await, "created");
    let incidents = tool.incidents().await;
    let told: Vec<_> =
        incidents.iter().map(|one| (one["title"].clone(), one["severity"].clone())).collect();
    assert_eq!(
        told,
        [(json!("[owls] a"), json!("CRITICAL")), (json!("[nobody] a"), json!("MISCHIEF"))]
    );
    body["status"] = json!("resolved");
    body["alerts"][0]["status"] = json!("resolved");
    assert_eq!(tool.outcome("alertmanager", &body).await, "updated");
    assert_eq!(tool.incidents().await[0]["status"], "OPEN");
    let comments = tool.comments(&incidents[0]).await;
    assert!(comments[0].ends_with("All alerts have ended."), "{comments:?}");
}

#[tokio::test]
async fn should_take_the_key_from_the_query_and_log_it_nowhere() {
    let server = TestServer::start_with(&[("RUST_LOG", "debug,hyper=trace,h2=trace")]);
    let tool = Tool::with_server(server).await;
    let body = generic("k", "firing", "Troll");
    let path = format!("/api/hooks/generic?key={}", tool.key);
    let send = |path: &str| tool.server.api.send(tool.server.api.request("POST", path).json(&body));
    send(&path).await.expect(200);
    send("/api/hooks/generic?key=owl_wrong").await.expect_error(401, "UNAUTHENTICATED");
    send("/api/hooks/generic").await.expect_error(401, "UNAUTHENTICATED");
    // Only hooks take it there.
    let elsewhere = tool.server.api.request("GET", &format!("/api/incidents?key={}", tool.key));
    tool.server.api.send(elsewhere).await.expect_error(401, "UNAUTHENTICATED");
    let log = tool.server.wait_until_log_is_whole().await;
    assert!(log.contains("/api/hooks/generic"), "{log}");
    assert!(!log.contains(&tool.key), "the key is in the log");
}

#[tokio::test]
async fn should_read_a_large_body_only_of_those_with_a_key() {
    let tool = Tool::set().await;
    let mut event = pagerduty(&tool.key, "trigger", Some("big"), "Big");
    event["payload"]["custom_details"] = json!({ "log": "x".repeat(200_000) });
    // Where it stands in the body is up to the client; ours writes names in order.
    let text = event.to_string();
    let text = format!(
        "{{\"routing_key\":\"{}\",{}",
        tool.key,
        &text[1..].replace(&format!(",\"routing_key\":\"{}\"", tool.key), "")
    );
    let send = |text: String| {
        let request = tool.server.api.request("POST", "/api/hooks/pagerduty");
        tool.server.api.send(request.header("content-type", "application/json").body(text))
    };
    send(text).await.expect(202);
    send(format!("{{\"x\":\"{}\",\"routing_key\":\"{}\"}}", "x".repeat(20_000), tool.key))
        .await
        .expect_error(401, "UNAUTHENTICATED");
}
