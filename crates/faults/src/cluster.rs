//! A Postgres server of the harness's own, to be stopped, frozen and started again.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::process::Command;

use crate::server_process::send_signal_to_process;

/// A Postgres server in a temporary directory. Dropping it stops it.
#[derive(Debug)]
pub struct PostgresCluster {
    directory: TempDir,
    binaries: PathBuf,
    port: u16,
    /// Whether `pg_stat_statements` counts statements.
    pub counts_statements: bool,
}

/// The directory of `initdb`, if there is one.
pub fn find_postgres_binaries_directory() -> Option<PathBuf> {
    let in_path = std::env::var_os("PATH")?;
    let mut candidates: Vec<PathBuf> = std::env::split_paths(&in_path).collect();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(|e| Some(e.ok()?.path().join("bin"))).collect())
        .unwrap_or_default();
    versions.sort();
    versions.reverse();
    candidates.extend(versions);
    let found = candidates.into_iter().find(|dir| dir.join("pg_ctl").is_file())?;
    // Links in a directory of the PATH lead to where all of the tools are.
    let tool = std::fs::canonicalize(found.join("pg_ctl")).ok()?;
    tool.parent().filter(|dir| dir.join("initdb").is_file()).map(Path::to_path_buf)
}

impl PostgresCluster {
    /// Makes a cluster and starts it on a free port of the loopback interface.
    pub async fn start_cluster_of_binaries(binaries: PathBuf) -> Result<Self> {
        Self::start_cluster_in_directory(binaries, &std::env::temp_dir()).await
    }

    /// The same with its files below `parent`.
    pub async fn start_cluster_in_directory(binaries: PathBuf, parent: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("owlpost-faults-pg").tempdir_in(parent)?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let counts_statements = has_statement_counting_library(&binaries).await;
        let cluster = Self { directory, binaries, port, counts_statements };
        if is_running_as_root() {
            let path = cluster.directory.path().to_string_lossy().into_owned();
            run_command_to_success(Command::new("chown").args(["postgres", &path])).await?;
        }
        let data = cluster.data_directory();
        let data = data.to_string_lossy();
        let initdb = ["-D", &*data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"];
        cluster.run_postgres_tool_with("initdb", &initdb).await?;
        let mut settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nmax_connections = 60\n\
             unix_socket_directories = '{}'\nshared_buffers = 64MB\n",
            cluster.directory.path().display()
        );
        if counts_statements {
            settings.push_str("shared_preload_libraries = 'pg_stat_statements'\n");
        }
        let file = cluster.data_directory().join("owlpost.conf");
        std::fs::write(&file, settings)?;
        if is_running_as_root() {
            let path = file.to_string_lossy().into_owned();
            run_command_to_success(Command::new("chown").args(["postgres", &path])).await?;
        }
        let main = cluster.data_directory().join("postgresql.conf");
        let text = std::fs::read_to_string(&main)? + "\ninclude 'owlpost.conf'\n";
        std::fs::write(main, text)?;
        cluster.start_postgres_until_ready().await?;
        Ok(cluster)
    }

    /// A standby that streams from this server, ready to be promoted.
    pub async fn start_standby_of_cluster(&self) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("owlpost-faults-standby").tempdir()?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let binaries = self.binaries.clone();
        let standby = Self { directory, binaries, port, counts_statements: false };
        if is_running_as_root() {
            let path = standby.directory.path().to_string_lossy().into_owned();
            run_command_to_success(Command::new("chown").args(["postgres", &path])).await?;
        }
        let (data, primary) = (standby.data_directory(), self.port.to_string());
        let copy = ["-D", &*data.to_string_lossy(), "-h", "127.0.0.1", "-p", &primary];
        let options = ["-U", "postgres", "-R", "-c", "fast", "-X", "stream"];
        standby.run_postgres_tool_with("pg_basebackup", &[&copy[..], &options].concat()).await?;
        let file = data.join("owlpost.conf");
        let directory = standby.directory.path().display().to_string();
        let settings = std::fs::read_to_string(&file)?
            + &format!("port = {port}\nunix_socket_directories = '{directory}'\n");
        std::fs::write(&file, settings)?;
        standby.start_postgres_until_ready().await?;
        Ok(standby)
    }

    /// Makes a standby the primary; what it has not received it never will.
    pub async fn promote_standby_to_primary(&self) -> Result<()> {
        self.run_control_tool_with(&["-t", "60", "promote"]).await
    }

    /// Address of the server.
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Address for an administrator.
    pub fn build_url_for_administrator(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts the server and waits until it accepts connections.
    pub async fn start_postgres_until_ready(&self) -> Result<()> {
        let log = self.directory.path().join("log");
        self.run_control_tool_with(&["-l", &log.to_string_lossy(), "-t", "60", "start"]).await
    }

    /// Stops the server as a crash would: nothing is written that is not written yet.
    pub async fn stop_postgres_in_immediate_mode(&self) -> Result<()> {
        self.run_control_tool_with(&["-m", "immediate", "stop"]).await
    }

    /// Sends a signal to the server and all its backends.
    pub async fn signal_every_postgres_process(&self, signal: &str) -> Result<()> {
        let text = std::fs::read_to_string(self.data_directory().join("postmaster.pid"))?;
        let postmaster: u32 = text.lines().next().context("an empty pid file")?.parse()?;
        let mut pids = vec![postmaster];
        for entry in std::fs::read_dir("/proc")?.filter_map(Result::ok) {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            if read_parent_of_process(pid) == Some(postmaster) {
                pids.push(pid);
            }
        }
        for pid in pids {
            // A backend may have ended meanwhile.
            let sent = send_signal_to_process(pid, signal).await;
            if pid == postmaster {
                sent?;
            }
        }
        Ok(())
    }

    fn data_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    async fn run_control_tool_with(&self, arguments: &[&str]) -> Result<()> {
        let data = self.data_directory();
        let data = data.to_string_lossy();
        let all: Vec<&str> = ["-D", &*data, "-s", "-w"].iter().chain(arguments).copied().collect();
        self.run_postgres_tool_with("pg_ctl", &all).await
    }

    async fn run_postgres_tool_with(&self, tool: &str, arguments: &[&str]) -> Result<()> {
        let tool = self.binaries.join(tool);
        let mut command = build_command_for_postgres(&tool);
        run_command_to_success(command.args(arguments).current_dir(self.directory.path())).await
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        let mut command = build_command_for_postgres(&self.binaries.join("pg_ctl"));
        let data = self.data_directory();
        // Nothing can be done about a failure here; the directory goes in any case.
        let _ = command
            .as_std_mut()
            .args(["-s", "-w", "-m", "immediate", "-D"])
            .arg(data)
            .arg("stop")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Postgres refuses to run as root: then it runs as the user `postgres`.
fn build_command_for_postgres(tool: &Path) -> Command {
    if !is_running_as_root() {
        return Command::new(tool);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(tool);
    command
}

fn is_running_as_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.is_some_and(|line| line.split_whitespace().nth(1) == Some("0"))
}

fn read_parent_of_process(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

async fn has_statement_counting_library(binaries: &Path) -> bool {
    let config = Command::new(binaries.join("pg_config")).arg("--pkglibdir").output().await;
    let directory = config.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    directory.is_ok_and(|dir| Path::new(&dir).join("pg_stat_statements.so").is_file())
}

async fn run_command_to_success(command: &mut Command) -> Result<()> {
    // The postmaster inherits these: a pipe would stay open for as long as it lives.
    let log = tempfile::NamedTempFile::new()?;
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.reopen()?)
        .status()
        .await
        .with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {}", std::fs::read_to_string(log.path())?);
    }
    Ok(())
}
