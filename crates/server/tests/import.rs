//! Taking over the tables of the older Express server.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use support::{PASSWORD, SECRET, TestServer};

const HARRY: &str = "3f0d8f5e-8a53-4a52-9d2e-0c6a4f2f5a01";
const MINERVA: &str = "3f0d8f5e-8a53-4a52-9d2e-0c6a4f2f5a02";

/// As Express servers make them: no two alike in names, types and cases.
fn tables_of_express(hash: &str) -> String {
    format!(
        "create schema express;
         create table express.users (id uuid primary key, email text, name text, role text, password_hash text,
                             created_at timestamp default now());
         create table express.incidents (id serial primary key, title text, description text, severity text, status text,
                             location text, reported_by uuid, assigned_to uuid, \"createdAt\" timestamptz,
                             \"updatedAt\" timestamptz);
         create table express.comments (id serial primary key, incident_id integer, user_id uuid, content text,
                             created_at timestamp default now());
         insert into express.users values
             ('{HARRY}', 'Harry.Potter@hogwarts.edu', 'Harry Potter', 'student', '{hash}', '2024-09-01 10:00'),
             ('{MINERVA}', 'minerva@hogwarts.edu', null, 'AUROR', 'plain text', '2024-09-01 09:00');
         insert into express.incidents (title, severity, status, reported_by, assigned_to, \"createdAt\") values
             ('Newer: owls in the Great Hall', 'serious', 'in-progress', '{HARRY}', '{MINERVA}', '2024-10-02T10:00:00Z'),
             ('Older: a troll in the dungeon', 'CRITICAL', 'RESOLVED', '{HARRY}', null, '2024-10-01T10:00:00Z');
         insert into express.comments (incident_id, user_id, content) values (2, '{MINERVA}', 'Ten points');"
    )
}

async fn run_on_server(server: &TestServer, sql: &str) -> Option<String> {
    let url = server.database_url()?;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    Some(format!("{url}?options=-csearch_path%3Dexpress"))
}

/// Whether it went well, and all it said.
fn import(server: &TestServer, from: &str, flags: &[&str]) -> (bool, String) {
    let output = server
        .command()
        .env("OWLPOST_IMPORT_FROM", from)
        .arg("import")
        .args(flags)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn should_take_over_people_incidents_and_comments_of_express() {
    let server = TestServer::start();
    let hash = bcrypt::hash(PASSWORD, 5).unwrap();
    let Some(from) = run_on_server(&server, &tables_of_express(&hash)).await else { return };
    let (worked, said) = import(&server, &from, &["--dry-run"]);
    assert!(worked && said.contains("people     2 taken") && said.contains("rehearsal"), "{said}");
    let (worked, said) = import(&server, &from, &[]);
    assert!(worked && said.contains("people     2 taken, 0 known, 0 refused"), "{said}");
    assert!(said.contains("1 of them came without a password"), "{said}");
    // With the password of before, twice: the hash is ours after the first time.
    for _ in 0..2 {
        let harry = server.api.login("harry.potter@hogwarts.edu").await;
        assert_eq!(harry.id, HARRY);
    }
    let login = json!({ "email": "harry.potter@hogwarts.edu", "password": "another one of his" });
    server.api.post_openly("/api/auth/login", login).await.expect(401);
    // With a token of before, whose person is the same.
    let claims = json!({ "userId": HARRY, "iat": chrono::Utc::now().timestamp(), "exp": chrono::Utc::now().timestamp() + 3600 });
    let token = support::mint_token_from_claims(&claims, jsonwebtoken::Algorithm::HS256, SECRET);
    let request = server.api.request("GET", "/api/incidents").bearer_auth(token);
    let page = server.api.send(request).await.expect(200).json;
    let titles: Vec<_> =
        page["incidents"].as_array().unwrap().iter().map(|one| one["title"].clone()).collect();
    assert_eq!(titles, ["Newer: owls in the Great Hall", "Older: a troll in the dungeon"]);
    let (newer, older) = (&page["incidents"][0], &page["incidents"][1]);
    assert_eq!(newer["status"], "IN_PROGRESS");
    assert_eq!(newer["assignee"]["id"], MINERVA);
    assert_eq!(older["resolvedAt"], "2024-10-01T10:00:00.000Z");
    let auror = server.auror().await;
    // What is known of their life is in their timeline, and they can be looked at as they were.
    let path = format!("/api/incidents/{}", older["id"].as_str().unwrap());
    let timeline = server.api.get(&format!("{path}/timeline"), &auror).await.expect(200).json;
    let kinds: Vec<_> =
        timeline["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(kinds.last().unwrap(), "created");
    assert!(kinds.contains(&json!("resolved")) && kinds.contains(&json!("commented")), "{kinds:?}");
    let time = newer["createdAt"].as_str().unwrap();
    let then = server.api.get(&format!("{path}/at?time={time}"), &auror).await.expect(200).json;
    assert_eq!(
        (&then["incident"]["title"], &then["incident"]["status"]),
        (&older["title"], &json!("RESOLVED"))
    );
    let path = format!("/api/incidents/{}/comments", older["id"].as_str().unwrap());
    let comments = server.api.get(&path, &auror).await.expect(200).json;
    assert_eq!(comments["comments"][0]["content"], "Ten points");
    assert_eq!(comments["comments"][0]["author"]["name"], "minerva");
    // Again: nothing is there twice.
    let (worked, said) = import(&server, &from, &[]);
    assert!(worked && said.contains("incidents  0 taken, 2 known, 0 refused"), "{said}");
}

#[tokio::test]
async fn should_take_nothing_when_a_row_cannot_be_kept() {
    let server = TestServer::start();
    let Some(from) = run_on_server(&server, &tables_of_express("")).await else { return };
    run_on_server(
        &server,
        "insert into express.users values (gen_random_uuid(), 'ALASTOR.MOODY@hogwarts.edu', 'Barty', 'AUROR', '', now()),
             (gen_random_uuid(), 'dobby@hogwarts.edu', 'Dobby', 'ELF', '', now());
         insert into express.incidents (title, reported_by, \"createdAt\") values ('Of nobody', gen_random_uuid(), now());",
    )
    .await;
    let (worked, said) = import(&server, &from, &[]);
    assert!(!worked && said.contains("nothing was taken"), "{said}");
    for reason in ["somebody else's here", "STUDENT PREFECT AUROR", "did not come along"] {
        assert!(said.contains(reason), "{reason}: {said}");
    }
    let auror = server.auror().await;
    let page = server.api.get("/api/incidents", &auror).await.expect(200).json;
    assert_eq!(page["incidents"], json!([]));
    let (worked, said) = import(&server, &from, &["--skip-refused"]);
    assert!(worked && said.contains("people     2 taken, 0 known, 2 refused"), "{said}");
    assert!(said.contains("incidents  2 taken, 0 known, 1 refused"), "{said}");
}

#[tokio::test]
async fn should_refuse_a_source_that_is_none() {
    let server = TestServer::start();
    let Some(url) = server.database_url() else { return };
    for (from, reason) in [
        (format!("{url}?options=-csearch_path%3Dnowhere"), "has no table users"),
        ("mysql://root:secret@localhost/shop".to_owned(), "must be a postgres:// address"),
        ("postgres://root:secret@127.0.0.1:1/shop".to_owned(), "cannot be connected to"),
    ] {
        let (worked, said) = import(&server, &from, &[]);
        assert!(!worked && said.contains(reason) && !said.contains("secret"), "{said}");
    }
}
