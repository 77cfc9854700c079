//! Postgres inside this process, for a server without `DATABASE_URL`.
//!
//! It runs on a thread of its own and is reached over a Unix socket in the data directory, which nobody but the
//! owner can enter: it asks for no password. It accepts one connection at a time. A client that vanishes in
//! the middle of a statement can end the thread, hence [`EmbeddedDatabase::restart_server_when_gone`].

use std::{
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use owlpost_domain::Store;
use parking_lot::Mutex;
use pglite_oxide::{PgliteServer, extensions::PG_TRGM};
use tempfile::TempDir;

use super::template_files::copy_template_files_below;

/// Connections the pool may open: the database accepts one.
pub const POOL_SIZE: u32 = 1;
/// A connection starts a whole Postgres backend: half a second, and much more on a machine that is busy. Given
/// up early, the next attempt would begin from nothing.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
const CLUSTER_DIR: &str = "postgres";
const SOCKET_FILE: &str = ".s.PGSQL.5432";
/// The kernel allows 108 bytes on Linux and 104 on macOS, with a NUL.
const MAX_SOCKET_PATH_BYTES: usize = 100;
/// Pages of the database that it keeps in memory of its own. Those it reads are in that of the system as well; with the library's
/// 128 MB, all of which is touched sooner or later, half of what a small server is resident would be these.
const SHARED_BUFFERS: &str = "32MB";
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Between two looks for a table that has changed much.
const VACUUM_INTERVAL: Duration = Duration::from_secs(10);
/// A table that is too large for it would hold everybody up again and again.
const FAILED_VACUUM_PAUSE: Duration = Duration::from_mins(10);
/// Shorter than a connection may take: whoever else waits for one is not disturbed by this.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// The running database. Stops when dropped; close every connection before, or that waits for them.
#[derive(Debug)]
pub struct EmbeddedDatabase {
    server: Mutex<Option<PgliteServer>>,
    cluster: PathBuf,
    socket: PathBuf,
    /// Where the socket is when the path of the data directory is too long for one.
    _socket_dir: Option<TempDir>,
}

impl EmbeddedDatabase {
    /// Starts Postgres on the files below `data_dir`, made if there are none. Takes 0.3 to 0.5 s, so the
    /// caller should be a thread that may block.
    pub fn start_server_in_directory(data_dir: &Path) -> anyhow::Result<Self> {
        // Absolute, since it becomes part of an address.
        let data_dir = data_dir.canonicalize().context("the data directory cannot be read")?;
        let preferred = data_dir.join(SOCKET_FILE);
        let (socket, socket_dir) = if preferred.as_os_str().len() <= MAX_SOCKET_PATH_BYTES {
            (preferred, None)
        } else {
            let dir = TempDir::with_prefix("owlpost-")
                .context("no directory for the database's socket")?;
            (dir.path().join(SOCKET_FILE), Some(dir))
        };
        let cluster = data_dir.join(CLUSTER_DIR);
        let server = start_postgres_on_socket(&cluster, &socket)?;
        Ok(Self { server: Mutex::new(Some(server)), cluster, socket, _socket_dir: socket_dir })
    }

    /// Where a pool of one connection finds the database.
    pub fn build_url_of_connection(&self) -> String {
        let directory = self.socket.parent().unwrap_or(Path::new("/")).to_string_lossy();
        // The host before the path is a placeholder that the parameter replaces.
        format!(
            "postgres://postgres@localhost:5432/template1?sslmode=disable&host={}",
            percent_encode_for_query(&directory)
        )
    }

    /// Whether the thread of the database still listens.
    fn is_listening(&self) -> bool {
        UnixStream::connect(&self.socket).is_ok()
    }

    /// Starts the database again if its thread has ended. Returns whether it had to.
    pub fn restart_server_when_gone(&self) -> anyhow::Result<bool> {
        let mut server = self.server.lock();
        if self.is_listening() {
            return Ok(false);
        }
        // Dropped first: it holds the lock of the cluster.
        drop(server.take());
        *server = Some(start_postgres_on_socket(&self.cluster, &self.socket)?);
        Ok(true)
    }
}

fn start_postgres_on_socket(cluster: &Path, socket: &Path) -> anyhow::Result<PgliteServer> {
    let server = PgliteServer::builder()
        .path(cluster)
        .unix(socket)
        .extension(PG_TRGM)
        .postgres_config("shared_buffers", SHARED_BUFFERS)
        .start()
        .context("the embedded database does not start")?;
    copy_template_files_below(cluster).context("the files of the embedded database")?;
    Ok(server)
}

fn percent_encode_for_query(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Does what a Postgres server has processes of its own for, in pieces that nobody waits long for.
pub async fn vacuum_tables_while_running(store: &Store) {
    let mut pause = VACUUM_INTERVAL;
    loop {
        tokio::time::sleep(pause).await;
        pause = VACUUM_INTERVAL;
        match store.vacuum_one_changed_table().await {
            Ok(Some(table)) => tracing::debug!(table, "vacuumed a table that had changed"),
            Ok(None) => {}
            Err(error) => {
                pause = FAILED_VACUUM_PAUSE;
                let cause = error.describe_chain_of_causes();
                tracing::warn!(cause, "a table could not be vacuumed; it is tried again later");
            }
        }
    }
}

/// Looks after the database for as long as the process lives: when it does not answer and its thread is gone,
/// starts it again. The pool then connects by itself.
pub async fn watch_database_and_restart(database: &Arc<EmbeddedDatabase>, store: &Store) {
    loop {
        tokio::time::sleep(WATCH_INTERVAL).await;
        if store.check_database_is_reachable(PROBE_TIMEOUT).await.is_ok() {
            continue;
        }
        let database = database.clone();
        let restart = tokio::task::spawn_blocking(move || database.restart_server_when_gone());
        match restart.await.context("the embedded database panicked").flatten() {
            Ok(true) => tracing::warn!("the embedded database had ended and was started again"),
            Ok(false) => {}
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the embedded database cannot be started"
            ),
        }
    }
}
