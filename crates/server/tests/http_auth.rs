//! Who is who: registration, login, renewal, logout, and every token that must not get through.

#![allow(clippy::unwrap_used)]

use crate::support;

use chrono::Utc;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use support::{PASSWORD, Person, SECRET, TestServer, mint_token_from_claims, mint_unsigned_token};

fn build_access_claims(person: &Person, seconds: i64) -> Value {
    json!({ "sub": person.id, "email": person.email, "name": "x", "role": "STUDENT", "type": "access",
            "iat": Utc::now().timestamp() - 100, "exp": Utc::now().timestamp() + seconds })
}

#[tokio::test]
async fn should_register_log_in_renew_and_log_out() {
    let server = TestServer::start();
    let harry = server.student("harry.potter").await;
    assert_eq!(harry.user["role"], "STUDENT");
    let me = server.api.get("/api/auth/me", &harry).await.expect(200).json;
    assert_eq!(me, json!({ "user": harry.user }));

    let login = json!({ "email": "Harry.Potter@Hogwarts.edu", "password": PASSWORD });
    let grant = server.api.post_openly("/api/auth/login", login).await.expect(200).json;
    assert_eq!(grant["user"], harry.user);
    assert_eq!(grant["expiresIn"], 900);
    assert!(grant.get("passwordHash").is_none() && grant["user"].as_object().unwrap().len() == 5);

    let renew = |token: &Value| {
        server.api.post_openly("/api/auth/refresh", json!({ "refreshToken": token }))
    };
    let renewed = renew(&grant["refreshToken"]).await.expect(200).json;
    assert_ne!(renewed["refreshToken"], grant["refreshToken"]);
    let logout = json!({ "refreshToken": renewed["refreshToken"] });
    assert_eq!(
        server.api.post_openly("/api/auth/logout", logout.clone()).await.expect(204).text,
        ""
    );
    renew(&renewed["refreshToken"]).await.expect_error(401, "UNAUTHENTICATED");
    server.api.post_openly("/api/auth/logout", logout).await.expect(204);
}

#[tokio::test]
async fn should_revoke_the_family_of_a_refresh_token_used_twice() {
    let server = TestServer::start();
    let harry = server.student("harry.potter").await;
    let renew = |token: Value| {
        server.api.post_openly("/api/auth/refresh", json!({ "refreshToken": token }))
    };
    let renewed = renew(harry.refresh_token.clone().into()).await.expect(200).json;
    // The answer may have been lost: once more, while nobody used what came of it.
    renew(harry.refresh_token.clone().into()).await.expect(200);
    let renewed = renew(renewed["refreshToken"].clone()).await.expect(200).json;
    renew(harry.refresh_token.clone().into()).await.expect_error(401, "UNAUTHENTICATED");
    renew(renewed["refreshToken"].clone()).await.expect_error(401, "UNAUTHENTICATED");
    // Another login is another family.
    let again = server.api.login(&harry.email).await;
    renew(again.refresh_token.into()).await.expect(200);
}

#[tokio::test]
async fn should_not_tell_an_unknown_email_from_a_wrong_password() {
    let server = TestServer::start();
    let harry = server.student("harry.potter").await;
    let wrong = json!({ "email": harry.email, "password": "wrong password" });
    let unknown = json!({ "email": "nobody@hogwarts.edu", "password": "wrong password" });
    let wrong = server.api.post_openly("/api/auth/login", wrong).await;
    let unknown = server.api.post_openly("/api/auth/login", unknown).await;
    wrong.expect_error(401, "UNAUTHENTICATED");
    assert_eq!((wrong.status, wrong.json), (unknown.status, unknown.json));
}

#[tokio::test]
async fn should_refuse_registrations_that_break_a_rule() {
    let server = TestServer::start();
    server.student("harry.potter").await;
    let long = "x".repeat(201);
    let cases = [
        (
            json!({ "email": "harry.potter@hogwarts.edu", "name": "H", "password": PASSWORD }),
            409,
            "",
        ),
        (
            json!({ "email": "HARRY.POTTER@hogwarts.edu", "name": "H", "password": PASSWORD }),
            409,
            "",
        ),
        (json!({ "email": "no address", "name": "H", "password": PASSWORD }), 400, "email"),
        (json!({ "email": "a@b", "name": "", "password": PASSWORD }), 400, "name"),
        (json!({ "email": "a@b", "name": "x".repeat(101), "password": PASSWORD }), 400, "name"),
        (json!({ "email": "a@b", "name": "H", "password": "1234567" }), 400, "password"),
        (json!({ "email": "a@b", "name": "H", "password": long }), 400, "password"),
        (json!({ "email": "a@b", "name": "H\u{0}", "password": PASSWORD }), 400, "name"),
        (json!({ "email": "a@b", "name": "H" }), 400, "password"),
    ];
    for (body, status, field) in cases {
        let answer = server.api.post_openly("/api/auth/register", body.clone()).await;
        assert_eq!((answer.status, answer.field()), (status, field), "{body}: {}", answer.text);
    }
    let bold =
        json!({ "email": "bold@hogwarts.edu", "name": "B", "password": PASSWORD, "role": "AUROR" });
    let grant = server.api.post_openly("/api/auth/register", bold).await.expect(201).json;
    assert_eq!(grant["user"]["role"], "STUDENT");
}

#[tokio::test]
async fn should_refuse_every_token_that_is_not_good() {
    let server = TestServer::start();
    let harry = server.student("harry.potter").await;
    let good = build_access_claims(&harry, 60);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        mint_token_from_claims(&claims, Algorithm::HS256, SECRET)
    };
    let mut eternal = good.clone();
    eternal.as_object_mut().unwrap().remove("exp");
    let signed = mint_token_from_claims(&good, Algorithm::HS256, SECRET);
    let refused = [
        mint_unsigned_token(&good),
        mint_token_from_claims(&good, Algorithm::HS256, "another secret, just as long as ours"),
        mint_token_from_claims(&good, Algorithm::HS512, SECRET),
        mint_token_from_claims(&eternal, Algorithm::HS256, SECRET),
        mint_token_from_claims(
            &build_access_claims(&harry, -60),
            Algorithm::HS256,
            "another secret, just as long as ours",
        ),
        with("type", "refresh".into()),
        with("sub", "not a uuid".into()),
        with("sub", "00000000-0000-7000-8000-000000000000".into()),
        with("exp", "tomorrow".into()),
        with("exp", json!(-1)),
        with("sub", json!(5)),
        signed[..signed.len() - 2].to_owned(),
        signed.replace('.', ""),
        "x".to_owned(),
        "..".to_owned(),
        "x".repeat(8000),
        harry.refresh_token.clone(),
    ];
    for token in refused {
        let answer =
            server.api.send(server.api.request("GET", "/api/auth/me").bearer_auth(&token)).await;
        answer.expect_error(401, "UNAUTHENTICATED");
    }
    let expired =
        mint_token_from_claims(&build_access_claims(&harry, -5), Algorithm::HS256, SECRET);
    let answer =
        server.api.send(server.api.request("GET", "/api/auth/me").bearer_auth(expired)).await;
    answer.expect_error(401, "TOKEN_EXPIRED");
    assert!(answer.header("www-authenticate").contains("invalid_token"));
    for (name, value) in
        [("authorization", "Basic eDp5"), ("authorization", "Bearer"), ("x-nothing", "")]
    {
        let answer =
            server.api.send(server.api.request("GET", "/api/auth/me").header(name, value)).await;
        answer.expect_error(401, "UNAUTHENTICATED");
        assert_eq!(answer.json["error"]["message"], "Authentication token required");
    }
}

#[tokio::test]
async fn should_accept_tokens_of_the_older_server_but_not_their_role() {
    let server = TestServer::start();
    let harry = server.student("harry.potter").await;
    let claims = json!({ "userId": harry.id, "role": "AUROR", "exp": Utc::now().timestamp() + 60 });
    let older = Person {
        token: mint_token_from_claims(&claims, Algorithm::HS256, SECRET),
        ..harry.clone()
    };
    let me = server.api.get("/api/auth/me", &older).await.expect(200).json;
    assert_eq!(me["user"]["role"], "STUDENT");
    let path = format!("/api/users/{}", harry.id);
    server
        .api
        .patch(&path, &older, json!({ "role": "AUROR" }))
        .await
        .expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn should_let_only_aurors_change_roles() {
    let server = TestServer::start();
    let (harry, percy, auror) =
        (server.student("harry").await, server.prefect("percy").await, server.auror().await);
    let path = format!("/api/users/{}", harry.id);
    let promote = json!({ "role": "PREFECT" });
    server.api.patch(&path, &percy, promote.clone()).await.expect_error(403, "FORBIDDEN");
    let changed = server.api.patch(&path, &auror, promote.clone()).await.expect(200).json;
    assert_eq!(changed["role"], "PREFECT");
    let me = server.api.get("/api/auth/me", &harry).await.expect(200).json;
    assert_eq!(me["user"]["role"], "PREFECT");
    let nobody = "/api/users/00000000-0000-7000-8000-000000000000";
    server.api.patch(nobody, &auror, promote).await.expect_error(404, "NOT_FOUND");

    let found = server.api.get("/api/users?q=@har", &percy).await.expect(200).json;
    assert_eq!(found["users"].as_array().unwrap().len(), 1);
    assert_eq!(found["users"][0]["handle"], "harry");
    assert_eq!(found["users"][0]["id"], json!(harry.id));
    let all = server.api.get("/api/users?limit=2", &percy).await.expect(200).json;
    assert_eq!(all["users"].as_array().unwrap().len(), 2);
}
