//! Thousands of connections that come and go: nothing of them may stay.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    castle::{Castle, DEADLINE},
    client::Wanted,
    lab::Run,
    wire::WireKind,
};

/// What must return to where it was.
const GAUGES: [&str; 6] = [
    "owlpost_sessions",
    "owlpost_topics",
    "owlpost_typists",
    "owlpost_users_online",
    "owlpost_incidents_with_viewers",
    "owlpost_presence_changes_waiting",
];
const TASKS: &str = "owlpost_tokio_tasks_alive";
/// Tasks that may live more than before: connections of REST that idle.
const TASKS_OF_REST: f64 = 12.0;

/// Soak: connect, join, type, drop.
pub(super) async fn connect_and_drop_thousands(run: Run) -> Result<String> {
    let people = 20;
    // Polling clients that vanish are gone when a ping stays unanswered.
    let pings = [
        ("SOCKET_IO_PING_INTERVAL", "2000"),
        ("SOCKET_IO_PING_TIMEOUT", "4000"),
        ("SIGNALR_KEEP_ALIVE_INTERVAL", "2000"),
        ("SIGNALR_CLIENT_TIMEOUT", "6000"),
        ("STOMP_HEARTBEAT", "2000"),
    ];
    let mut castle = Castle::build_castle_for_run(&run, &pings, people).await?;
    let tasks = castle.rest.read_metric_by_labels(TASKS, &[]).await?;
    let length = run.pick_value_by_scale(Duration::from_secs(6), run.lab.soak);
    let wave = run.pick_value_by_scale(20, 40);
    let (mut connections, mut waves) = (0, 0);
    // Allocators and caches warm up first: the baseline of memory is taken after some waves.
    let warm_up = run.pick_value_by_scale(2, 25);
    let mut baseline = 0;
    let mut samples = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < length || waves <= warm_up {
        connections += run_one_wave_of_clients(&mut castle, wave, waves).await?;
        waves += 1;
        let resident = castle.server.read_resident_memory_bytes()? >> 20;
        if waves == warm_up {
            baseline = resident;
        }
        samples.push(resident);
    }
    for gauge in GAUGES {
        wait_for_gauge_at_most(&castle, gauge, 0.0).await?;
    }
    wait_for_gauge_at_most(&castle, TASKS, tasks + TASKS_OF_REST).await?;
    let memory = castle.server.read_resident_memory_bytes()? >> 20;
    let most = samples.iter().max().copied().unwrap_or(0);
    ensure!(memory < baseline + 24 + baseline / 4, "memory went from {baseline} to {memory} MiB");
    Ok(format!(
        "{connections} connections in {waves} waves over {} s: every gauge back to 0, tasks back to {tasks} (+{TASKS_OF_REST} \
         at most), resident memory {baseline} MiB after {warm_up} waves, {memory} MiB at the end, {most} MiB at most",
        begun.elapsed().as_secs()
    ))
}

async fn run_one_wave_of_clients(castle: &mut Castle, wave: usize, number: usize) -> Result<usize> {
    let people = castle.people.len();
    for n in 0..wave {
        let wire = if n % 4 == 3 { WireKind::Polling } else { WireKind::WebSocket };
        let mut plan = castle.plan_client_of_person(n % people, wire, &[]);
        plan.seed = plan.seed.wrapping_add(number as u64);
        castle.add_client_with_plan(n % people, plan);
    }
    castle.wait_until_all_caught_up().await?;
    let incident = castle.incidents[number % castle.incidents.len()].clone();
    let join = json!({ "room": format!("incident:{incident}") });
    for client in &castle.clients {
        client.emit_event_and_wait("room:join", join.clone()).await?;
        client
            .emit_event_without_answer("typing:start", &json!({ "incidentId": incident }))
            .await?;
    }
    castle.create_comment_as_person(number % 4, &incident, &format!("wave {number}")).await?;
    for client in &castle.clients {
        client
            .wait_for_history_condition("the comment of the wave", DEADLINE, |history| {
                history.all_events().any(|event| event.name == "comment:created")
            })
            .await?;
    }
    // Half say goodbye, half are cut.
    for (n, client) in castle.clients.iter().enumerate() {
        let end = if n % 2 == 0 { Wanted::Left } else { Wanted::Away };
        client.set_wanted_connection_state(end);
    }
    for client in &castle.clients {
        client
            .wait_for_history_condition("the end", DEADLINE, |history| {
                history.segments.last().is_some_and(|segment| segment.ended.is_some())
            })
            .await?;
    }
    castle.clients.clear();
    castle.owners.clear();
    // The sessions of a wave are gone before the next: only what leaks adds up. Polling ends by itself, later.
    #[allow(clippy::cast_precision_loss)]
    wait_for_gauge_at_most(castle, "owlpost_sessions", wave as f64).await?;
    Ok(wave)
}

async fn wait_for_gauge_at_most(castle: &Castle, gauge: &str, most: f64) -> Result<()> {
    let begun = Instant::now();
    loop {
        let value = castle.rest.read_metric_by_labels(gauge, &[]).await?;
        if value <= most {
            return Ok(());
        }
        ensure!(begun.elapsed() < DEADLINE, "{gauge} stays at {value}, not {most}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
