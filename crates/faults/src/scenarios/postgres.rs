//! Faults of Postgres: stopped and started, frozen.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    castle::{Castle, DEADLINE},
    lab::Run,
    writers::Writers,
};

/// A write must be answered within this time, whatever Postgres does: the statement timeout and some air.
pub(super) const ANSWER_TIME: Duration = Duration::from_millis(3_800);

/// Waits until readiness is as wanted; gives how long it took.
pub(super) async fn wait_for_readiness_of_server(castle: &Castle, ready: bool) -> Result<Duration> {
    let wanted = if ready { 200 } else { 503 };
    wait_for_answer_of_readiness(castle, |answer| answer.status == wanted).await
}

/// The same for whatever the answer says.
pub(super) async fn wait_for_answer_of_readiness(
    castle: &Castle,
    is_wanted: impl Fn(&crate::rest::Answer) -> bool,
) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let answer = castle.rest.get_path_with_token("/health/ready", "").await?;
        if is_wanted(&answer) {
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < DEADLINE, "readiness stays {}", answer.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Writes while Postgres takes none: each is answered 503 with `Retry-After`; gives the longest time that took.
pub(super) async fn expect_writes_to_be_refused(
    castle: &Castle,
    writes: usize,
) -> Result<Duration> {
    let attempts = (0..writes).map(|n| {
        let now = crate::history::read_clock_of_harness();
        let body = json!({ "title": format!("while Postgres is away {n} at {now:?}") });
        let token = castle.people[n % castle.people.len()].token.clone();
        let rest = castle.rest.clone();
        async move { rest.post_body_with_token("/api/incidents", &token, &body).await }
    });
    expect_answers_of_refusal(attempts).await
}

/// The same for reads, of everybody once.
async fn expect_reads_to_be_refused(castle: &Castle) -> Result<Duration> {
    let read = |person: &crate::people::Person| {
        let (rest, token) = (castle.rest.clone(), person.token.clone());
        async move { rest.get_path_with_token("/api/incidents", &token).await }
    };
    expect_answers_of_refusal(castle.people.iter().map(read)).await
}

async fn expect_answers_of_refusal(
    attempts: impl Iterator<Item = impl Future<Output = Result<crate::rest::Answer>>>,
) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    for answer in futures_util::future::join_all(attempts).await {
        let answer = answer?.expect_status_of_answer(503)?;
        ensure!(answer.code() == "UNAVAILABLE", "{}", answer.text);
        ensure!(answer.retry_after.is_some(), "a 503 without Retry-After");
        ensure!(answer.took < ANSWER_TIME, "a request was answered after {:?}", answer.took);
        longest = longest.max(answer.took);
    }
    Ok(longest)
}

fn expect_connections_to_stay(castle: &Castle) -> Result<()> {
    for client in &castle.clients {
        let ended = client.read_history_with_closure(|history| {
            history.segments.iter().find_map(|segment| segment.ended.clone())
        });
        ensure!(ended.is_none(), "a connection ended: {ended:?}");
    }
    Ok(())
}

/// 7: Postgres crashes and comes back.
pub(super) async fn restart_postgres_under_load(run: Run) -> Result<String> {
    // More than clients in the short run: some were never seen since their account was made.
    let people = 20;
    let settings = [("PRESENCE_TIMEOUT", "6000")];
    let clients = run.pick_value_by_scale(15, 45);
    let mut castle = Castle::build_castle_for_run(&run, &settings, people).await?;
    castle.add_crowd_of_clients(clients).await?;
    let rounds = run.pick_value_by_scale(1, 3);
    let mut longest = Duration::ZERO;
    let mut unready = Duration::ZERO;
    let writers = Writers::spawn_writers_for_castle(&castle, 4, Duration::from_millis(50));
    for _ in 0..rounds {
        // The pace of the fault: writers write before, between and after.
        tokio::time::sleep(Duration::from_millis(800)).await;
        run.cluster()?.stop_postgres_in_immediate_mode().await?;
        unready = unready.max(wait_for_readiness_of_server(&castle, false).await?);
        let refused = tokio::join!(
            expect_writes_to_be_refused(&castle, people),
            expect_reads_to_be_refused(&castle)
        );
        run.cluster()?.start_postgres_until_ready().await?;
        longest = longest.max(refused.0?).max(refused.1?);
        // The server knows by then: it says so at once.
        ensure!(longest < Duration::from_secs(1), "requests were refused after {longest:?} only");
        wait_for_readiness_of_server(&castle, true).await?;
        expect_connections_to_stay(&castle)?;
    }
    let report = writers.stop_writers_and_collect().await;
    report.expect_no_wrong_answers()?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    let everyone: Vec<usize> = (0..people.min(clients)).collect();
    // The crash emptied the unlogged presence table; the lease is renewed every sixth of PRESENCE_TIMEOUT.
    let presence = castle.wait_for_presence_truth(&everyone, Duration::from_secs(10)).await?;
    Ok(format!(
        "{rounds} crashes of Postgres: not ready after {:.2} s, requests refused within {:.2} s, no socket lost, \
         {} writes acknowledged, presence right {:.1} s after. {text}",
        unready.as_secs_f64(),
        longest.as_secs_f64(),
        report.succeeded,
        presence.as_secs_f64()
    ))
}

/// 8: Postgres neither answers nor hangs up.
pub(super) async fn freeze_postgres_under_load(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 8).await?;
    let incident = castle.incidents[0].clone();
    for person in 0..8 {
        let room = format!("incident:{incident}");
        let plan = castle.plan_client_of_person(person, crate::wire::WireKind::WebSocket, &[room]);
        castle.add_client_with_plan(person, plan);
    }
    castle.wait_until_all_caught_up().await?;
    let rounds = run.pick_value_by_scale(1, 3);
    let (mut longest, mut typing) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        run.cluster()?.signal_every_postgres_process("STOP").await?;
        let during = work_while_postgres_is_frozen(&castle, &incident).await;
        run.cluster()?.signal_every_postgres_process("CONT").await?;
        let (refused, typed) = during?;
        (longest, typing) = (longest.max(refused), typing.max(typed));
        wait_for_readiness_of_server(&castle, true).await?;
        expect_connections_to_stay(&castle)?;
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "{rounds} times frozen: requests refused within {:.2} s, typing seen by others within {:.0} ms, no socket \
         lost. {text}",
        longest.as_secs_f64(),
        typing.as_secs_f64() * 1_000.0
    ))
}

/// Gives the longest time of a refused write, and of a typing sign on its way.
async fn work_while_postgres_is_frozen(
    castle: &Castle,
    incident: &str,
) -> Result<(Duration, Duration)> {
    let typing = async {
        let count = |history: &crate::history::History| {
            history.find_signals_by_name("presence:typing").count()
        };
        let mut longest = Duration::ZERO;
        for round in 0..4 {
            let name = if round % 2 == 0 { "typing:start" } else { "typing:stop" };
            let before = castle.clients[1].read_history_with_closure(count);
            let begun = Instant::now();
            let payload = json!({ "incidentId": incident });
            castle.clients[0].emit_event_without_answer(name, &payload).await?;
            castle.clients[1]
                .wait_for_history_condition(
                    "typing while frozen",
                    Duration::from_secs(2),
                    |history| count(history) > before,
                )
                .await?;
            longest = longest.max(begun.elapsed());
        }
        anyhow::Ok(longest)
    };
    let (refused, typed) = tokio::join!(expect_writes_to_be_refused(castle, 16), typing);
    // Readiness follows the log's reader, which gives up after the same time.
    wait_for_readiness_of_server(castle, false).await?;
    Ok((refused?, typed?))
}
