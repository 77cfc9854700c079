//! Workers that never come back, a start that hangs: the process says so, and ends when it is told to.

use crate::support;

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use support::{Answer, DEADLINE, Person, TestDatabase, TestServer};

const NIL_INCIDENT: &str = "/api/incidents/00000000-0000-0000-0000-000000000000/comments";
const WORKERS: usize = 2;
/// In which a signal ends the process, beyond DRAIN_TIMEOUT.
const EXIT_SECONDS: u64 = 5;

/// A server two workers strong, each of which a request for the comments of the nil incident blocks for ever.
async fn start_server_with_fault(drain_timeout: &str) -> (TestServer, Person) {
    let server = TestServer::start_with(&[
        ("OWLPOST_FAULT", "stuck_workers"),
        ("TOKIO_WORKER_THREADS", "2"),
        ("WATCHDOG_TIMEOUT", "1s"),
        ("DRAIN_TIMEOUT", drain_timeout),
    ]);
    let harry = server.student("harry").await;
    (server, harry)
}

/// Sends requests that nobody will answer.
fn block_workers_with_requests(server: &TestServer, person: &Person, count: usize) {
    for _ in 0..count {
        let request = server.api.request("GET", NIL_INCIDENT).bearer_auth(&person.token);
        tokio::spawn(request.send());
    }
}

async fn get_openly(server: &TestServer, path: &str) -> Answer {
    let answer = server.api.send(server.api.request("GET", path));
    tokio::time::timeout(DEADLINE, answer).await.expect("an answer in time")
}

/// Asks as a supervisor does: a request that is not answered soon is given up. Its connection may be in the hands of a
/// worker that is stuck.
async fn wait_until_health_fails(server: &TestServer) -> Answer {
    let deadline = Instant::now() + DEADLINE;
    while Instant::now() < deadline {
        let request = server.api.request("GET", "/health").timeout(Duration::from_secs(2));
        match request.send().await {
            Ok(answer) if answer.status() == 503 => return Answer::read_whole(answer).await,
            Ok(answer) => assert_eq!(answer.status(), 200),
            Err(error) => assert!(error.is_timeout(), "{error}"),
        }
    }
    panic!("/health does not fail");
}

async fn wait_for_line_in_log(server: &TestServer, text: &str) {
    let deadline = Instant::now() + DEADLINE;
    while !server.log().contains(text) {
        assert!(Instant::now() < deadline, "no {text:?} in {}", server.log());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn should_fail_health_when_one_worker_is_stuck() {
    let (mut server, harry) = start_server_with_fault("1s").await;
    block_workers_with_requests(&server, &harry, 1);
    wait_until_health_fails(&server).await.expect_error(503, "UNAVAILABLE");
    let ready = get_openly(&server, "/health/ready").await.expect(503).json;
    let checks =
        json!({ "database": "ok", "bus": "none", "tasks": "ok", "workers": "unavailable" });
    assert_eq!(ready, json!({ "status": "unavailable", "checks": checks }));
    let metrics = get_openly(&server, "/metrics").await.expect(200).text;
    for line in ["owlpost_runtime_stalls_total 1", "owlpost_runtime_workers_stuck 1"] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    wait_for_line_in_log(&server, "workers do not come back").await;
    #[cfg(target_os = "linux")]
    assert!(server.log().contains(" tokio-rt-worker S "), "{}", server.log());

    let told = Instant::now();
    assert_eq!(server.stop(), Some(0), "the other worker stops the server");
    assert!(told.elapsed() < Duration::from_secs(1 + EXIT_SECONDS), "{:?}", told.elapsed());
}

#[tokio::test]
async fn should_fail_health_and_obey_when_all_workers_are_stuck() {
    let (mut server, harry) = start_server_with_fault("1s").await;
    block_workers_with_requests(&server, &harry, 2 * WORKERS);
    let answer = wait_until_health_fails(&server).await.expect(503);
    assert_eq!((answer.code(), answer.header("connection")), ("UNAVAILABLE", "close"));

    let told = Instant::now();
    assert_eq!(server.stop(), Some(124));
    assert!(told.elapsed() < Duration::from_secs(1 + EXIT_SECONDS), "{:?}", told.elapsed());
    wait_for_line_in_log(&server, "did not stop in time").await;
}

#[tokio::test]
async fn should_leave_at_once_at_a_second_signal_when_all_workers_are_stuck() {
    let (mut server, harry) = start_server_with_fault("1h").await;
    block_workers_with_requests(&server, &harry, 2 * WORKERS);
    wait_until_health_fails(&server).await.expect(503);
    server.send_signal("TERM");
    wait_for_line_in_log(&server, "asked to stop").await;
    server.send_signal("INT");
    assert_eq!(server.wait_for_exit(), Some(1));
}

#[tokio::test]
async fn should_stop_in_order_when_its_terminal_closes() {
    let mut server = TestServer::start();
    server.send_signal("HUP");
    assert_eq!(server.wait_for_exit(), Some(0));
    wait_for_line_in_log(&server, "requests in flight may finish").await;
}

/// The program, its log to a pipe, without waiting for it to be ready.
fn spawn_with_variables(database: &TestDatabase, variables: &[(&str, &str)]) -> Program {
    let mut command = database.command();
    command.arg("serve").envs(variables.iter().copied());
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("runs");
    Program(child)
}

struct Program(std::process::Child);

impl Program {
    fn send_signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status().expect("kill runs");
        assert!(status.success());
    }

    fn exit_code_within(&mut self, limit: Duration) -> Option<i32> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait().expect("wait") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it did not end within {limit:?}");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn should_stop_while_it_waits_for_a_database_that_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("postgres://owlpost@{}/owlpost", silent.local_addr().expect("address"));
    let database = TestDatabase::create();
    let mut program = spawn_with_variables(
        &database,
        &[("DATABASE_URL", &url), ("STATEMENT_TIMEOUT", "1h"), ("DRAIN_TIMEOUT", "1h")],
    );
    let _asking = silent.accept().expect("it asks the database");
    program.send_signal("TERM");
    assert_eq!(program.exit_code_within(DEADLINE), Some(0));
}

/// Somebody holds the table of migrations. On the embedded database nobody else can: there a plain SIGTERM at start.
#[tokio::test]
async fn should_stop_while_its_migration_waits() {
    use sqlx::{Connection as _, Executor as _};

    let database = TestDatabase::create();
    let mut holder = None;
    if let Some(url) = database.url() {
        let migrated = database.command().arg("migrate").status().expect("runs");
        assert!(migrated.success());
        let mut connection = sqlx::PgConnection::connect(url).await.expect("a connection");
        connection.execute("begin; lock table _sqlx_migrations").await.expect("a lock");
        holder = Some(connection);
    }
    let variables = [("DRAIN_TIMEOUT", "1h"), ("SOCKET_IO_PORT", "0")];
    let mut program = spawn_with_variables(&database, &variables);
    if let Some(connection) = &mut holder {
        let waiting = "select count(*) from pg_locks where not granted and database =
                       (select oid from pg_database where datname = current_database())";
        let deadline = Instant::now() + DEADLINE;
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *connection).await.expect("rows")
            == 0
        {
            assert!(Instant::now() < deadline, "the migration does not wait");
        }
    } else {
        wait_for_text_in_log(&mut program, "listening");
    }
    program.send_signal("TERM");
    assert_eq!(program.exit_code_within(DEADLINE), Some(0));
}

fn wait_for_text_in_log(program: &mut Program, text: &str) {
    use std::io::BufRead as _;

    let log = std::io::BufReader::new(program.0.stderr.as_mut().expect("a pipe"));
    let found = log.lines().map_while(Result::ok).any(|line| line.contains(text));
    assert!(found, "the log has no {text:?}");
}

/// Started with `nohup`, it outlives its terminal.
#[cfg(target_os = "linux")]
#[test]
fn should_go_on_ignoring_the_hangup_it_was_told_to_ignore() {
    let database = TestDatabase::create();
    let direct = database.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" serve"]).arg(direct.get_program());
    shell.env_clear().current_dir(direct.get_current_dir().expect("a directory"));
    shell.envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = shell.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("runs");
    let mut program = Program(child);
    wait_for_text_in_log(&mut program, "listening");
    program.send_signal("HUP");
    // Signals are handled in the order of their numbers: had it been obeyed, this would be the second.
    program.send_signal("TERM");
    assert_eq!(program.exit_code_within(DEADLINE), Some(0));
    let mut log = String::new();
    std::io::Read::read_to_string(&mut program.0.stderr.take().expect("a pipe"), &mut log)
        .expect("text");
    assert_eq!(log.matches("asked to stop").count(), 1, "{log}");
}
