//! The life of a server process on the embedded database: start, second process, stop, crash, start again.

#![cfg(all(unix, feature = "embedded-database"))]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use owlpost_testkit::{DEADLINE, request_path_on_blocking_connection};

fn program_in_directory(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_owlpost"));
    command.current_dir(directory).env_clear();
    // The embedded database keeps what it unpacks in the cache of the user.
    command.envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
    command
}

/// A server process, killed when dropped.
struct ServerProcess {
    child: Child,
    address: String,
}

impl ServerProcess {
    fn start_in_directory(directory: &Path) -> Self {
        let mut child = program_in_directory(directory)
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("program starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (lines, listening) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    let _ = lines.send(address.to_owned());
                }
            }
        });
        let address = listening.recv_timeout(DEADLINE).expect("the server is ready in time");
        Self { child, address }
    }

    fn request_path_with_get(&self, path: &str) -> String {
        request_path_on_blocking_connection(&self.address, path)
    }

    fn send_signal_by_name(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status().expect("kill runs");
        assert!(status.success());
    }

    fn wait_until_process_ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return status;
            }
            assert!(Instant::now() < deadline, "the server did not end in time");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run_command_in_directory(directory: &Path, args: &[&str]) -> Output {
    program_in_directory(directory).args(args).output().expect("program runs")
}

#[test]
fn should_keep_data_through_crash_and_restart() {
    let directory = tempfile::tempdir().expect("temp dir");
    let add =
        ["user", "add", "--email", "minerva@hogwarts.edu", "--name", "Minerva", "--role", "auror"];
    let added = run_command_in_directory(directory.path(), &add);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    assert!(String::from_utf8_lossy(&added.stdout).contains("password: "));

    let mut server = ServerProcess::start_in_directory(directory.path());
    assert!(server.request_path_with_get("/health").starts_with("HTTP/1.1 200"));
    assert!(server.request_path_with_get("/").contains("<!doctype html>"));
    server.send_signal_by_name("KILL");
    server.wait_until_process_ends();

    let mut server = ServerProcess::start_in_directory(directory.path());
    assert!(server.request_path_with_get("/health/ready").starts_with("HTTP/1.1 200"));
    server.send_signal_by_name("TERM");
    assert_eq!(server.wait_until_process_ends().code(), Some(0));

    let listed = run_command_in_directory(directory.path(), &["user", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("minerva@hogwarts.edu") && listed.contains("AUROR"), "{listed}");
}

#[test]
fn should_name_the_other_way_while_a_server_holds_the_database() {
    let directory = tempfile::tempdir().expect("temp dir");
    let _server = ServerProcess::start_in_directory(directory.path());
    for args in [
        ["user", "list"].as_slice(),
        &["migrate"],
        &["token", "a@b.example"],
        &["serve", "--port", "0"],
    ] {
        let output = run_command_in_directory(directory.path(), args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains("PATCH /api/users/:id"), "{args:?}: {stderr}");
    }
    let output = run_command_in_directory(directory.path(), &["doctor", "--port", "0"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn should_fail_the_doctor_when_the_port_is_taken() {
    let directory = tempfile::tempdir().expect("temp dir");
    // By something else than a server of ours.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = taken.local_addr().expect("address").port().to_string();
    let output = run_command_in_directory(directory.path(), &["doctor", "--port", &port]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(
        stdout.lines().any(|line| line.starts_with("FAIL") && line.contains("port")),
        "{stdout}"
    );
}

#[test]
fn should_refuse_a_port_that_is_taken() {
    let directory = tempfile::tempdir().expect("temp dir");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = taken.local_addr().expect("address").port().to_string();
    let output = run_command_in_directory(directory.path(), &["serve", "--port", &port]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("SOCKET_IO_PORT"), "{stderr}");
}
