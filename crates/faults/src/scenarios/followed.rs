//! Faults while critical incidents are followed up: nodes that die, race and are overtaken, and clients that are cut.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rand::RngExt as _;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    castle::{Castle, DEADLINE},
    checker::LogEntry,
    client::Wanted,
    lab::Run,
    rest::Rest,
    wire::WireKind,
    writers::Writers,
};

/// Steps of an escalation in these runs: one a second.
const STEPS: usize = 3;
const SETTINGS: [(&str, &str); 5] = [
    ("ESCALATION_SEEN_TIMEOUT", "1s"),
    ("ESCALATION_ACK_TIMEOUT", "1s"),
    ("ESCALATION_REPEAT", "1s"),
    ("ESCALATION_STEPS", "3"),
    ("RATE_LIMIT_NOTIFY", "0"),
];

async fn report_incidents_as_critical(castle: &Castle, count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for n in 0..count {
        let body = json!({ "title": format!("critical {n}"), "severity": "CRITICAL" });
        let token = &castle.people[2].token;
        let answer = castle.rest.post_body_with_token("/api/incidents", token, &body).await?;
        let answer = answer.expect_status_of_answer(201)?;
        ids.push(answer.json["id"].as_str().unwrap_or_default().to_owned());
    }
    Ok(ids)
}

async fn wait_until_escalations_end(castle: &Castle) -> Result<()> {
    let begun = Instant::now();
    loop {
        // The database may be away at the moment.
        let left: Result<i64> = async {
            let mut session = castle.database.open_session_of_harness().await?;
            let count = "select count(*) from escalations";
            Ok(sqlx::query_scalar(count).fetch_one(&mut session).await?)
        }
        .await;
        if matches!(left, Ok(0)) {
            return Ok(());
        }
        ensure!(begun.elapsed() < DEADLINE, "escalations go on: {left:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Positions of an incident's events of this name, in the order of the log.
fn list_positions_of_incident(log: &[LogEntry], name: &str, incident: &str) -> Vec<i64> {
    let its =
        log.iter().filter(|entry| entry.name == name && entry.payload["incidentId"] == incident);
    its.map(|entry| entry.position).collect()
}

/// Each incident has each of its steps once, and nobody was told of one twice.
async fn check_steps_of_each_incident(castle: &Castle, incidents: &[String]) -> Result<usize> {
    let log = castle.read_log_of_castle().await?;
    let mut notified: BTreeMap<(String, String), usize> = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry.name == "notification:new") {
        let link = entry.payload["link"].as_str().unwrap_or_default().to_owned();
        let person = entry.audience.first().cloned().unwrap_or_default();
        *notified.entry((link, person)).or_default() += 1;
    }
    for incident in incidents {
        let its = log.iter().filter(|entry| {
            entry.name == "escalation:step" && entry.payload["incidentId"] == incident.as_str()
        });
        let steps: Vec<_> = its.filter_map(|entry| entry.payload["step"].as_u64()).collect();
        ensure!(steps == (1..=STEPS as u64).collect::<Vec<_>>(), "{incident}: steps {steps:?}");
        // Told when it became critical, and by each step: the Aurors by all, the Prefects from the second on.
        for (person, times) in
            castle.people.iter().zip([1 + STEPS, 1 + STEPS, STEPS - 1, STEPS - 1])
        {
            let key = (format!("/incidents/{incident}"), format!("user:{}", person.id));
            let told = notified.get(&key).copied().unwrap_or_default();
            ensure!(told == times, "{} was told {told} times, not {times}", person.handle);
        }
    }
    Ok(log.len())
}

/// 31: two nodes race for steps that are due, and one of them is killed again and again.
pub(super) async fn kill_node_while_it_escalates(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &SETTINGS, 6).await?;
    let second = castle.start_second_node_beside().await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(8, 30)).await?;
    let incidents = report_incidents_as_critical(&castle, run.pick_value_by_scale(12, 60)).await?;
    let mut rng = run.derive_chances_for_stream(31);
    let (mut kills, begun) = (0, Instant::now());
    while begun.elapsed() < Duration::from_secs(STEPS as u64 + 1) {
        // The pace of the fault: steps are due each second.
        tokio::time::sleep(Duration::from_millis(rng.random_range(50..900))).await;
        castle.server.kill_server_without_mercy().await?;
        castle.restart_server_after_end().await?;
        kills += 1;
    }
    wait_until_escalations_end(&castle).await?;
    castle.wait_until_all_caught_up().await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    check_steps_of_each_incident(&castle, &incidents).await?;
    drop(second);
    Ok(format!(
        "{} escalations of {STEPS} steps over {kills} kills, each step once. {text}",
        incidents.len()
    ))
}

/// 32: Postgres crashes when steps are due.
pub(super) async fn restart_postgres_when_steps_are_due(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &SETTINGS, 6).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(6, 20)).await?;
    let incidents = report_incidents_as_critical(&castle, run.pick_value_by_scale(6, 30)).await?;
    for _ in 0..run.pick_value_by_scale(1, 3) {
        // So that it is away when the next steps are due.
        tokio::time::sleep(Duration::from_millis(850)).await;
        run.cluster()?.stop_postgres_in_immediate_mode().await?;
        tokio::time::sleep(Duration::from_millis(400)).await;
        run.cluster()?.start_postgres_until_ready().await?;
    }
    wait_until_escalations_end(&castle).await?;
    let begun = Instant::now();
    while castle.create_incident_with_title("writes again").await.is_err() {
        ensure!(begun.elapsed() < DEADLINE, "no writes after the restart");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    check_steps_of_each_incident(&castle, &incidents).await?;
    Ok(format!("{} escalations of {STEPS} steps, each once. {text}", incidents.len()))
}

/// 33: people take incidents in the very moments in which their steps are due, at two nodes.
pub(super) async fn acknowledge_while_steps_are_due(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &SETTINGS, 6).await?;
    let second = castle.start_second_node_beside().await?;
    let (_elsewhere, address) = watch::channel(second.address);
    let beside = Rest::new(castle.rest.http.clone(), address);
    castle.add_crowd_of_clients(run.pick_value_by_scale(6, 20)).await?;
    let incidents = report_incidents_as_critical(&castle, run.pick_value_by_scale(20, 100)).await?;
    let taking = incidents.iter().enumerate().map(|(n, incident)| {
        let mut rng = run.derive_chances_for_stream(3_300 + n as u64);
        let rest = if n % 2 == 0 { &castle.rest } else { &beside };
        let (first, other) = (&castle.people[0].token, &castle.people[1].token);
        async move {
            let step = 1_000 * rng.random_range(1..=STEPS as u64);
            tokio::time::sleep(Duration::from_millis(step + rng.random_range(0..500) - 250)).await;
            let path = format!("/api/incidents/{incident}/acknowledge");
            let body = json!({});
            let (one, two) = tokio::join!(
                rest.post_body_with_token(&path, first, &body),
                rest.post_body_with_token(&path, other, &body)
            );
            let mut statuses = [one?.status, two?.status];
            statuses.sort_unstable();
            ensure!(statuses == [200, 409], "{incident}: {statuses:?}");
            anyhow::Ok(())
        }
    });
    futures_util::future::try_join_all(taking).await?;
    wait_until_escalations_end(&castle).await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    let log = castle.read_log_of_castle().await?;
    let mut steps_made = 0;
    for incident in &incidents {
        let taken = list_positions_of_incident(&log, "incident:acknowledged", incident);
        let steps = list_positions_of_incident(&log, "escalation:step", incident);
        ensure!(taken.len() == 1, "{incident} was taken {} times", taken.len());
        let last = steps.last().copied().unwrap_or_default();
        ensure!(last < taken[0], "{incident}: a step at {last}, taken at {}", taken[0]);
        steps_made += steps.len();
    }
    drop(second);
    Ok(format!(
        "{} incidents taken once each, {steps_made} steps before, none after. {text}",
        incidents.len()
    ))
}

/// Receipts that say delivered: whose, and which notification.
async fn list_receipts_of_delivery(castle: &Castle) -> Result<Vec<(String, String)>> {
    let mut session = castle.database.open_session_of_harness().await?;
    let sql =
        "select user_id::text, notification_id::text from receipts where delivered_at is not null";
    Ok(sqlx::query_as(sql).fetch_all(&mut session).await?)
}

/// 34: clients are cut again and again while they are notified.
pub(super) async fn cut_clients_while_they_are_notified(run: Run) -> Result<String> {
    let settings = [("MAX_SOCKETS_PER_USER", "1000"), ("RATE_LIMIT_NOTIFY", "0")];
    let mut castle = Castle::build_castle_for_run(&run, &settings, 8).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(16, 60)).await?;
    let writers = Writers::spawn_writers_for_castle(&castle, 4, Duration::from_millis(60));
    let ends = Instant::now() + Duration::from_secs(run.pick_value_by_scale(6, 30));
    let cutting = castle.clients.iter().enumerate().map(|(n, client)| {
        let mut rng = run.derive_chances_for_stream(3_400 + n as u64);
        async move {
            while Instant::now() < ends {
                tokio::time::sleep(Duration::from_millis(rng.random_range(20..900))).await;
                client.set_wanted_connection_state(Wanted::Away);
                tokio::time::sleep(Duration::from_millis(rng.random_range(20..600))).await;
                client.set_wanted_connection_state(Wanted::Connected);
            }
        }
    });
    futures_util::future::join_all(cutting).await;
    writers.stop_writers_and_collect().await.expect_no_wrong_answers()?;
    castle.wait_until_all_caught_up().await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    // Whom each client told of what: a receipt says nothing that none of its person's clients has heard.
    let mut heard: BTreeSet<(String, String)> = BTreeSet::new();
    for (client, owner) in castle.clients.iter().zip(&castle.owners) {
        let person = &castle.people[*owner].id;
        client.read_history_with_closure(|history| {
            let told = history.all_events().filter(|event| event.name == "notification:new");
            let ids = told.filter_map(|event| event.payload["id"].as_str());
            heard.extend(ids.map(|id| (person.clone(), id.to_owned())));
        });
    }
    let delivered = list_receipts_of_delivery(&castle).await?;
    for receipt in &delivered {
        ensure!(
            heard.contains(receipt),
            "{receipt:?} is said to be delivered, and nobody heard it"
        );
    }
    ensure!(!delivered.is_empty(), "nothing was proved");
    Ok(format!(
        "{} of {} heard notifications proved, none that was not heard. {text}",
        delivered.len(),
        heard.len()
    ))
}

/// 35: a dead client keeps its connection open: what is written to it proves nothing.
pub(super) async fn notify_client_that_never_answers(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 5).await?;
    let mut plan = castle.plan_client_of_person(4, WireKind::WebSocket, &[]);
    plan.wire = WireKind::WebSocket;
    let silent = castle.add_client_with_plan(4, plan);
    castle.wait_until_all_caught_up().await?;
    castle.clients[silent].set_wanted_connection_state(Wanted::Stalled);
    let incident = castle.incidents[0].clone();
    let words = format!("@{} are you there", castle.people[4].handle);
    castle.create_comment_as_person(0, &incident, &words).await?;
    let person = castle.people[4].id.clone();
    // Others are proved meanwhile, by the same writer of receipts.
    let other = castle.plan_client_of_person(0, WireKind::WebSocket, &[]);
    castle.add_client_with_plan(0, other);
    castle.clients[1].wait_until_caught_up(DEADLINE).await?;
    let words = format!("@{} and you", castle.people[0].handle);
    castle.create_comment_as_person(2, &incident, &words).await?;
    let begun = Instant::now();
    loop {
        let delivered = list_receipts_of_delivery(&castle).await?;
        ensure!(
            delivered.iter().all(|(user, _)| *user != person),
            "a silent client proved something"
        );
        if !delivered.is_empty() {
            break;
        }
        ensure!(begun.elapsed() < DEADLINE, "the other client proved nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = castle.rest.get_path_with_token("/health/ready", "").await.context("readiness")?;
    ensure!(status.status == 200, "not ready: {}", status.text);
    Ok("one proved, the silent one not".to_owned())
}
