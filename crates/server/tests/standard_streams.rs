//! Whoever reads stdout and stderr goes away, stops reading, or has no room: the server goes on.

#![cfg(target_os = "linux")]

use crate::support;

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStderr, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;
use support::{Api, DEADLINE, NOBODYS_ID, TestDatabase};

/// In which a stop of an idle server must be done; it takes well under a second.
const STOP_SECONDS: u64 = 25;
const LOST: &str = "owlpost_log_lines_dropped_total";

/// A server whose stdout and stderr belong to the test. Killed when dropped.
struct OddServer {
    process: Child,
    api: Api,
    // Dropped after the process has ended.
    _database: TestDatabase,
}

/// Starts a server; `ready` is given the process and finds the address in what it writes.
fn start_server_with_streams(
    variables: &[(&str, &str)],
    (stdout, stderr): (Stdio, Stdio),
    ready: impl FnOnce(&mut Child) -> String,
) -> OddServer {
    let database = TestDatabase::create();
    let mut process = database
        .command()
        .envs(variables.iter().copied())
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .expect("the binary runs");
    let address = ready(&mut process);
    OddServer { process, api: Api::new(address), _database: database }
}

/// Reads stdout up to the line with the address, then closes it.
fn read_address_and_close_stdout(process: &mut Child) -> String {
    find_address_in_lines(process.stdout.take().expect("a pipe"), "listening on ")
}

fn find_address_in_lines(stream: impl std::io::Read, mark: &str) -> String {
    let found = BufReader::new(stream).lines().map_while(Result::ok).find_map(|line| {
        let (_, address) = line.split_once(mark)?;
        Some(format!("http://{}", address.trim().trim_start_matches("http://")))
    });
    found.expect("a line with the address")
}

impl OddServer {
    /// Everything a server is for: requests, a socket, an error, a stop. All of it writes to the log.
    async fn expect_that_everything_works(&self) {
        for _ in 0..20 {
            self.get_text("/api/meta", 200).await;
            self.get_text("/api/nothing", 404).await;
        }
        let opened = self.get_text("/socket.io/?EIO=4&transport=polling", 200).await;
        assert!(opened.contains("\"sid\""), "{opened}");
        self.api.register("harry").await;
    }

    async fn get_text(&self, path: &str, status: u16) -> String {
        let answer = self.api.send(self.api.request("GET", path)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        answer.text
    }

    async fn lost_lines(&self, stream: &str, reason: &str) -> u64 {
        let metrics = self.get_text("/metrics", 200).await;
        let name = format!("{LOST}{{stream=\"{stream}\",reason=\"{reason}\"}} ");
        let value = metrics.lines().find_map(|line| line.strip_prefix(&*name));
        value.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().expect("a count")
    }

    async fn wait_for_lost_lines(&self, stream: &str, reason: &str, at_least: u64) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let lost = self.lost_lines(stream, reason).await;
            if lost >= at_least {
                return;
            }
            assert!(Instant::now() < deadline, "{lost} lines are lost, not {at_least}");
        }
    }

    fn stop_with_signal_in_time(mut self) {
        let started = Instant::now();
        let pid = self.process.id().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill runs").success());
        let limit = Duration::from_secs(STOP_SECONDS);
        let code = loop {
            if let Some(status) = self.process.try_wait().expect("wait") {
                break status.code();
            }
            assert!(started.elapsed() < limit, "SIGTERM was not obeyed within {limit:?}");
            std::thread::park_timeout(Duration::from_millis(10));
        };
        assert_eq!(code, Some(0));
    }
}

impl Drop for OddServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn should_serve_when_the_readers_of_both_streams_have_gone() {
    let streams = (Stdio::piped(), Stdio::piped());
    let server = start_server_with_streams(&[], streams, read_address_and_close_stdout);
    let mut server = server;
    assert_eq!(server.lost_lines("stderr", "write_failed").await, 0);
    drop(server.process.stderr.take());
    server.expect_that_everything_works().await;
    server.wait_for_lost_lines("stderr", "write_failed", 40).await;
    assert_eq!(server.lost_lines("stderr", "queue_full").await, 0);
    server.stop_with_signal_in_time();
}

#[tokio::test]
async fn should_serve_when_the_disk_of_the_log_is_full() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("/dev/full"));
    let streams = (Stdio::piped(), full());
    let server = start_server_with_streams(&[], streams, read_address_and_close_stdout);
    server.expect_that_everything_works().await;
    server.wait_for_lost_lines("stderr", "write_failed", 40).await;
    server.stop_with_signal_in_time();
}

#[tokio::test]
async fn should_start_when_nobody_reads_the_ready_line() {
    let variables = [("OWLPOST_DEMO", "true")];
    let server =
        start_server_with_streams(&variables, (Stdio::piped(), Stdio::piped()), |process| {
            drop(process.stdout.take());
            let mut log = process.stderr.take().expect("a pipe");
            let address = find_address_in_lines(&mut log, "listening address=");
            process.stderr = Some(log);
            address
        });
    server.expect_that_everything_works().await;
    // The line itself, the head of the logins, and seven of them.
    server.wait_for_lost_lines("stdout", "write_failed", 9).await;
    server.stop_with_signal_in_time();
}

#[tokio::test]
async fn should_answer_a_panic_when_the_log_has_no_reader() {
    let variables = [("OWLPOST_FAULT", "panic_in_handler")];
    let streams = (Stdio::piped(), Stdio::piped());
    let mut server = start_server_with_streams(&variables, streams, read_address_and_close_stdout);
    drop(server.process.stderr.take());
    let harry = server.api.register("harry").await;
    let nil = "/api/incidents/00000000-0000-0000-0000-000000000000";
    for _ in 0..3 {
        server.api.get(nil, &harry).await.expect_error(500, "INTERNAL");
    }
    server.api.get(&format!("/api/incidents/{NOBODYS_ID}"), &harry).await.expect(404);
    server.stop_with_signal_in_time();
}

#[tokio::test]
async fn should_log_a_panic_with_its_place() {
    let variables = [("OWLPOST_FAULT", "panic_in_handler"), ("LOG_FORMAT", "json")];
    let streams = (Stdio::piped(), Stdio::piped());
    let mut server = start_server_with_streams(&variables, streams, read_address_and_close_stdout);
    let log = server.process.stderr.take().expect("a pipe");
    let entries = watch_log_for_entry(log, "panicked: OWLPOST_FAULT=");
    let harry = server.api.register("harry").await;
    let nil = "/api/incidents/00000000-0000-0000-0000-000000000000";
    server.api.get(nil, &harry).await.expect_error(500, "INTERNAL");
    let entry = entries.recv_timeout(DEADLINE).expect("an entry of the log");
    let place = entry["place"].as_str().unwrap_or_default();
    assert!(place.contains("fault_hook.rs:"), "{entry}");
    assert_eq!((&entry["level"], &entry["thread"]), (&"ERROR".into(), &"tokio-rt-worker".into()));
    server.stop_with_signal_in_time();
}

/// A reader that is alive and does not read: its pipe is full after 64 KiB, the queue after 2 MiB.
#[tokio::test]
async fn should_serve_while_the_reader_of_the_log_does_not_read() {
    let variables = [("RUST_LOG", "trace"), ("LOG_FORMAT", "json")];
    let streams = (Stdio::piped(), Stdio::piped());
    let mut server = start_server_with_streams(&variables, streams, read_address_and_close_stdout);
    let deadline = Instant::now() + DEADLINE;
    while server.lost_lines("stderr", "queue_full").await == 0 {
        server.expect_requests_in_parallel(50).await;
        assert!(Instant::now() < deadline, "the queue does not fill");
    }
    let log = server.process.stderr.take().expect("a pipe");
    server.expect_requests_in_parallel(50).await;

    let reports = watch_log_for_entry(log, "log lines were lost");
    let deadline = Instant::now() + DEADLINE;
    let report = loop {
        server.get_text("/api/meta", 200).await;
        if let Ok(report) = reports.try_recv() {
            break report;
        }
        assert!(Instant::now() < deadline, "no line says that lines were lost");
    };
    assert_eq!(report["level"], "WARN");
    let lost = server.lost_lines("stderr", "queue_full").await;
    let reported = report["lines"].as_u64().expect("a number");
    assert!(reported > 0 && reported <= lost, "{reported} of {lost}");
    server.stop_with_signal_in_time();
}

#[tokio::test]
async fn should_stop_while_the_reader_of_the_log_does_not_read() {
    let variables = [("RUST_LOG", "trace")];
    let streams = (Stdio::piped(), Stdio::piped());
    let server = start_server_with_streams(&variables, streams, read_address_and_close_stdout);
    let deadline = Instant::now() + DEADLINE;
    while server.lost_lines("stderr", "queue_full").await == 0 {
        server.expect_requests_in_parallel(50).await;
        assert!(Instant::now() < deadline, "the queue does not fill");
    }
    server.stop_with_signal_in_time();
}

impl OddServer {
    /// Long request ids make long lines.
    async fn expect_requests_in_parallel(&self, count: usize) {
        let requests = (0..count).map(|_| async {
            let request =
                self.api.request("GET", "/api/meta").header("x-request-id", "x".repeat(128));
            assert_eq!(self.api.send(request).await.status, 200);
        });
        let all = futures_util::future::join_all(requests);
        tokio::time::timeout(DEADLINE, all).await.expect("answers, whoever reads the log");
    }
}

/// Reads a log of JSON lines to its end. The first entry that begins with the message comes out.
fn watch_log_for_entry(log: ChildStderr, message: &'static str) -> mpsc::Receiver<Value> {
    let (found, entry) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["message"].as_str().is_some_and(|text| text.starts_with(message)) {
                let _ = found.send(entry);
            }
        }
    });
    entry
}

/// The exit code and stderr of a command whose stdout is `stdout`.
fn run_command_with_stdout(args: &[&str], stdout: Stdio) -> (Option<i32>, String) {
    let database = TestDatabase::create();
    let mut command = database.command();
    let mut process = command
        .args(args)
        .env("RUST_LOG", "off")
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // Closes the reading end of a pipe.
    drop(process.stdout.take());
    let output = process.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

const ONE_SHOT_COMMANDS: [&[&str]; 4] = [
    &["migrate", "--new-log-epoch"],
    &["user", "add", "--email", "a@b.example", "--name", "A"],
    &["doctor", "--port", "0"],
    &["--help"],
];

#[test]
fn should_end_commands_quietly_when_their_reader_has_gone() {
    for args in ONE_SHOT_COMMANDS {
        let ended = run_command_with_stdout(args, Stdio::piped());
        assert_eq!(ended, (Some(0), String::new()), "{args:?}");
    }
}

#[test]
fn should_fail_commands_whose_output_has_no_room() {
    for args in &ONE_SHOT_COMMANDS[..3] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let (code, stderr) = run_command_with_stdout(args, full.into());
        assert_eq!(code, Some(1), "{args:?}: {stderr}");
        assert!(stderr.starts_with("owlpost: stdout cannot be written: "), "{args:?}: {stderr}");
    }
}

#[test]
fn should_refuse_bad_settings_when_nobody_reads_why() {
    let database = TestDatabase::create();
    let mut process = database
        .command()
        .env("SOCKET_IO_PORT", "no port")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(process.stderr.take());
    assert_eq!(process.wait().expect("it ends").code(), Some(1));
}
