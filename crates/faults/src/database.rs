//! A database for one run: on Postgres, or the embedded one of the server.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

use crate::checker::{LogEntry, StoredNotification};

/// Key of the tokens of every run.
pub const SECRET: &str = "a secret of the fault harness, long enough";

/// Which database a server runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A Postgres server.
    Postgres,
    /// The one inside the server's process.
    Embedded,
}

impl DatabaseKind {
    /// As the table says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "Postgres",
            Self::Embedded => "embedded",
        }
    }
}

/// A database for one run, gone with it.
#[derive(Debug)]
pub struct RunDatabase {
    directory: TempDir,
    /// Of the embedded database.
    pub data_directory: PathBuf,
    admin_url: Option<String>,
    /// Name of the database on Postgres.
    pub name: String,
    /// Where servers find it, when that is not where the harness does.
    pub proxy: Option<SocketAddr>,
}

impl RunDatabase {
    /// A new database on the server of `admin_url`, or an embedded one.
    pub async fn create_for_one_run(admin_url: Option<String>) -> Result<Self> {
        let name = format!("owlpost_test_{}", Uuid::new_v4().simple());
        let directory = tempfile::Builder::new().prefix("owlpost-faults").tempdir()?;
        let data_directory = directory.path().join("data");
        let database = Self { directory, data_directory, admin_url, name, proxy: None };
        if database.admin_url.is_some() {
            database.run_statement_as_admin(&format!("create database {}", database.name)).await?;
        }
        Ok(database)
    }

    /// Which kind it is.
    pub fn kind(&self) -> DatabaseKind {
        if self.admin_url.is_some() { DatabaseKind::Postgres } else { DatabaseKind::Embedded }
    }

    /// Where the server's stderr goes.
    pub fn log_path(&self) -> PathBuf {
        self.directory.path().join("server.log")
    }

    /// Runs a statement outside of the run's database.
    pub async fn run_statement_as_admin(&self, statement: &str) -> Result<()> {
        let url =
            self.admin_url.as_deref().context("the embedded database has no administrator")?;
        let mut admin = PgConnection::connect(url).await?;
        admin.execute(AssertSqlSafe(statement.to_owned())).await?;
        Ok(admin.close().await?)
    }

    /// A session of the harness's own.
    pub async fn open_session_of_harness(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.build_url_of_database()?).await?)
    }

    fn build_url_of_database(&self) -> Result<String> {
        let admin = self.admin_url.as_deref().context("the embedded database takes no sessions")?;
        let (address, options) = match admin.split_once('?') {
            Some((address, options)) => (address, format!("?{options}")),
            None => (admin, String::new()),
        };
        let (server, _) = address.rsplit_once('/').context("no database in the address")?;
        Ok(format!("{server}/{}{options}", self.name))
    }

    /// The address of the Postgres server.
    pub async fn find_address_of_postgres(&self) -> Result<SocketAddr> {
        let url = self.build_url_of_database()?;
        let (_, rest) =
            url.rsplit_once('@').or_else(|| url.split_once("://")).context("no host")?;
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        tokio::net::lookup_host(host).await?.next().context("no address")
    }

    fn build_url_for_server(&self) -> Result<String> {
        let url = self.build_url_of_database()?;
        let Some(proxy) = self.proxy else { return Ok(url) };
        let host = url.rsplit_once('@').map_or(url.as_str(), |(_, rest)| rest);
        let host = host.split(['/', '?']).next().unwrap_or_default().to_owned();
        Ok(url.replacen(&host, &proxy.to_string(), 1))
    }

    /// The server's binary, told of this database and of nothing else of our environment.
    pub fn build_command_of_server(&self, binary: &PathBuf) -> Result<Command> {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .current_dir(self.directory.path())
            .env("SOCKET_IO_PORT", "0")
            .env("JWT_SECRET", SECRET)
            .env("OWLPOST_DATA_DIR", &self.data_directory)
            .env("RATE_LIMIT_AUTH", "0")
            .env("RATE_LIMIT_REGISTER", "0")
            .env("RATE_LIMIT_HTTP", "0")
            .env("RATE_LIMIT_NOTIFY", "0")
            .env("RATE_LIMIT_EVENTS", "0");
        for name in ["PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "RUST_LOG"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if self.admin_url.is_some() {
            command.env("DATABASE_URL", self.build_url_for_server()?);
        }
        Ok(command)
    }

    /// The whole log of a Postgres database.
    pub async fn read_log_from_postgres(&self) -> Result<Vec<LogEntry>> {
        let mut session = self.open_session_of_harness().await?;
        let rows = sqlx::query(
            "select position, name, audience, payload::text as payload from event_log order by position",
        )
        .fetch_all(&mut session)
        .await?;
        let read = |row: sqlx::postgres::PgRow| {
            Ok(LogEntry {
                position: row.try_get("position")?,
                name: row.try_get("name")?,
                audience: row.try_get("audience")?,
                payload: serde_json::from_str::<Value>(row.try_get("payload")?)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Every stored notification of a Postgres database.
    pub async fn read_notifications_from_postgres(&self) -> Result<Vec<StoredNotification>> {
        let mut session = self.open_session_of_harness().await?;
        let rows: Vec<(String, String, String, String)> =
            sqlx::query_as("select id::text, user_id::text, type, cause from notifications")
                .fetch_all(&mut session)
                .await?;
        let read = |(id, user_id, kind, cause)| StoredNotification { id, user_id, kind, cause };
        Ok(rows.into_iter().map(read).collect())
    }
}

impl Drop for RunDatabase {
    fn drop(&mut self) {
        let Some(url) = self.admin_url.clone() else { return };
        let statement = format!("drop database if exists {} with (force)", self.name);
        // On a thread of its own: the caller is inside a runtime, or unwinding.
        let work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&url).await?;
                admin.execute(AssertSqlSafe(statement)).await?;
                anyhow::Ok(())
            })
        });
        // A database that stays behind harms nobody.
        let _ = work.join();
    }
}
