//! The watchdog on a runtime of its own, whose workers are blocked until told.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use owlpost::{listener::socket_options::bind_listener_to_address, watchdog::Watchdog};
use owlpost_testkit::{DEADLINE, request_path_on_blocking_connection};
use socket2::SockRef;
use tokio::{io::AsyncWriteExt as _, runtime::Handle, sync::mpsc as tokio_mpsc};

const WORKERS: usize = 2;
/// For what must be noticed.
const SHORT: Duration = Duration::from_millis(200);
/// For what must not be: a machine that is merely busy keeps no thread from running for so long.
const LONG: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce() + Send>;

/// A server that answers every connection with 200, accepting on its main thread as the real one does.
struct WatchedServer {
    watchdog: Arc<Watchdog>,
    runtime: Handle,
    addr: SocketAddr,
    /// Work for the main task.
    jobs: tokio_mpsc::Sender<Job>,
}

/// Blocks a thread until dropped.
struct Blocker {
    _release: mpsc::Sender<Infallible>,
}

impl WatchedServer {
    fn start(timeout: Duration) -> Self {
        let (started, parts) = mpsc::channel();
        let (jobs, more) = tokio_mpsc::channel(1);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(WORKERS)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = bind_listener_to_address(([127, 0, 0, 1], 0).into()).expect("port");
                let clone = SockRef::from(&listener).try_clone().expect("a clone").into();
                let handle = runtime.handle().clone();
                let watchdog = Watchdog::start_thread_for_runtime(handle.clone(), clone, timeout);
                let watchdog = Arc::new(watchdog.expect("a watchdog"));
                let addr = listener.local_addr().expect("address");
                started.send((watchdog.clone(), handle, addr)).expect("test waits");
                tokio::select! {
                    () = accept_until_jobs_end(listener, more) => {}
                    never = watchdog.answer_probes_in_main_task() => match never {},
                }
            });
            // Workers that a failing test left blocked.
            runtime.shutdown_background();
        });
        let (watchdog, runtime, addr) = parts.recv_timeout(DEADLINE).expect("started");
        Self { watchdog, runtime, addr, jobs }
    }

    /// Blocks one worker, and returns when it is blocked.
    fn block_one_worker(&self) -> Blocker {
        let (blocker, begun, job) = blocker_with_job();
        self.runtime.spawn(async move { job() });
        begun.recv_timeout(DEADLINE).expect("the task runs");
        blocker
    }

    /// Blocks the main task, and returns when it is blocked: until then it accepts connections.
    fn block_main_task(&self) -> Blocker {
        let (blocker, begun, job) = blocker_with_job();
        assert!(self.jobs.try_send(job).is_ok(), "the main task takes it");
        begun.recv_timeout(DEADLINE).expect("the main task runs it");
        blocker
    }

    fn ask(&self) -> String {
        request_path_on_blocking_connection(self.addr, "/health")
    }

    fn wait_until_stalled_is(&self, stalled: bool) {
        let deadline = Instant::now() + DEADLINE;
        while self.watchdog.is_runtime_stalled() != stalled {
            assert!(Instant::now() < deadline, "stalled: {}", !stalled);
            thread::yield_now();
        }
    }

    fn expect_health_during(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            assert!(!self.watchdog.is_runtime_stalled());
            thread::park_timeout(Duration::from_millis(5));
        }
    }
}

fn blocker_with_job() -> (Blocker, mpsc::Receiver<()>, Job) {
    let (release, released) = mpsc::channel();
    let (started, begun) = mpsc::channel();
    let job = move || {
        started.send(()).expect("test waits");
        let _ = released.recv();
    };
    (Blocker { _release: release }, begun, Box::new(job))
}

async fn accept_until_jobs_end(
    listener: tokio::net::TcpListener,
    mut jobs: tokio_mpsc::Receiver<Job>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (mut stream, _) = accepted.expect("a connection");
                tokio::spawn(async move {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                    let _ = stream.shutdown().await;
                    // Closing with the request unread would destroy the answer.
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                });
            }
            job = jobs.recv() => match job {
                Some(job) => job(),
                None => return,
            },
        }
    }
}

#[test]
fn should_notice_one_stuck_worker_of_two_and_its_return() {
    let server = WatchedServer::start(SHORT);
    let blocked = server.block_one_worker();
    server.wait_until_stalled_is(true);
    assert!(server.ask().starts_with("HTTP/1.1 200 "), "the other worker goes on");
    drop(blocked);
    server.wait_until_stalled_is(false);
}

#[test]
fn should_answer_for_a_runtime_whose_workers_are_all_stuck() {
    let server = WatchedServer::start(SHORT);
    assert!(server.ask().starts_with("HTTP/1.1 200 "));
    let blocked = [server.block_one_worker(), server.block_one_worker()];
    for _ in 0..3 {
        let answer = server.ask();
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("UNAVAILABLE"), "{answer}");
    }
    assert!(server.watchdog.is_runtime_stalled());
    drop(blocked);
    server.wait_until_stalled_is(false);
    assert!(server.ask().starts_with("HTTP/1.1 200 "), "the runtime accepts again");
}

#[test]
fn should_answer_for_a_main_task_that_is_stuck() {
    let server = WatchedServer::start(SHORT);
    assert!(server.ask().starts_with("HTTP/1.1 200 "));
    let blocked = server.block_main_task();
    assert!(server.ask().starts_with("HTTP/1.1 503 "));
    drop(blocked);
    server.wait_until_stalled_is(false);
    assert!(server.ask().starts_with("HTTP/1.1 200 "));
}

#[test]
fn should_find_nothing_wrong_with_a_runtime_that_is_idle() {
    let server = WatchedServer::start(LONG);
    server.expect_health_during(2 * LONG);
}

#[test]
fn should_find_nothing_wrong_with_a_runtime_that_is_busy() {
    let server = WatchedServer::start(LONG);
    let done = Arc::new(AtomicBool::new(false));
    for _ in 0..3 * WORKERS {
        let done = done.clone();
        server.runtime.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let spun = Instant::now();
                while spun.elapsed() < Duration::from_millis(1) {}
                tokio::task::yield_now().await;
            }
        });
    }
    server.expect_health_during(2 * LONG);
    done.store(true, Ordering::Relaxed);
}

#[test]
fn should_let_a_worker_hand_over_before_it_blocks() {
    let server = WatchedServer::start(LONG);
    let (_blocker, _begun, job) = blocker_with_job();
    server.runtime.spawn(async move { tokio::task::block_in_place(job) });
    server.expect_health_during(2 * LONG);
}
