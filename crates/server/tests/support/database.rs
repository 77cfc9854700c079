//! A database for one server.

use std::{path::PathBuf, process::Command};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

use super::tokens::SECRET;

/// Address of a Postgres server whose user may create databases.
const ADMIN_URL: &str = "OWLPOST_TEST_DATABASE_URL";

/// Made for one server, and gone with it.
pub struct TestDatabase {
    directory: TempDir,
    made: Option<MadeDatabase>,
}

struct MadeDatabase {
    admin_url: String,
    name: String,
    url: String,
}

impl TestDatabase {
    pub fn create() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let admin_url = std::env::var(ADMIN_URL).ok().filter(|url| !url.is_empty());
        let made = admin_url.map(|admin_url| {
            let name = format!("owlpost_test_{}", Uuid::new_v4().simple());
            let (address, options) = match admin_url.split_once('?') {
                Some((address, options)) => (address, format!("?{options}")),
                None => (&*admin_url, String::new()),
            };
            let (server, _) =
                address.rsplit_once('/').expect("a database in OWLPOST_TEST_DATABASE_URL");
            let url = format!("{server}/{name}{options}");
            run_statement_as_admin(&admin_url, &format!("create database {name}"));
            MadeDatabase { url, name, admin_url }
        });
        Self { directory, made }
    }

    /// Its address on the Postgres server; `None` when it is an embedded one.
    pub fn url(&self) -> Option<&str> {
        self.made.as_ref().map(|made| &*made.url)
    }

    /// Where an embedded one keeps its files.
    pub fn data_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The binary, told of this database and of nothing else of our environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_owlpost"));
        command
            .env_clear()
            .current_dir(self.directory.path())
            .env("SOCKET_IO_PORT", "0")
            .env("JWT_SECRET", SECRET)
            .env("OWLPOST_DATA_DIR", self.data_directory())
            .env("RATE_LIMIT_AUTH", "0")
            .env("RATE_LIMIT_REGISTER", "0")
            .env("RATE_LIMIT_HTTP", "0")
            .env("RATE_LIMIT_NOTIFY", "0")
            .env("RATE_LIMIT_EVENTS", "0")
            .env("LOG_FORMAT", "text");
        for name in ["PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "RUST_LOG"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(made) = &self.made {
            command.env("DATABASE_URL", &made.url);
        }
        command
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            run_statement_as_admin(
                &made.admin_url,
                &format!("drop database if exists {} with (force)", made.name),
            );
        }
    }
}

/// On a thread of its own: the caller may be inside a runtime, or unwinding.
fn run_statement_as_admin(admin_url: &str, statement: &str) {
    let (admin_url, statement) = (admin_url.to_owned(), statement.to_owned());
    let work = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut admin = PgConnection::connect(&admin_url).await?;
            admin.execute(AssertSqlSafe(statement)).await?;
            admin.close().await
        })
    });
    let done = work.join().expect("no panic");
    if !std::thread::panicking() {
        done.expect("OWLPOST_TEST_DATABASE_URL names a server that lets us create databases");
    }
}
