//! Faults of presence and of the way to the other nodes.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::process::{Child, Command};

use super::{
    log::wait_for_title_at_all,
    postgres::{wait_for_answer_of_readiness, wait_for_readiness_of_server},
};
use crate::{
    castle::{Castle, DEADLINE},
    client::Wanted,
    lab::Run,
    scenario::NotRun,
    server_process::send_signal_to_process,
    wire::WireKind,
};

/// A lease that is looked at each second, so that a look is not what a run waits for.
const PRESENCE_TIMEOUT: (&str, &str) = ("PRESENCE_TIMEOUT", "6000");
/// Within it, whatever happened, everybody must see who is there: some looks at the lease, and what they find told.
const TRUTH_TIME: Duration = Duration::from_secs(10);

async fn open_session_of_everybody(castle: &mut Castle) -> Result<()> {
    for person in 0..castle.people.len() {
        let room = format!("incident:{}", castle.incidents[0]);
        let plan = castle.plan_client_of_person(person, WireKind::WebSocket, &[room]);
        castle.add_client_with_plan(person, plan);
    }
    castle.wait_until_all_caught_up().await
}

async fn wait_for_rows_of_presence(session: &mut sqlx::PgConnection, sockets: i64) -> Result<()> {
    let deadline = std::time::Instant::now() + TRUTH_TIME;
    loop {
        let rows: i64 = sqlx::query_scalar("select count(*) from presence_sessions")
            .fetch_one(&mut *session)
            .await?;
        if rows == sockets {
            return Ok(());
        }
        ensure!(std::time::Instant::now() < deadline, "{rows} sockets in the table, not {sockets}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// 28: what the table of presence says is not what the sockets say, and a person is no more.
pub(super) async fn delete_person_and_empty_presence(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[PRESENCE_TIMEOUT], 8).await?;
    open_session_of_everybody(&mut castle).await?;
    let everybody: Vec<usize> = (0..8).collect();
    castle.wait_for_presence_truth(&everybody, TRUTH_TIME).await?;
    let mut session = castle.database.open_session_of_harness().await?;
    // Somebody who reported nothing: what they wrote would keep them.
    let deleted = format!("delete from users where id = '{}'", castle.people[7].id);
    session.execute(AssertSqlSafe(deleted)).await?;
    let ended = |history: &crate::history::History| {
        history.segments.last().is_some_and(|segment| segment.ended.is_some())
    };
    castle.clients[7].wait_for_history_condition("their end", DEADLINE, ended).await?;
    castle.clients[7].set_wanted_connection_state(Wanted::Left);
    let after_delete = castle.wait_for_presence_truth(&everybody[..7], TRUTH_TIME).await?;
    // As a crash of Postgres empties it; somebody leaves while it is empty.
    session.execute("truncate presence_sessions, presence_nodes, presence_clock").await?;
    castle.clients[6].set_wanted_connection_state(Wanted::Left);
    let after_emptying = castle.wait_for_presence_truth(&everybody[..6], TRUTH_TIME).await?;
    wait_for_rows_of_presence(&mut session, 6).await?;
    castle.clients.truncate(6);
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "presence right {:.1} s after the deletion and {:.1} s after the table was emptied. {text}",
        after_delete.as_secs_f64(),
        after_emptying.as_secs_f64()
    ))
}

/// Clients of one person that connect at the same time, so that some of them are anywhere in it when the role changes.
const CONNECTING: usize = 24;

/// 29: roles change while their people connect.
pub(super) async fn change_roles_during_connect(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 6).await?;
    let auror = castle.people[0].token.clone();
    let rounds = run.pick_value_by_scale(24, 80);
    for round in 0..rounds {
        for _ in 0..CONNECTING {
            let plan = castle.plan_client_of_person(5, WireKind::WebSocket, &[]);
            castle.add_client_with_plan(5, plan);
        }
        // Promoted and demoted for as long as they connect: what each of them ends as is a student.
        for role in ["AUROR", "STUDENT"].repeat(1 + round % 4) {
            set_role_of_person(&castle, 5, role).await?;
        }
        castle.wait_until_all_caught_up().await?;
        let title = format!("for Aurors {round}");
        let body = json!({ "title": title, "severity": "CRITICAL" });
        let created = castle.rest.post_body_with_token("/api/incidents", &auror, &body).await?;
        created.expect_status_of_answer(201)?;
        castle.settle_with_last_event().await?;
        let heard = castle.clients.iter().filter(|client| {
            client.read_history_with_closure(|history| {
                history.all_events().any(|event| {
                    event.name == "escalation:critical"
                        && event.payload["incident"]["title"] == *title
                })
            })
        });
        let heard = heard.count();
        ensure!(heard == 0, "round {round}: {heard} clients of a student heard what is for Aurors");
        castle.clients.clear();
        castle.owners.clear();
    }
    Ok(format!(
        "{rounds} times {CONNECTING} clients connected while their person was promoted and demoted, none heard after \
         it what is for Aurors"
    ))
}

async fn set_role_of_person(castle: &Castle, person: usize, role: &str) -> Result<()> {
    let path = format!("/api/users/{}", castle.people[person].id);
    let (token, body) = (&castle.people[0].token, json!({ "role": role }));
    let rest = &castle.rest;
    let changed = rest.send_request_with_token(Method::PATCH, &path, token, Some(&body), None);
    changed.await?.expect_status_of_answer(200).map(drop)
}

/// A Redis of the harness's own. Dropping it ends it.
struct RedisServer {
    process: Child,
    url: String,
    _directory: tempfile::TempDir,
}

impl RedisServer {
    async fn start_server_of_harness() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("owlpost-faults-redis").tempdir()?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string(), "--dir"])
            .arg(directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| NotRun(format!("no Redis: {error}")))?;
        let deadline = std::time::Instant::now() + DEADLINE;
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            ensure!(std::time::Instant::now() < deadline, "Redis does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { process, url: format!("redis://127.0.0.1:{port}"), _directory: directory })
    }

    async fn send_signal_to_server(&self, name: &str) -> Result<()> {
        send_signal_to_process(self.process.id().context("Redis has ended")?, name).await
    }
}

/// 30: Redis neither answers nor hangs up, with two nodes and clients of both.
pub(super) async fn freeze_redis_between_nodes(run: Run) -> Result<String> {
    let redis = RedisServer::start_server_of_harness().await?;
    let settings = [("REDIS_URL", redis.url.as_str()), PRESENCE_TIMEOUT];
    let mut castle = Castle::build_castle_for_run(&run, &settings, 6).await?;
    let second = castle.start_second_node_beside().await?;
    let second_address = tokio::sync::watch::Sender::new(second.address);
    open_session_of_everybody(&mut castle).await?;
    for person in 0..3 {
        let plan = castle.plan_client_of_person(person, WireKind::WebSocket, &[]);
        castle.add_client_at_address(person, plan, second_address.subscribe());
    }
    castle.wait_until_all_caught_up().await?;
    let rounds = run.pick_value_by_scale(1, 3);
    for round in 0..rounds {
        redis.send_signal_to_server("STOP").await?;
        let told = tell_and_leave_during_freeze(&castle, round).await;
        redis.send_signal_to_server("CONT").await?;
        told?;
        wait_for_word_of_bus(&castle, "ok").await?;
        castle.clients[5].set_wanted_connection_state(Wanted::Connected);
        castle.wait_until_all_caught_up().await?;
    }
    castle.wait_for_presence_truth(&[0, 1, 2, 3, 4, 5], TRUTH_TIME).await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "{rounds} times frozen: noticed, served all the while, presence right on both nodes. {text}"
    ))
}

/// Events and presence reach the clients of both nodes without Redis, a little later.
async fn tell_and_leave_during_freeze(castle: &Castle, round: usize) -> Result<()> {
    castle.create_incident_with_title(&format!("while Redis is frozen {round}")).await?;
    wait_for_title_at_all(castle, &format!("while Redis is frozen {round}")).await?;
    wait_for_word_of_bus(castle, "unavailable").await?;
    // A node without the bus goes on serving.
    wait_for_readiness_of_server(castle, true).await?;
    castle.clients[5].set_wanted_connection_state(Wanted::Left);
    castle.wait_for_presence_truth(&[0, 1, 2, 3, 4], TRUTH_TIME).await.map(drop)
}

async fn wait_for_word_of_bus(castle: &Castle, word: &str) -> Result<()> {
    let says_so = |answer: &crate::rest::Answer| answer.json["checks"]["bus"] == word;
    wait_for_answer_of_readiness(castle, says_so).await.map(drop)
}
