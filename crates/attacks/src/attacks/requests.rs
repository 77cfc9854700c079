//! Requests: what is searched, written, repeated and asked for by REST.

use anyhow::{Context as _, Result, ensure};
use owlpost_testkit::{RawConnection, write_request_with_body};
use reqwest::Method;
use serde_json::{Value, json};

use crate::field::{AUROR, Field, STUDENT, VICTIM};

/// What somebody writes who hopes that it is more than text.
const INJECTIONS: [&str; 15] = [
    "' or 1=1 --",
    "'; drop table incidents; --",
    "\" or \"\"=\"",
    "%' and pg_sleep(5) --",
    "%%%%%%%%%%%%%%%%%%%%",
    "____________________",
    "\\",
    "\\\\%",
    "(((((((((((((",
    "a & | ! b",
    "<-> :* '",
    "$1",
    "{{7*7}}",
    "*:*",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
];

async fn ask_for_impossible_page_sizes(field: &Field) -> Result<()> {
    for limit in ["0", "-1", "1000000000", "1e9", "99999999999999999999", "101"] {
        field
            .expect_status_for_person(
                STUDENT,
                Method::GET,
                &format!("/api/incidents?limit={limit}"),
                None,
                &[400],
            )
            .await?;
        field
            .expect_status_for_person(
                STUDENT,
                Method::GET,
                &format!("/api/notifications?limit={limit}"),
                None,
                &[400],
            )
            .await?;
    }
    Ok(())
}

/// 37: injected queries.
pub(super) async fn inject_statements_into_queries(field: &Field) -> Result<String> {
    let begun = std::time::Instant::now();
    let mut found = 0;
    for text in INJECTIONS {
        let query: String = reqwest::Url::parse_with_params("http://x/", [("q", text)])?
            .query()
            .unwrap_or_default()
            .to_owned();
        let answer = field
            .expect_status_for_person(
                STUDENT,
                Method::GET,
                &format!("/api/incidents?{query}"),
                None,
                &[200, 400],
            )
            .await?;
        found += answer.json["incidents"].as_array().map_or(0, Vec::len);
        field
            .expect_status_for_person(
                STUDENT,
                Method::GET,
                &format!("/api/users?{query}"),
                None,
                &[200, 400],
            )
            .await?;
        for parameter in ["status", "severity", "assignee", "before", "limit"] {
            let query = query.replacen("q=", &format!("{parameter}="), 1);
            field
                .expect_status_for_person(
                    STUDENT,
                    Method::GET,
                    &format!("/api/incidents?{query}"),
                    None,
                    &[400],
                )
                .await?;
        }
    }
    ensure!(found == 0, "{found} incidents match what is in none");
    ask_for_impossible_page_sizes(field).await?;
    let id = field.find_person_by_index(VICTIM).id.replace('-', "%27-");
    field
        .expect_status_for_person(
            STUDENT,
            Method::GET,
            &format!("/api/incidents/{id}"),
            None,
            &[400, 404],
        )
        .await?;
    Ok(format!(
        "{} texts in every parameter: bound as texts, nothing found, {:.1} s in all",
        INJECTIONS.len(),
        begun.elapsed().as_secs_f64()
    ))
}

/// 38: pages in texts.
pub(super) async fn store_pages_in_texts(field: &Field) -> Result<String> {
    let texts = [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "=cmd|' /C calc'!A0",
        "{{constructor.constructor('alert(1)')()}}",
    ];
    for text in texts {
        let body = json!({ "title": text, "description": text, "location": text });
        let created = field
            .expect_status_for_person(STUDENT, Method::POST, "/api/incidents", Some(&body), &[201])
            .await?;
        ensure!(created.json["title"] == text, "changed: {}", created.text);
    }
    let name = json!({ "email": format!("n{}@hogwarts.edu", field.pick_random_number_below(usize::MAX)),
                       "name": "harry\u{202e}yrrah", "password": "wingardium-leviosa" });
    let refused = field.castle.rest.post_body_with_token("/api/auth/register", "", &name).await?;
    ensure!(refused.status == 400, "a name that turns around what follows: {}", refused.text);
    // What is answered is never read as a page, and the dashboard runs nothing that is not its own.
    for (path, wanted) in [("/api/incidents", "application/json"), ("/", "text/html")] {
        let headers = format!(
            "connection: close\r\nauthorization: Bearer {}\r\naccept: text/html\r\n",
            field.find_token_by_index(STUDENT)
        );
        let mut connection = RawConnection::connect(field.address()).await;
        connection
            .write_raw_bytes_to_server(write_request_with_body("GET", path, &headers, ""))
            .await;
        let answer = connection.receive_answer_until_close().await;
        let head = answer.head.to_ascii_lowercase();
        ensure!(head.contains(&format!("content-type: {wanted}")), "{path}: {head}");
        ensure!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
        let policy = head
            .lines()
            .find(|line| line.starts_with("content-security-policy:"))
            .with_context(|| format!("{path}: no policy"))?;
        let scripts = policy
            .split(';')
            .find(|part| part.contains("script-src") || part.contains("default-src"));
        ensure!(scripts.is_some_and(|part| !part.contains("unsafe")), "{path}: {policy}");
    }
    Ok(format!(
        "{} texts stored as they are, answered as JSON, under a policy without inline scripts",
        texts.len()
    ))
}

/// 39: forged log lines.
pub(super) async fn write_lines_into_log(field: &Field) -> Result<String> {
    let mark = format!("forged{}", field.pick_random_number_below(usize::MAX));
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let evil = format!("x\r\n2026-01-01T00:00:00Z ERROR {mark} \u{1b}[31m");
    student.emit_event_for_ack(&evil, &json!({ "room": evil })).await?;
    student.emit_event_for_ack("room:join", &json!({ "room": evil })).await?;
    let body = json!({ "email": format!("{mark}\u{1b}[31m\n@x"), "password": "p" });
    field.castle.rest.post_body_with_token("/api/auth/login", "", &body).await?;
    for path in [format!("/api/%0d%0a{mark}"), format!("/api/incidents?q={mark}%1b%5b31m")] {
        let headers = format!(
            "user-agent: {mark}\u{9}x\r\nx-request-id: {mark}\u{9}y\r\nauthorization: Bearer {mark}secret\r\nconnection: close\r\n"
        );
        let mut connection = RawConnection::connect(field.address()).await;
        connection
            .write_raw_bytes_to_server(write_request_with_body("GET", &path, &headers, ""))
            .await;
        connection.receive_answer_until_close().await;
    }
    let log = field.read_log_of_server()?;
    ensure!(!log.contains('\u{1b}'), "the log has a control sequence");
    ensure!(
        !log.lines()
            .any(|line| line.starts_with(&mark) || line.starts_with("2026-01-01T00:00:00Z")),
        "a line was forged"
    );
    ensure!(!log.contains(&format!("{mark}secret")), "the log has a token");
    ensure!(!log.contains("wingardium-leviosa"), "the log has a password");
    let metrics = field.castle.rest.get_path_with_token("/metrics", "").await?.text;
    ensure!(!metrics.contains(&mark), "a stranger's word is a label");
    Ok("event names, addresses, paths and heads: no line, no colour, no label of theirs; no secret"
        .to_owned())
}

/// 40: repeated requests.
pub(super) async fn repeat_what_was_sent(field: &Field) -> Result<String> {
    let key = format!("key-{}", field.pick_random_number_below(usize::MAX));
    let rest = &field.castle.rest;
    let post = async |person: usize, title: &str| {
        let body = json!({ "title": title });
        rest.send_request_with_token(
            Method::POST,
            "/api/incidents",
            field.find_token_by_index(person),
            Some(&body),
            Some(&key),
        )
        .await
    };
    let first = post(STUDENT, "once").await?.expect_status_of_answer(201)?;
    let again = post(STUDENT, "once").await?.expect_status_of_answer(201)?;
    ensure!(first.json["id"] == again.json["id"], "the same key made two");
    let other = post(STUDENT, "another").await?;
    ensure!(other.status == 409, "another body under the same key: {}", other.text);
    let theirs = post(VICTIM, "once, too").await?.expect_status_of_answer(201)?;
    ensure!(theirs.json["id"] != first.json["id"], "one's key answers another");
    Ok("the same answer to the same, 409 to another body, and a key is its person's own".to_owned())
}

/// 42: mentions of everybody.
pub(super) async fn mention_everybody_in_comment(field: &Field) -> Result<String> {
    let path = format!("/api/incidents/{}/comments", field.castle.incidents[1]);
    let count = async |person: usize| -> Result<u64> {
        let page =
            field.send_request_as_person(person, Method::GET, "/api/notifications", None).await?;
        page.json["unreadCount"].as_u64().context("no count")
    };
    let before = count(AUROR).await?;
    let unknown: String = (0..1_000).map(|n| format!("@nobody.{n} ")).collect();
    let groups = "@role:AUROR @AUROR @everyone @all @here @channel";
    for content in [&*unknown, groups] {
        let body = json!({ "content": content.trim() });
        field
            .expect_status_for_person(STUDENT, Method::POST, &path, Some(&body), &[201, 400])
            .await?;
    }
    ensure!(count(AUROR).await? == before, "a group was notified");
    // More of those who are known than one comment may notify.
    let limited = field
        .prepare_field_with_settings(&[("LIMIT_MENTIONS", "3"), ("RATE_LIMIT_NOTIFY", "5")])
        .await?;
    let mentions = |count: usize| {
        let handles =
            (0..count).map(|index| format!("@{} ", limited.find_person_by_index(index).handle));
        json!({ "content": handles.collect::<String>().trim() })
    };
    let path = format!("/api/incidents/{}/comments", limited.castle.incidents[1]);
    limited
        .expect_status_for_person(STUDENT, Method::POST, &path, Some(&mentions(4)), &[400])
        .await?;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let body = mentions(3);
        statuses.push(
            limited.send_request_as_person(STUDENT, Method::POST, &path, Some(&body)).await?.status,
        );
    }
    ensure!(statuses.contains(&201) && statuses.contains(&429), "{statuses:?}");
    Ok(format!(
        "1,000 strangers and 6 names of groups: nobody told; then at most 3 at a time, and {statuses:?}"
    ))
}

/// 43: back doors.
pub(super) async fn look_for_back_doors(field: &Field) -> Result<String> {
    let guarded = field.prepare_field_with_settings(&[]).await?;
    let paths = [
        "/admin",
        "/debug",
        "/debug/pprof",
        "/console",
        "/actuator/env",
        "/.env",
        "/.git/config",
        "/api/admin",
        "/api/debug",
        "/metrics/../health",
        "/server-status",
        "/api/users/../admin",
    ];
    for path in paths {
        let answer = guarded.castle.rest.get_path_with_token(path, "").await?;
        let told =
            ["JWT_SECRET", "DATABASE_URL", "[core]"].iter().any(|word| answer.text.contains(word));
        ensure!(!told && answer.status < 500, "{path}: {} {:.100}", answer.status, answer.text);
    }
    drop(guarded);
    let token = "a-token-of-the-metrics";
    let lab = &field.castle.run;
    let closed =
        owlpost_faults::castle::Castle::build_castle_for_run(lab, &[("METRICS_TOKEN", token)], 4)
            .await?;
    let stranger = closed.rest.get_path_with_token("/metrics", "").await?;
    let wrong = closed.rest.get_path_with_token("/metrics", "another-token-of-them-").await?;
    let right = closed.rest.get_path_with_token("/metrics", token).await?;
    let statuses = [stranger.status, wrong.status, right.status];
    ensure!(statuses == [401, 401, 200], "metrics behind a token: {statuses:?}");
    let health = closed.rest.get_path_with_token("/health/ready", "").await?;
    ensure!(
        !health.text.contains("postgres") && !health.text.contains("127.0.0.1"),
        "{}",
        health.text
    );
    Ok(format!("{} paths lead nowhere; metrics behind a token: {statuses:?}", paths.len()))
}

/// 46: foreign forms.
pub(super) async fn write_from_foreign_forms(field: &Field) -> Result<String> {
    let token = field.find_token_by_index(VICTIM);
    let title = format!("forged by a form {}", field.pick_random_number_below(usize::MAX));
    let body = json!({ "title": title }).to_string();
    let mut tried = 0;
    for (path, body) in
        [("/api/incidents", &*body), ("/api/auth/logout", "{}"), ("/api/auth/password", "{}")]
    {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json",
        ] {
            let headers = format!(
                "cookie: token={token}; accessToken={token}; Authorization=Bearer {token}\r\ncontent-type: {kind}\r\n\
                 origin: http://evil.example\r\nconnection: close\r\n"
            );
            let mut connection = RawConnection::connect(field.address()).await;
            connection
                .write_raw_bytes_to_server(write_request_with_body("POST", path, &headers, body))
                .await;
            let answer = connection.receive_answer_until_close().await;
            ensure!(
                matches!(answer.status, 400 | 401 | 403 | 405 | 415),
                "{path} as {kind}: {}",
                answer.status
            );
            ensure!(!answer.head.to_ascii_lowercase().contains("set-cookie"), "{}", answer.head);
            tried += 1;
        }
    }
    let list = field.send_request_as_person(VICTIM, Method::GET, "/api/incidents", None).await?;
    let forged = list.json["incidents"]
        .as_array()
        .is_some_and(|rows| rows.iter().any(|row: &Value| row["title"] == *title));
    ensure!(!forged, "a cookie was taken for a token");
    Ok(format!("{tried} forms with cookies: none is a token, none sets one"))
}
