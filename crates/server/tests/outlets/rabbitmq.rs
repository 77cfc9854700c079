//! The exchange of a real broker; where there is none, that is printed and nothing is tried.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::time::{Duration, Instant};

use owlpost_testkit::{
    BrokerMessage, BrokerQueue, TcpGate, declare_exchange_at_broker, delete_exchange_at_broker,
    find_broker_for_tests,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{comment_on_incident, list_first_times, wait_for_outlet};
use crate::support::{TestDatabase, TestServer};

/// Another node begins within it when the one that publishes is gone.
const TAKEOVER_LIMIT: Duration = Duration::from_secs(5);

/// A broker, a gate in front of it, and a queue that hears an exchange of this test's own.
struct Outside {
    exchange: String,
    gate: TcpGate,
    queue: BrokerQueue,
}

impl Outside {
    async fn find() -> Option<Self> {
        let address = find_broker_for_tests().await?;
        let exchange = format!("owlpost.test.{}", Uuid::new_v4().simple());
        let queue = BrokerQueue::listen_to_topic_exchange(&address, &exchange).await;
        let gate = TcpGate::open_gate_to_address(address).await;
        Some(Self { exchange, gate, queue })
    }

    fn url(&self) -> String {
        format!("amqp://guest:guest@{}", self.gate.address)
    }

    fn start_server(&self, more: &[(&str, &str)]) -> TestServer {
        let url = self.url();
        let mut variables = vec![("RABBITMQ_URL", &*url), ("RABBITMQ_EXCHANGE", &*self.exchange)];
        variables.extend(more);
        TestServer::start_with(&variables)
    }

    /// Messages up to the one whose body holds these words.
    async fn receive_until(&mut self, words: &str) -> Vec<BrokerMessage> {
        let mut messages = Vec::new();
        loop {
            messages.push(self.queue.receive_next_broker_message().await);
            let last = messages.last().unwrap();
            if String::from_utf8_lossy(&last.body).contains(words) {
                return messages;
            }
        }
    }
}

fn header(message: &BrokerMessage, name: &str) -> Option<String> {
    let headers = message.properties.headers()?;
    headers.get(&name.try_into().unwrap()).map(|value| match value {
        amqprs::FieldValue::S(text) => text.as_ref().clone(),
        other => panic!("{other:?}"),
    })
}

#[tokio::test]
async fn should_publish_every_event_as_the_contract_says_and_nothing_of_single_people() {
    let Some(mut outside) = Outside::find().await else { return };
    let server = outside.start_server(&[]);
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    wait_for_outlet(&server, &auror, "rabbitmq", |_| true).await;
    let incident =
        server.api.report(&harry, json!({ "title": "Troll", "severity": "CRITICAL" })).await;
    let id = incident["id"].as_str().unwrap();
    let path = format!("/api/incidents/{id}");
    let patch = json!({ "assigneeId": auror.id, "status": "IN_PROGRESS" });
    server.api.patch(&path, &auror, patch).await.expect(200);
    comment_on_incident(&server, &harry, &incident, 0..1).await;
    server.api.delete(&path, &auror).await.expect(200);

    let room = format!("/api/events?after=0&room=incident:{id}");
    let log = server.api.get(&room, &auror).await.expect(200).json;
    let published = ["incident:", "comment:", "escalation:"];
    let log: Vec<_> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| {
            published.iter().any(|kind| event["event"].as_str().unwrap().starts_with(kind))
        })
        .collect();
    let last = log.last().unwrap()["eventId"].as_str().unwrap();
    let messages = outside.receive_until(&format!("\"eventId\":\"{last}\"")).await;
    let keys: Vec<_> =
        messages.iter().map(|message| message.routing_key.replace('.', ":")).collect();
    let names: Vec<_> = log.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(keys, names);
    assert_eq!(names.first(), Some(&"incident:created"));
    assert_eq!(names.last(), Some(&"incident:resolved"));
    for (message, event) in messages.iter().zip(&log) {
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(body, event["payload"], "what everybody is told");
    }
    let created = &messages[0];
    let body: Value = serde_json::from_slice(&created.body).unwrap();
    assert_eq!((&body["incident"]["id"], &body["createdBy"]["id"]), (&json!(id), &json!(harry.id)));
    assert_eq!(created.id(), body["eventId"].as_str().unwrap());
    let properties = &created.properties;
    assert_eq!(properties.message_type().unwrap(), "incident:created");
    assert_eq!(properties.content_type().unwrap(), "application/json");
    assert_eq!(properties.app_id().unwrap(), "owlpost");
    assert_eq!(properties.delivery_mode(), Some(2));
    let age = chrono::Utc::now().timestamp() - properties.timestamp().unwrap().cast_signed();
    assert!((0..60).contains(&age), "{age}");
    assert_eq!(header(created, "x-owlpost-audience").unwrap(), "everyone");
    assert_eq!(header(created, "x-owlpost-incident").unwrap(), id);
    let updated =
        messages.iter().find(|message| message.routing_key == "incident.updated").unwrap();
    assert_eq!(header(updated, "x-owlpost-audience").unwrap(), format!("incident:{id},incidents"));
    let (positions, repeated) = list_first_times(messages.iter().map(BrokerMessage::id));
    assert!(positions.is_sorted() && repeated == 0, "{positions:?}");

    let outlet = wait_for_outlet(&server, &auror, "rabbitmq", |outlet| {
        outlet["lagEvents"] == 0 && !outlet["deliveredAt"].is_null()
    })
    .await;
    assert_eq!((&outlet["failingSince"], &outlet["lastError"]), (&Value::Null, &Value::Null));
    server.api.get("/api/outlets", &harry).await.expect_error(403, "FORBIDDEN");
    drop(server);
    outside.queue.delete_exchange_at_end().await;
}

#[tokio::test]
async fn should_publish_what_is_chosen_and_never_what_servers_tell_each_other() {
    let Some(mut outside) = Outside::find().await else { return };
    let server = outside.start_server(&[("RABBITMQ_EVENTS", "#")]);
    let (auror, ron) = (server.auror().await, server.student("ron").await);
    wait_for_outlet(&server, &auror, "rabbitmq", |_| true).await;
    // The database tells the servers of it, by `user:changed`.
    let role = json!({ "role": "PREFECT" });
    server.api.patch(&format!("/api/users/{}", ron.id), &auror, role).await.expect(200);
    server.api.report(&ron, json!({ "title": "Troll", "severity": "CRITICAL" })).await;
    let mut keys = Vec::new();
    while !keys.contains(&"notification.new".to_owned()) {
        keys.push(outside.queue.receive_next_broker_message().await.routing_key);
    }
    assert!(keys.contains(&"user.updated".to_owned()), "{keys:?}");
    assert!(!keys.contains(&"user.changed".to_owned()), "{keys:?}");
    drop(server);
    outside.queue.delete_exchange_at_end().await;
}

#[tokio::test]
async fn should_lose_nothing_and_keep_the_order_when_the_broker_is_cut_off_and_away() {
    let Some(mut outside) = Outside::find().await else { return };
    let server = outside.start_server(&[]);
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    wait_for_outlet(&server, &auror, "rabbitmq", |_| true).await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let writing = comment_on_incident(&server, &harry, &incident, 0..300);
    let cutting = async {
        let mut messages = Vec::new();
        for words in ["number 20\"", "number 60\"", "number 90\""] {
            messages.extend(outside.receive_until(words).await);
            outside.gate.cut_every_open_connection();
        }
        messages.extend(outside.receive_until("number 120\"").await);
        outside.gate.shut_gate_for_everybody();
        let failing = |outlet: &Value| !outlet["failingSince"].is_null();
        let outlet = wait_for_outlet(&server, &auror, "rabbitmq", failing).await;
        let ready = server.api.send(server.api.request("GET", "/health/ready")).await;
        assert_eq!(ready.status, 200, "a broker that is away makes nobody unready");
        (messages, outlet)
    };
    let ((), (mut messages, outlet)) = tokio::join!(writing, cutting);
    assert!(!outlet["lastError"].as_str().unwrap().contains("guest:guest"), "{outlet}");
    outside.gate.open_gate_for_everybody();
    messages.extend(outside.receive_until("number 299\"").await);
    let (positions, repeated) = list_first_times(messages.iter().map(BrokerMessage::id));
    assert!(positions.is_sorted(), "{positions:?}");
    let comments = messages.iter().filter(|message| message.routing_key == "comment.created");
    assert_eq!(comments.count(), 300 + repeated, "{repeated} came again");
    let outlet =
        wait_for_outlet(&server, &auror, "rabbitmq", |outlet| outlet["lagEvents"] == 0).await;
    assert_eq!(outlet["failingSince"], Value::Null);
    assert!(!server.log().contains("guest:guest"), "the password is in the log");
    drop(server);
    outside.queue.delete_exchange_at_end().await;
}

#[tokio::test]
async fn should_start_without_the_broker_and_catch_up_when_it_is_there() {
    let Some(mut outside) = Outside::find().await else { return };
    outside.gate.shut_gate_for_everybody();
    let server = outside.start_server(&[]);
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    wait_for_outlet(&server, &auror, "rabbitmq", |_| true).await;
    server.api.report(&harry, json!({ "title": "While it was away" })).await;
    wait_for_outlet(&server, &auror, "rabbitmq", |outlet| outlet["failures"] != 0).await;
    assert!(server.log().contains("RabbitMQ is away"), "{}", server.log());
    outside.gate.open_gate_for_everybody();
    outside.receive_until("While it was away").await;
    drop(server);
    outside.queue.delete_exchange_at_end().await;
}

#[tokio::test]
async fn should_begin_where_another_node_was_killed_within_seconds() {
    begin_where_another_node_is_after_signal("KILL").await;
}

#[tokio::test]
async fn should_begin_where_another_node_was_frozen_within_seconds() {
    begin_where_another_node_is_after_signal("STOP").await;
}

async fn begin_where_another_node_is_after_signal(signal: &str) {
    let Some(mut outside) = Outside::find().await else { return };
    let mut first = outside.start_server(&[]);
    if first.database_url().is_none() {
        eprintln!("left out: two nodes need a Postgres server");
        return;
    }
    let (auror, harry) = (first.auror().await, first.student("harry").await);
    wait_for_outlet(&first, &auror, "rabbitmq", |_| true).await;
    let url = outside.url();
    let second = first
        .start_second_node(&[("RABBITMQ_URL", &url), ("RABBITMQ_EXCHANGE", &outside.exchange)]);
    let incident = first.api.report(&harry, json!({ "title": "Troll" })).await;
    // It publishes in the middle of it.
    comment_on_incident(&second, &harry, &incident, 0..50).await;
    first.send_signal(signal);
    let signalled_at = Instant::now();
    comment_on_incident(&second, &harry, &incident, 50..60).await;
    let messages = outside.receive_until("number 59\"").await;
    let factor = std::env::var("OWLPOST_TEST_TIME_FACTOR").ok().and_then(|text| text.parse().ok());
    let limit = TAKEOVER_LIMIT.mul_f64(factor.unwrap_or(1.0));
    assert!(signalled_at.elapsed() < limit, "{:?}", signalled_at.elapsed());
    if signal == "STOP" {
        // Its connection stood all the time. It finds that its place is another's.
        first.send_signal("CONT");
        first.wait_for_log("the place of the publisher is lost").await;
    } else {
        first.wait_for_exit();
    }
    let (positions, repeated) = list_first_times(messages.iter().map(BrokerMessage::id));
    assert!(positions.is_sorted(), "{positions:?}");
    assert_eq!(messages.len(), 61 + repeated, "an incident and its comments");
    assert!(second.log().contains("this node publishes from now on"));
    drop((second, first));
    outside.queue.delete_exchange_at_end().await;
}

#[tokio::test]
async fn should_refuse_to_start_on_an_exchange_that_is_another() {
    let Some(address) = find_broker_for_tests().await else { return };
    let exchange = format!("owlpost.test.{}", Uuid::new_v4().simple());
    declare_exchange_at_broker(&address, &exchange, "fanout", true).await;
    let database = TestDatabase::create();
    let url = format!("amqp://guest:guest@{address}");
    let output = database
        .command()
        .env("RABBITMQ_URL", url)
        .env("RABBITMQ_EXCHANGE", &exchange)
        .arg("serve")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("RABBITMQ_EXCHANGE") && said.contains(&exchange), "{said}");
    assert!(said.contains("inequivalent arg 'type'"), "the broker's own words: {said}");
    assert!(!said.contains("guest:guest"), "{said}");
    delete_exchange_at_broker(&address, &exchange).await;
}
