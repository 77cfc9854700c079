//! Any number of websocket clients in one thread, that count and time what reaches them.
//!
//! - `frames`: websocket frames by hand;
//! - `client`: one client, from dialling to events;
//! - `event_loop`: the thread;
//! - `tally`: what all clients have seen;
//! - `probe`: one blocking client for a question.

pub mod client;
mod event_loop;
pub mod frames;
pub mod probe;
pub mod tally;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::bail;
use mio::{Poll, Waker};

pub use client::{ClientPlan, Dialect};
pub use tally::{Marker, Tally};

use event_loop::{Command, EventLoop, WAKE};

/// Between two looks at a counter.
const LOOK_PAUSE: Duration = Duration::from_millis(1);

/// The clients. Dropping it disconnects them.
pub struct Fleet {
    tally: Arc<Tally>,
    commands: mpsc::Sender<Command>,
    waker: Waker,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Fleet {
    /// A fleet without clients.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let (commands, received) = mpsc::channel();
        let tally = Arc::new(Tally::new());
        let event_loop = EventLoop::new(poll, received, tally.clone());
        let thread = std::thread::Builder::new()
            .name("fleet".to_owned())
            .spawn(move || event_loop.run_loop_until_stopped())?;
        Ok(Self { tally, commands, waker, thread: Some(thread) })
    }

    /// What the clients have seen.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Connects clients, `at_once` at a time, and waits until all are ready. The time it took.
    pub fn connect_clients_until_ready(
        &self,
        plans: Vec<ClientPlan>,
        at_once: usize,
        limit: Duration,
    ) -> anyhow::Result<Duration> {
        let wanted = self.tally.ready.load(Ordering::SeqCst) + plans.len() as u64;
        let failed_before = self.tally.failed.load(Ordering::SeqCst);
        let started = Instant::now();
        self.send_command_to_thread(Command::Connect { plans, at_once })?;
        let ready = wait_for_counter_at_least(&self.tally.ready, wanted, limit, &self.tally.failed);
        let failed = self.tally.failed.load(Ordering::SeqCst) - failed_before;
        if !ready || failed > 0 {
            let ready = self.tally.ready.load(Ordering::SeqCst);
            bail!("{ready} clients of {wanted} became ready, {failed} failed");
        }
        Ok(started.elapsed())
    }

    /// Sends a text message from one client, by its number in the order of the plans.
    pub fn send_text_from_client(&self, client: usize, text: String) -> io::Result<()> {
        self.send_command_to_thread(Command::SendText { client, text })
    }

    /// Disconnects everybody, without it counting as a loss.
    pub fn disconnect_every_fleet_client(&self) -> io::Result<()> {
        let (done, closed) = mpsc::channel();
        self.send_command_to_thread(Command::CloseAll { done })?;
        let _ = closed.recv();
        Ok(())
    }

    fn send_command_to_thread(&self, command: Command) -> io::Result<()> {
        self.commands.send(command).map_err(|_| io::Error::other("the fleet has stopped"))?;
        self.waker.wake()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.send_command_to_thread(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits until `counter` has reached `wanted`; false when it has not within `limit`, or when `trouble` has grown.
pub fn wait_for_counter_at_least(
    counter: &AtomicU64,
    wanted: u64,
    limit: Duration,
    trouble: &AtomicU64,
) -> bool {
    let deadline = Instant::now() + limit;
    let trouble_before = trouble.load(Ordering::SeqCst);
    while counter.load(Ordering::SeqCst) < wanted {
        if Instant::now() > deadline || trouble.load(Ordering::SeqCst) > trouble_before {
            return false;
        }
        std::thread::sleep(LOOK_PAUSE);
    }
    true
}
