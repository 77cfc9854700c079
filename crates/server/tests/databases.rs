//! Databases that are not as we would make them: right, or refused at start by name.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use crate::support;

use std::{
    io::Write as _,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use support::{DEADLINE, TestServer};

/// A database on the server of the tests, made as told, and gone with it.
struct OwnDatabase {
    admin: String,
    name: String,
}

impl OwnDatabase {
    /// `None` on the embedded database.
    async fn create_with(definition: &str) -> Option<Self> {
        let admin =
            std::env::var("OWLPOST_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())?;
        let name = format!("owlpost_test_{}", uuid::Uuid::new_v4().simple());
        let own = Self { admin, name };
        own.run_as_admin(&format!("create database {} {definition}", own.name)).await;
        Some(own)
    }

    async fn run_as_admin(&self, statement: &str) {
        let mut admin = PgConnection::connect(&self.admin).await.unwrap();
        admin.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }

    async fn run(&self, statement: &str) {
        let mut session = PgConnection::connect(&self.url()).await.unwrap();
        session.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }

    fn url(&self) -> String {
        format!("{}/{}", self.admin.rsplit_once('/').unwrap().0, self.name)
    }

    /// Host and port of the server.
    fn place(&self) -> (String, u16) {
        let rest = self.admin.rsplit_once('@').unwrap().1;
        let host = rest.split('/').next().unwrap();
        let (host, port) = host.split_once(':').unwrap_or((host, "5432"));
        (host.to_owned(), port.parse().unwrap())
    }

    async fn drop_for_good(self) {
        self.run_as_admin(&format!("drop database {} with (force)", self.name)).await;
    }
}

/// Why a server does not start on this database.
fn refusal_of_url(url: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_owlpost"))
        .arg("migrate")
        .env_clear()
        .current_dir(directory.path())
        .envs([("DATABASE_URL", url), ("JWT_SECRET", "a secret of the tests, long enough")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{url} must be refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// People and words go through it as everywhere.
async fn expect_house_works_on(url: &str) {
    let server = TestServer::start_with(&[("DATABASE_URL", url)]);
    let harry = server.api.register("irma.pince").await;
    let login = json!({ "email": "IRMA.PINCE@HOGWARTS.EDU", "password": support::PASSWORD });
    server.api.post_openly("/api/auth/login", login).await.expect(200);
    server.api.report(&harry, json!({ "title": "IŞIK in the Île Library, STRASSE 3" })).await;
    for query in ["ILE", "library", "strasse", "ı\u{15f}ık"] {
        let path =
            reqwest::Url::parse_with_params("http://x/api/incidents", [("q", query)]).unwrap();
        let found =
            server.api.get(&format!("/api/incidents?{}", path.query().unwrap()), &harry).await;
        let found = found.expect(200).json["incidents"].as_array().unwrap().len();
        assert_eq!(found, 1, "{query}");
    }
    let mut command = server.command();
    command.args(["user", "set-role", "IRMA.PINCE@hogwarts.edu", "prefect"]);
    let moved = command.env("DATABASE_URL", url).output().unwrap();
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
}

#[tokio::test]
async fn should_fold_letters_alike_in_every_locale() {
    for definition in [
        "encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0",
        "encoding 'UTF8' locale_provider icu icu_locale 'tr' locale 'C.UTF-8' template template0",
    ] {
        let Some(database) = OwnDatabase::create_with(definition).await else { return };
        expect_house_works_on(&database.url()).await;
        database.drop_for_good().await;
    }
}

#[tokio::test]
async fn should_refuse_another_encoding_by_name() {
    let definition = "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0";
    let Some(database) = OwnDatabase::create_with(definition).await else { return };
    let refusal = refusal_of_url(&database.url());
    assert!(refusal.contains("LATIN1") && refusal.contains("encoding 'UTF8'"), "{refusal}");
    database.drop_for_good().await;
}

#[tokio::test]
async fn should_leave_tables_of_others_alone_and_live_beside_them() {
    let Some(database) = OwnDatabase::create_with("").await else { return };
    database
        .run("create table users (id uuid primary key, email text); create schema owlpost")
        .await;
    let refusal = refusal_of_url(&database.url());
    assert!(refusal.contains("(users)") && refusal.contains("search_path"), "{refusal}");
    let beside = format!("{}?options=-csearch_path%3Dowlpost", database.url());
    expect_house_works_on(&beside).await;
    database.drop_for_good().await;
}

#[tokio::test]
async fn should_run_as_a_role_that_owns_its_database_and_nothing_else() {
    let Some(database) = OwnDatabase::create_with("").await else { return };
    let role = database.name.clone();
    // Fewer sessions than the pool of ten asks for, and room for a command beside the server.
    let role_sql = format!("create role {role} login nosuperuser connection limit 9");
    database.run_as_admin(&role_sql).await;
    database.run_as_admin(&format!("alter database {role} owner to {role}")).await;
    database.run(&format!("grant all on schema public to {role}")).await;
    let (host, port) = database.place();
    expect_house_works_on(&format!("postgres://{role}@{host}:{port}/{role}")).await;
    let name = database.name.clone();
    let admin = database.admin.clone();
    database.drop_for_good().await;
    let mut admin = PgConnection::connect(&admin).await.unwrap();
    admin.execute(AssertSqlSafe(format!("drop role {name}"))).await.unwrap();
}

/// Runs a program of Postgres on a database; false where it is not installed.
fn run_program_of_postgres(program: &str, arguments: &[&str]) -> bool {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program}: {said}");
            true
        }
        Err(_) => {
            eprintln!("left out: {program} is not installed");
            false
        }
    }
}

/// As OPERATIONS.md says: dumped while the server runs, restored into an empty database, and clients are told to refetch.
#[tokio::test]
async fn should_go_on_from_a_backup_that_was_made_while_it_ran() {
    let Some(database) = OwnDatabase::create_with("").await else { return };
    let restored = OwnDatabase::create_with("").await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("owlpost.dump").to_str().unwrap().to_owned();
    let url = database.url();
    let server = TestServer::start_with(&[("DATABASE_URL", &url)]);
    let harry = server.api.register("harry").await;
    let before = server.api.report(&harry, json!({ "title": "in the backup" })).await;
    let dump = ["--format=custom", "--file", &file, &url];
    if run_program_of_postgres("pg_dump", &dump) {
        let after = server.api.report(&harry, json!({ "title": "after the backup" })).await;
        let newest = server.api.get("/api/events?after=0&limit=100", &harry).await.expect(200).json;
        let newest = newest["lastEventId"].as_str().unwrap().to_owned();
        drop(server);
        run_program_of_postgres("pg_restore", &["--dbname", &restored.url(), &file]);
        let server = TestServer::start_with(&[("DATABASE_URL", &restored.url())]);
        let login = json!({ "email": harry.email, "password": support::PASSWORD });
        let grant = server.api.post_openly("/api/auth/login", login).await.expect(200).json;
        let harry = support::person_from_grant(&grant);
        let path = |incident: &serde_json::Value| {
            format!("/api/incidents/{}", incident["id"].as_str().unwrap())
        };
        server.api.get(&path(&before), &harry).await.expect(200);
        server.api.get(&path(&after), &harry).await.expect(404);
        // A client comes back with a position of the history that is lost.
        let missed =
            server.api.get(&format!("/api/events?after={newest}"), &harry).await.expect(200);
        assert_eq!(missed.json["complete"], false, "{}", missed.text);
        server.api.report(&harry, json!({ "title": "and on" })).await;
    }
    database.drop_for_good().await;
    restored.drop_for_good().await;
}

/// A pooler in front of the database; killed with it.
struct Pooler {
    process: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Pooler {
    /// `None` where there is no pgbouncer.
    fn start_before(database: &OwnDatabase, mode: &str, sessions: u32) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"];
        let program = program.into_iter().find(|path| std::path::Path::new(path).exists());
        let Some(program) = program else {
            eprintln!("left out: pgbouncer is not installed");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = tempfile::Builder::new().prefix("owlpost-pooler").tempdir().unwrap();
        let (host, database_port) = database.place();
        let name = &database.name;
        let file = directory.path().join("pgbouncer.ini");
        let mut written = std::fs::File::create(&file).unwrap();
        write!(
            written,
            "[databases]\n{name} = host={host} port={database_port} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\ndefault_pool_size = {sessions}\nignore_startup_parameters = extra_float_digits\n"
        )
        .unwrap();
        make_readable_for_others(directory.path(), &file);
        let mut command = Command::new(program);
        // It refuses to run as root.
        if Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
            command.args(["-u", "nobody"]);
        }
        let process =
            command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pooler = Self { process, port, _directory: directory };
        let deadline = Instant::now() + DEADLINE;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "pgbouncer does not listen");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Some(pooler)
    }

    fn url(&self, database: &OwnDatabase) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{}", self.port, database.name)
    }
}

#[cfg(unix)]
fn make_readable_for_others(directory: &std::path::Path, file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
}

#[tokio::test]
async fn should_work_behind_a_pooler_of_sessions() {
    let Some(database) = OwnDatabase::create_with("").await else { return };
    if let Some(pooler) = Pooler::start_before(&database, "session", 20) {
        expect_house_works_on(&pooler.url(&database)).await;
    }
    database.drop_for_good().await;
}

#[tokio::test]
async fn should_refuse_a_pooler_of_transactions_by_name() {
    for sessions in [20, 1] {
        let Some(database) = OwnDatabase::create_with("").await else { return };
        if let Some(pooler) = Pooler::start_before(&database, "transaction", sessions) {
            let refusal = refusal_of_url(&pooler.url(&database));
            assert!(refusal.contains("pool_mode = session"), "{sessions}: {refusal}");
        }
        database.drop_for_good().await;
    }
}

/// What the migrations of a next release may do: add, and take nothing away.
const EXPANSION: &str = "
    alter table incidents add column of_the_next_release text not null default 'x';
    alter table users add column of_the_next_release integer;
    create table of_the_next_release (id bigint primary key, incident_id uuid references incidents on delete cascade);
    create index on incidents (of_the_next_release);
    insert into event_log (name, audience, payload) values ('of:the:next:release', '{}', '{}');
    insert into _sqlx_migrations (version, description, success, checksum, execution_time)
    values (9001, 'of the next release', true, '\\x00', 1)";

/// A release is rolled back by starting the one before: on the schema as it is.
#[tokio::test]
async fn should_start_and_work_on_the_schema_of_the_next_release() {
    let Some(database) = OwnDatabase::create_with("").await else { return };
    let url = database.url();
    let mut server = TestServer::start_with(&[("DATABASE_URL", &url)]);
    let harry = server.api.register("harry").await;
    // While it runs, as in a rolling upgrade.
    database.run(EXPANSION).await;
    server.api.report(&harry, json!({ "title": "beside the next release" })).await;
    assert_eq!(server.stop(), Some(0));
    let server = TestServer::start_with(&[("DATABASE_URL", &url)]);
    server.wait_for_log("the schema is of a later release").await;
    let login = json!({ "email": harry.email, "password": support::PASSWORD });
    let grant = server.api.post_openly("/api/auth/login", login).await.expect(200).json;
    let harry = support::person_from_grant(&grant);
    server.api.report(&harry, json!({ "title": "gone back to" })).await;
    let page = server.api.get("/api/incidents", &harry).await.expect(200).json;
    assert_eq!(page["incidents"].as_array().unwrap().len(), 2);
    drop(server);
    expect_house_works_on(&url).await;
    database.drop_for_good().await;
}
