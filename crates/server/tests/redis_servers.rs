//! Redis as operators run it: over TLS, with a user of its own, as a cluster; a Sentinel is refused by name.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use crate::support;

use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use support::{DEADLINE, TestDatabase, TestServer};
use tokio::time::timeout;

/// A Redis of the test's own; killed with it.
struct OwnRedis {
    process: Child,
    port: u16,
    directory: tempfile::TempDir,
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl OwnRedis {
    /// `None` where there is no Redis, or no database that several nodes could share. `{port}` and `{dir}` in what it is told are its own.
    fn start(told: &[&str], files: &[(&str, String)]) -> Option<Self> {
        if !std::env::var("OWLPOST_TEST_DATABASE_URL").is_ok_and(|url| !url.is_empty()) {
            eprintln!("left out: Redis is for nodes that share a Postgres server");
            return None;
        }
        let port = find_free_port();
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path().to_str().unwrap().to_owned();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let arguments = told
            .iter()
            .map(|word| word.replace("{port}", &port.to_string()).replace("{dir}", &dir));
        let process = Command::new("redis-server")
            .args(arguments)
            .args(["--bind", "127.0.0.1", "--dir", &dir, "--save", ""])
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            eprintln!("left out: redis-server is not installed");
            return None;
        };
        let redis = Self { process, port, directory };
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "redis-server does not listen");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Some(redis)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, words: &[&str]) {
        let mut client = redis::Client::open(("127.0.0.1", self.port)).unwrap();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).exec(&mut client).unwrap();
    }

    /// A message of a node of Owl Post, as others hear it here.
    async fn expect_message_of_node(&self) {
        let client = redis::Client::open(("127.0.0.1", self.port)).unwrap();
        let mut subscription = client.get_async_pubsub().await.unwrap();
        subscription.psubscribe("owlpost:2:*").await.unwrap();
        timeout(DEADLINE, subscription.on_message().next()).await.expect("heartbeats").unwrap();
    }
}

fn find_free_port() -> u16 {
    // A node of a cluster listens 10,000 above as well.
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port < 55_000 && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok() {
            return port;
        }
    }
}

async fn expect_bus_connected(server: &TestServer) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let answer = server.api.send(server.api.request("GET", "/health/ready")).await;
        if answer.json["checks"]["bus"] == "ok" {
            break;
        }
        assert!(Instant::now() < deadline, "{}\n{}", answer.text, server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What `owlpost doctor` says of a Redis.
fn doctor_on_redis(url: &str) -> String {
    let database = TestDatabase::create();
    let output = database.command().arg("doctor").env("REDIS_URL", url).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = text.lines().find(|line| line.contains("redis"));
    said.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))).to_owned()
}

#[tokio::test]
async fn should_speak_tls_to_redis() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files =
        [("cert.pem", certified.cert.pem()), ("key.pem", certified.signing_key.serialize_pem())];
    let told = [
        "--port",
        "0",
        "--tls-port",
        "{port}",
        "--tls-cert-file",
        "{dir}/cert.pem",
        "--tls-key-file",
        "{dir}/key.pem",
        "--tls-auth-clients",
        "no",
    ];
    let Some(redis) = OwnRedis::start(&told, &files) else { return };
    let url = format!("rediss://localhost:{}", redis.port);
    let trusted = redis.file("cert.pem");
    let variables = [("REDIS_URL", url.as_str()), ("SSL_CERT_FILE", trusted.to_str().unwrap())];
    let server = TestServer::start_with(&variables);
    expect_bus_connected(&server).await;
    // One that nobody vouches for is not spoken to.
    let server = TestServer::start_with(&[("REDIS_URL", &url)]);
    server.wait_for_log("no messages to and from the other nodes").await;
}

#[tokio::test]
async fn should_log_in_to_redis_as_a_user_with_few_rights() {
    let Some(redis) = OwnRedis::start(&["--port", "{port}"], &[]) else { return };
    // As OPERATIONS.md says.
    redis.command(&[
        "ACL",
        "SETUSER",
        "owl",
        "on",
        ">a p@ss/word",
        "resetchannels",
        "&owlpost:*",
        "+publish",
        "+subscribe",
        "+unsubscribe",
        "+ping",
    ]);
    let url = format!("redis://owl:a%20p%40ss%2Fword@127.0.0.1:{}", redis.port);
    let server = TestServer::start_with(&[("REDIS_URL", &url)]);
    expect_bus_connected(&server).await;
    redis.expect_message_of_node().await;
    assert!(doctor_on_redis(&url).contains("carries messages"));
    let wrong = url.replace("word@", "@");
    let refusal = doctor_on_redis(&wrong);
    assert!(refusal.contains("FAIL") && !refusal.contains("p%40ss"), "{refusal}");
}

#[tokio::test]
async fn should_reach_other_nodes_through_any_node_of_a_cluster() {
    let told = ["--port", "{port}", "--cluster-enabled", "yes"];
    let Some(first) = OwnRedis::start(&told, &[]) else { return };
    let second = OwnRedis::start(&told, &[]).unwrap();
    first.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    first.command(&["CLUSTER", "MEET", "127.0.0.1", &second.port.to_string()]);
    let url = format!("redis://127.0.0.1:{}", first.port);
    let server = TestServer::start_with(&[("REDIS_URL", &url)]);
    expect_bus_connected(&server).await;
    second.expect_message_of_node().await;
}

#[tokio::test]
async fn should_refuse_a_sentinel_by_name() {
    let conf = ("sentinel.conf", "sentinel monitor owls 127.0.0.1 1 1\n".to_owned());
    let told = ["{dir}/sentinel.conf", "--sentinel", "--port", "{port}"];
    let Some(sentinel) = OwnRedis::start(&told, &[conf]) else { return };
    let url = format!("redis://127.0.0.1:{}", sentinel.port);
    let server = TestServer::start_with(&[("REDIS_URL", &url)]);
    server.wait_for_log("a Sentinel answers there").await;
    let said = doctor_on_redis(&url);
    assert!(said.contains("FAIL") && said.contains("address of its master"), "{said}");
}

#[test]
fn should_refuse_addresses_of_sentinels_and_lists_of_nodes() {
    for url in [
        "redis+sentinel://127.0.0.1:26379/owls",
        "sentinel://127.0.0.1:26379/owls",
        "redis-cluster://127.0.0.1:7000",
        "redis://127.0.0.1:7000,127.0.0.1:7001",
    ] {
        let output =
            TestDatabase::create().command().arg("serve").env("REDIS_URL", url).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("REDIS_URL"), "{url}: {said}");
        assert!(said.contains("should be one address"), "{url}: {said}");
    }
}
