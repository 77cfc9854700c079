//! Incidents and comments over REST.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::TestServer;

fn build_incident_path(incident: &Value) -> String {
    format!("/api/incidents/{}", incident["id"].as_str().unwrap())
}

fn read_incident_titles(list: &Value) -> Vec<&str> {
    list["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|incident| incident["title"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn should_create_read_change_and_resolve() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let answer = server
        .api
        .post("/api/incidents", &harry, json!({ "title": " Troll ", "x": [1] }))
        .await
        .expect(201);
    let incident = &answer.json;
    assert_eq!(
        (answer.header("etag"), answer.header("location")),
        ("\"1\"", &*build_incident_path(incident))
    );
    assert_eq!(incident["title"], "Troll");
    assert_eq!((&incident["severity"], &incident["status"]), (&json!("MISCHIEF"), &json!("OPEN")));
    assert_eq!(incident["reportedBy"], harry.user);
    for name in ["description", "location", "assignee", "resolvedAt", "resolvedBy", "resolution"] {
        assert_eq!(incident.get(name), Some(&Value::Null), "{name}");
    }
    let read = server.api.get(&build_incident_path(incident), &harry).await.expect(200);
    assert_eq!((&read.json["commentsCount"], &read.json["viewersCount"]), (&json!(0), &json!(0)));
    assert_eq!((&read.json["id"], read.header("etag")), (&incident["id"], "W/\"1.0.0\""));

    let change = json!({ "severity": "SERIOUS", "location": "Dungeons", "status": "IN_PROGRESS" });
    let changed =
        server.api.patch(&build_incident_path(incident), &harry, change).await.expect(200);
    assert_eq!((&changed.json["severity"], changed.header("etag")), (&json!("SERIOUS"), "\"2\""));
    let resolve =
        server.api.request("DELETE", &build_incident_path(incident)).bearer_auth(&harry.token);
    let resolved = server
        .api
        .send(resolve.json(&json!({ "resolution": "Knocked out" })))
        .await
        .expect(200)
        .json;
    assert_eq!(resolved["message"], "Incident resolved");
    assert_eq!(resolved["incident"]["resolution"], "Knocked out");
    assert_eq!(resolved["incident"]["resolvedBy"], harry.user);
    server.api.delete(&build_incident_path(incident), &harry).await.expect_error(409, "CONFLICT");
    let reopened = server
        .api
        .patch(&build_incident_path(incident), &harry, json!({ "status": "OPEN" }))
        .await
        .expect(200)
        .json;
    assert_eq!((&reopened["resolvedAt"], &reopened["resolution"]), (&Value::Null, &Value::Null));
    server.api.delete(&build_incident_path(incident), &harry).await.expect(200);
}

#[tokio::test]
async fn should_tell_null_from_absent_and_put_from_nothing() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let body =
        json!({ "title": "Troll", "description": "Big", "location": "Dungeons", "severity": null });
    let incident = server.api.report(&harry, body).await;
    let emptied = server
        .api
        .patch(&build_incident_path(&incident), &harry, json!({ "location": null }))
        .await
        .expect(200)
        .json;
    assert_eq!((&emptied["location"], &emptied["description"]), (&Value::Null, &json!("Big")));
    for name in ["title", "severity", "status"] {
        let refused =
            server.api.patch(&build_incident_path(&incident), &harry, json!({ name: null })).await;
        refused.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(refused.field(), name);
    }
    // The whole incident as it was read, put back with one change, as many clients do; and as `fetch` sends a string.
    let mut whole = server.api.get(&build_incident_path(&incident), &harry).await.expect(200).json;
    whole["title"] = json!("Large troll");
    let put = server.api.request("PUT", &build_incident_path(&incident)).bearer_auth(&harry.token);
    let put = put.header("content-type", "text/plain;charset=UTF-8").body(whole.to_string());
    let answer = server.api.send(put).await.expect(200);
    assert_eq!((&answer.json["title"], answer.header("etag")), (&json!("Large troll"), "\"3\""));
    // Nothing asked for, nothing changed.
    let same =
        server.api.patch(&build_incident_path(&incident), &harry, json!({})).await.expect(200);
    assert_eq!(same.header("etag"), "\"3\"");
}

#[tokio::test]
async fn should_refuse_a_change_made_against_an_older_version() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = build_incident_path(&incident);
    let change = |etag: &'static str, body: Value| {
        let request = server.api.request("PATCH", &path).bearer_auth(&harry.token).json(&body);
        server.api.send(if etag.is_empty() { request } else { request.header("if-match", etag) })
    };
    change("\"1\"", json!({ "title": "Troll 2" })).await.expect(200);
    change("\"1\"", json!({ "title": "Troll 3" })).await.expect_error(409, "CONFLICT");
    change("", json!({ "title": "Troll 3", "version": 1 })).await.expect_error(409, "CONFLICT");
    change("\"2\"", json!({ "title": "Troll 3", "version": 1 }))
        .await
        .expect_error(400, "VALIDATION_ERROR");
    change("*", json!({ "title": "Troll 3" })).await.expect(200);
    change("W/\"3\"", json!({ "title": "Troll 4", "version": 3 })).await.expect(200);
    let refused = change("\"x\"", json!({ "title": "Troll 5" })).await;
    assert_eq!((refused.status, refused.field()), (400, "If-Match"));
}

#[tokio::test]
async fn should_let_one_of_many_simultaneous_changes_of_a_version_win() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let mut changes = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (api, harry, path) =
            (server.api.clone(), harry.clone(), build_incident_path(&incident));
        changes.spawn(async move {
            api.patch(&path, &harry, json!({ "title": format!("Troll {number}"), "version": 1 }))
                .await
                .status
        });
    }
    let mut statuses = changes.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn should_filter_search_and_page_the_list() {
    let server = TestServer::start();
    let (harry, percy) = (server.student("harry").await, server.prefect("percy").await);
    for (title, severity) in
        [("Troll in dungeon", "CRITICAL"), ("Dungbomb", "MISCHIEF"), ("Cursed necklace", "SERIOUS")]
    {
        server.api.report(&harry, json!({ "title": title, "severity": severity })).await;
    }
    let mine =
        json!({ "title": "Flooded bathroom", "description": "Myrtle", "assigneeId": percy.id });
    let mine = server.api.report(&percy, mine).await;
    server.api.delete(&build_incident_path(&mine), &percy).await.expect(200);
    let cases = [
        ("", vec!["Flooded bathroom", "Cursed necklace", "Dungbomb", "Troll in dungeon"]),
        ("severity=CRITICAL,SERIOUS", vec!["Cursed necklace", "Troll in dungeon"]),
        ("status=RESOLVED", vec!["Flooded bathroom"]),
        ("status=OPEN&severity=MISCHIEF", vec!["Dungbomb"]),
        ("assignee=me", vec!["Flooded bathroom"]),
        ("assignee=none&limit=1", vec!["Cursed necklace"]),
        ("q=troll+dun", vec!["Troll in dungeon"]),
        ("q=myrtle", vec!["Flooded bathroom"]),
        ("q=%27%26%7C%21%3A*", vec![]),
        ("q=+", vec!["Flooded bathroom", "Cursed necklace", "Dungbomb", "Troll in dungeon"]),
    ];
    for (query, titles) in cases {
        let list =
            server.api.get(&format!("/api/incidents?{query}"), &percy).await.expect(200).json;
        assert_eq!(read_incident_titles(&list), titles, "{query}");
    }
    let path = format!("/api/incidents?assignee={}", percy.id);
    assert_eq!(
        read_incident_titles(&server.api.get(&path, &harry).await.expect(200).json).len(),
        1
    );
    let mut seen = Vec::new();
    let mut path = "/api/incidents?limit=3".to_owned();
    loop {
        let page = server.api.get(&path, &harry).await.expect(200).json;
        seen.extend(read_incident_titles(&page).into_iter().map(str::to_owned));
        let Some(before) = page["nextBefore"].as_str() else { break };
        path = format!("/api/incidents?limit=3&before={before}");
    }
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn should_allow_each_role_what_it_may_do() {
    let server = TestServer::start();
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let (percy, auror) = (server.prefect("percy").await, server.auror().await);
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = build_incident_path(&incident);
    server.api.patch(&path, &ron, json!({ "title": "x" })).await.expect_error(403, "FORBIDDEN");
    server.api.delete(&path, &ron).await.expect_error(403, "FORBIDDEN");
    server
        .api
        .patch(&path, &harry, json!({ "assigneeId": percy.id }))
        .await
        .expect_error(403, "FORBIDDEN");
    let assigned = json!({ "title": "x", "assigneeId": percy.id });
    server.api.post("/api/incidents", &harry, assigned).await.expect_error(403, "FORBIDDEN");
    for nobody in [ron.id.clone(), "00000000-0000-7000-8000-000000000000".to_owned()] {
        let refused = server.api.patch(&path, &auror, json!({ "assigneeId": nobody })).await;
        assert_eq!((refused.status, refused.field()), (400, "assigneeId"));
    }
    let assigned =
        server.api.patch(&path, &percy, json!({ "assigneeId": percy.id })).await.expect(200).json;
    assert_eq!(
        assigned["assignee"],
        json!({ "id": percy.id, "email": percy.email, "name": percy.user["name"], "role": "PREFECT", "handle": "percy" })
    );
    let freed =
        server.api.patch(&path, &auror, json!({ "assigneeId": null })).await.expect(200).json;
    assert_eq!(freed["assignee"], Value::Null);
    let early = server.api.patch(&path, &harry, json!({ "resolution": "x" })).await;
    assert_eq!((early.status, early.field()), (400, "resolution"));
    let done = json!({ "status": "RESOLVED", "resolution": "Done" });
    assert_eq!(server.api.patch(&path, &harry, done).await.expect(200).json["resolution"], "Done");
}

#[tokio::test]
async fn should_page_comments_and_let_only_some_delete_them() {
    let server = TestServer::start();
    let (harry, ron, percy) =
        (server.student("harry").await, server.student("ron").await, server.prefect("percy").await);
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = format!("{}/comments", build_incident_path(&incident));
    let mut ids = Vec::new();
    for number in 0..5 {
        let comment = server
            .api
            .post(&path, &harry, json!({ "content": format!("Comment {number}") }))
            .await
            .expect(201);
        assert_eq!(comment.json["author"], harry.user);
        ids.push(comment.json["id"].as_str().unwrap().to_owned());
    }
    let page = server.api.get(&format!("{path}?limit=2"), &ron).await.expect(200).json;
    let contents = |page: &Value| -> Vec<String> {
        page["comments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["content"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(contents(&page), ["Comment 3", "Comment 4"]);
    let before = page["nextBefore"].as_str().unwrap();
    let older = server.api.get(&format!("{path}?before={before}"), &ron).await.expect(200).json;
    assert_eq!(contents(&older), ["Comment 0", "Comment 1", "Comment 2"]);
    assert_eq!(older["nextBefore"], Value::Null);
    server.api.delete(&format!("{path}/{}", ids[0]), &ron).await.expect_error(403, "FORBIDDEN");
    server.api.delete(&format!("{path}/{}", ids[0]), &harry).await.expect(204);
    server.api.delete(&format!("{path}/{}", ids[0]), &harry).await.expect_error(404, "NOT_FOUND");
    server.api.delete(&format!("{path}/{}", ids[1]), &percy).await.expect(204);
    let other = server.api.report(&harry, json!({ "title": "Other" })).await;
    let elsewhere = format!("{}/comments/{}", build_incident_path(&other), ids[2]);
    server.api.delete(&elsewhere, &harry).await.expect_error(404, "NOT_FOUND");
    let read = server.api.get(&build_incident_path(&incident), &harry).await.expect(200).json;
    assert_eq!(read["commentsCount"], 3);
}

#[tokio::test]
async fn should_answer_conditional_requests_as_the_standard_has_it() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let path = build_incident_path(&incident);
    let read = |tag: String| {
        let request = server.api.request("GET", &path).bearer_auth(&harry.token);
        server.api.send(request.header("if-none-match", tag))
    };
    let first = read(String::new()).await.expect(200);
    let tag = first.header("etag").to_owned();
    let again = read(format!("\"other\", {tag}")).await.expect(304);
    assert_eq!((again.header("etag"), &*again.text), (&*tag, ""));
    let comment = json!({ "content": "Run" });
    server.api.post(&format!("{path}/comments"), &harry, comment).await.expect(201);
    assert_ne!(read(tag.clone()).await.expect(200).header("etag"), tag, "another count");
    let resolve = |tags: &'static str| {
        let request = server.api.request("DELETE", &path).bearer_auth(&harry.token);
        server.api.send(request.header("if-match", tags))
    };
    resolve("\"7\"").await.expect_error(409, "CONFLICT");
    resolve("\"x\"").await.expect_error(400, "VALIDATION_ERROR");
    resolve("\"7\", \"1\"").await.expect(200);
}

#[tokio::test]
async fn should_take_marked_bodies_and_refuse_compressed_ones() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let post = |body: Vec<u8>, coding: &'static str| {
        let request = server.api.request("POST", "/api/incidents").bearer_auth(&harry.token);
        let request = request.header("content-type", "application/json");
        let request =
            if coding.is_empty() { request } else { request.header("content-encoding", coding) };
        server.api.send(request.body(body))
    };
    post(b"\xef\xbb\xbf{\"title\":\"Troll\"}".to_vec(), "").await.expect(201);
    post(b"{\"title\":\"Troll\"}".to_vec(), "identity").await.expect(201);
    let refused = post(b"\x1f\x8b".to_vec(), "gzip").await;
    refused.expect_error(415, "VALIDATION_ERROR");
    assert_eq!(refused.field(), "Content-Encoding");
}

#[tokio::test]
async fn should_limit_what_notifies_people_and_nothing_else() {
    let server = TestServer::start_with(&[("RATE_LIMIT_NOTIFY", "2")]);
    let harry = server.student("harry").await;
    let critical = json!({ "title": "Troll", "severity": "CRITICAL" });
    for _ in 0..2 {
        server.api.report(&harry, critical.clone()).await;
    }
    let incident = server.api.report(&harry, json!({ "title": "Dungbomb" })).await;
    server.api.post("/api/incidents", &harry, critical).await.expect_error(429, "RATE_LIMITED");
    let comments = format!("{}/comments", build_incident_path(&incident));
    let refused = server.api.post(&comments, &harry, json!({ "content": "@ron" })).await;
    refused.expect_error(429, "RATE_LIMITED");
    server.api.post(&comments, &harry, json!({ "content": "ron" })).await.expect(201);
}
