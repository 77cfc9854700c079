//! Every route of the document answers other methods, other spellings and a slash at its end as RFC 9110 asks.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::TestServer;

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"];
const SOME_ID: &str = "018f0000-0000-7000-8000-000000000000";

fn list_documented_routes() -> Vec<(String, BTreeSet<String>)> {
    let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().map(|(path, operations)| {
        let operations = operations.as_object().unwrap().keys();
        let methods =
            operations.filter(|name| *name != "parameters").map(|name| name.to_uppercase());
        let path = path.replace("{id}", SOME_ID).replace("{commentId}", SOME_ID);
        (path, methods.collect())
    });
    routes.collect()
}

#[tokio::test]
async fn should_name_the_methods_of_every_route_that_lacks_one() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let routes = list_documented_routes();
    assert!(routes.len() > 25, "{routes:?}");
    for (path, known) in routes {
        let mut allowed = known.clone();
        if known.contains("GET") {
            allowed.insert("HEAD".to_owned());
        }
        for method in METHODS.iter().filter(|method| !known.contains(**method)) {
            let request = server.api.request(method, &path).bearer_auth(&harry.token);
            let answer = server.api.send(request.json(&json!({}))).await;
            answer.expect_error(405, "VALIDATION_ERROR");
            assert_eq!(answer.field(), "method", "{method} {path}");
            let named = answer.header("allow").split(',').map(|word| word.trim().to_owned());
            assert_eq!(named.collect::<BTreeSet<_>>(), allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn should_take_no_other_spelling_for_a_route() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    for (path, known) in list_documented_routes() {
        let method = known.first().unwrap();
        for other in [format!("{path}/"), path.to_uppercase(), format!("/{path}")] {
            let request = server.api.request(method, &other).bearer_auth(&harry.token);
            let answer = server.api.send(request.json(&json!({}))).await;
            assert_eq!(answer.status, 404, "{method} {other}: {}", answer.text);
            assert!(!answer.text.contains("<html"), "{other} is the dashboard's");
            assert_eq!(answer.code(), "NOT_FOUND", "{method} {other}");
        }
    }
}
