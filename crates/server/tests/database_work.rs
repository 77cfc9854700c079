//! What the database is asked to do: as much for an event among many as for one alone.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use crate::support;

use std::time::Instant;

use owlpost::database::embedded::EmbeddedDatabase;
use owlpost_domain::event_log::{
    history::TAIL_QUERY,
    replay::{RESUME_QUERY, WINDOW_QUERY},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use support::{TestDatabase, TestServer};

/// Statements that do not come by events: the follower's look at the log, the lease of the node, users that memory has
/// forgotten, the settings of a new connection, and what the publisher to outlets looks for.
const BY_THE_CLOCK: [&str; 13] = [
    "order by position limit $2",
    "presence_nodes",
    "users where id = any($1)",
    "set statement_timeout",
    "where search_text is null",
    "from escalations where due_at",
    "with forgotten as",
    "webhooks join event_outlets",
    "update event_outlets set followed_at",
    "pg_try_advisory_lock",
    "set tcp_keepalives_idle",
    "pg_stat_all_tables",
    "vacuum (analyze)",
];

/// What is asked of the database whenever somebody asks for it, and a part of its statement.
const COUNTS: &str = "/api/incidents/counts";
const COUNTED: &str = "as assigned_to_me";

/// Statements since the log had `from` bytes, once `last` has been sent `times` times.
async fn count_statements_until(
    server: &TestServer,
    from: usize,
    last: &str,
    times: usize,
) -> usize {
    let deadline = Instant::now() + support::DEADLINE;
    loop {
        let log = server.log();
        let statements: Vec<&str> =
            log[from..].lines().filter(|line| line.contains("sqlx::query")).collect();
        if statements.iter().filter(|line| line.contains(last)).count() >= times {
            let by_the_clock = |line: &str| BY_THE_CLOCK.iter().any(|part| line.contains(part));
            let counted: Vec<_> = statements.iter().filter(|line| !by_the_clock(line)).collect();
            eprintln!("{counted:#?}");
            return counted.len();
        }
        assert!(Instant::now() < deadline, "{statements:#?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn should_need_no_statement_more_of_a_token_than_of_a_login() {
    let server = TestServer::start_with(&[("RUST_LOG", "info,sqlx::query=debug")]);
    let harry = server.student("harry").await;
    let new = json!({ "name": "a tool", "scopes": ["read"] });
    let made = server.api.post("/api/tokens", &harry, new).await.expect(201).json;
    let token = made["token"].as_str().unwrap().to_owned();
    let tool = support::Person { token: token.clone(), ..harry.clone() };
    // The first use is written, behind the answer.
    server.api.get("/api/incidents", &tool).await.expect(200);
    server.wait_for_log("update api_tokens set last_used_at").await;
    let mut counted = Vec::new();
    for asker in [&harry, &tool] {
        let begun = server.wait_until_log_is_whole().await.len();
        for _ in 0..10 {
            server.api.get(COUNTS, asker).await.expect(200);
        }
        counted.push(count_statements_until(&server, begun, COUNTED, 10).await);
    }
    assert_eq!(counted, [10, 10]);
    // Nor does one that is none cost more than one for all tries with it.
    let begun = server.wait_until_log_is_whole().await.len();
    let wrong = support::Person { token: format!("owl_{}", "x".repeat(43)), ..harry.clone() };
    for _ in 0..10 {
        server.api.get("/api/incidents", &wrong).await.expect_error(401, "UNAUTHENTICATED");
    }
    assert_eq!(count_statements_until(&server, begun, "from api_tokens", 1).await, 1);
    assert!(!server.log().contains(&token));
}

/// Reads an incident again that the reader has as `tag`.
async fn read_incident_with_tag(
    server: &TestServer,
    reader: &support::Person,
    path: &str,
    tag: &str,
) -> support::Answer {
    let request = server.api.request("GET", path).bearer_auth(&reader.token);
    server.api.send(request.header("if-none-match", tag)).await
}

#[tokio::test]
async fn should_ask_nothing_for_what_a_reader_has_until_it_changes() {
    let server = TestServer::start_with(&[("RUST_LOG", "info,sqlx::query=debug")]);
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let id = incident["id"].as_str().unwrap();
    let (path, comments) =
        (format!("/api/incidents/{id}"), format!("/api/incidents/{id}/comments"));
    let mut told = server.api.stream(&format!("/api/events?room=incident:{id}"), &harry).await;
    for change in ["comment", "update", "resolve"] {
        // Once the last change has been told of, nothing is forgotten any more.
        let tag = server.api.get(&path, &harry).await.expect(200).header("etag").to_owned();
        let begun = server.wait_until_log_is_whole().await.len();
        for _ in 0..10 {
            read_incident_with_tag(&server, &harry, &path, &tag).await.expect(304);
        }
        server.api.get(COUNTS, &harry).await.expect(200);
        assert_eq!(count_statements_until(&server, begun, COUNTED, 1).await, 1);
        match change {
            "comment" => server.api.post(&comments, &harry, json!({ "content": "Run" })).await,
            "update" => server.api.patch(&path, &harry, json!({ "title": "Trolls" })).await,
            _ => server.api.delete(&path, &harry).await,
        };
        read_incident_with_tag(&server, &harry, &path, &tag).await.expect(200);
        told.next_durable().await;
    }
}

#[tokio::test]
async fn should_keep_a_page_for_a_moment_and_never_past_a_change() {
    let server = TestServer::start_with(&[("RUST_LOG", "info,sqlx::query=debug")]);
    let harry = server.student("harry").await;
    let mut told = server.api.stream("/api/events", &harry).await;
    for n in 1..=20 {
        server.api.report(&harry, json!({ "title": format!("Troll {n}") })).await;
        let page = server.api.get("/api/incidents", &harry).await.expect(200).json;
        assert_eq!(page["incidents"][0]["title"], format!("Troll {n}"));
        told.next_durable().await;
    }
    // For as long as it takes: a page is read at least once in each second.
    let deadline = Instant::now() + support::DEADLINE;
    loop {
        let begun = server.wait_until_log_is_whole().await.len();
        for _ in 0..10 {
            server.api.get("/api/incidents", &harry).await.expect(200);
        }
        server.api.get(COUNTS, &harry).await.expect(200);
        if count_statements_until(&server, begun, COUNTED, 1).await <= 2 {
            break;
        }
        assert!(Instant::now() < deadline, "a page is read again though nothing changed");
    }
}

#[tokio::test]
async fn should_ask_the_database_while_there_are_other_nodes() {
    let server = TestServer::start();
    if server.database_url().is_none() {
        return;
    }
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    let comments = format!("{path}/comments");
    let tag = server.api.get(&path, &harry).await.expect(200).header("etag").to_owned();
    read_incident_with_tag(&server, &harry, &path, &tag).await.expect(304);
    let second = server.start_second_node(&[]);
    for n in 1..=20 {
        let tag = server.api.get(&path, &harry).await.expect(200).header("etag").to_owned();
        let comment = json!({ "content": format!("Run {n}") });
        second.api.post(&comments, &harry, comment).await.expect(201);
        let read = read_incident_with_tag(&server, &harry, &path, &tag).await.expect(200);
        assert_eq!(read.json["commentsCount"], n, "as soon as it was answered elsewhere");
        server.api.get("/api/incidents", &harry).await.expect(200);
        second.api.report(&harry, json!({ "title": format!("Troll {n}") })).await;
        let page = server.api.get("/api/incidents", &harry).await.expect(200).json;
        assert_eq!(page["incidents"][0]["title"], format!("Troll {n}"));
    }
}

#[tokio::test]
async fn should_ask_the_database_after_the_leases_of_nodes_were_lost() {
    let settings = [("RUST_LOG", "info,sqlx::query=debug"), ("PRESENCE_TIMEOUT", "12000")];
    let server = TestServer::start_with(&settings);
    let Some(url) = server.database_url() else { return };
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    let tag = server.api.get(&path, &harry).await.expect(200).header("etag").to_owned();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // As a crash of Postgres leaves it.
    connection.execute("truncate presence_nodes").await.unwrap();
    server.wait_for_log("the presence lease was lost").await;
    // Its own lease is there again; those of others need not be yet.
    let begun = server.wait_until_log_is_whole().await.len();
    for _ in 0..10 {
        read_incident_with_tag(&server, &harry, &path, &tag).await.expect(304);
    }
    server.api.get(COUNTS, &harry).await.expect(200);
    assert!(count_statements_until(&server, begun, COUNTED, 1).await > 10);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn should_need_the_same_statements_whoever_watches() {
    let server = TestServer::start_with(&[("RUST_LOG", "info,sqlx::query=debug")]);
    let harry = server.student("harry").await;
    // Registering is told to the servers by the database alone: the log is read for it before what comes after.
    let mut settled = server.api.stream("/api/events", &harry).await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    settled.next_durable().await;
    drop(settled);
    let comments = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
    let mut streams = Vec::new();
    for watching in [0, 20] {
        while streams.len() < watching {
            streams.push(server.api.stream("/api/events", &harry).await);
        }
        let begun = server.wait_until_log_is_whole().await.len();
        for _ in 0..10 {
            server.api.report(&harry, json!({ "title": "Another troll" })).await;
        }
        let of_incidents = count_statements_until(&server, begun, "with written as", 10).await;
        assert_eq!(of_incidents, 10, "one for each incident, its event and its commit");

        let begun = server.wait_until_log_is_whole().await.len();
        for _ in 0..10 {
            server.api.post(&comments, &harry, json!({ "content": "Run" })).await.expect(201);
        }
        let of_comments = count_statements_until(&server, begun, "with written as", 10).await;
        assert_eq!(of_comments, 10, "one for each comment, its event and its commit");
    }
}

#[tokio::test]
async fn should_need_the_same_statements_for_a_timeline_however_long() {
    let server = TestServer::start_with(&[("RUST_LOG", "info,sqlx::query=debug")]);
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    let mut counts = Vec::new();
    for comments in [1, 40] {
        for _ in 0..comments {
            let comment = json!({ "content": "Run" });
            server.api.post(&format!("{path}/comments"), &harry, comment).await.expect(201);
        }
        // Whether the incident exists is remembered from the first time on.
        let timeline = format!("{path}/timeline?limit=100");
        server.api.get(&timeline, &harry).await.expect(200);
        let begun = server.wait_until_log_is_whole().await.len();
        let entries = server.api.get(&timeline, &harry).await.expect(200).json;
        assert!(entries["entries"].as_array().unwrap().len() > comments);
        counts.push(count_statements_until(&server, begun, "users where id = any", 1).await);
    }
    assert_eq!(
        counts,
        [1, 1],
        "the entries; their people are not counted, as they are asked for by the clock, too"
    );
}

#[tokio::test]
async fn should_look_at_bounded_rows_of_the_log_by_index() {
    let database = TestDatabase::create();
    assert!(database.command().arg("migrate").status().unwrap().success());
    let embedded = match database.url() {
        Some(_) => None,
        None => {
            Some(EmbeddedDatabase::start_server_in_directory(&database.data_directory()).unwrap())
        }
    };
    let url = match (&embedded, database.url()) {
        (Some(embedded), _) => embedded.build_url_of_connection(),
        (None, url) => url.unwrap().to_owned(),
    };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let long_log = "insert into event_log (name, audience, payload)
        select 'incident:created', array['feed'], '{}' from generate_series(1, 20000); analyze event_log";
    connection.execute(long_log).await.unwrap();
    let last: i64 = sqlx::query_scalar("select max(position) from event_log")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    // Each with the values that a reader of the whole log would bring.
    let queries = [
        (RESUME_QUERY, format!("({last} - 20, {last}, '{{feed}}', 1000)")),
        (WINDOW_QUERY, format!("(0, {last}, 9999)")),
        (TAIL_QUERY, format!("({last} - 20, 500)")),
    ];
    for (query, values) in queries {
        let prepare = format!("prepare explained as {query}");
        connection.execute(AssertSqlSafe(prepare)).await.unwrap();
        let explain =
            format!("explain (analyze, costs off, timing off) execute explained {values}");
        let plan: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
        connection.execute("deallocate explained").await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("using event_log_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan on event_log "), "{plan}");
        assert!(find_most_rows_of_plan(&plan) <= 10_000, "more rows than a page looks at: {plan}");
    }
    connection.close().await.unwrap();
}

/// The largest `rows=` of a plan that was executed.
fn find_most_rows_of_plan(plan: &str) -> u64 {
    let counts = plan.split("rows=").skip(1).map(|rest| {
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse().unwrap_or(0)
    });
    counts.max().expect("a plan that was executed")
}
