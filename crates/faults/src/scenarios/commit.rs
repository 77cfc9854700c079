//! Faults around the commit: killed before it, killed after it, committed out of order.

use std::time::Duration;

use anyhow::{Result, ensure};
use rand::RngExt as _;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use crate::{
    castle::{Castle, DEADLINE},
    client::Wanted,
    lab::Run,
    wire::WireKind,
    writers::Writers,
};

/// Advisory lock that holds transactions at the point a trigger names.
const HOLD: i64 = 0x0417;

/// Makes every transaction that writes to the log wait for the harness: after its insert, or inside its commit.
async fn install_hold_on_log(session: &mut PgConnection, in_commit: bool) -> Result<()> {
    let (constraint, when) =
        if in_commit { ("constraint", "deferrable initially deferred") } else { ("", "") };
    let sql = format!(
        "create function hold_log_writer() returns trigger language plpgsql as $$
         begin perform pg_advisory_xact_lock_shared({HOLD}); return null; end $$;
         create {constraint} trigger hold_log_writer after insert on event_log {when}
         for each row execute function hold_log_writer()"
    );
    session.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

async fn switch_hold_of_writers(session: &mut PgConnection, hold: bool) -> Result<()> {
    let function = if hold { "pg_advisory_lock" } else { "pg_advisory_unlock" };
    session.execute(AssertSqlSafe(format!("select {function}({HOLD})"))).await?;
    Ok(())
}

/// Waits until a query gives true.
async fn wait_until_query_holds(session: &mut PgConnection, sql: &'static str) -> Result<()> {
    let begun = std::time::Instant::now();
    while !sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut *session).await? {
        ensure!(begun.elapsed() < DEADLINE, "not in time: {sql}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

const A_WRITER_IS_HELD: &str =
    "select exists (select from pg_locks where locktype = 'advisory' and not granted)";
const NO_WRITER_IS_LEFT: &str = "select not exists (select from pg_locks where locktype = 'relation'
     and relation = 'event_log'::regclass and mode = 'RowExclusiveLock' and pid <> pg_backend_pid())";

/// Sends a create whose answer never comes, and kills the server while its transaction is held.
async fn kill_server_in_held_write(
    castle: &mut Castle,
    session: &mut PgConnection,
    report: serde_json::Value,
) -> Result<()> {
    switch_hold_of_writers(session, true).await?;
    let rest = castle.rest.clone();
    let token = castle.people[2].token.clone();
    let request = tokio::spawn(async move {
        let (path, key) = ("/api/incidents", report["title"].as_str());
        rest.send_request_with_token(reqwest::Method::POST, path, &token, Some(&report), key).await
    });
    wait_until_query_holds(session, A_WRITER_IS_HELD).await?;
    castle.server.kill_server_without_mercy().await?;
    switch_hold_of_writers(session, false).await?;
    ensure!(request.await?.is_err(), "the request was answered by a killed server");
    wait_until_query_holds(session, NO_WRITER_IS_LEFT).await
}

async fn count_titles_in_log(session: &mut PgConnection, title: &str) -> Result<i64> {
    let sql = "select count(*) from event_log where payload->'incident'->>'title' = $1";
    Ok(sqlx::query_scalar(sql).bind(title).fetch_one(session).await?)
}

/// 1: killed with the commit under way, so that nobody published.
pub(super) async fn kill_between_commit_and_publish(run: Run) -> Result<String> {
    let mut castle =
        Castle::build_castle_for_run(&run, &[("PRESENCE_TIMEOUT", "3000")], 12).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(12, 36)).await?;
    // A second node lives on: its clients learn of the commit from the log.
    let second = castle.start_second_node_beside().await?;
    let second_address = tokio::sync::watch::Sender::new(second.address);
    for person in 0..4 {
        let plan = castle.plan_client_of_person(person, WireKind::WebSocket, &[]);
        castle.add_client_at_address(person, plan, second_address.subscribe());
    }
    castle.wait_until_all_caught_up().await?;
    let mut session = castle.database.open_session_of_harness().await?;
    install_hold_on_log(&mut session, true).await?;
    let rounds = run.pick_value_by_scale(2, 8);
    for round in 0..rounds {
        let title = format!("committed, never published {round}");
        let report = json!({ "title": title });
        kill_server_in_held_write(&mut castle, &mut session, report).await?;
        let found = count_titles_in_log(&mut session, &title).await?;
        ensure!(found == 1, "round {round}: committed {found} times");
        castle.restart_server_after_end().await?;
        for client in &castle.clients {
            client
                .wait_for_history_condition(&title, DEADLINE, |history| {
                    history.all_events().any(|event| event.payload["incident"]["title"] == *title)
                })
                .await?;
        }
    }
    castle.wait_until_all_caught_up().await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!("{rounds} kills inside the commit, each event on both nodes once. {text}"))
}

/// 2: killed after the insert: the transaction never commits.
pub(super) async fn kill_between_insert_and_commit(run: Run) -> Result<String> {
    let mut castle =
        Castle::build_castle_for_run(&run, &[("PRESENCE_TIMEOUT", "3000")], 12).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(12, 36)).await?;
    let mut session = castle.database.open_session_of_harness().await?;
    install_hold_on_log(&mut session, false).await?;
    let rounds = run.pick_value_by_scale(2, 8);
    for round in 0..rounds {
        let title = format!("inserted, never committed {round}");
        // A plain report is one statement, which Postgres finishes without the server. One that notifies people is a
        // transaction: its commit is a statement of its own, and never comes.
        let report = json!({ "title": title, "severity": "CRITICAL" });
        kill_server_in_held_write(&mut castle, &mut session, report).await?;
        let found = count_titles_in_log(&mut session, &title).await?;
        ensure!(found == 0, "round {round}: it was committed after all");
        castle.restart_server_after_end().await?;
        castle.wait_until_all_caught_up().await?;
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    for client in &castle.clients {
        let seen = client.read_history_with_closure(|history| {
            history.all_events().any(|e| e.payload.to_string().contains("never committed"))
        });
        ensure!(!seen, "somebody saw what was never committed");
    }
    Ok(format!("{rounds} kills before the commit, seen by nobody. {text}"))
}

/// 1b: killed at any moment, with writers at work.
pub(super) async fn kill_again_and_again_under_load(run: Run) -> Result<String> {
    let people = run.pick_value_by_scale(6, 10);
    let mut castle =
        Castle::build_castle_for_run(&run, &[("PRESENCE_TIMEOUT", "3000")], people).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(10, 40)).await?;
    let writers = Writers::spawn_writers_for_castle(&castle, 4, Duration::from_millis(25));
    let rounds = run.pick_value_by_scale(2, 8);
    let mut rng = run.derive_chances_for_stream(2);
    for _ in 0..rounds {
        // The pace of the fault, not a wait for something.
        tokio::time::sleep(Duration::from_millis(rng.random_range(300..1_500))).await;
        castle.server.kill_server_without_mercy().await?;
        castle.restart_server_after_end().await?;
        castle.wait_until_all_caught_up().await?;
    }
    let report = writers.stop_writers_and_collect().await;
    report.expect_no_wrong_answers()?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    let everyone: Vec<usize> = (0..people).collect();
    let bound = Duration::from_secs(5);
    castle.wait_for_presence_truth(&everyone, bound).await?;
    Ok(format!(
        "{rounds} kills, {} writes acknowledged and all there, {} tried again. {text}",
        report.succeeded, report.failed
    ))
}

/// 3: a transaction that drew the earlier position commits later, or never.
pub(super) async fn commit_out_of_position_order(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 8).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(8, 24)).await?;
    let away: Vec<usize> = (0..castle.clients.len()).filter(|n| n % 2 == 0).collect();
    let mut rng = run.derive_chances_for_stream(3);
    let mut early = castle.database.open_session_of_harness().await?;
    let rounds = run.pick_value_by_scale(4, 20);
    let mut committed = 0;
    for round in 0..rounds {
        away.iter().for_each(|n| castle.clients[*n].set_wanted_connection_state(Wanted::Away));
        early.execute("begin").await?;
        let payload = json!({ "incident": { "title": format!("early {round}") } }).to_string();
        let position: i64 = sqlx::query_scalar(
            "insert into event_log (name, audience, payload)
             values ('incident:created', '{everyone}', $1::json) returning position",
        )
        .bind(&payload)
        .fetch_one(&mut early)
        .await?;
        for n in 0..rng.random_range(1..5) {
            castle.create_incident_with_title(&format!("late {round}.{n}")).await?;
        }
        if rng.random_bool(0.5) {
            // Back while the earlier position is still open.
            let back = Wanted::Connected;
            away.iter().for_each(|n| castle.clients[*n].set_wanted_connection_state(back));
            castle.wait_until_all_caught_up().await?;
        }
        for client in &castle.clients {
            let newest =
                client.read_history_with_closure(|h| h.all_events().map(|e| e.position).max());
            ensure!(
                newest < Some(position),
                "position {newest:?} came before {position} was settled"
            );
        }
        let commit = rng.random_bool(0.6);
        committed += usize::from(commit);
        early.execute(if commit { "commit" } else { "rollback" }).await?;
        castle.set_wanted_state_of_all(Wanted::Connected);
        castle.wait_until_all_caught_up().await?;
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!("{rounds} rounds, {committed} committed late, the others rolled back. {text}"))
}
