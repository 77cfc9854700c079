//! Faults on the way to Postgres, and failover to another server.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{
    log::{count_resumes_left_incomplete, wait_for_title_at_all},
    postgres::{ANSWER_TIME, expect_writes_to_be_refused, wait_for_readiness_of_server},
};
use crate::{
    castle::{Castle, DEADLINE},
    cluster::PostgresCluster,
    lab::Run,
    proxy::Proxy,
};

/// From the moment a usable server can be reached until writes must work again.
const RECOVERY_TIME: Duration = Duration::from_secs(10);

async fn build_castle_behind_proxy(run: &Run, people: usize) -> Result<(Castle, Proxy)> {
    let mut database = run.create_database_for_run().await?;
    let proxy = Proxy::start_proxy_to_address(database.find_address_of_postgres().await?).await?;
    database.proxy = Some(proxy.address);
    let castle = Castle::build_castle_on_database(run, &[], people, database).await?;
    Ok((castle, proxy))
}

/// Tries to report an incident until it is answered 201; gives how long that took.
pub(super) async fn write_until_it_succeeds(castle: &Castle, title: &str) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let token = &castle.people[2].token;
        let body = json!({ "title": title });
        let answer = castle.rest.post_body_with_token("/api/incidents", token, &body).await?;
        if answer.status == 201 {
            return Ok(begun.elapsed());
        }
        ensure!(begun.elapsed() < DEADLINE, "writes are refused for good: {}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Ten writes at the same time. Gives the titles of those that were answered 503, and the longest time of an answer.
async fn write_once_at_same_time(castle: &Castle, what: &str) -> Result<(Vec<String>, Duration)> {
    let attempts = (0..10).map(|n| {
        let title = format!("{what} {n}");
        let token = castle.people[n % castle.people.len()].token.clone();
        let rest = castle.rest.clone();
        async move {
            let body = json!({ "title": title });
            let answer = rest.post_body_with_token("/api/incidents", &token, &body).await?;
            ensure!([201, 503].contains(&answer.status), "{title}: {}", answer.text);
            anyhow::Ok((answer.status == 503, title, answer.took))
        }
    });
    let answers = futures_util::future::try_join_all(attempts).await?;
    let longest = answers.iter().map(|(_, _, took)| *took).max().unwrap_or_default();
    let refused = answers.into_iter().filter(|(refused, ..)| *refused);
    Ok((refused.map(|(_, title, _)| title).collect(), longest))
}

/// 25: every connection to Postgres falls silent, and new ones would work.
pub(super) async fn silence_connections_to_postgres(run: Run) -> Result<String> {
    let (mut castle, proxy) = build_castle_behind_proxy(&run, 10).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(8, 24)).await?;
    let rounds = run.pick_value_by_scale(2, 4);
    let (mut refused, mut answered, mut recovered) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    for round in 0..rounds {
        // As many as the pool may have connections, so that all of these are open, and silent a moment later.
        write_once_at_same_time(&castle, &format!("before the silence {round}")).await?;
        proxy.silence_every_open_connection();
        let (titles, longest) =
            write_once_at_same_time(&castle, &format!("during the silence {round}")).await?;
        ensure!(longest < ANSWER_TIME, "a write was answered after {longest:?}");
        refused.extend(titles);
        answered = answered.max(longest);
        let title = format!("after the silence {round}");
        recovered = recovered.max(write_until_it_succeeds(&castle, &title).await?);
        wait_for_title_at_all(&castle, &title).await?;
        wait_for_readiness_of_server(&castle, true).await?;
    }
    ensure!(recovered < RECOVERY_TIME, "writes worked again after {recovered:?} only");
    // What the firewall held back comes through: nobody may see what was answered 503.
    proxy.end_silence_of_connections();
    write_until_it_succeeds(&castle, "when everything came through").await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    let applied =
        castle.read_log_of_castle().await?.into_iter().filter(|entry| {
            refused.iter().any(|title| entry.payload["incident"]["title"] == **title)
        });
    let applied = applied.count();
    ensure!(applied == 0, "{applied} of {} writes answered 503 were applied later", refused.len());
    ensure!(!refused.is_empty(), "no write found a silent connection");
    Ok(format!(
        "{rounds} times silent: {} writes refused, answered within {:.2} s and not applied later; working again {:.2} s \
         later over new connections. {text}",
        refused.len(),
        answered.as_secs_f64(),
        recovered.as_secs_f64()
    ))
}

/// 26: the address moves to a server that only reads, then to one that was promoted with a part of the log missing.
pub(super) async fn fail_over_to_standby_behind(run: Run) -> Result<String> {
    let (mut castle, proxy) = build_castle_behind_proxy(&run, 8).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(8, 24)).await?;
    let reader = run.cluster()?.start_standby_of_cluster().await?;
    let successor = run.cluster()?.start_standby_of_cluster().await?;
    castle.create_incident_with_title("before the failover").await?;
    wait_for_title_at_all(&castle, "before the failover").await?;
    let name = castle.database.name.clone();
    cut_standby_from_primary(&successor).await?;
    for n in 0..20 {
        castle.create_incident_with_title(&format!("lost with the primary {n}")).await?;
    }
    wait_for_title_at_all(&castle, "lost with the primary 19").await?;
    let before = count_resumes_left_incomplete(&castle);
    // The primary is gone; the address leads to a server that only reads.
    proxy.switch_target_to_address(reader.address());
    castle
        .database
        .run_statement_as_admin(&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = '{name}' and application_name = 'owlpost'"
        ))
        .await?;
    wait_for_readiness_of_server(&castle, false).await?;
    expect_writes_to_be_refused(&castle, 4).await?;
    // Connections to the reader stay open, and the address leads to the new primary.
    successor.promote_standby_to_primary().await?;
    proxy.switch_target_to_address(successor.address());
    let recovered = write_until_it_succeeds(&castle, "after the failover").await?;
    ensure!(recovered < RECOVERY_TIME, "writes worked again after {recovered:?} only");
    wait_for_readiness_of_server(&castle, true).await?;
    let begun = Instant::now();
    while count_resumes_left_incomplete(&castle) < before + castle.clients.len() {
        ensure!(begun.elapsed() < DEADLINE, "not every client was told to refetch");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    castle.wait_until_all_caught_up().await?;
    for n in 0..5 {
        castle.create_incident_with_title(&format!("new history {n}")).await?;
    }
    wait_for_title_at_all(&castle, "new history 4").await?;
    Ok(format!(
        "20 events were lost with the primary; writes worked again after {:.2} s, each of {} clients was told \
         complete: false and got all that followed.",
        recovered.as_secs_f64(),
        castle.clients.len()
    ))
}

/// It keeps what it has and receives nothing more.
async fn cut_standby_from_primary(standby: &PostgresCluster) -> Result<()> {
    let mut session = PgConnection::connect(&standby.build_url_for_administrator()).await?;
    session.execute("alter system set primary_conninfo = ''").await?;
    session.execute("select pg_reload_conf()").await?;
    let receives = "select exists (select from pg_stat_wal_receiver)";
    let begun = Instant::now();
    while sqlx::query_scalar(AssertSqlSafe(receives)).fetch_one(&mut session).await? {
        ensure!(begun.elapsed() < DEADLINE, "the standby still receives");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(session.close().await?)
}
