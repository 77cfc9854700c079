//! The list of incidents as people on duty look at it: the most urgent first, and how much there is.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use sqlx::Connection as _;
use support::TestServer;

fn path_of_incident(incident: &Value) -> String {
    format!("/api/incidents/{}", incident["id"].as_str().unwrap())
}

fn read_incident_titles(list: &Value) -> Vec<&str> {
    let incidents = list["incidents"].as_array().unwrap().iter();
    incidents.map(|incident| incident["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn should_list_the_most_urgent_first_page_by_page() {
    let server = TestServer::start();
    let (harry, percy) = (server.student("harry").await, server.prefect("percy").await);
    let reports = [
        ("s1", "SERIOUS"),
        ("c1", "CRITICAL"),
        ("m1", "MISCHIEF"),
        ("c2", "CRITICAL"),
        ("s2", "SERIOUS"),
        ("m2", "MISCHIEF"),
    ];
    for (title, severity) in reports {
        let body = json!({ "title": title, "severity": severity, "description": "owls" });
        let incident = server.api.report(&harry, body).await;
        if title == "c1" {
            server.api.delete(&path_of_incident(&incident), &harry).await.expect(200);
        }
        if title == "s2" {
            let give = json!({ "assigneeId": percy.id });
            server.api.patch(&path_of_incident(&incident), &percy, give).await.expect(200);
        }
    }
    let cases = [
        ("", "c1 c2 s1 s2 m1 m2"),
        ("&status=OPEN,IN_PROGRESS", "c2 s1 s2 m1 m2"),
        ("&status=RESOLVED", "c1"),
        ("&severity=SERIOUS,MISCHIEF", "s1 s2 m1 m2"),
        ("&assignee=none&status=OPEN", "c2 s1 m1 m2"),
        ("&assignee=me", "s2"),
        ("&q=owls", "c1 c2 s1 s2 m1 m2"),
        ("&q=harry", "c1 c2 s1 s2 m1 m2"),
        ("&q=harry+owls&status=OPEN", "c2 s1 s2 m1 m2"),
    ];
    for (filter, expected) in cases {
        for limit in [1, 2, 6] {
            let first = format!("/api/incidents?sort=urgency&limit={limit}{filter}");
            let (mut path, mut seen) = (first.clone(), Vec::new());
            loop {
                let page = server.api.get(&path, &percy).await.expect(200).json;
                let titles = read_incident_titles(&page);
                assert!(titles.len() <= limit);
                seen.extend(titles.into_iter().map(str::to_owned));
                let Some(before) = page["nextBefore"].as_str() else { break };
                path = format!("{first}&before={before}");
            }
            assert_eq!(seen.join(" "), expected, "{first}");
        }
    }
    let list = server.api.get("/api/incidents?sort=newest", &harry).await.expect(200).json;
    assert_eq!(read_incident_titles(&list).join(" "), "m2 s2 c2 m1 c1 s1");
}

#[tokio::test]
async fn should_refuse_an_order_it_does_not_know_and_the_cursor_of_another() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    for title in ["one", "two"] {
        server.api.report(&harry, json!({ "title": title })).await;
    }
    let next_of = |sort: &'static str| {
        let (api, harry) = (server.api.clone(), harry.clone());
        async move {
            let page = api.get(&format!("/api/incidents?limit=1{sort}"), &harry).await.expect(200);
            page.json["nextBefore"].as_str().unwrap().to_owned()
        }
    };
    let (newest, urgent) = (next_of("").await, next_of("&sort=urgency").await);
    for (query, field) in [
        ("sort=age".to_owned(), "sort"),
        ("sort=URGENCY".to_owned(), "sort"),
        ("sort=urgency&sort=newest".to_owned(), "sort"),
        (format!("before={urgent}"), "before"),
        (format!("sort=newest&before={urgent}"), "before"),
        (format!("sort=urgency&before={newest}"), "before"),
        ("sort=urgency&before=CRITICAL".to_owned(), "before"),
    ] {
        let refused = server.api.get(&format!("/api/incidents?{query}"), &harry).await;
        refused.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(refused.field(), field, "{query}");
    }
}

#[tokio::test]
async fn should_count_the_views_and_stop_at_the_bound() {
    let server = TestServer::start();
    let (harry, percy) = (server.student("harry").await, server.prefect("percy").await);
    let count = |person: &support::Person| {
        let (api, person) = (server.api.clone(), person.clone());
        async move { api.get("/api/incidents/counts", &person).await.expect(200).json }
    };
    let nothing = json!({ "all": 0, "active": 0, "assignedToMe": 0, "unassigned": 0, "resolved": 0, "bound": 1000 });
    assert_eq!(count(&harry).await, nothing);
    let mine = json!({ "title": "mine", "assigneeId": percy.id });
    let done = server.api.report(&percy, mine.clone()).await;
    server.api.delete(&path_of_incident(&done), &percy).await.expect(200);
    server.api.report(&percy, mine).await;
    for _ in 0..2 {
        server.api.report(&harry, json!({ "title": "nobody's" })).await;
    }
    let counted = json!({ "all": 4, "active": 3, "assignedToMe": 1, "unassigned": 2, "resolved": 1, "bound": 1000 });
    assert_eq!(count(&percy).await, counted);
    assert_eq!(count(&harry).await["assignedToMe"], 0);
    let Some(url) = server.database_url() else { return };
    let fill = |rows: i32| {
        let url = url.clone();
        async move {
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::query(
                "insert into incidents (id, title, reported_by)
                 select gen_random_uuid(), 'one of many', (select id from users limit 1) from generate_series(1, $1)",
            )
            .bind(rows)
            .execute(&mut connection)
            .await
            .unwrap();
        }
    };
    fill(997).await;
    let counted = count(&percy).await;
    assert_eq!((&counted["unassigned"], &counted["all"]), (&json!(999), &json!(1000)));
    fill(1).await;
    assert_eq!(count(&percy).await["unassigned"], 1000, "at the bound");
    fill(1).await;
    assert_eq!(count(&percy).await["unassigned"], 1000, "and past it");
}
