//! Faults of resuming: positions the log cannot answer for, and gaps too large to replay.

use anyhow::{Result, ensure};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::{
    castle::{Castle, DEADLINE},
    client::Wanted,
    lab::Run,
    wire::WireKind,
};

/// Connects a client that asks for everything after `position`; gives the report and how many events came.
async fn resume_new_client_after(castle: &mut Castle, position: &str) -> Result<(Value, usize)> {
    let n = castle.clients.len();
    let wire = if n.is_multiple_of(2) { WireKind::WebSocket } else { WireKind::Polling };
    let mut plan = castle.plan_client_of_person(n % 4, wire, &[]);
    plan.resume_after = Some(position.to_owned());
    let index = castle.add_client_with_plan(n % 4, plan);
    let client = &castle.clients[index];
    client.wait_until_caught_up(DEADLINE).await?;
    client.change_plan_for_reconnect(|plan| plan.resume_after = None);
    Ok(client.read_history_with_closure(|history| {
        let report = history.find_signals_by_name("events:resumed").next();
        let report = report.map(|signal| signal.payload.clone()).unwrap_or_default();
        (report, history.all_events().count())
    }))
}

async fn expect_resume_without_replay(
    castle: &mut Castle,
    what: &str,
    position: &str,
) -> Result<()> {
    let (report, events) = resume_new_client_after(castle, position).await?;
    ensure!(report["complete"] == false, "{what} ({position}): {report}");
    ensure!(events == 0 && report["count"] == 0, "{what}: {events} events were replayed");
    Ok(())
}

async fn expect_resume_that_replays(
    castle: &mut Castle,
    what: &str,
    position: i64,
    at_least: usize,
) -> Result<()> {
    let (report, events) = resume_new_client_after(castle, &position.to_string()).await?;
    ensure!(report["complete"] == true && events >= at_least, "{what} ({position}): {report}");
    Ok(())
}

/// 10: positions of the future, of what was trimmed, of another history, and no positions at all.
pub(super) async fn resume_from_impossible_positions(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 5).await?;
    for n in 0..20 {
        castle.create_incident_with_title(&format!("before {n}")).await?;
    }
    let mut session = castle.database.open_session_of_harness().await?;
    let newest = "select max(position) from event_log";
    let last: i64 = sqlx::query_scalar(newest).fetch_one(&mut session).await?;
    expect_resume_that_replays(&mut castle, "an ordinary position", last - 10, 10).await?;
    for future in [last + 1, last + 1_000, i64::MAX] {
        expect_resume_without_replay(&mut castle, "the future", &future.to_string()).await?;
    }
    for text in ["", "-1", "abc", "99999999999999999999", "1e3"] {
        expect_resume_without_replay(&mut castle, "no position", text).await?;
    }
    // Trimmed: the log begins later now; a new process has nothing in memory.
    session
        .execute(AssertSqlSafe(format!(
            "begin; update event_log_state set trimmed_through = {0};
             delete from event_log where position <= {0}; commit",
            last - 5
        )))
        .await?;
    castle.clients.clear();
    castle.owners.clear();
    castle.server.kill_server_without_mercy().await?;
    castle.restart_server_after_end().await?;
    expect_resume_without_replay(&mut castle, "before the trim", &(last - 6).to_string()).await?;
    expect_resume_that_replays(&mut castle, "after the trim", last - 5, 5).await?;
    let text = restore_older_copy_and_resume(&mut castle, session, last).await?;
    Ok(format!(
        "3 positions of the future, 5 that are none, 1 trimmed: complete: false each. {text}"
    ))
}

/// A copy of the database is kept, the original goes on, then the copy takes its place: as a restored backup does.
async fn restore_older_copy_and_resume(
    castle: &mut Castle,
    session: sqlx::PgConnection,
    backup_position: i64,
) -> Result<String> {
    use sqlx::Connection as _;
    session.close().await?;
    let name = castle.database.name.clone();
    castle.clients.clear();
    castle.owners.clear();
    castle.server.kill_server_without_mercy().await?;
    let backup = format!("create database {name}_backup template {name}");
    run_statement_when_unused(castle, &backup).await?;
    castle.restart_server_after_end().await?;
    for n in 0..10 {
        castle.create_incident_with_title(&format!("lost with the old disk {n}")).await?;
    }
    let seen_by_clients = backup_position + 10;
    castle.server.kill_server_without_mercy().await?;
    castle.database.run_statement_as_admin(&format!("drop database {name} with (force)")).await?;
    let restore = format!("alter database {name}_backup rename to {name}");
    run_statement_when_unused(castle, &restore).await?;
    castle.restart_server_after_end().await?;
    for n in 0..30 {
        castle.create_incident_with_title(&format!("after the restore {n}")).await?;
    }
    for position in [backup_position - 3, backup_position, seen_by_clients] {
        let position = position.to_string();
        expect_resume_without_replay(castle, "a position of before the restore", &position).await?;
    }
    let (_, judged) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "After a restore from a copy 10 events old, 3 positions of the old history: complete: false. {judged}"
    ))
}

/// The backends of a killed server take a moment to notice.
async fn run_statement_when_unused(castle: &Castle, statement: &str) -> Result<()> {
    let begun = std::time::Instant::now();
    loop {
        match castle.database.run_statement_as_admin(statement).await {
            Ok(()) => return Ok(()),
            Err(error) if begun.elapsed() > DEADLINE => return Err(error),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

/// 11: more was missed than may be replayed.
pub(super) async fn resume_over_too_large_gap(run: Run) -> Result<String> {
    let limit = run.pick_value_by_scale(100, 1_000);
    let text = limit.to_string();
    let mut castle = Castle::build_castle_for_run(&run, &[("REPLAY_LIMIT", &text)], 4).await?;
    for person in 0..4 {
        let wire = if person % 2 == 0 { WireKind::WebSocket } else { WireKind::Polling };
        let plan = castle.plan_client_of_person(person, wire, &[]);
        castle.add_client_with_plan(person, plan);
    }
    castle.wait_until_all_caught_up().await?;
    let away = |castle: &Castle, who: std::ops::Range<usize>, wanted: Wanted| {
        castle.clients[who].iter().for_each(|client| client.set_wanted_connection_state(wanted));
    };
    // Two miss one more than the limit, two exactly as many.
    away(&castle, 0..2, Wanted::Away);
    wait_until_clients_are_cut(&castle, 0..2).await?;
    castle.create_incident_with_title("one too many").await?;
    castle.clients[2]
        .wait_for_history_condition("the first", DEADLINE, |h| h.all_events().count() == 1)
        .await?;
    castle.clients[3]
        .wait_for_history_condition("the first", DEADLINE, |h| h.all_events().count() == 1)
        .await?;
    away(&castle, 2..4, Wanted::Away);
    wait_until_clients_are_cut(&castle, 2..4).await?;
    for n in 0..limit {
        castle.create_incident_with_title(&format!("missed {n}")).await?;
    }
    castle.set_wanted_state_of_all(Wanted::Connected);
    castle.wait_until_all_caught_up().await?;
    for (n, client) in castle.clients.iter().enumerate() {
        let segment = client.read_history_with_closure(|history| history.segments.last().cloned());
        let report = segment.and_then(|segment| segment.resumed);
        let report = report.ok_or_else(|| anyhow::anyhow!("client {n} was not answered"))?;
        let expected = if n < 2 { (false, 0) } else { (true, limit) };
        ensure!((report.complete, report.count) == expected, "client {n}: {report:?}");
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "{} missed: complete: false and nothing replayed; {limit} missed: all replayed. {text}",
        limit + 1
    ))
}

async fn wait_until_clients_are_cut(castle: &Castle, who: std::ops::Range<usize>) -> Result<()> {
    for client in &castle.clients[who] {
        let cut = |history: &crate::history::History| {
            history.segments.last().is_some_and(|segment| segment.ended.is_some())
        };
        client.wait_for_history_condition("cut", DEADLINE, cut).await?;
    }
    Ok(())
}
