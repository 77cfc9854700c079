//! Access tokens by the letter of RFC 7515 and 7519, and the keys that sign them changed without logging anybody out.

#![allow(clippy::unwrap_used)]

use crate::support;

use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use support::{Person, SECRET, TestServer, mint_token_from_claims};

const OLD: &str = "the secret of last year is long enough";
const NEW: &str = "the secret of this year is long enough";

async fn status_of_token(server: &TestServer, token: &str) -> (u16, String) {
    let request = server.api.request("GET", "/api/auth/me").bearer_auth(token);
    let answer = server.api.send(request).await;
    (answer.status, answer.code().to_owned())
}

fn mint_with_header(claims: &Value, change: impl FnOnce(&mut Header)) -> String {
    let mut header = Header::new(Algorithm::HS256);
    change(&mut header);
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

#[tokio::test]
async fn should_read_times_and_headers_as_the_standards_have_them() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let now = || Utc::now().timestamp_millis() as f64 / 1000.0;
    let mint = |more: Value| {
        let mut claims = json!({ "sub": harry.id, "exp": now() + 60.5 });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        mint_token_from_claims(&claims, Algorithm::HS256, SECRET)
    };
    for (more, status, code) in [
        (json!({}), 200, ""),
        (json!({ "iat": now() + 0.25, "nbf": now() + 20.5 }), 200, ""),
        (json!({ "exp": now() + 365.0 * 86_400.0 }), 200, ""),
        (json!({ "nbf": now() + 40.0 }), 401, "UNAUTHENTICATED"),
        (json!({ "nbf": "soon" }), 401, "UNAUTHENTICATED"),
        (json!({ "exp": now() - 0.25 }), 401, "TOKEN_EXPIRED"),
        (json!({ "exp": 253_402_300_800_i64 }), 401, "UNAUTHENTICATED"),
        (json!({ "exp": 1e308 }), 401, "UNAUTHENTICATED"),
        (json!({ "exp": null }), 401, "UNAUTHENTICATED"),
    ] {
        assert_eq!(
            status_of_token(&server, &mint(more.clone())).await,
            (status, code.into()),
            "{more}"
        );
    }
    let claims = json!({ "sub": harry.id, "exp": now() + 60.0 });
    let crit = mint_with_header(&claims, |header| header.crit = Some(vec!["exp".into()]));
    assert_eq!(status_of_token(&server, &crit).await.0, 401);
    // What a header says about keys is not followed.
    let led = mint_with_header(&claims, |header| {
        header.kid = Some("../../etc/passwd".into());
        header.jku = Some(format!("{}/api/openapi.json", server.api.address));
    });
    assert_eq!(status_of_token(&server, &led).await.0, 200);
}

#[tokio::test]
async fn should_change_the_secret_without_logging_anybody_out() {
    if std::env::var_os("OWLPOST_TEST_DATABASE_URL").is_none() {
        // The embedded database serves one process.
        return;
    }
    let both = |first: &str, second: &str| format!("{first},{second}");
    let unset = ("JWT_SECRET", "");
    let server = TestServer::start_with(&[unset, ("JWT_SECRETS", OLD)]);
    let harry = server.student("harry").await;
    let older = json!({ "userId": harry.id, "exp": Utc::now().timestamp() + 60 });
    let older = mint_token_from_claims(&older, Algorithm::HS256, OLD);
    let login_at = |node: &TestServer| {
        let (api, email) = (node.api.clone(), harry.email.clone());
        async move { api.login(&email).await }
    };
    let next = server.start_second_node(&[unset, ("JWT_SECRETS", &both(OLD, NEW))]);
    let last = server.start_second_node(&[unset, ("JWT_SECRETS", &both(NEW, OLD))]);
    let (of_next, of_last) = (login_at(&next).await, login_at(&last).await);
    for node in [&next, &last] {
        for token in [&harry.token, &of_next.token, &of_last.token, &older] {
            assert_eq!(status_of_token(node, token).await.0, 200);
        }
        assert!(!node.log().contains("other secret"), "{}", node.log());
    }
    // What the last signs, a node that was not told yet does not take: hence the step between.
    assert_eq!(status_of_token(&server, &of_next.token).await.0, 200);
    assert_eq!(status_of_token(&server, &of_last.token).await.0, 401);
    let done = server.start_second_node(&[unset, ("JWT_SECRETS", NEW)]);
    assert_eq!(status_of_token(&done, &of_last.token).await.0, 200);
    assert_eq!(status_of_token(&done, &harry.token).await.0, 401);
    let renewed = json!({ "refreshToken": harry.refresh_token });
    let renewed = done.api.post_openly("/api/auth/refresh", renewed).await.expect(200);
    let renewed: Person = support::person_from_grant(&renewed.json);
    assert_eq!(status_of_token(&done, &renewed.token).await.0, 200, "nobody is logged out");
}
