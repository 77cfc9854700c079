//! The harness of the tests: the real binary on a free port, with a database of its own.
//!
//! `OWLPOST_TEST_DATABASE_URL` (an administrator's address of a Postgres server) gives each server a database made
//! for it and dropped after it; without, each has an embedded database in a directory of its own.

#![allow(
    dead_code,
    unused_imports,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

mod client;
mod database;
mod documented;
mod event_reader;
mod lab;
mod scene;
mod tokens;

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

pub use client::{Answer, Api, Person, person_from_grant};
pub use database::TestDatabase;
pub use event_reader::EventReader;
pub use lab::DomainLab;
pub use owlpost_testkit::DEADLINE;
pub use scene::{NOBODYS_ID, Scene};
pub use tokens::{SECRET, mint_token_from_claims, mint_unsigned_token};

/// Password of everybody in the tests.
pub const PASSWORD: &str = "wingardium-leviosa";

const READY: &str = "listening on ";
const AUROR: &str = "alastor.moody@hogwarts.edu";

/// A running server. Dropping it stops it with SIGTERM and removes its data; a test that fails shows its log.
pub struct TestServer {
    pub api: Api,
    process: Child,
    log: Arc<Mutex<String>>,
    // Dropped after the process has ended.
    database: Arc<TestDatabase>,
}

impl TestServer {
    /// A server without rate limits.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server with further environment variables. It knows one Auror, `alastor.moody`.
    pub fn start_with(variables: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create();
        let added = database
            .command()
            .args(["user", "add", "--email", AUROR, "--name", "Alastor Moody", "--role", "AUROR"])
            .args(["--password", PASSWORD])
            .output()
            .expect("the binary runs");
        assert!(added.status.success(), "user add: {}", String::from_utf8_lossy(&added.stderr));
        let mut command = database.command();
        command.envs(variables.iter().copied());
        let (process, log, address) = spawn_and_wait_until_ready(command);
        Self { api: Api::new(address), process, log, database: Arc::new(database) }
    }

    /// Another node on the database of this one, which must be a Postgres server's.
    pub fn start_second_node(&self, variables: &[(&str, &str)]) -> Self {
        let mut command = self.database.command();
        command.envs(variables.iter().copied());
        let (process, log, address) = spawn_and_wait_until_ready(command);
        Self { api: Api::new(address), process, log, database: self.database.clone() }
    }

    /// Asks the server to stop and waits for it; the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        if !matches!(self.process.try_wait(), Ok(Some(_))) {
            self.send_signal("TERM");
        }
        self.wait_for_exit()
    }

    /// Sends the server a signal, by its name.
    pub fn send_signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-s", name, &pid]).status();
    }

    /// Waits for the server to end; the exit code, and none when it was ended by a signal or not in time.
    pub fn wait_for_exit(&mut self) -> Option<i32> {
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.process.try_wait() {
                return status.code();
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        None
    }

    /// Another command of the binary, told of the database of this server.
    pub fn command(&self) -> Command {
        self.database.command()
    }

    /// Address of its database; `None` when that is an embedded one.
    pub fn database_url(&self) -> Option<String> {
        self.database.url().map(str::to_owned)
    }

    /// The process' number.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line of the log.
    pub async fn wait_for_log(&self, words: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.log().contains(words) {
            assert!(Instant::now() < deadline, "never {words:?}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The log with everything in it that was written before: lines come to their reader a moment later.
    pub async fn wait_until_log_is_whole(&self) -> String {
        let marker = uuid::Uuid::new_v4().to_string();
        let request = self.api.request("GET", "/api/nowhere").header("x-request-id", &marker);
        self.api.send(request).await.expect(404);
        let deadline = Instant::now() + DEADLINE;
        loop {
            let log = self.log();
            if log.contains(&marker) {
                return log;
            }
            assert!(Instant::now() < deadline, "{log}");
            tokio::task::yield_now().await;
        }
    }

    /// Logs the Auror in that every server knows.
    pub async fn auror(&self) -> Person {
        self.api.login(AUROR).await
    }

    /// Registers somebody.
    pub async fn student(&self, handle: &str) -> Person {
        self.api.register(handle).await
    }

    /// Registers somebody and makes them a Prefect.
    pub async fn prefect(&self, handle: &str) -> Person {
        let person = self.api.register(handle).await;
        let auror = self.auror().await;
        let path = format!("/api/users/{}", person.id);
        let body = serde_json::json!({ "role": "PREFECT" });
        assert_eq!(self.api.patch(&path, &auror, body).await.status, 200);
        person
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- log of the server ---\n{}", self.log());
        }
    }
}

fn spawn_and_wait_until_ready(mut command: Command) -> (Child, Arc<Mutex<String>>, String) {
    let mut process = command
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let log = Arc::new(Mutex::new(String::new()));
    let (ready, address) = mpsc::channel();
    let stdout = BufReader::new(process.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once(READY) {
                let _ = ready.send(address.trim().to_owned());
            }
        }
    });
    let mut stderr = process.stderr.take().unwrap();
    let sink = log.clone();
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = stderr.read(&mut chunk) {
            sink.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..read]));
        }
    });
    match address.recv_timeout(DEADLINE) {
        Ok(address) => (process, log, address),
        Err(_) => {
            let _ = process.kill();
            let _ = process.wait();
            panic!("the server did not become ready:\n{}", log.lock().unwrap());
        }
    }
}
