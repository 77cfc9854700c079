//! Bad input, for every route: each gets the documented code, and nothing of it reaches anybody else.

#![allow(clippy::unwrap_used)]

use crate::support;

use chrono::Utc;
use jsonwebtoken::Algorithm;
use serde_json::json;
use support::{NOBODYS_ID, SECRET, Scene, TestServer, mint_token_from_claims, mint_unsigned_token};

const BODY_LIMIT: usize = 256 * 1024;
const STRANGER_LIMIT: usize = 16 * 1024;

/// One route of the document: its method, its path, whether it needs a token and whether it takes a body.
struct Route {
    method: String,
    path: String,
    secured: bool,
    takes_body: bool,
}

async fn routes_of_document(server: &TestServer) -> Vec<Route> {
    let document =
        server.api.send(server.api.request("GET", "/api/openapi.json")).await.expect(200).json;
    let paths = document["paths"].as_object().unwrap().clone();
    let operations = paths.into_iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().clone();
        operations.into_iter().map(move |(method, operation)| Route {
            method: method.to_uppercase(),
            path: path.clone(),
            secured: operation["security"].as_array().is_some_and(|list| !list.is_empty()),
            takes_body: operation["requestBody"].is_object(),
        })
    });
    operations.filter(|route| route.path.starts_with("/api/")).collect()
}

#[tokio::test]
async fn should_refuse_bad_tokens_on_every_secured_route() {
    let scene = Scene::set().await;
    let claims =
        |seconds: i64| json!({ "sub": scene.harry.id, "exp": Utc::now().timestamp() + seconds });
    let deleted = json!({ "sub": NOBODYS_ID, "exp": Utc::now().timestamp() + 60 });
    let tokens = [
        (String::new(), "UNAUTHENTICATED"),
        (mint_token_from_claims(&claims(-60), Algorithm::HS256, SECRET), "TOKEN_EXPIRED"),
        (
            mint_token_from_claims(
                &claims(60),
                Algorithm::HS256,
                "some other secret of enough bytes",
            ),
            "UNAUTHENTICATED",
        ),
        (mint_token_from_claims(&claims(60), Algorithm::HS384, SECRET), "UNAUTHENTICATED"),
        (mint_unsigned_token(&claims(60)), "UNAUTHENTICATED"),
        (mint_token_from_claims(&deleted, Algorithm::HS256, SECRET), "UNAUTHENTICATED"),
    ];
    for route in routes_of_document(&scene.server).await.iter().filter(|route| route.secured) {
        for (token, code) in &tokens {
            let request = scene.server.api.request(&route.method, &scene.aim(&route.path));
            let request = if token.is_empty() { request } else { request.bearer_auth(token) };
            let answer =
                scene.server.api.send(request.json(&json!({ "title": "x", "content": "x" }))).await;
            answer.expect_error(401, code);
        }
    }
    scene.expect_nothing_happened().await;
}

#[tokio::test]
async fn should_refuse_ids_that_are_no_uuids_or_nobodys() {
    let scene = Scene::set().await;
    let id = scene.incident["id"].as_str().unwrap();
    let (simple, braced, long) = (id.replace('-', ""), format!("%7B{id}%7D"), "9".repeat(4000));
    let bad = [
        "123",
        "x",
        "%00",
        "%FF",
        "null",
        "..%2F..",
        "-1",
        "'%20or%201=1",
        &simple,
        &braced,
        &long,
        "0192f0c1-0000-7000-8000-00000000000g",
    ];
    for route in
        routes_of_document(&scene.server).await.iter().filter(|route| route.path.contains('{'))
    {
        let body = json!({ "content": "x", "role": "PREFECT", "from": "1" });
        for id in bad {
            let path = route.path.replace("{id}", id).replace("{commentId}", NOBODYS_ID);
            let answer =
                scene.server.api.send(scene.request(&route.method, &path).json(&body)).await;
            answer.expect_error(400, "VALIDATION_ERROR");
            assert_eq!(answer.field(), "id", "{} {path}", route.method);
        }
        let path = route.path.replace("{id}", NOBODYS_ID).replace("{commentId}", NOBODYS_ID);
        // The one that is about a moment must be told which.
        let moment = if path.ends_with("/at") { "?time=2026-01-01T00:00:00Z" } else { "" };
        let path = format!("{path}{moment}");
        let answer = scene.server.api.send(scene.request(&route.method, &path).json(&body)).await;
        // A student may not manage people or operate the server, whatever is asked for.
        let of_aurors = ["/api/users", "/api/invitations", "/api/webhooks"];
        if of_aurors.iter().any(|below| route.path.starts_with(below)) {
            answer.expect_error(403, "FORBIDDEN");
        } else {
            answer.expect_error(404, "NOT_FOUND");
        }
    }
    let path = scene.aim("/api/incidents/{id}/comments/5");
    let answer = scene.server.api.send(scene.request("DELETE", &path)).await;
    assert_eq!((answer.status, answer.field()), (400, "commentId"));
    scene.expect_nothing_happened().await;
}

#[tokio::test]
async fn should_refuse_bodies_that_are_no_json_objects() {
    let scene = Scene::set().await;
    // Within what may be sent without a token, too.
    let deep = format!("{}{}", "[".repeat(8_000), "]".repeat(8_000)).into_bytes();
    let bodies: Vec<Vec<u8>> = vec![
        b"{".to_vec(),
        b"null".to_vec(),
        b"5".to_vec(),
        b"\"x\"".to_vec(),
        b"[\"x\"]".to_vec(),
        b"{\"title\":\"x\"}}".to_vec(),
        b"title=x".to_vec(),
        b"{\"title\":\"\xff\xfe\"}".to_vec(),
        b"{\"title\":\"\\ud800\",\"name\":\"\\ud800\",\"from\":\"\\ud800\",\"resolution\":\"\\ud800\",\"email\":\"\\ud800\",\"version\":\"\\ud800\"}".to_vec(),
        b"\x00".to_vec(),
        deep,
    ];
    for route in routes_of_document(&scene.server).await.iter().filter(|route| route.takes_body) {
        let path = scene.aim(&route.path);
        for body in &bodies {
            let request =
                scene.request(&route.method, &path).header("content-type", "application/json");
            let answer = scene.server.api.send(request.body(body.clone())).await;
            answer.expect_error(400, "VALIDATION_ERROR");
            assert!(!answer.field().is_empty());
            assert!(answer.text.len() < 500, "{}", answer.text);
        }
        for content_type in [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/html",
            "x",
            "",
        ] {
            let request =
                scene.request(&route.method, &path).body("{\"title\":\"x\",\"content\":\"x\"}");
            let request = if content_type.is_empty() {
                request
            } else {
                request.header("content-type", content_type)
            };
            let answer = scene.server.api.send(request).await;
            answer.expect_error(400, "VALIDATION_ERROR");
            assert_eq!(answer.field(), "Content-Type", "{content_type}");
        }
    }
    scene.expect_nothing_happened().await;
}

#[tokio::test]
async fn should_refuse_oversized_bodies_on_every_route() {
    let scene = Scene::set().await;
    let sized = |bytes: usize| {
        let frame = json!({ "x": "" }).to_string().len();
        json!({ "x": "y".repeat(bytes - frame) }).to_string().into_bytes()
    };
    for route in routes_of_document(&scene.server).await {
        let path = scene.aim(&route.path);
        for bytes in [BODY_LIMIT + 1, 3 * 1024 * 1024] {
            let request =
                scene.request(&route.method, &path).header("content-type", "application/json");
            let answer = scene.server.api.send(request.body(sized(bytes))).await;
            answer.expect_error(413, "PAYLOAD_TOO_LARGE");
        }
        if !route.takes_body {
            continue;
        }
        // Without a length, in chunks.
        let chunks = futures_util::stream::iter(
            (0..40).map(|_| Ok::<_, std::io::Error>(vec![b' '; 16 * 1024])),
        );
        let request =
            scene.request(&route.method, &path).header("content-type", "application/json");
        let answer = scene.server.api.send(request.body(reqwest::Body::wrap_stream(chunks))).await;
        answer.expect_error(413, "PAYLOAD_TOO_LARGE");
    }
    // One of exactly the limit is read: what is missing is a field.
    let request =
        scene.request("POST", "/api/incidents").header("content-type", "application/json");
    let answer = scene.server.api.send(request.body(sized(BODY_LIMIT))).await;
    assert_eq!((answer.status, answer.field()), (400, "title"));
    // Who has no token yet may send less, and not one byte more.
    for route in ["login", "register", "refresh", "logout"] {
        for (bytes, status) in [(STRANGER_LIMIT, 400), (STRANGER_LIMIT + 1, 413)] {
            let request = scene.server.api.request("POST", &format!("/api/auth/{route}"));
            let request = request.header("content-type", "application/json").body(sized(bytes));
            let answer = scene.server.api.send(request).await;
            assert_eq!(answer.status, status, "{route}: {}", answer.text);
        }
    }
    scene.expect_nothing_happened().await;
}
