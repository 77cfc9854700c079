//! Values, parameters and headers that are wrong, field by field: each refusal names the field.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::Scene;

/// Method, path, and the fields of the body; true for those that are required.
type BodyOfRoute = (&'static str, &'static str, &'static [(&'static str, bool)]);

const BODIES: [BodyOfRoute; 7] = [
    ("POST", "/api/auth/register", &[("email", true), ("name", true), ("password", true)]),
    ("POST", "/api/auth/login", &[("email", true), ("password", true)]),
    ("POST", "/api/auth/refresh", &[("refreshToken", true)]),
    (
        "POST",
        "/api/incidents",
        &[
            ("title", true),
            ("description", false),
            ("severity", false),
            ("location", false),
            ("assigneeId", false),
        ],
    ),
    (
        "PATCH",
        "/api/incidents/{id}",
        &[
            ("title", false),
            ("description", false),
            ("severity", false),
            ("status", false),
            ("location", false),
            ("assigneeId", false),
            ("resolution", false),
            ("version", false),
        ],
    ),
    ("DELETE", "/api/incidents/{id}", &[("resolution", false)]),
    ("POST", "/api/incidents/{id}/comments", &[("content", true)]),
];

#[tokio::test]
async fn should_name_the_field_that_is_wrong_in_every_body() {
    let scene = Scene::set().await;
    let good = json!({
        "email": "new@hogwarts.edu", "name": "N", "password": "password", "refreshToken": "x", "title": "T", "content": "C",
    });
    for (method, path, fields) in BODIES {
        for (field, required) in fields {
            let mut values = vec![
                json!(true),
                json!([]),
                json!({}),
                json!(["x"]),
                json!({ "SERIOUS": null }),
                json!(1.5),
            ];
            if *field == "version" {
                values.extend([json!("1"), json!(99_999_999_999_i64)]);
            } else {
                values.extend([json!(5), json!(1e300)]);
            }
            if *required {
                values.push(Value::Null);
            }
            for value in values {
                let mut body = good.clone();
                body[*field] = value;
                let answer = scene
                    .server
                    .api
                    .send(scene.request(method, &scene.aim(path)).json(&body))
                    .await;
                answer.expect_error(400, "VALIDATION_ERROR");
                assert_eq!(answer.field(), *field, "{method} {path} {body}: {}", answer.text);
            }
            if *required {
                let mut body = good.clone();
                body.as_object_mut().unwrap().remove(*field);
                let answer = scene
                    .server
                    .api
                    .send(scene.request(method, &scene.aim(path)).json(&body))
                    .await;
                answer.expect_error(400, "VALIDATION_ERROR");
                assert_eq!(answer.field(), *field);
            }
        }
    }
    scene.expect_nothing_happened().await;
}

#[tokio::test]
async fn should_refuse_values_out_of_their_bounds() {
    let scene = Scene::set().await;
    let (title, text) = ("x".repeat(201), "\u{e9}".repeat(10_001));
    let incident = "/api/incidents/{id}";
    let cases = [
        ("POST", "/api/incidents", json!({ "title": "" }), "title"),
        ("POST", "/api/incidents", json!({ "title": " \n\t " }), "title"),
        ("POST", "/api/incidents", json!({ "title": title }), "title"),
        ("POST", "/api/incidents", json!({ "title": "a\u{0}b" }), "title"),
        ("POST", "/api/incidents", json!({ "title": "T", "description": text }), "description"),
        ("POST", "/api/incidents", json!({ "title": "T", "description": "\u{0}" }), "description"),
        ("POST", "/api/incidents", json!({ "title": "T", "location": title }), "location"),
        ("POST", "/api/incidents", json!({ "title": "T", "location": "\u{0}" }), "location"),
        ("POST", "/api/incidents", json!({ "title": "T", "severity": "critical" }), "severity"),
        ("POST", "/api/incidents", json!({ "title": "T", "severity": "" }), "severity"),
        ("POST", "/api/incidents", json!({ "title": "T", "assigneeId": "me" }), "assigneeId"),
        ("PATCH", incident, json!({ "title": title }), "title"),
        ("PATCH", incident, json!({ "title": "" }), "title"),
        ("PATCH", incident, json!({ "description": "a\u{0}" }), "description"),
        ("PUT", incident, json!({ "status": "DONE" }), "status"),
        ("PUT", incident, json!({ "status": "RESOLVED", "resolution": text }), "resolution"),
        ("DELETE", incident, json!({ "resolution": text }), "resolution"),
        ("DELETE", incident, json!({ "resolution": "\u{0}" }), "resolution"),
        ("POST", "/api/incidents/{id}/comments", json!({ "content": "" }), "content"),
        ("POST", "/api/incidents/{id}/comments", json!({ "content": text }), "content"),
        ("POST", "/api/incidents/{id}/comments", json!({ "content": "\u{0}" }), "content"),
        ("PATCH", "/api/users/{id}", json!({ "role": "HEADMASTER" }), "role"),
        ("PATCH", "/api/users/{id}", json!({ "role": null }), "role"),
        ("PATCH", "/api/users/{id}", json!({}), "role"),
    ];
    for (method, path, body, field) in cases {
        let answer =
            scene.server.api.send(scene.request(method, &scene.aim(path)).json(&body)).await;
        answer.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.field(), field, "{method} {path}: {}", answer.text);
    }
    scene.expect_nothing_happened().await;
}

#[tokio::test]
async fn should_refuse_parameters_and_headers_that_make_no_sense() {
    let scene = Scene::set().await;
    let cases = [
        ("/api/incidents?limit=0", "limit"),
        ("/api/incidents?limit=101", "limit"),
        ("/api/incidents?limit=-1", "limit"),
        ("/api/incidents?limit=x", "limit"),
        ("/api/incidents?limit=1&limit=2", "limit"),
        ("/api/incidents?before=5", "before"),
        ("/api/incidents?status=CLOSED", "status"),
        ("/api/incidents?severity=OPEN", "severity"),
        ("/api/incidents?assignee=you", "assignee"),
        ("/api/incidents?q=%FF", "q"),
        ("/api/incidents?q=a%00b", "q"),
        ("/api/incidents?%FF=1", "query"),
        ("/api/incidents/{id}/comments?limit=1e1", "limit"),
        ("/api/incidents/{id}/comments?before=x", "before"),
        ("/api/notifications?unread=maybe", "unread"),
        ("/api/notifications?before=1", "before"),
        ("/api/notifications?limit=999999999999", "limit"),
        ("/api/users?limit=0", "limit"),
        ("/api/users?q=%00", "q"),
        ("/api/events?after=-1", "after"),
        ("/api/events?after=x", "after"),
        ("/api/events?after=99999999999999999999", "after"),
        ("/api/events?limit=0", "limit"),
    ];
    for (path, field) in cases {
        let answer = scene.server.api.send(scene.request("GET", &scene.aim(path))).await;
        answer.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.field(), field, "{path}: {}", answer.text);
    }
    let headers: [(&str, &str, &str, &[u8], &str); 3] = [
        ("PATCH", "/api/incidents/{id}", "if-match", b"\xff", "If-Match"),
        ("POST", "/api/incidents", "idempotency-key", b"\xff", "Idempotency-Key"),
        ("POST", "/api/incidents/{id}/comments", "idempotency-key", b"a\tb", "Idempotency-Key"),
    ];
    for (method, path, name, value, field) in headers {
        let request = scene.request(method, &scene.aim(path)).header("accept", "text/event-stream");
        let body = json!({ "title": "T", "content": "C" });
        let answer = scene.server.api.send(request.header(name, value).json(&body)).await;
        answer.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.field(), field);
    }
    // Parameters nobody knows, and empty ones, are ignored.
    scene.server.api.get("/api/incidents?x=1&status=&limit=&q", &scene.harry).await.expect(200);
    scene.expect_nothing_happened().await;
}
