//! A server process under test, and what the kernel accounts to it.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// What a server prints before its address when it is ready.
const READY: &str = "listening on http://";
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Clock ticks of `/proc/PID/stat`: 100 a second on every Linux.
const MICROS_PER_TICK: u64 = 10_000;

/// A running server. Dropping it ends it.
pub struct ServerProcess {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took from its start until it said so.
    pub started_in: Duration,
}

impl ServerProcess {
    /// Starts a server and waits for the line with its address.
    pub fn spawn_and_wait_ready(mut command: Command) -> anyhow::Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let (ready, address) = mpsc::channel();
        std::thread::spawn(move || {
            // Read to the end, so that the server never waits for us.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once(READY) {
                    let _ = ready.send(address.trim().trim_end_matches('/').to_owned());
                }
            }
        });
        let address = address.recv_timeout(START_LIMIT).ok().and_then(|text| text.parse().ok());
        match address {
            Some(address) => Ok(Self { child, address, started_in: started.elapsed() }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("{program} did not say where it listens");
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time of all its threads so far, in microseconds.
    pub fn read_processor_time_micros(&self) -> anyhow::Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it.
        let (_, rest) = stat.rsplit_once(')').context("a stat line")?;
        let ticks: u64 = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().unwrap_or(0))
            .sum();
        Ok(ticks * MICROS_PER_TICK)
    }

    /// Its resident memory, in KiB.
    pub fn read_resident_memory_kib(&self) -> anyhow::Result<u64> {
        self.read_status_field_kib("VmRSS:")
    }

    /// The most resident memory since the peak was last forgotten, in KiB.
    pub fn read_peak_memory_kib(&self) -> anyhow::Result<u64> {
        self.read_status_field_kib("VmHWM:")
    }

    /// Forgets the peak.
    pub fn reset_peak_resident_memory(&self) -> anyhow::Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    fn read_status_field_kib(&self, field: &str) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok())
            .context("a field of the process's status")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let deadline = Instant::now() + STOP_LIMIT;
        while asked.is_ok() && Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
