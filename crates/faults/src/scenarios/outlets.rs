//! Faults while events go out: the publishing node dies, a receiver is down, the broker is cut off.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result, ensure};
use owlpost_testkit::{
    BrokerMessage, BrokerQueue, ReceivedDelivery, TcpGate, WebhookReceiver, find_broker_for_tests,
};
use rand::RngExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{castle::Castle, checker::LogEntry, lab::Run, scenario::NotRun, writers::Writers};

/// Receivers are of this machine.
const CALLED: (&str, &str) = ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.1");
/// Between two writes of a writer.
const PACE: Duration = Duration::from_millis(25);

/// What one outside was told of an event.
struct Told {
    position: i64,
    payload: Value,
}

impl Told {
    fn from_delivery(delivery: &ReceivedDelivery) -> Result<Self> {
        let body: Value = serde_json::from_str(&delivery.body)?;
        Ok(Self { position: delivery.id.parse()?, payload: body["data"].clone() })
    }

    fn from_message(message: &BrokerMessage) -> Result<Self> {
        Ok(Self {
            position: message.id().parse()?,
            payload: serde_json::from_slice(&message.body)?,
        })
    }
}

/// Has a receiver told of everything from now on; the position it begins behind.
async fn call_receiver_with_everything(castle: &Castle, receiver: &WebhookReceiver) -> Result<i64> {
    let body = json!({ "name": "receiver", "url": receiver.url(), "events": ["#"] });
    let token = &castle.people[0].token;
    let made = castle.rest.post_body_with_token("/api/webhooks", token, &body).await?;
    let made = made.expect_status_of_answer(201)?;
    let position = made.json["outlet"]["position"].as_str().context("a position")?;
    Ok(position.parse()?)
}

/// Events of the log that those outside must be told of.
async fn list_events_behind_position(castle: &Castle, from: i64) -> Result<Vec<LogEntry>> {
    let log = castle.read_log_of_castle().await?;
    Ok(log
        .into_iter()
        .filter(|entry| entry.position > from && entry.name != "user:changed")
        .collect())
}

/// Everything was told, in order, nothing else, and what was told again was the same; how many were.
fn compare_told_with_log(told: &[Told], log: &[LogEntry]) -> Result<usize> {
    let mut seen = BTreeSet::new();
    let mut first_times = told.iter().filter(|told| seen.insert(told.position));
    for entry in log {
        let next = first_times.next().with_context(|| format!("{} is missing", entry.position))?;
        let (told, position) = (next.position, entry.position);
        ensure!(told == position, "{told} came where {position} should");
    }
    if let Some(more) = first_times.next() {
        anyhow::bail!("{} is not in the log", more.position);
    }
    for one in told {
        let entry = log.iter().find(|entry| entry.position == one.position);
        let mut payload = entry.context("not in the log")?.payload.clone();
        payload["eventId"] = one.position.to_string().into();
        ensure!(payload == one.payload, "{} was told as {}", one.position, one.payload);
    }
    Ok(told.len() - log.len())
}

async fn hear_receiver_until_last(receiver: &WebhookReceiver, last: i64) -> Result<Vec<Told>> {
    let id = last.to_string();
    let taken = |one: &&ReceivedDelivery| one.answered < 300;
    let all = receiver
        .wait_for_matching_deliveries(|all| all.iter().filter(taken).any(|one| one.id == id))
        .await;
    all.iter().filter(taken).map(Told::from_delivery).collect()
}

async fn hear_queue_until_last(queue: &mut BrokerQueue, from: i64, last: i64) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    while told.last().is_none_or(|told: &Told| told.position != last) {
        told.push(Told::from_message(&queue.receive_next_broker_message().await)?);
    }
    told.retain(|told| told.position > from);
    Ok(told)
}

/// A queue of an exchange of this run, and a gate to its broker; `None` where there is none.
struct Broker {
    queue: BrokerQueue,
    gate: TcpGate,
    exchange: String,
}

impl Broker {
    async fn find_broker_of_environment() -> Option<Self> {
        let address = find_broker_for_tests().await?;
        let exchange = format!("owlpost.faults.{}", Uuid::new_v4().simple());
        let queue = BrokerQueue::listen_to_topic_exchange(&address, &exchange).await;
        Some(Self { queue, gate: TcpGate::open_gate_to_address(address).await, exchange })
    }

    fn list_settings_of_server(&self) -> [(&'static str, String); 3] {
        [
            ("RABBITMQ_URL", format!("amqp://guest:guest@{}", self.gate.address)),
            ("RABBITMQ_EXCHANGE", self.exchange.clone()),
            ("RABBITMQ_EVENTS", "#".to_owned()),
        ]
    }
}

/// 36: the node that publishes is killed again and again, and another goes on.
pub(super) async fn kill_publishing_node_in_turn(run: Run) -> Result<String> {
    let receiver = WebhookReceiver::start_receiver_on_loopback().await;
    let mut broker = Broker::find_broker_of_environment().await;
    let of_broker = broker.as_ref().map(Broker::list_settings_of_server);
    let mut settings = vec![CALLED];
    settings.extend(of_broker.iter().flatten().map(|(name, value)| (*name, &**value)));
    let mut castle = Castle::build_castle_for_run(&run, &settings, 6).await?;
    let mut second = castle.start_second_node_beside().await?;
    let from = call_receiver_with_everything(&castle, &receiver).await?;
    let writers = Writers::spawn_writers_for_castle(&castle, 4, PACE);
    let mut rng = run.derive_chances_for_stream(36);
    let rounds = run.pick_value_by_scale(1, 4);
    for _ in 0..rounds {
        // The pace of the fault. Whoever is left begins to publish, and is the next to be killed.
        tokio::time::sleep(Duration::from_millis(rng.random_range(1_000..2_500))).await;
        castle.server.kill_server_without_mercy().await?;
        castle.restart_server_after_end().await?;
        tokio::time::sleep(Duration::from_millis(rng.random_range(1_000..2_500))).await;
        second.kill_server_without_mercy().await?;
        second = castle.start_second_node_beside().await?;
    }
    let report = writers.stop_writers_and_collect().await;
    report.expect_no_wrong_answers()?;
    let log = list_events_behind_position(&castle, from).await?;
    let last = log.last().context("events")?.position;
    let told = hear_receiver_until_last(&receiver, last).await?;
    let repeated = compare_told_with_log(&told, &log)?;
    let mut text = format!(
        "{} kills, {} events told to a webhook in order, {repeated} twice with the same id",
        2 * rounds,
        log.len()
    );
    if let Some(mut broker) = broker.take() {
        let told = hear_queue_until_last(&mut broker.queue, from, last).await?;
        let repeated = compare_told_with_log(&told, &log)?;
        text += &format!("; the same to RabbitMQ, {repeated} twice");
        drop((second, castle));
        broker.queue.delete_exchange_at_end().await;
    }
    Ok(text)
}

/// 37: a receiver takes nothing for a while, again and again.
pub(super) async fn refuse_deliveries_for_moments(run: Run) -> Result<String> {
    let receiver = WebhookReceiver::start_receiver_on_loopback().await;
    let castle = Castle::build_castle_for_run(&run, &[CALLED], 6).await?;
    let from = call_receiver_with_everything(&castle, &receiver).await?;
    let writers = Writers::spawn_writers_for_castle(&castle, 4, PACE);
    let mut rng = run.derive_chances_for_stream(37);
    let rounds = run.pick_value_by_scale(2, 6);
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(rng.random_range(200..800))).await;
        receiver.answer_calls_with_status(if round % 2 == 0 { 503 } else { 404 });
        tokio::time::sleep(Duration::from_millis(rng.random_range(500..2_000))).await;
        receiver.answer_calls_with_status(204);
    }
    writers.stop_writers_and_collect().await.expect_no_wrong_answers()?;
    let log = list_events_behind_position(&castle, from).await?;
    let told = hear_receiver_until_last(&receiver, log.last().context("events")?.position).await?;
    let repeated = compare_told_with_log(&told, &log)?;
    let refused = receiver.list_all_received_deliveries().len() - told.len();
    ensure!(refused > 0, "nothing was refused");
    Ok(format!(
        "{} events over {rounds} times in which nothing was taken, {refused} deliveries refused, all taken in order, \
         {repeated} twice",
        log.len()
    ))
}

/// 38: the connection to the broker is cut, and the broker away, again and again.
pub(super) async fn lose_connection_to_broker(run: Run) -> Result<String> {
    let Some(mut broker) = Broker::find_broker_of_environment().await else {
        return Err(NotRun("no RabbitMQ".to_owned()).into());
    };
    let settings = broker.list_settings_of_server();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
    let castle = Castle::build_castle_for_run(&run, &settings, 6).await?;
    let first = castle.create_incident_with_title("the first that is told").await?;
    // What came before the outlet began is not its business.
    let from = loop {
        let message = broker.queue.receive_next_broker_message().await;
        if String::from_utf8_lossy(&message.body).contains(&first) {
            break message.id().parse()?;
        }
    };
    let writers = Writers::spawn_writers_for_castle(&castle, 4, PACE);
    let mut rng = run.derive_chances_for_stream(38);
    let rounds = run.pick_value_by_scale(3, 10);
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(rng.random_range(200..800))).await;
        broker.gate.cut_every_open_connection();
        tokio::time::sleep(Duration::from_millis(rng.random_range(200..800))).await;
        broker.gate.shut_gate_for_everybody();
        tokio::time::sleep(Duration::from_millis(rng.random_range(500..1_500))).await;
        broker.gate.open_gate_for_everybody();
    }
    writers.stop_writers_and_collect().await.expect_no_wrong_answers()?;
    let log = list_events_behind_position(&castle, from).await?;
    let last = log.last().context("events")?.position;
    let told = hear_queue_until_last(&mut broker.queue, from, last).await?;
    let repeated = compare_told_with_log(&told, &log)?;
    let opened = castle.rest.read_metric_by_labels("owlpost_outlet_reconnects_total", &[]).await?;
    // Fewer than there were cuts: who is refused waits longer each time.
    ensure!(opened >= 3.0, "the connection was opened {opened} times");
    drop(castle);
    broker.queue.delete_exchange_at_end().await;
    Ok(format!(
        "{} events over {opened} connections, all published in order, {repeated} twice with the same id",
        log.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(positions: &[i64]) -> Vec<Told> {
        let payload = |position: &i64| json!({ "eventId": position.to_string() });
        positions.iter().map(|p| Told { position: *p, payload: payload(p) }).collect()
    }

    fn log(positions: &[i64]) -> Vec<LogEntry> {
        let entry = |position: &i64| LogEntry {
            position: *position,
            name: "incident:created".to_owned(),
            audience: Vec::new(),
            payload: json!({}),
        };
        positions.iter().map(entry).collect()
    }

    #[test]
    fn should_catch_whoever_tells_it_wrong() {
        let compare = |positions: &[i64]| compare_told_with_log(&told(positions), &log(&[1, 2, 4]));
        assert_eq!(compare(&[1, 2, 4]).expect("right"), 0);
        assert_eq!(compare(&[1, 2, 1, 2, 4, 4]).expect("at least once"), 3);
        for wrong in [&[1, 4][..], &[1, 2], &[2, 1, 4], &[1, 4, 2], &[1, 2, 3, 4], &[1, 2, 4, 5]] {
            assert!(compare(wrong).is_err(), "{wrong:?}");
        }
        let mut altered = told(&[1, 2, 4]);
        altered[1].payload["title"] = "another".into();
        assert!(compare_told_with_log(&altered, &log(&[1, 2, 4])).is_err());
    }
}
