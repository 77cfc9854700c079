//! The server as a process: started, signalled, killed, asked for its memory.

use std::{net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

const READY: &str = "listening on http://";
const START_TIME: Duration = Duration::from_secs(60);

/// Where the binary of the server is: what the environment says, or the directory of this program.
pub fn find_server_binary_path() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("OWLPOST_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    let found = own.ancestors().skip(1).take(2).map(|dir| dir.join("owlpost"));
    found.into_iter().find(|path| path.is_file()).context("no owlpost binary: set OWLPOST_BIN")
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl ServerProcess {
    /// Starts a server and waits until it is ready. `log` gets its stderr.
    pub async fn start_server_until_ready(mut command: Command, log: &PathBuf) -> Result<Self> {
        let file = std::fs::File::options().create(true).append(true).open(log)?;
        let mut child = command
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .context("the server does not start")?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once(READY) {
                    return Ok(address.trim().parse()?);
                }
            }
            bail!("the server ended before it was ready: {}", read_end_of_log(log))
        };
        let address =
            tokio::time::timeout(START_TIME, ready).await.context("not ready in time")??;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, address })
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub async fn send_signal_by_name(&self, signal: &str) -> Result<()> {
        let pid = self.pid().context("the server has ended")?;
        send_signal_to_process(pid, signal).await
    }

    /// Waits for its end; the exit code, `None` when a signal killed it.
    pub async fn wait_for_exit_within(&mut self, within: Duration) -> Result<Option<i32>> {
        let status = tokio::time::timeout(within, self.child.wait()).await;
        Ok(status.context("the server does not end")??.code())
    }

    /// kill -9.
    pub async fn kill_server_without_mercy(&mut self) -> Result<()> {
        self.send_signal_by_name("KILL").await?;
        self.wait_for_exit_within(Duration::from_secs(10)).await.map(drop)
    }

    /// Resident memory in bytes.
    pub fn read_resident_memory_bytes(&self) -> Result<u64> {
        let pid = self.pid().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("no VmRSS")?.parse::<u64>()? * 1024)
    }
}

/// Sends a signal to one process.
pub async fn send_signal_to_process(pid: u32, signal: &str) -> Result<()> {
    let status = Command::new("kill").args(["-s", signal, "--", &pid.to_string()]).status().await?;
    if !status.success() {
        bail!("signal {signal} could not be sent to {pid}");
    }
    Ok(())
}

/// The last lines of a log.
pub fn read_end_of_log(log: &PathBuf) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
