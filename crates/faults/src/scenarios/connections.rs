//! Faults of connections: cut again and again, never reading, half open, never finished, all back at once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use owlpost_testkit::write_websocket_upgrade_request;
use rand::RngExt as _;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    castle::{Castle, DEADLINE},
    client::Wanted,
    lab::Run,
    wire::{Wire, WireKind},
    writers::Writers,
};

/// Published for the same fault against Node Socket.IO, in percent.
const OTHERS_DELIVERED: f64 = 84.6;

/// 4: cut for about 2 s again and again while events stream.
pub(super) async fn cut_clients_while_events_stream(run: Run) -> Result<String> {
    let people = run.pick_value_by_scale(6, 12);
    // A polling client that is cut without a word counts as a socket of its user until a ping stays unanswered.
    let settings = [("MAX_SOCKETS_PER_USER", "1000")];
    let mut castle = Castle::build_castle_for_run(&run, &settings, people).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(18, 90)).await?;
    for client in castle.clients.iter().step_by(5) {
        // These remember less than they saw: they ask for some events again.
        client.change_plan_for_reconnect(|plan| plan.forgets_events = 3);
    }
    let writers = Writers::spawn_writers_for_castle(&castle, 4, Duration::from_millis(80));
    let length = Duration::from_secs(run.pick_value_by_scale(6, 40));
    let ends = Instant::now() + length;
    let cutting = castle.clients.iter().enumerate().map(|(n, client)| {
        let mut rng = run.derive_chances_for_stream(100 + n as u64);
        async move {
            let mut cuts = 0usize;
            while Instant::now() < ends {
                // The pace of the fault, with jitter.
                let up = Duration::from_millis(rng.random_range(500..3_000));
                tokio::time::sleep(up).await;
                client.set_wanted_connection_state(Wanted::Away);
                tokio::time::sleep(Duration::from_millis(rng.random_range(1_500..2_500))).await;
                client.set_wanted_connection_state(Wanted::Connected);
                cuts += 1;
            }
            cuts
        }
    });
    let cuts: usize = futures_util::future::join_all(cutting).await.into_iter().sum();
    let report = writers.stop_writers_and_collect().await;
    report.expect_no_wrong_answers()?;
    castle.wait_until_all_caught_up().await?;
    let (verdict, text) = castle.settle_and_judge_histories().await?;
    ensure!(report.failed == 0, "{} writes failed without a fault of theirs", report.failed);
    let everyone: Vec<usize> = (0..people).collect();
    castle.wait_for_presence_truth(&everyone, Duration::from_secs(5)).await?;
    Ok(format!(
        "{:.2} % delivered over {cuts} cuts (published for Node Socket.IO: {OTHERS_DELIVERED} %). {text}",
        verdict.delivered_percent()
    ))
}

/// Writes incidents with long descriptions; gives the p99 of the time to the fast clients, in milliseconds.
async fn write_and_measure_fast_clients(
    castle: &Castle,
    events: usize,
    fast: usize,
) -> Result<f64> {
    let filler = "x".repeat(9_000);
    let from = castle.clients[0].read_history_with_closure(|history| history.all_events().count());
    for n in 0..events {
        let sent = crate::history::read_clock_of_harness().as_micros();
        let body = json!({ "title": format!("long {}", from + n), "description": format!("sent:{sent} {filler}") });
        let token = &castle.people[2].token;
        let answer = castle.rest.post_body_with_token("/api/incidents", token, &body).await?;
        answer.expect_status_of_answer(201)?;
    }
    let mut times = Vec::new();
    for client in &castle.clients[..fast] {
        client
            .wait_for_history_condition("all long events", DEADLINE, |history| {
                history.all_events().count() >= from + events
            })
            .await?;
        times.extend(client.read_history_with_closure(|history| {
            let received = history.all_events().skip(from).map(|event| {
                let text = event.payload["incident"]["description"].as_str().unwrap_or_default();
                let sent = text.trim_start_matches("sent:").split(' ').next();
                let sent: u64 = sent.and_then(|digits| digits.parse().ok()).unwrap_or(0);
                event.at.saturating_sub(Duration::from_micros(sent)).as_secs_f64() * 1_000.0
            });
            received.collect::<Vec<_>>()
        }));
    }
    times.sort_by(f64::total_cmp);
    Ok(times[(times.len() * 99 / 100).min(times.len() - 1)])
}

/// 5: a client stops reading.
pub(super) async fn stop_reading_for_good(run: Run) -> Result<String> {
    let settings = [("SEND_QUEUE", "256"), ("SLOW_CONSUMER_TIMEOUT", "3000")];
    let mut castle = Castle::build_castle_for_run(&run, &settings, 6).await?;
    let (fast, slow) = (8, run.pick_value_by_scale(2, 6));
    for n in 0..fast + slow {
        let mut plan = castle.plan_client_of_person(n % 6, WireKind::WebSocket, &[]);
        if n >= fast {
            plan.receive_buffer_bytes = Some(4_096);
        }
        castle.add_client_with_plan(n % 6, plan);
    }
    castle.wait_until_all_caught_up().await?;
    let events = run.pick_value_by_scale(900, 950);
    let before = write_and_measure_fast_clients(&castle, 300, fast).await?;
    let memory_before = castle.server.read_resident_memory_bytes()?;
    castle.clients[fast..].iter().for_each(|c| c.set_wanted_connection_state(Wanted::Stalled));
    let during = write_and_measure_fast_clients(&castle, events, fast).await?;
    let grown = castle.server.read_resident_memory_bytes()?.saturating_sub(memory_before) >> 20;
    let begun = Instant::now();
    let label = [r#"reason="slow_consumer""#];
    let name = "owlpost_sessions_closed_total";
    #[allow(clippy::cast_precision_loss)]
    while castle.rest.read_metric_by_labels(name, &label).await? < slow as f64 {
        ensure!(begun.elapsed() < DEADLINE, "the stalled clients were not disconnected");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(grown < 64, "memory grew by {grown} MiB with {slow} stalled clients");
    ensure!(
        during < (before * 3.0).max(before + 50.0),
        "p99 of the others went from {before:.1} to {during:.1} ms"
    );
    castle.set_wanted_state_of_all(Wanted::Connected);
    castle.clients[fast..].iter().for_each(|client| {
        client.change_plan_for_reconnect(|plan| plan.receive_buffer_bytes = None)
    });
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "{slow} stalled clients disconnected as slow_consumer, memory +{grown} MiB, p99 of {fast} others \
         {before:.1} ms before and {during:.1} ms during. Resumed whole: {text}"
    ))
}

/// Settings with short pings, for connections that die in silence.
const SHORT_PINGS: [(&str, &str); 6] = [
    ("SOCKET_IO_PING_INTERVAL", "500"),
    ("SOCKET_IO_PING_TIMEOUT", "1000"),
    ("SIGNALR_KEEP_ALIVE_INTERVAL", "500"),
    ("SIGNALR_CLIENT_TIMEOUT", "1500"),
    ("STOMP_HEARTBEAT", "500"),
    ("HEADER_READ_TIMEOUT", "2000"),
];

/// 6: the other end is silent, its TCP connection open.
pub(super) async fn leave_connections_half_open(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &SHORT_PINGS, 8).await?;
    for person in 0..8 {
        let plan = castle.plan_client_of_person(person, WireKind::WebSocket, &[]);
        castle.add_client_with_plan(person, plan);
    }
    castle.wait_until_all_caught_up().await?;
    castle.wait_for_presence_truth(&(0..8).collect::<Vec<_>>(), DEADLINE).await?;
    let rounds = run.pick_value_by_scale(1, 5);
    let mut longest = Duration::ZERO;
    for _ in 0..rounds {
        castle.clients[4..].iter().for_each(|c| c.set_wanted_connection_state(Wanted::Stalled));
        // Ping interval and timeout, and a second for a busy machine to clean up.
        let bound = Duration::from_millis(500 + 1_000 + 1_000);
        longest = longest.max(castle.wait_for_presence_truth(&[0, 1, 2, 3], bound).await?);
        let sessions = castle.rest.read_metric_by_labels("owlpost_sessions", &[]).await?;
        ensure!((sessions - 4.0).abs() < 0.5, "{sessions} sessions are left, not 4");
        castle.set_wanted_state_of_all(Wanted::Connected);
        castle.wait_until_all_caught_up().await?;
        castle.wait_for_presence_truth(&(0..8).collect::<Vec<_>>(), DEADLINE).await?;
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "{rounds} times 4 clients, gone within {:.1} s (bound 2.5 s). {text}",
        longest.as_secs_f64()
    ))
}

/// 12: every client is cut at the same moment and comes back at once.
pub(super) async fn storm_of_reconnecting_clients(run: Run) -> Result<String> {
    let people = run.pick_value_by_scale(20, 100);
    let count = run.pick_value_by_scale(40, 200);
    // A polling client that is cut without a word is gone when a ping stays unanswered.
    let pings = [
        ("SOCKET_IO_PING_INTERVAL", "2000"),
        ("SOCKET_IO_PING_TIMEOUT", "4000"),
        ("SIGNALR_KEEP_ALIVE_INTERVAL", "2000"),
        ("SIGNALR_CLIENT_TIMEOUT", "6000"),
        ("STOMP_HEARTBEAT", "2000"),
    ];
    let mut castle = Castle::build_castle_for_run(&run, &pings, people).await?;
    castle.add_crowd_of_clients(count).await?;
    let cluster_counts = run.cluster().is_ok_and(|cluster| cluster.counts_statements);
    let mut session = castle.database.open_session_of_harness().await?;
    if cluster_counts {
        sqlx::query("create extension pg_stat_statements").execute(&mut session).await?;
    }
    let mut longest = Duration::ZERO;
    let mut statements = 0;
    let rounds = run.pick_value_by_scale(1, 4);
    for round in 0..rounds {
        castle.set_wanted_state_of_all(Wanted::Away);
        castle.wait_for_presence_truth(&[], DEADLINE).await?;
        castle.create_incident_with_title(&format!("missed by all {round}")).await?;
        if cluster_counts {
            sqlx::query("select pg_stat_statements_reset()").execute(&mut session).await?;
        }
        let begun = Instant::now();
        castle.set_wanted_state_of_all(Wanted::Connected);
        castle.wait_until_all_caught_up().await?;
        longest = longest.max(begun.elapsed());
        if cluster_counts {
            let calls: i64 = sqlx::query_scalar(
                "select coalesce(sum(calls), 0)::bigint from pg_stat_statements
                 where dbid = (select oid from pg_database where datname = current_database())
                   and query not ilike '%pg_stat_statements%'",
            )
            .fetch_one(&mut session)
            .await?;
            statements = statements.max(calls);
            let most_called: Vec<String> = sqlx::query_scalar(
                "select calls || ' × ' || left(query, 60) from pg_stat_statements
                 where dbid = (select oid from pg_database where datname = current_database())
                 order by calls desc limit 5",
            )
            .fetch_all(&mut session)
            .await?;
            ensure!(
                calls * 2 < i64::try_from(count)? || count < 100,
                "{calls} statements for {count} clients: {most_called:?}"
            );
        }
    }
    let everyone: Vec<usize> = (0..people).collect();
    let presence = castle.wait_for_presence_truth(&everyone, Duration::from_secs(5)).await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    let counted = if cluster_counts { statements.to_string() } else { "uncounted".to_owned() };
    Ok(format!(
        "{count} clients back within {:.1} s at most, {counted} database statements, presence right {:.1} s \
         later. {text}",
        longest.as_secs_f64(),
        presence.as_secs_f64()
    ))
}

/// 15: openings that are never finished, and polling clients that vanish.
pub(super) async fn abandon_upgrades_and_polls(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &SHORT_PINGS, 4).await?;
    let plan = castle.plan_client_of_person(0, WireKind::WebSocket, &[]);
    castle.add_client_with_plan(0, plan);
    castle.wait_until_all_caught_up().await?;
    let tasks_before = wait_for_tasks_to_settle(&castle, f64::MAX).await?;
    let address = castle.server.address;
    let count = run.pick_value_by_scale(20, 60);
    let mut kept_streams = Vec::new();
    let mut kept_wires = Vec::new();
    for n in 0..count {
        match n % 4 {
            // The head of an upgrade, never ended.
            0 => {
                let mut stream = TcpStream::connect(address).await?;
                let request = write_websocket_upgrade_request("");
                stream.write_all(&request[..request.len() / 2]).await?;
                kept_streams.push(stream);
            }
            // A websocket that never enters the namespace.
            1 => kept_wires.push(open_wire_to_castle(&castle, WireKind::WebSocket).await?),
            // A polling session that is opened, and its upgrade begun without probe.
            2 => {
                kept_wires.push(open_wire_to_castle(&castle, WireKind::Polling).await?);
            }
            // A polling client that was let in and vanishes.
            _ => {
                let plan = castle.plan_client_of_person(n % 3 + 1, WireKind::Polling, &[]);
                castle.add_client_with_plan(n % 3 + 1, plan);
            }
        }
    }
    castle.wait_until_all_caught_up().await?;
    castle.wait_for_presence_truth(&[0, 1, 2, 3], DEADLINE).await?;
    let gone = Instant::now();
    castle.clients[1..].iter().for_each(|client| client.set_wanted_connection_state(Wanted::Away));
    castle.wait_for_presence_truth(&[0], Duration::from_millis(2_500)).await?;
    let presence = gone.elapsed();
    let tasks_after = wait_for_tasks_to_settle(&castle, tasks_before + 5.0).await?;
    let sessions = castle.rest.read_metric_by_labels("owlpost_sessions", &[]).await?;
    ensure!((sessions - 1.0).abs() < 0.5, "{sessions} sessions are left, not 1");
    Ok(format!(
        "{count} abandoned openings and pollers: presence right after {:.1} s, tasks {tasks_before} before and \
         {tasks_after} after, 1 session left",
        presence.as_secs_f64()
    ))
}

async fn open_wire_to_castle(castle: &Castle, kind: WireKind) -> Result<Wire> {
    let address = castle.server.address;
    Wire::open_engine_connection_to(kind, address, &castle.rest.http, None).await
}

/// Waits until no more tasks live than `most`; gives how many.
async fn wait_for_tasks_to_settle(castle: &Castle, most: f64) -> Result<f64> {
    let begun = Instant::now();
    loop {
        let tasks = castle.rest.read_metric_by_labels("owlpost_tokio_tasks_alive", &[]).await?;
        if tasks <= most {
            return Ok(tasks);
        }
        ensure!(begun.elapsed() < DEADLINE, "{tasks} tasks are alive, not {most} at most");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
