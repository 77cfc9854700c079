//! What keeps a house from being left open by mistake: the demo's logins, the data directory, secrets in flags, metrics.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use serde_json::json;
use support::{DEADLINE, TestServer};
use tempfile::TempDir;

#[tokio::test]
async fn should_admit_people_of_the_demo_only_where_it_is_on() {
    if std::env::var_os("OWLPOST_TEST_DATABASE_URL").is_none() {
        // The embedded database serves one process.
        return;
    }
    let demo = TestServer::start_with(&[("OWLPOST_DEMO", "true")]);
    let login = json!({ "email": "nymphadora.tonks@hogwarts.edu", "password": "alohomora1" });
    let grant = demo.api.post_openly("/api/auth/login", login.clone()).await.expect(200).json;
    let tonks = support::person_from_grant(&grant);
    let real = demo.start_second_node(&[]);
    real.api
        .post_openly("/api/auth/login", login.clone())
        .await
        .expect_error(401, "UNAUTHENTICATED");
    real.api.get("/api/auth/me", &tonks).await.expect_error(401, "UNAUTHENTICATED");
    let renewal = json!({ "refreshToken": tonks.refresh_token });
    real.api.post_openly("/api/auth/refresh", renewal).await.expect_error(401, "UNAUTHENTICATED");
    // Whoever gives one of them a password of their own takes them into the house.
    let taken = real
        .command()
        .args(["user", "set-password", "nymphadora.tonks@hogwarts.edu"])
        .env("OWLPOST_USER_PASSWORD", "wotcher & wolfsbane")
        .output()
        .unwrap();
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let own =
        json!({ "email": "nymphadora.tonks@hogwarts.edu", "password": "wotcher & wolfsbane" });
    real.api.post_openly("/api/auth/login", own).await.expect(200);
}

/// The binary, with the embedded database of this directory and nothing else of our environment.
fn command_of_binary(directory: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_owlpost"));
    command.env_clear().current_dir(directory.path());
    for name in ["PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.env("OWLPOST_DATA_DIR", directory.path());
    command
}

#[cfg(unix)]
#[test]
fn should_close_a_data_directory_that_was_open_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let migrated = command_of_binary(&directory).arg("migrate").output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    let mode = std::fs::metadata(directory.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(String::from_utf8_lossy(&migrated.stderr).contains("open to others"));
}

#[test]
fn should_warn_of_secrets_that_are_given_as_flags() {
    let warnings_of = |flags: &[&str]| {
        let directory = tempfile::tempdir().unwrap();
        let ran = command_of_binary(&directory).args(flags).output().unwrap();
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    let secret = "a secret that everybody can read here";
    let warned = warnings_of(&["migrate", "--jwt-secret", secret]);
    assert!(warned.contains("--jwt-secret") && warned.contains("JWT_SECRET"), "{warned}");
    assert!(!warned.contains(secret));
    assert!(!warnings_of(&["migrate"]).contains("process"));
}

#[tokio::test]
async fn should_show_metrics_to_whoever_has_their_token() {
    let token = "a-token-of-the-scraper";
    let server = TestServer::start_with(&[("METRICS_TOKEN", token)]);
    let ask = |header: String| {
        let request = server.api.request("GET", "/metrics").header("authorization", header);
        server.api.send(request)
    };
    ask(String::new()).await.expect_error(401, "UNAUTHENTICATED");
    ask(format!("Bearer {}x", &token[1..])).await.expect_error(401, "UNAUTHENTICATED");
    assert!(ask(format!("Bearer {token}")).await.expect(200).text.contains("owlpost_"));
}

#[test]
fn should_refuse_requests_of_two_hosts_and_of_none() {
    let server = TestServer::start();
    let address = server.api.address.strip_prefix("http://").unwrap().to_owned();
    for (hosts, status) in [("Host: a\r\nHost: b\r\n", "400"), ("", "400"), ("Host: a\r\n", "200")]
    {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let request = format!("GET /health HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts}: {answer}");
    }
}
