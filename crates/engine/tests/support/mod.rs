//! A real server on a port of its own, with a handler that records what the engine tells it.

#![allow(dead_code, reason = "every file of tests uses a part of it")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::Request};
use bytes::Bytes;
use engineioxide::{
    DisconnectReason, SessionHandle, Str,
    config::{EngineIoConfig, EngineIoConfigBuilder},
    handler::EngineIoHandler,
    service::{EngineIoService, NotFoundService},
    socket::Sid,
};
use owlpost_admission::{ClientAddress, Places};
use owlpost_testkit::{
    DEADLINE, ENGINE_PATH, PollingClient, RawConnection, finish_within_test_deadline,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tower::util::MapRequest;

/// More events than a test causes.
const EVENTS: usize = 20_000;

pub(crate) type Socket = engineioxide::Socket<()>;

/// What the handler was told.
#[derive(Debug)]
pub(crate) enum Event {
    Connected(Arc<Socket>),
    Text(String),
    Binary(Bytes),
    Disconnected(Sid, DisconnectReason),
}

/// What the handler does besides recording.
#[derive(Clone, Copy, Default)]
pub(crate) struct Behaviour {
    pub(crate) echo: bool,
    pub(crate) on_connect: Option<fn(&Socket)>,
    pub(crate) on_text: Option<fn(&str)>,
}

pub(crate) struct Recorder {
    events: mpsc::Sender<Event>,
    behaviour: Behaviour,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    fn record(&self, event: Event) {
        // A test that has ended does not listen any more.
        let _ = self.events.try_send(event);
    }
}

impl EngineIoHandler for Recorder {
    type Data = ();

    fn on_connect(self: Arc<Self>, socket: Arc<Socket>) {
        if let Some(on_connect) = self.behaviour.on_connect {
            on_connect(&socket);
        }
        self.record(Event::Connected(socket));
    }

    fn on_disconnect(&self, socket: Arc<Socket>, reason: DisconnectReason) {
        self.record(Event::Disconnected(socket.id, reason));
    }

    fn on_message(self: &Arc<Self>, msg: Str, socket: Arc<Socket>) {
        self.record(Event::Text(msg.to_string()));
        if let Some(on_text) = self.behaviour.on_text {
            on_text(&msg);
        }
        if self.behaviour.echo {
            socket.emit(msg).expect("room for an echo");
        }
    }

    fn on_binary(self: &Arc<Self>, data: Bytes, socket: Arc<Socket>) {
        self.record(Event::Binary(data.clone()));
        if self.behaviour.echo {
            socket.emit_binary(data).expect("room for an echo");
        }
    }
}

/// Defaults under the path that the clients of these tests ask. Nobody admits them, so they are no strangers.
pub(crate) fn config() -> EngineIoConfigBuilder {
    EngineIoConfigBuilder::new()
        .req_path(ENGINE_PATH.trim_end_matches('/'))
        .max_stranger_bytes(usize::MAX)
}

/// An engine behind axum, until it is dropped.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) service: EngineIoService<Recorder>,
    events: mpsc::Receiver<Event>,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(config().build(), Behaviour::default()).await
    }

    pub(crate) async fn start_echo() -> Self {
        let behaviour = Behaviour { echo: true, ..Behaviour::default() };
        Self::start_with(config().build(), behaviour).await
    }

    pub(crate) async fn start_with(config: EngineIoConfig, behaviour: Behaviour) -> Self {
        Self::start_with_places(config, behaviour, None).await
    }

    /// Every request comes from one address.
    pub(crate) async fn start_with_places(
        config: EngineIoConfig,
        behaviour: Behaviour,
        places: Option<Arc<Places>>,
    ) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let recorder = Arc::new(Recorder { events: sender, behaviour });
        let service = EngineIoService::with_config_inner(NotFoundService, recorder, config);
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        let counting = MapRequest::new(service.clone(), move |mut request: Request| {
            counted.fetch_add(1, Ordering::SeqCst);
            if let Some(places) = &places {
                request.extensions_mut().insert(places.clone());
                request.extensions_mut().insert(ClientAddress([192, 0, 2, 1].into()));
            }
            request
        });
        let router = Router::new().fallback_service(counting);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server that serves");
        });
        Self { address, service, events, requests, task }
    }

    /// A poll that waits in the engine: tests have one thread, so whoever sees a request counted sees the engine after
    /// it has looked for an answer.
    pub(crate) async fn begin_waiting_poll(&self, client: &PollingClient) -> RawConnection {
        let before = self.count_requests();
        let poll = client.begin_poll_of_session().await;
        wait_until("the poll waits", || self.count_requests() > before).await;
        poll
    }

    /// Requests that reached the engine so far.
    pub(crate) fn count_requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) async fn next_event(&mut self) -> Event {
        finish_within_test_deadline(self.events.recv()).await.expect("an event")
    }

    pub(crate) async fn expect_connect(&mut self) -> Arc<Socket> {
        match self.next_event().await {
            Event::Connected(socket) => socket,
            other => panic!("no beginning of a session, but {other:?}"),
        }
    }

    pub(crate) async fn expect_text(&mut self, expected: &str) {
        match self.next_event().await {
            Event::Text(text) => assert_eq!(text, expected),
            other => panic!("no text, but {other:?}"),
        }
    }

    pub(crate) async fn expect_binary(&mut self, expected: &[u8]) {
        match self.next_event().await {
            Event::Binary(bytes) => assert_eq!(bytes, expected),
            other => panic!("no bytes, but {other:?}"),
        }
    }

    pub(crate) async fn expect_disconnect(&mut self, expected: DisconnectReason) {
        match self.next_event().await {
            Event::Disconnected(_, reason) => assert_eq!(reason, expected),
            other => panic!("no end of a session, but {other:?}"),
        }
    }

    /// For what has been told before the test asks: nothing else may have been.
    pub(crate) fn expect_no_further_event(&mut self) {
        if let Ok(event) = self.events.try_recv() {
            panic!("one event too many: {event:?}");
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Yields until it holds.
pub(crate) async fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < DEADLINE, "not within the deadline: {what}");
        tokio::task::yield_now().await;
    }
}

/// Nothing of the engine keeps the session: neither a task nor a table.
pub(crate) async fn wait_until_freed(socket: Arc<Socket>) {
    let weak: Weak<Socket> = Arc::downgrade(&socket);
    drop(socket);
    wait_until("the socket is freed", || weak.strong_count() == 0).await;
}

pub(crate) fn find_session_handle(socket: &Socket) -> SessionHandle {
    socket.req_parts.extensions.get::<SessionHandle>().expect("a handle").clone()
}

/// Emits until nothing more is taken; how many were.
pub(crate) fn fill_queue(socket: &Socket, text: &str) -> usize {
    (0..).take_while(|_| socket.emit(text.to_owned()).is_ok()).count()
}
