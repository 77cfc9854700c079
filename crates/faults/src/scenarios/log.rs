//! Faults of the log itself: positions held open at and past the bounds, rows nobody knows, another history.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use crate::{
    castle::{Castle, DEADLINE},
    client::Wanted,
    history::{History, ReceivedEvent},
    lab::Run,
};

/// Events that wait behind a gap in memory; the ones after them are in the log only.
const BUFFERED_EVENTS: usize = 10_000;
/// Mentions of one comment; each is an event.
const MENTIONS: usize = 20;
/// Comments posted at the same time.
const POSTS_AT_ONCE: usize = 4;
/// `LOG_GAP_LIMIT` where it is to be reached.
const SHORT_LIMIT: Duration = Duration::from_secs(3);

/// Begins a transaction that takes the next position of the log, as a hand on psql would, and leaves it open.
async fn hold_position_in_session(session: &mut PgConnection, title: &str) -> Result<i64> {
    session.execute("begin").await?;
    let payload = json!({ "incident": { "title": title } }).to_string();
    Ok(sqlx::query_scalar(
        "insert into event_log (name, audience, payload)
         values ('incident:created', '{everyone}', $1::json) returning position",
    )
    .bind(payload)
    .fetch_one(session)
    .await?)
}

fn has_incident_with_title(history: &History, title: &str) -> bool {
    history.all_events().any(|event| event.payload["incident"]["title"] == title)
}

/// Events with a title such as `restored in place, after 3`.
fn count_titles_of_kind(history: &History, what: &str) -> usize {
    let after = format!("{what}, after ");
    let title = |event: &ReceivedEvent| {
        event.payload["incident"]["title"].as_str().is_some_and(|title| title.starts_with(&after))
    };
    history.all_events().filter(|event| title(event)).count()
}

pub(super) async fn wait_for_title_at_all(castle: &Castle, title: &str) -> Result<()> {
    for client in &castle.clients {
        client
            .wait_for_history_condition(title, DEADLINE, |h| has_incident_with_title(h, title))
            .await?;
    }
    Ok(())
}

/// How often clients were told that their resume was not complete: those without code of their own by a connection that is
/// not the one they came back for.
pub(super) fn count_resumes_left_incomplete(castle: &Castle) -> usize {
    let incomplete = |history: &History| {
        let resumed = history.find_signals_by_name("events:resumed");
        let (_, anew) = history.count_recoveries_and_refusals();
        resumed.filter(|signal| signal.payload["complete"] == false).count() + anew
    };
    castle.clients.iter().map(|client| client.read_history_with_closure(incomplete)).sum()
}

/// 20: the event that everybody waits for comes when the waiting room is full.
pub(super) async fn fill_buffer_behind_gap(run: Run) -> Result<String> {
    let environment = [("LOG_GAP_LIMIT", "10m"), ("LIMIT_MENTIONS", "20")];
    let mut castle = Castle::build_castle_for_run(&run, &environment, MENTIONS + 4).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(6, 18)).await?;
    let mut session = castle.database.open_session_of_harness().await?;
    let held = hold_position_in_session(&mut session, "held behind a full buffer").await?;
    let mentions: Vec<String> =
        castle.people[4..4 + MENTIONS].iter().map(|person| format!("@{}", person.handle)).collect();
    let mentions = mentions.join(" ");
    let comments = BUFFERED_EVENTS / (MENTIONS + 1) + 50;
    stream::iter(0..comments)
        .map(|n| {
            let (castle, mentions) = (&castle, &mentions);
            async move {
                let content = format!("{mentions} for the {n}. time");
                castle.create_comment_as_person(2, &castle.incidents[0], &content).await
            }
        })
        .buffer_unordered(POSTS_AT_ONCE)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    let behind: i64 = sqlx::query_scalar("select count(*) from event_log where position > $1")
        .bind(held)
        .fetch_one(&mut session)
        .await?;
    let bound = i64::try_from(BUFFERED_EVENTS)?;
    ensure!(behind > bound, "{behind} events behind the gap are not past the bound of {bound}");
    session.execute("commit").await?;
    wait_for_title_at_all(&castle, "held behind a full buffer").await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!("{behind} events waited behind one, which came first. {text}"))
}

/// 21: somebody else's transaction stays open, commits later than the limit, or is rolled back.
pub(super) async fn hold_position_past_limit(run: Run) -> Result<String> {
    let limit = format!("{}s", SHORT_LIMIT.as_secs());
    let mut castle = Castle::build_castle_for_run(&run, &[("LOG_GAP_LIMIT", &limit)], 8).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(8, 24)).await?;
    let second = castle.start_second_node_beside().await?;
    let second_address = tokio::sync::watch::Sender::new(second.address);
    for person in 0..4 {
        let plan = castle.plan_client_of_person(person, crate::wire::WireKind::WebSocket, &[]);
        castle.add_client_at_address(person, plan, second_address.subscribe());
    }
    castle.wait_until_all_caught_up().await?;
    let mut session = castle.database.open_session_of_harness().await?;
    let mut longest = Duration::ZERO;
    for commit in [true, false] {
        let held = format!("held past the limit, {commit}");
        let behind = format!("behind the held one, {commit}");
        let position = hold_position_in_session(&mut session, &held).await?;
        castle.clients[0].set_wanted_connection_state(Wanted::Away);
        let asked_at = Instant::now();
        castle.create_incident_with_title(&behind).await?;
        for client in &castle.clients[1..] {
            client
                .wait_for_history_condition(&behind, DEADLINE, |h| {
                    has_incident_with_title(h, &behind)
                })
                .await?;
        }
        longest = longest.max(asked_at.elapsed());
        // Back while the transaction is still open: its position now covers the held one.
        castle.clients[0].set_wanted_connection_state(Wanted::Connected);
        wait_for_title_at_all(&castle, &behind).await?;
        session.execute(if commit { "commit" } else { "rollback" }).await?;
        if commit {
            wait_for_title_at_all(&castle, &held).await?;
            let moved: i64 = sqlx::query_scalar(
                "select position from event_log where payload->'incident'->>'title' = $1",
            )
            .bind(&held)
            .fetch_one(&mut session)
            .await?;
            ensure!(moved > position, "the late event stands at {moved}, below what clients have");
        }
    }
    ensure!(longest < SHORT_LIMIT + Duration::from_secs(10), "held back for {longest:?}");
    let incomplete = count_resumes_left_incomplete(&castle);
    ensure!(incomplete == 0, "{incomplete} resumes were not complete");
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "Others went on after {:.1} s, the late one came behind them. {text}",
        longest.as_secs_f64()
    ))
}

/// 22: a row with a name and a topic of a newer version.
pub(super) async fn write_event_of_newer_version(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 6).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(6, 18)).await?;
    let mut session = castle.database.open_session_of_harness().await?;
    let newer = "insert into event_log (name, audience, payload) values
         ('incident:acknowledged', '{everyone,team:7}', '{\"by\":\"a newer node\"}'), ('team:joined', '{team:7}', '{}')";
    session.execute(newer).await?;
    castle.create_incident_with_title("after what nobody knows").await?;
    wait_for_title_at_all(&castle, "after what nobody knows").await?;
    castle.server.kill_server_without_mercy().await?;
    session.execute(newer).await?;
    castle.restart_server_after_end().await?;
    castle.wait_until_all_caught_up().await?;
    castle.create_incident_with_title("after the restart").await?;
    wait_for_title_at_all(&castle, "after the restart").await?;
    for client in &castle.clients {
        let passed = client.read_history_with_closure(|history| {
            history.all_events().filter(|event| event.name == "incident:acknowledged").count()
        });
        ensure!(passed == 2, "a client got {passed} of 2 events of the newer version");
    }
    let refused = session
        .execute(
            "insert into event_log (name, audience, payload) values ('x', '{everyone}', '[1]')",
        )
        .await;
    ensure!(refused.is_err(), "a payload that is no object was taken");
    let incomplete = count_resumes_left_incomplete(&castle);
    ensure!(incomplete == 0, "{incomplete} resumes were not complete");
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!("Passed through as they were, live and by resume. {text}"))
}

/// 23: the log becomes another one while nodes and clients stay: restored in place, or lost at its end.
pub(super) async fn replace_history_in_place(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 6).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(6, 18)).await?;
    let mut session = castle.database.open_session_of_harness().await?;
    let restored = "create temporary table backup as
             select * from event_log order by position limit (select count(*) - 5 from event_log);
         truncate event_log;
         insert into event_log (position, name, audience, payload, created_at) overriding system value
             select * from backup;
         drop table backup";
    let shorter =
        "delete from event_log where position > (select max(position) - 5 from event_log)";
    for (what, change) in [("restored in place", restored), ("lost at its end", shorter)] {
        for n in 0..10 {
            castle.create_incident_with_title(&format!("{what}, before {n}")).await?;
        }
        wait_for_title_at_all(&castle, &format!("{what}, before 9")).await?;
        let before = count_resumes_left_incomplete(&castle);
        let rewind = "select setval(pg_get_serial_sequence('event_log', 'position'), max(position)) from event_log";
        session.execute(AssertSqlSafe(format!("begin; {change}; {rewind}; commit"))).await?;
        let begun = Instant::now();
        while count_resumes_left_incomplete(&castle) < before + castle.clients.len() {
            ensure!(begun.elapsed() < DEADLINE, "{what}: not every client was told to refetch");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        castle.wait_until_all_caught_up().await?;
        for n in 0..5 {
            castle.create_incident_with_title(&format!("{what}, after {n}")).await?;
        }
        wait_for_title_at_all(&castle, &format!("{what}, after 4")).await?;
        for client in &castle.clients {
            let told = client.read_history_with_closure(|h| count_titles_of_kind(h, what));
            ensure!(told == 5, "{what}: a client got {told} of 5 events of the new history");
        }
    }
    Ok(format!(
        "Noticed by the running node; each of {} clients was told complete: false and got all that followed, twice.",
        castle.clients.len()
    ))
}

/// 24: a node starts while the commit of an earlier position is under way.
pub(super) async fn start_node_during_commit(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 8).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(8, 24)).await?;
    let mut session = castle.database.open_session_of_harness().await?;
    let rounds = run.pick_value_by_scale(2, 8);
    for round in 0..rounds {
        let (held, later) = (format!("committing {round}"), format!("committed before {round}"));
        hold_position_in_session(&mut session, &held).await?;
        castle.create_incident_with_title(&later).await?;
        castle.server.kill_server_without_mercy().await?;
        let restarted = castle.restart_server_after_end();
        let committed = async {
            // The pace of the fault: a node that does not wait is ready long before.
            tokio::time::sleep(Duration::from_secs(2)).await;
            session.execute("commit").await
        };
        let (restarted, committed) = tokio::join!(restarted, committed);
        restarted?;
        committed?;
        wait_for_title_at_all(&castle, &held).await?;
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!("{rounds} starts during a commit; what it told reached everybody. {text}"))
}
