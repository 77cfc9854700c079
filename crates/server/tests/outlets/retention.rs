//! The log waits for outlets, up to its own limit; and what they missed is said aloud.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use owlpost_domain::{DomainConfig, outlets::window::LogGap};
use owlpost_testkit::WebhookReceiver;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::support::{DomainLab, SECRET, TestServer};

/// Fills the log: `insert … generate_series` takes the next positions.
const FILL_LOG: &str = "insert into event_log (name, audience, payload)
     select 'incident:created', '{everyone}', '{}' from generate_series(1, 30)";

async fn open_lab_with_short_log() -> DomainLab {
    let config = DomainConfig { event_log_max_rows: 10, ..DomainConfig::with_secret(SECRET) };
    DomainLab::open_with(config).await
}

#[tokio::test]
async fn should_not_trim_by_number_what_an_outlet_was_not_told_of() {
    let mut lab = open_lab_with_short_log().await;
    lab.run(FILL_LOG).await;
    let cursor = lab.store().open_outlet_cursor_from("rabbitmq", 5).await.unwrap();
    assert_eq!((cursor.position, cursor.revision), (5, 0));
    while lab.store().trim_oldest_log_batch().await.unwrap() {}
    let extent = lab.store().read_log_extent_state().await.unwrap();
    assert_eq!(extent.trimmed_through, 5, "ten would be kept, and it needs more");
    assert!(lab.store().move_outlet_cursor_forward("rabbitmq", 0, 12, true).await.unwrap());
    while lab.store().trim_oldest_log_batch().await.unwrap() {}
    assert_eq!(lab.store().read_log_extent_state().await.unwrap().trimmed_through, 12);
    lab.run("update event_outlets set is_paused = true").await;
    while lab.store().trim_oldest_log_batch().await.unwrap() {}
    let extent = lab.store().read_log_extent_state().await.unwrap();
    assert_eq!(extent.trimmed_through, 20, "nobody waits for one that is not followed");
    let window = lab.store().read_log_window_between(12, extent.last_position, 5).await.unwrap();
    assert_eq!(window.gap, Some(LogGap { from: 13, to: 20 }));
    let positions: Vec<_> = window.records.iter().map(|record| record.event.position).collect();
    assert_eq!((positions, window.through), (vec![21, 22, 23, 24, 25], 25));
}

#[tokio::test]
async fn should_trim_by_age_whoever_was_not_told() {
    let retention = Duration::from_secs(3600);
    let config =
        DomainConfig { event_log_retention: retention, ..DomainConfig::with_secret(SECRET) };
    let mut lab = DomainLab::open_with(config).await;
    lab.run(FILL_LOG).await;
    lab.store().open_outlet_cursor_from("rabbitmq", 5).await.unwrap();
    lab.run("update event_log set created_at = now() - interval '2 hours' where position <= 9")
        .await;
    while lab.store().trim_oldest_log_batch().await.unwrap() {}
    assert_eq!(lab.store().read_log_extent_state().await.unwrap().trimmed_through, 9);
}

#[tokio::test]
async fn should_not_wait_for_outlets_that_nobody_has_followed_for_long() {
    let mut lab = open_lab_with_short_log().await;
    lab.run(FILL_LOG).await;
    lab.store().open_outlet_cursor_from("rabbitmq", 5).await.unwrap();
    lab.run("update event_outlets set followed_at = now() - interval '8 days'").await;
    while lab.store().trim_oldest_log_batch().await.unwrap() {}
    assert_eq!(lab.store().read_log_extent_state().await.unwrap().trimmed_through, 20);
}

#[tokio::test]
async fn should_leave_a_position_that_was_set_meanwhile() {
    let mut lab = DomainLab::open().await;
    let cursor = lab.store().open_outlet_cursor_from("rabbitmq", 5).await.unwrap();
    lab.run("update event_outlets set position = 2, revision = revision + 1").await;
    let store = lab.store();
    assert!(!store.move_outlet_cursor_forward("rabbitmq", cursor.revision, 9, true).await.unwrap());
    let now = store.find_outlet_cursor_by_name("rabbitmq").await.unwrap().unwrap();
    assert_eq!((now.position, now.revision), (2, 1));
    assert!(store.move_outlet_cursor_forward("rabbitmq", 1, 1, true).await.unwrap());
    let now = store.find_outlet_cursor_by_name("rabbitmq").await.unwrap().unwrap();
    assert_eq!(now.position, 2, "it never goes back by itself");
    assert_eq!(store.find_outlet_cursor_by_name("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn should_say_aloud_what_is_gone_and_go_on() {
    let receiver = WebhookReceiver::start_receiver_on_loopback().await;
    let server = TestServer::start_with(&[("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")]);
    let Some(url) = server.database_url() else {
        eprintln!("left out: the embedded database takes no second connection");
        return;
    };
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    let body = json!({ "name": "Daily Prophet", "url": receiver.url(), "enabled": false });
    let webhook = server.api.post("/api/webhooks", &auror, body).await.expect(201).json;
    let before: i64 = webhook["outlet"]["position"].as_str().unwrap().parse().unwrap();
    for title in ["Gone", "Kept"] {
        server.api.report(&harry, json!({ "title": title })).await;
    }
    // As housekeeping trims what is too old.
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let trim = "with gone as (
                    delete from event_log where position < (select max(position) from event_log) returning position)
                update event_log_state set trimmed_through = (select max(position) from gone)
                returning trimmed_through";
    let trimmed: i64 = sqlx::query_scalar(trim).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let path = format!("/api/webhooks/{}", webhook["id"].as_str().unwrap());
    server.api.patch(&path, &auror, json!({ "enabled": true })).await.expect(200);
    let deliveries = receiver.wait_for_matching_deliveries(|all| all.len() >= 2).await;
    let body: Value = serde_json::from_str(&deliveries[0].body).unwrap();
    let gap = json!({ "from": (before + 1).to_string(), "to": trimmed.to_string() });
    assert_eq!((&body["type"], &body["data"]), (&json!("outlet.gap"), &gap));
    assert!(deliveries[1].body.contains("Kept"), "{deliveries:?}");
    server.wait_for_log("events are gone from the log").await;
}
