//! Faults of a day's life: a drain, tabs, rights that change, clocks that jump.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rand::RngExt as _;
use reqwest::Method;
use serde_json::json;
use sqlx::Connection as _;

use crate::{
    castle::{Castle, DEADLINE},
    client::Wanted,
    database::DatabaseKind,
    lab::Run,
    scenario::NotRun,
    wire::WireKind,
    writers::Writers,
};

/// 13: the server is asked to stop in the middle of work.
pub(super) async fn drain_server_under_load(run: Run) -> Result<String> {
    let people = run.pick_value_by_scale(6, 10);
    let mut castle = Castle::build_castle_for_run(&run, &[], people).await?;
    castle.add_crowd_of_clients(run.pick_value_by_scale(10, 40)).await?;
    let writers = Writers::spawn_writers_for_castle(&castle, 6, Duration::from_millis(10));
    let rounds = run.pick_value_by_scale(1, 4);
    let mut longest = Duration::ZERO;
    let mut rng = run.derive_chances_for_stream(13);
    for _ in 0..rounds {
        // The pace of the fault, not a wait for something.
        tokio::time::sleep(Duration::from_millis(rng.random_range(400..1_200))).await;
        let begun = Instant::now();
        let code = stop_server_with_request_in_flight(&mut castle).await?;
        longest = longest.max(begun.elapsed());
        ensure!(code == Some(0), "the server ended with {code:?}");
        castle.restart_server_after_end().await?;
        castle.wait_until_all_caught_up().await?;
    }
    let report = writers.stop_writers_and_collect().await;
    report.expect_no_wrong_answers()?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    let everyone: Vec<usize> = (0..people).collect();
    castle.wait_for_presence_truth(&everyone, Duration::from_secs(5)).await?;
    Ok(format!(
        "{rounds} drains, exit 0 within {:.1} s, {} writes acknowledged and all there. {text}",
        longest.as_secs_f64(),
        report.succeeded
    ))
}

/// SIGTERM while a request waits for a row that the harness holds: it is answered before the server ends. On the
/// embedded database, where the harness can hold nothing, a plain SIGTERM.
async fn stop_server_with_request_in_flight(castle: &mut Castle) -> Result<Option<i32>> {
    if castle.database.kind() == DatabaseKind::Embedded {
        castle.server.send_signal_by_name("TERM").await?;
        return castle.server.wait_for_exit_within(Duration::from_secs(30)).await;
    }
    let mut session = castle.database.open_session_of_harness().await?;
    let incident = castle.create_incident_with_title(&format!("held {:?}", Instant::now())).await?;
    let mut hold = session.begin().await?;
    sqlx::query("select from incidents where id = $1::uuid for update")
        .bind(&incident)
        .execute(&mut *hold)
        .await?;
    let (rest, token) = (castle.rest.clone(), castle.people[2].token.clone());
    let path = format!("/api/incidents/{incident}");
    let request = tokio::spawn(async move {
        let body = json!({ "location": "changed while the server stops" });
        rest.send_request_with_token(Method::PATCH, &path, &token, Some(&body), None).await
    });
    let waits = "select exists (select from pg_locks where not granted)";
    let begun = Instant::now();
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut *hold).await? {
        ensure!(begun.elapsed() < DEADLINE, "the request does not wait for the row");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    castle.server.send_signal_by_name("TERM").await?;
    // The server is stopping for a while before the request can go on.
    tokio::time::sleep(Duration::from_millis(500)).await;
    hold.commit().await?;
    request.await??.expect_status_of_answer(200)?;
    castle.server.wait_for_exit_within(Duration::from_secs(30)).await
}

/// 16: one person, many tabs.
pub(super) async fn open_tabs_and_reload_them(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[], 4).await?;
    let observer = castle.plan_client_of_person(0, WireKind::WebSocket, &[]);
    castle.add_client_with_plan(0, observer);
    castle.wait_until_all_caught_up().await?;
    let rounds = run.pick_value_by_scale(1, 4);
    let reloads = run.pick_value_by_scale(3, 10);
    let id = castle.people[3].id.clone();
    let mut rng = run.derive_chances_for_stream(16);
    for round in 1..=rounds {
        let first = castle.clients.len();
        for n in 0..5 {
            let wire = if n % 2 == 0 { WireKind::WebSocket } else { WireKind::Polling };
            let plan = castle.plan_client_of_person(3, wire, &[]);
            castle.add_client_with_plan(3, plan);
        }
        for tab in &castle.clients[first..] {
            tab.wait_until_caught_up(DEADLINE).await?;
        }
        for tab in &castle.clients[first..first + 4] {
            tab.set_wanted_connection_state(Wanted::Left);
        }
        let last = castle.clients.len() - 1;
        for _ in 0..reloads {
            // A reload: the page goes, and is there again a moment later.
            castle.clients[last].set_wanted_connection_state(Wanted::Left);
            castle.clients[last]
                .wait_for_history_condition("left", DEADLINE, |history| {
                    history.segments.last().is_some_and(|segment| segment.ended.is_some())
                })
                .await?;
            tokio::time::sleep(Duration::from_millis(rng.random_range(20..200))).await;
            castle.clients[last].set_wanted_connection_state(Wanted::Connected);
            castle.clients[last].wait_until_caught_up(DEADLINE).await?;
        }
        castle.clients[last].set_wanted_connection_state(Wanted::Left);
        castle.wait_for_presence_truth(&[0], Duration::from_secs(4)).await?;
        // Announced a moment later than it is true: the page might have been reloaded.
        castle.clients[0]
            .wait_for_history_condition("told of the leave", DEADLINE, |history| {
                let all = history.find_signals_by_name("presence:leave");
                all.filter(|signal| signal.payload["userId"] == *id).count() >= round
            })
            .await?;
        let count = |name: &str| {
            castle.clients[0].read_history_with_closure(|history| {
                let all = history.find_signals_by_name(name);
                all.filter(|signal| signal.payload["userId"] == *id).count()
            })
        };
        let (joins, leaves) = (count("presence:join"), count("presence:leave"));
        ensure!(
            (joins, leaves) == (round, round),
            "after {round} rounds of 5 tabs and {reloads} reloads: {joins} joins and {leaves} leaves were seen"
        );
    }
    Ok(format!("{rounds} rounds of 5 tabs and {reloads} reloads: one join and one leave each"))
}

/// 17: tokens expire, roles change.
pub(super) async fn change_rights_in_mid_session(run: Run) -> Result<String> {
    let mut castle = Castle::build_castle_for_run(&run, &[("TOKEN_GRACE", "1500")], 8).await?;
    let expiry = expire_and_renew_tokens(&mut castle).await?;
    let role = change_role_and_watch(&mut castle, run.pick_value_by_scale(1, 5)).await?;
    Ok(format!("{expiry} {role}"))
}

async fn expire_and_renew_tokens(castle: &mut Castle) -> Result<String> {
    for person in [4, 5] {
        let mut plan = castle.plan_client_of_person(person, WireKind::WebSocket, &[]);
        plan.token = castle.mint_token_for_owner(person, 0, 3);
        castle.add_client_with_plan(person, plan);
    }
    castle.wait_until_all_caught_up().await?;
    let begun = Instant::now();
    let token = castle.mint_token_for_owner(5, 0, 3_600);
    let renewed =
        castle.clients[1].emit_event_and_wait("authenticate", json!({ "token": token })).await?;
    ensure!(renewed["ok"] == true, "the renewal was refused: {renewed}");
    let expiring = &castle.clients[0];
    let told = |history: &crate::history::History| {
        history
            .find_signals_by_name("error")
            .any(|signal| signal.payload["code"] == "TOKEN_EXPIRED")
    };
    expiring.wait_for_history_condition("TOKEN_EXPIRED", Duration::from_secs(6), told).await?;
    let told_after = begun.elapsed();
    expiring
        .wait_for_history_condition("the end after the grace", Duration::from_secs(6), |history| {
            history.segments.last().is_some_and(|segment| segment.ended.is_some())
        })
        .await?;
    let ended_after = begun.elapsed();
    let other = castle.clients[1].read_history_with_closure(|h| h.is_caught_up() && !told(h));
    ensure!(other, "the renewed session ended as well");
    let answer = castle.mint_token_for_owner(4, -7_200, -3_600);
    let answer = castle.rest.get_path_with_token("/api/auth/me", &answer).await?;
    ensure!(answer.status == 401 && answer.code() == "TOKEN_EXPIRED", "REST: {}", answer.text);
    castle.clients.remove(0);
    castle.owners.remove(0);
    Ok(format!(
        "A token of 3 s: told after {:.1} s, ended after {:.1} s (grace 1.5 s), the renewed one lives.",
        told_after.as_secs_f64(),
        ended_after.as_secs_f64()
    ))
}

/// Promotes a student to Auror and back; their socket and their requests must follow within a second.
async fn change_role_and_watch(castle: &mut Castle, rounds: usize) -> Result<String> {
    let plan = castle.plan_client_of_person(6, WireKind::WebSocket, &[]);
    let index = castle.add_client_with_plan(6, plan);
    castle.wait_until_all_caught_up().await?;
    let auror = castle.people[0].token.clone();
    let path = format!("/api/users/{}", castle.people[6].id);
    let incident = format!("/api/incidents/{}", castle.incidents[0]);
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        for role in ["AUROR", "STUDENT"] {
            let body = json!({ "role": role });
            let changed = castle
                .rest
                .send_request_with_token(Method::PATCH, &path, &auror, Some(&body), None)
                .await?;
            changed.expect_status_of_answer(200)?;
            let begun = Instant::now();
            let wanted = if role == "AUROR" { 200 } else { 403 };
            let change = json!({ "location": format!("{role} {round}") });
            loop {
                let token = &castle.people[6].token;
                let answer = castle
                    .rest
                    .send_request_with_token(Method::PATCH, &incident, token, Some(&change), None)
                    .await?;
                if answer.status == wanted {
                    break;
                }
                ensure!(begun.elapsed() < Duration::from_secs(1), "still {}", answer.text);
            }
            longest = longest.max(begun.elapsed());
            expect_escalations_to_follow_role(castle, index, role == "AUROR", begun).await?;
        }
    }
    Ok(format!(
        "{} role changes: permissions followed within {:.0} ms, rooms within 1 s.",
        rounds * 2,
        longest.as_secs_f64() * 1_000.0
    ))
}

/// Within a second of the change, an escalation reaches the socket, or does not any more.
async fn expect_escalations_to_follow_role(
    castle: &Castle,
    index: usize,
    entitled: bool,
    changed: Instant,
) -> Result<()> {
    loop {
        let title = format!("escalates at {:?}", changed.elapsed());
        let body = json!({ "title": title, "severity": "CRITICAL" });
        let token = &castle.people[1].token;
        let answer = castle.rest.post_body_with_token("/api/incidents", token, &body).await?;
        let id = answer.expect_status_of_answer(201)?.json["id"].clone();
        let before = changed.elapsed();
        let client = &castle.clients[index];
        // The escalation follows the creation in the log: a later event says that it did not come.
        let after = castle.create_incident_with_title(&format!("after {title}")).await?;
        client
            .wait_for_history_condition("the event after an escalation", DEADLINE, |history| {
                history.all_events().any(|event| event.payload["incident"]["id"] == *after)
            })
            .await?;
        let came = client.read_history_with_closure(|history| {
            let mut events = history.all_events();
            events.any(|e| e.name == "escalation:critical" && e.payload["incidentId"] == id)
        });
        if came == entitled {
            return Ok(());
        }
        ensure!(
            before < Duration::from_secs(1),
            "a second after the change: escalation came: {came}"
        );
    }
}

const FAKETIME: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// 19: the server's clock jumps while it runs; other clocks issue tokens.
pub(super) async fn step_clock_of_server(run: Run) -> Result<String> {
    let library = FAKETIME.iter().map(PathBuf::from).find(|path| path.is_file());
    let library = library.ok_or_else(|| NotRun("no libfaketime".to_owned()))?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), "+0")?;
    let file_name = file.path().to_string_lossy().into_owned();
    let library = library.to_string_lossy().into_owned();
    let settings = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", file_name.as_str()),
        ("FAKETIME_NO_CACHE", "1"),
        // Only the clock of the wall is stepped, as NTP or a person would.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("TOKEN_GRACE", "1000"),
    ];
    let people = 6;
    let mut castle = Castle::build_castle_for_run(&run, &settings, people).await?;
    castle.add_crowd_of_clients(12).await?;
    let mut short = castle.plan_client_of_person(5, WireKind::WebSocket, &[]);
    short.token = castle.mint_token_for_owner(5, 0, 1_800);
    let short = castle.add_client_with_plan(5, short);
    castle.wait_until_all_caught_up().await?;
    let writers = Writers::spawn_writers_for_castle(&castle, 3, Duration::from_millis(40));
    let steps = ["-3600", "+0", "+3600", "-3600", "+0"];
    for step in steps {
        std::fs::write(file.path(), step)?;
        expect_server_to_run_after_step(&castle, step).await?;
    }
    let report = writers.stop_writers_and_collect().await;
    report.expect_no_wrong_answers()?;
    ensure!(report.failed == 0, "{} writes failed", report.failed);
    let expired = castle.clients[short].read_history_with_closure(|history| {
        history
            .find_signals_by_name("error")
            .any(|signal| signal.payload["code"] == "TOKEN_EXPIRED")
    });
    ensure!(expired, "a token of half an hour outlived a step of an hour ahead");
    castle.clients.remove(short);
    castle.owners.remove(short);
    // Tokens of issuers whose clocks are off: only `exp` counts, on the server's clock.
    let ahead = castle.mint_token_for_owner(0, 3_600, 4_500);
    let behind = castle.mint_token_for_owner(0, -3_600, -2_700);
    for (token, wanted) in [(ahead, 200), (behind, 401)] {
        let answer = castle.rest.get_path_with_token("/api/auth/me", &token).await?;
        ensure!(answer.status == wanted, "expected {wanted}: {}", answer.text);
    }
    let (_, text) = castle.settle_and_judge_histories().await?;
    Ok(format!(
        "{} steps of an hour, {} writes; a token with 30 min left ended at the step ahead, as it must; tokens of \
         an issuer an hour ahead are taken, of one an hour behind refused. {text}",
        steps.len(),
        report.succeeded
    ))
}

/// After a step, an event still goes from a request to every client, and incidents carry the stepped time.
async fn expect_server_to_run_after_step(castle: &Castle, step: &str) -> Result<()> {
    let offset: i64 = step.parse().context("a step in seconds")?;
    let begun = Instant::now();
    loop {
        let body = json!({ "title": format!("at {step} after {:?}", begun.elapsed()) });
        let token = &castle.people[2].token;
        let answer = castle.rest.post_body_with_token("/api/incidents", token, &body).await?;
        let answer = answer.expect_status_of_answer(201)?.json;
        let time = answer["createdAt"].as_str().unwrap_or_default();
        let shown = chrono::DateTime::parse_from_rfc3339(time)?.timestamp();
        let off = shown - chrono::Utc::now().timestamp() - offset;
        if off.abs() < 30 {
            break;
        }
        ensure!(begun.elapsed() < Duration::from_secs(20), "the server's clock is off by {off} s");
    }
    // Time for what looks at clocks to look: expiry does twice a second.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    castle.settle_first_clients_with_event(12).await.map(drop)
}
