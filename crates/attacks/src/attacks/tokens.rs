//! Tokens: forged, stolen, stale, and where they must not be.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, time::timeout};

use crate::{
    field::{EXPENDABLE, Field, STUDENT, VICTIM},
    forgery::{
        STOLEN_SECRET, join_unsigned_token_parts, sign_claims_as_server, sign_token_with_secret,
        write_claims_of_person,
    },
    intruder::{Intruder, Received},
};

/// What nobody listens for may have come by then.
const SILENCE: Duration = Duration::from_millis(300);

/// Neither REST nor Socket.IO takes it, and neither tells anything of anybody.
async fn expect_token_is_refused(field: &Field, what: &str, token: &str) -> Result<()> {
    let answer = field.castle.rest.get_path_with_token("/api/auth/me", token).await?;
    ensure!(answer.status == 401, "REST took {what}: {}", answer.text);
    ensure!(!answer.text.contains("hogwarts"), "REST told of somebody: {}", answer.text);
    let auth = json!({ "token": token });
    let entered = Intruder::try_entering_with_auth(field.address(), &auth).await?;
    let Err(refused) = entered else { anyhow::bail!("Socket.IO took {what}") };
    let code = &refused["data"]["code"];
    ensure!(
        code == "UNAUTHENTICATED" || code == "TOKEN_EXPIRED" || code == "FORBIDDEN",
        "{what}: {refused}"
    );
    Ok(())
}

async fn expect_all_are_refused(field: &Field, tokens: &[(String, String)]) -> Result<String> {
    let refusals = field.castle.rest.read_metric_by_labels("owlpost_handshakes_refused_total", &[]);
    let before = refusals.await?;
    for (what, token) in tokens {
        expect_token_is_refused(field, what, token).await?;
    }
    let refusals = field.castle.rest.read_metric_by_labels("owlpost_handshakes_refused_total", &[]);
    let counted = refusals.await? - before;
    ensure!(counted >= tokens.len() as f64, "{counted} of {} refusals counted", tokens.len());
    Ok(format!("{} tokens, each refused by REST and Socket.IO, and counted", tokens.len()))
}

/// 1: tokens without signature.
pub(super) async fn present_tokens_without_signature(field: &Field) -> Result<String> {
    let claims = write_claims_of_person(field.find_person_by_index(VICTIM)).to_string();
    let stolen =
        field.find_token_by_index(STUDENT).rsplit('.').next().unwrap_or_default().to_owned();
    let mut tokens = Vec::new();
    for algorithm in ["none", "None", "NONE", "nOnE", "", "HS256"] {
        let header = json!({ "alg": algorithm, "typ": "JWT" }).to_string();
        let unsigned = join_unsigned_token_parts(&header, &claims);
        for signature in [".", "..", &format!(".{stolen}"), ""] {
            tokens.push((
                format!("alg {algorithm:?}, {signature:?}"),
                format!("{unsigned}{signature}"),
            ));
        }
    }
    expect_all_are_refused(field, &tokens).await
}

/// 2: other algorithms and keys.
pub(super) async fn sign_with_other_algorithms(field: &Field) -> Result<String> {
    let claims = write_claims_of_person(field.find_person_by_index(VICTIM)).to_string();
    let wrong = field.pick_random_byte_string(48);
    let public_key = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
    let mut tokens = Vec::new();
    for named in ["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA"] {
        let header = json!({ "alg": named, "typ": "JWT" }).to_string();
        for (whose, secret) in [("another", &wrong[..]), ("a public", public_key)] {
            let token = sign_token_with_secret(&header, &claims, secret, Algorithm::HS256);
            tokens.push((format!("{named} with {whose} key"), token));
        }
        if named != "HS256" {
            let signed = match named {
                "HS384" => Algorithm::HS384,
                "HS512" => Algorithm::HS512,
                _ => Algorithm::HS256,
            };
            let token = sign_token_with_secret(&header, &claims, STOLEN_SECRET, signed);
            tokens.push((format!("{named} with the right key"), token));
        }
    }
    expect_all_are_refused(field, &tokens).await
}

/// 3: keys named in headers.
pub(super) async fn name_keys_in_headers(field: &Field) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/keys.json", listener.local_addr()?);
    let claims = write_claims_of_person(field.find_person_by_index(VICTIM)).to_string();
    let own = field.pick_random_byte_string(32);
    let key = json!({ "kty": "oct", "k": "AAAA" });
    let mut tokens = Vec::new();
    for header in [
        json!({ "alg": "HS256", "jku": url }),
        json!({ "alg": "HS256", "x5u": url }),
        json!({ "alg": "HS256", "jwk": key }),
        json!({ "alg": "HS256", "kid": "/dev/null" }),
        json!({ "alg": "HS256", "kid": "./../../../etc/passwd" }),
        json!({ "alg": "HS256", "kid": url }),
        json!({ "alg": "HS256", "kid": "' union select 'secret' --" }),
        json!({ "alg": "HS256", "crit": ["exp"], "exp": 1 }),
    ] {
        for secret in [&own[..], b""] {
            let token =
                sign_token_with_secret(&header.to_string(), &claims, secret, Algorithm::HS256);
            tokens.push((format!("{header}"), token));
        }
    }
    let happened = expect_all_are_refused(field, &tokens).await?;
    ensure!(timeout(SILENCE, listener.accept()).await.is_err(), "the server fetched a key");
    Ok(format!("{happened}; nothing was fetched"))
}

/// 4: times of tokens.
pub(super) async fn bend_times_of_tokens(field: &Field) -> Result<String> {
    let now = chrono::Utc::now().timestamp();
    let mut tokens = Vec::new();
    for (what, member) in [
        ("expired an hour ago", format!(r#""exp":{}"#, now - 3600)),
        ("not yet valid", format!(r#""exp":{},"nbf":{}"#, now + 7200, now + 3600)),
        ("without exp", r#""x":1"#.to_owned()),
        ("exp null", r#""exp":null"#.to_owned()),
        ("exp a text", format!(r#""exp":"{}""#, now + 3600)),
        ("exp 1e400", r#""exp":1e400"#.to_owned()),
        ("exp 1e300", r#""exp":1e300"#.to_owned()),
        ("exp negative", r#""exp":-1"#.to_owned()),
        ("exp of the year 9999", r#""exp":253370764800"#.to_owned()),
        ("exp in a list", format!(r#""exp":[{}]"#, now + 3600)),
        ("nbf a text", format!(r#""exp":{},"nbf":"never""#, now + 3600)),
    ] {
        let id = &field.find_person_by_index(VICTIM).id;
        let claims = format!(r#"{{"sub":"{id}","type":"access","iat":{now},{member}}}"#);
        tokens.push((what.to_owned(), sign_claims_as_server(&claims)));
    }
    expect_all_are_refused(field, &tokens).await
}

/// 5: claims of others.
pub(super) async fn claim_to_be_others(field: &Field) -> Result<String> {
    let good = write_claims_of_person(field.find_person_by_index(STUDENT));
    let change = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        sign_claims_as_server(&claims.to_string())
    };
    let mut without = good.clone();
    without.as_object_mut().map(|members| members.remove("sub"));
    let tokens = [
        ("no sub", sign_claims_as_server(&without.to_string())),
        ("sub null", change("sub", Value::Null)),
        ("sub a number", change("sub", json!(1))),
        ("sub empty", change("sub", json!(""))),
        ("sub of nobody", change("sub", json!("018f0000-0000-7000-8000-000000000000"))),
        ("sub with SQL", change("sub", json!("' or 1=1 --"))),
        ("a renewal token", change("type", json!("refresh"))),
        ("claims that are a list", sign_claims_as_server("[]")),
        ("claims that are no JSON", sign_claims_as_server("\u{0}{")),
    ]
    .map(|(what, token)| (what.to_owned(), token));
    let happened = expect_all_are_refused(field, &tokens).await?;
    // The role is what the database says, whatever the token does.
    let path = format!("/api/users/{}", field.find_person_by_index(STUDENT).id);
    let body = json!({ "role": "AUROR" });
    for role in ["AUROR", "auror", "HEADMASTER"] {
        let token = change("role", json!(role));
        let rest = &field.castle.rest;
        let answer =
            rest.send_request_with_token(Method::PATCH, &path, &token, Some(&body), None).await?;
        ensure!(matches!(answer.status, 401 | 403), "role {role} in a token: {}", answer.text);
    }
    Ok(format!("{happened}; a role that a token claims gives nothing"))
}

/// 6: weak secrets.
pub(super) async fn start_with_weak_secrets(field: &Field) -> Result<String> {
    let lab = &field.castle.run.lab;
    let weak = ["", "secret", "changeme", "a secret of 31 letters, too few"];
    for secret in weak {
        let directory = tempfile::Builder::new().prefix("owlpost-attacks").tempdir()?;
        let mut command = Command::new(&lab.binary);
        command.env_clear().current_dir(directory.path()).kill_on_drop(true);
        command.env("SOCKET_IO_PORT", "0").env("JWT_SECRET", secret);
        command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing");
        let output = timeout(crate::intruder::DEADLINE, command.arg("serve").output()).await??;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success(), "started with {secret:?}");
        ensure!(said.contains("JWT_SECRET"), "{secret:?}: {said}");
        ensure!(secret.is_empty() || !said.contains(&format!("{secret:?}")), "printed: {said}");
    }
    Ok(format!("{} secrets, none of which a server starts with", weak.len()))
}

/// 7: tokens in addresses.
pub(super) async fn put_token_into_query(field: &Field) -> Result<String> {
    let claims = write_claims_of_person(field.find_person_by_index(VICTIM)).to_string();
    let token = sign_claims_as_server(&claims);
    let http = &field.castle.rest.http;
    for (path, taken) in [
        ("/api/incidents?token=", false),
        ("/api/incidents?access_token=", false),
        ("/api/events?after=0&token=", true),
        ("/socket.io/?EIO=4&transport=polling&token=", true),
        ("/hub/incidents/negotiate?access_token=", false),
    ] {
        let url = format!("http://{}{path}{token}", field.address());
        let answer = http.get(url).timeout(crate::intruder::DEADLINE).send().await?;
        let status = answer.status().as_u16();
        ensure!(taken || matches!(status, 400 | 401 | 405), "{path} was answered {status}");
        let policy = answer.headers().get("referrer-policy");
        ensure!(
            !path.starts_with("/api") || policy.is_some_and(|policy| policy == "no-referrer"),
            "{path}: {policy:?} says where a page may send its address"
        );
    }
    let log = field.read_log_of_server()?;
    let signature = token.rsplit('.').next().unwrap_or_default();
    ensure!(!log.contains(signature), "the log has the token");
    Ok("5 addresses: no token in any log line, no referrer".to_owned())
}

/// 8: tokens after the end.
pub(super) async fn use_tokens_after_logout(field: &Field) -> Result<String> {
    let name = format!("leaver{}", field.pick_random_number_below(usize::MAX));
    let grant = field.register_new_person_by_rest(&name).await?;
    let token = grant["accessToken"].as_str().unwrap_or_default();
    let mut socket = Intruder::enter_with_good_token(field.address(), token).await?;
    let body = json!({ "refreshToken": grant["refreshToken"] });
    let begun = Instant::now();
    let rest = &field.castle.rest;
    let answer = rest.post_body_with_token("/api/auth/logout", token, &body).await?;
    ensure!(answer.status < 300, "{}", answer.text);
    socket.receive_texts_until_end().await?;
    let closed = begun.elapsed();
    expect_token_is_refused(field, "the token of a login that has ended", token).await?;
    let renewed = rest.post_body_with_token("/api/auth/refresh", "", &body).await?;
    ensure!(renewed.status == 401, "renewed after logout: {}", renewed.text);
    // The same for somebody who is deactivated.
    let mut socket = field.enter_socket_as_person(EXPENDABLE).await?;
    let path = format!("/api/users/{}", field.find_person_by_index(EXPENDABLE).id);
    let off = json!({ "active": false });
    let begun = Instant::now();
    field.expect_status_for_person(0, Method::PATCH, &path, Some(&off), &[200]).await?;
    socket.receive_texts_until_end().await?;
    let thrown_out = begun.elapsed();
    let gone = field.find_token_by_index(EXPENDABLE).to_owned();
    expect_token_is_refused(field, "the token of somebody deactivated", &gone).await?;
    let on = json!({ "active": true });
    field.expect_status_for_person(0, Method::PATCH, &path, Some(&on), &[200]).await?;
    Ok(format!(
        "the socket was closed {} ms after the logout and {} ms after the deactivation",
        closed.as_millis(),
        thrown_out.as_millis()
    ))
}

/// 9: events before entering.
pub(super) async fn send_events_before_entering(field: &Field) -> Result<String> {
    let incident = &field.castle.incidents[0];
    let typing = format!(r#"421["typing:start",{{"incidentId":"{incident}"}}]"#);
    let mut answered = 0;
    for packet in [
        &*typing,
        r#"421["room:join",{"room":"incidents"}]"#,
        r#"431[{"ok":true}]"#,
        "41",
        r#"421["authenticate",{"token":"x"}]"#,
    ] {
        let mut intruder = Intruder::open_session_of_engine(field.address()).await?;
        intruder.send_text_to_server(packet).await?;
        for text in intruder.receive_texts_until_end().await? {
            answered += usize::from(text.starts_with("43"));
        }
    }
    ensure!(answered == 0, "{answered} events were answered");
    // Whoever says nothing at all is not waited for.
    let begun = Instant::now();
    let mut silent = Intruder::open_session_of_engine(field.address()).await?;
    while silent.receive_next_from_server().await? != Received::End {}
    Ok(format!(
        "nothing answered, nothing done; silence ended after {} s",
        begun.elapsed().as_secs()
    ))
}
