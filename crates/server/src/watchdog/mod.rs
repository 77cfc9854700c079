//! Notices worker threads that do not come back, and speaks for the server while they do not.
//!
//! A worker that is blocked for ever takes what it holds with it: tasks in its queue are never run, and requests they
//! serve are never answered. The process cannot mend that, but it can say so, and be restarted. The watchdog is a
//! thread of its own, because nothing that runs on the workers can be relied on to notice.
//!
//! - `pulse`: what it looks at: counters of the workers, and two probes;
//! - `judge`: from looks to what stands still, as pure logic;
//! - `stall`: what is logged and counted when something does; `threads`: what the kernel knows of the threads;
//! - `door`: answers on the listening socket when nobody else accepts.

mod door;
mod judge;
mod pulse;
mod stall;
mod threads;

use std::{
    convert::Infallible,
    io,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use door::{Door, serve_guests_without_waiting};
use judge::Judge;
use pulse::{MainTaskPulse, RuntimePulse};
use stall::{Stall, StallRecord};

/// Looks within the timeout, so that a stall is noticed a fortieth of it late at most.
const LOOKS_PER_TIMEOUT: u32 = 40;
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// Pause between looks at the door while clients are answered there.
const DOOR_PAUSE: Duration = Duration::from_millis(10);

/// A running watchdog. Its thread ends when this is dropped.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug)]
struct Shared {
    stalled: AtomicBool,
    ended: AtomicBool,
    main_task: MainTaskPulse,
    door: Door,
}

impl Watchdog {
    /// Starts the thread. It watches `runtime` for workers that do not come back within `timeout`, and then answers on
    /// `listener`, a clone of the socket that the runtime accepts from.
    pub fn start_thread_for_runtime(
        runtime: Handle,
        listener: TcpListener,
        timeout: Duration,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            stalled: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            main_task: MainTaskPulse::default(),
            door: Door::with_listener(listener)?,
        });
        let of_thread = shared.clone();
        let thread = thread::Builder::new()
            .name("owlpost-watchdog".to_owned())
            .spawn(move || watch_runtime_until_ended(&of_thread, &runtime, timeout))?;
        Ok(Self { shared, thread: thread.thread().clone() })
    }

    /// Whether something stands still for longer than the timeout.
    pub fn is_runtime_stalled(&self) -> bool {
        self.shared.stalled.load(Ordering::Acquire)
    }

    /// The same question, to be asked from elsewhere.
    pub fn to_stall_check(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let shared = self.shared.clone();
        move || shared.stalled.load(Ordering::Acquire)
    }

    /// Answers the watchdog's probes. Polled in the task that accepts connections, beside its work, it shows that this
    /// task comes back as well: it runs on the main thread, of which the workers' counters know nothing.
    pub async fn answer_probes_in_main_task(&self) -> Infallible {
        self.shared.main_task.answer_probes_without_end().await
    }

    /// Gives up the clone of the listening socket. To be called when the server stops to accept: until every clone is
    /// closed, the kernel would go on to accept connections that nobody serves.
    pub fn close_door_to_clients(&self) {
        self.shared.door.close_listener_to_clients();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.close_door_to_clients();
        self.shared.ended.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

fn watch_runtime_until_ended(shared: &Shared, runtime: &Handle, timeout: Duration) {
    let pause = (timeout / LOOKS_PER_TIMEOUT).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    let mut pulse = RuntimePulse::new(runtime.clone());
    let mut judge = Judge::new(timeout, pause, Instant::now());
    let mut record = StallRecord::default();
    let mut guests = Vec::new();
    while !shared.ended.load(Ordering::Relaxed) {
        let beats = pulse.take_beats_of_runtime(&shared.main_task);
        let stall = Stall::from_judgement(judge.judge_beats_at_look(Instant::now(), &beats));
        record.note_stall_or_recovery(&stall, runtime);
        // After the record: whoever sees that health failed finds the reason in the log and the metrics.
        shared.stalled.store(!stall.is_empty(), Ordering::Release);
        let nobody_accepts = stall.leaves_nobody_to_accept(runtime.metrics().num_workers());
        if nobody_accepts {
            shared.door.admit_guests_who_wait(&mut guests);
        }
        serve_guests_without_waiting(&mut guests);
        let busy_at_door = nobody_accepts || !guests.is_empty();
        thread::park_timeout(if busy_at_door { DOOR_PAUSE.min(pause) } else { pause });
    }
}
