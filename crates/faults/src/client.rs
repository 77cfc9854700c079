//! A Socket.IO client that keeps its history, comes back by itself, and can be told to misbehave.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    history::{History, Segment},
    wire::{Wire, WireKind},
};

/// Packets a client may have waiting to be sent.
const OUTGOING_PACKETS: usize = 1_024;

/// What the client shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Connected; when the connection breaks, it comes back and resumes.
    Connected,
    /// Connected, but it neither reads nor answers pings.
    Stalled,
    /// Cut off without a word.
    Away,
    /// Gone after saying goodbye.
    Left,
}

/// Who a client is and how it connects.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// Name in reports.
    pub name: String,
    /// Access token.
    pub token: String,
    /// Topics it is entitled to by being who it is.
    pub topics: Vec<String>,
    /// Rooms it asks for when it connects.
    pub rooms: Vec<String>,
    /// Websocket or polling.
    pub wire: WireKind,
    /// Small for a client that shall be slow.
    pub receive_buffer_bytes: Option<u32>,
    /// It has no code of its own: it comes back as a stock client of today does, with what it was given.
    pub recovers: bool,
    /// Events by which the client's remembered position lags behind: it asks for that many again.
    pub forgets_events: usize,
    /// What it gives as `lastEventId` instead of what it remembers.
    pub resume_after: Option<String>,
    /// Seed of its jitter.
    pub seed: u64,
}

/// What a stock client keeps to come back with.
#[derive(Debug, Clone, Default)]
struct Kept {
    pid: Option<String>,
    offset: Option<String>,
    /// It was not recovered, and begins anew with its next connection.
    begins_anew: bool,
}

struct Shared {
    kept: Mutex<Kept>,
    plan: Mutex<ClientPlan>,
    history: Mutex<History>,
    changed: Notify,
    wanted: watch::Sender<Wanted>,
    acks: Mutex<HashMap<i64, oneshot::Sender<Value>>>,
    next_ack: AtomicI64,
    address: watch::Receiver<SocketAddr>,
    http: reqwest::Client,
}

/// A running client. Dropping it cuts it off.
pub struct Client {
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<String>,
    driver: JoinHandle<()>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Client {
    /// Starts a client that connects at once.
    pub fn spawn_client_with_plan(
        plan: ClientPlan,
        address: watch::Receiver<SocketAddr>,
        http: reqwest::Client,
    ) -> Self {
        let mut topics = plan.topics.clone();
        topics.extend(plan.rooms.iter().cloned());
        let history = History { client: plan.name.clone(), topics, ..History::default() };
        let shared = Arc::new(Shared {
            kept: Mutex::default(),
            history: Mutex::new(history),
            changed: Notify::new(),
            wanted: watch::Sender::new(Wanted::Connected),
            acks: Mutex::default(),
            next_ack: AtomicI64::new(1),
            plan: Mutex::new(plan),
            address,
            http,
        });
        let (outgoing, packets) = mpsc::channel(OUTGOING_PACKETS);
        let driver = tokio::spawn(drive_client_until_dropped(shared.clone(), packets));
        Self { shared, outgoing, driver }
    }

    /// Tells the client what to be.
    pub fn set_wanted_connection_state(&self, wanted: Wanted) {
        self.shared.wanted.send_replace(wanted);
    }

    /// Whether it should be connected and reading.
    pub fn is_wanted_connected(&self) -> bool {
        *self.shared.wanted.borrow() == Wanted::Connected
    }

    /// A copy of what it saw so far.
    pub fn history(&self) -> History {
        self.shared.history.lock().clone()
    }

    /// Looks at what it saw without copying.
    pub fn read_history_with_closure<T>(&self, read: impl FnOnce(&History) -> T) -> T {
        read(&self.shared.history.lock())
    }

    /// Changes what its next connection presents.
    pub fn change_plan_for_reconnect(&self, change: impl FnOnce(&mut ClientPlan)) {
        change(&mut self.shared.plan.lock());
    }

    /// Waits until its history is as wanted.
    pub async fn wait_for_history_condition(
        &self,
        what: &str,
        within: Duration,
        mut holds: impl FnMut(&History) -> bool,
    ) -> Result<()> {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                if holds(&self.shared.history.lock()) {
                    return;
                }
                // A lost wake-up costs a moment, never the test.
                let _ = tokio::time::timeout(Duration::from_millis(50), changed).await;
            }
        };
        let name = self.shared.plan.lock().name.clone();
        tokio::time::timeout(within, wait)
            .await
            .with_context(|| format!("{name}: not within {within:?}: {what}"))
    }

    /// Waits until it is connected and its replay, if any, is over.
    pub async fn wait_until_caught_up(&self, within: Duration) -> Result<()> {
        self.wait_for_history_condition("connected and caught up", within, History::is_caught_up)
            .await
    }

    /// Sends an event and gives the acknowledgement.
    pub async fn emit_event_and_wait(&self, name: &str, payload: Value) -> Result<Value> {
        let answer = self.emit_event_for_ack(name, &payload).await?;
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await;
        answer.context("no acknowledgement")?.context("the connection ended before the answer")
    }

    /// Sends an event; the acknowledgement comes later.
    pub async fn emit_event_for_ack(
        &self,
        name: &str,
        payload: &Value,
    ) -> Result<oneshot::Receiver<Value>> {
        let id = self.shared.next_ack.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.shared.acks.lock().insert(id, sender);
        self.outgoing.send(format!("42{id}{}", json!([name, payload]))).await?;
        Ok(answer)
    }

    /// Sends an event that nobody answers.
    pub async fn emit_event_without_answer(&self, name: &str, payload: &Value) -> Result<()> {
        Ok(self.outgoing.send(format!("42{}", json!([name, payload]))).await?)
    }
}

async fn drive_client_until_dropped(shared: Arc<Shared>, mut outgoing: mpsc::Receiver<String>) {
    let mut wanted = shared.wanted.subscribe();
    let mut rng = StdRng::seed_from_u64(shared.plan.lock().seed);
    loop {
        let connected = wanted.wait_for(|wanted| *wanted == Wanted::Connected).await.is_ok();
        if !connected {
            return;
        }
        while outgoing.try_recv().is_ok() {}
        match open_socket_of_client(&shared).await {
            Ok(wire) => {
                let reason = run_connection_until_end(&shared, wire, &mut outgoing).await;
                shared.history.lock().record_end_of_segment(&reason);
            }
            Err(error) => {
                let mut history = shared.history.lock();
                history.failed_connects += 1;
                history.record_end_of_segment(&format!("{error:#}"));
            }
        }
        shared.acks.lock().clear();
        shared.changed.notify_waiters();
        let pause = Duration::from_millis(rng.random_range(20..250));
        // As socket.io-client does: a pause with jitter before the next try.
        let _ = tokio::time::timeout(pause, wanted.changed()).await;
    }
}

/// Opens a connection and enters the namespace, asking for what was missed.
async fn open_socket_of_client(shared: &Shared) -> Result<Wire> {
    let plan = shared.plan.lock().clone();
    let address = *shared.address.borrow();
    let mut wire = Wire::open_engine_connection_to(
        plan.wire,
        address,
        &shared.http,
        plan.receive_buffer_bytes,
    )
    .await?;
    let asked = shared.kept.lock().clone();
    let recovers = plan.recovers && plan.forgets_events == 0 && plan.resume_after.is_none();
    let auth = begin_segment_with_auth(shared, &plan, &asked, recovers);
    let enter = async {
        wire.send_one_engine_packet(format!("40{auth}")).await?;
        loop {
            match wire.receive_next_engine_packet().await.as_deref() {
                Some("2") => wire.send_one_engine_packet("3".to_owned()).await?,
                Some(packet) if packet.starts_with("40") => {
                    let answer: Value = serde_json::from_str(&packet[2..])?;
                    let pid = answer["pid"].as_str().map(str::to_owned);
                    if recovers && asked.pid.is_some() && asked.pid != pid {
                        let kept = Kept { pid: None, begins_anew: true, ..asked };
                        *shared.kept.lock() = kept;
                        bail!("not recovered: it begins anew");
                    }
                    let mut kept = shared.kept.lock();
                    (kept.pid, kept.begins_anew) = (pid, false);
                    return Ok(wire);
                }
                Some(packet) if packet.starts_with("44") => {
                    // A real client stays away after a connect_error.
                    shared.wanted.send_replace(Wanted::Away);
                    bail!("connect_error {}", &packet[2..]);
                }
                Some(_) => {}
                None => bail!("the connection ended before it was accepted"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(15), enter).await.context("not accepted in time")?
}

/// Begins a segment of the history; what the client says when it connects.
fn begin_segment_with_auth(
    shared: &Shared,
    plan: &ClientPlan,
    kept: &Kept,
    recovers: bool,
) -> Value {
    let mut history = shared.history.lock();
    if !recovers {
        let given = plan.resume_after.clone().or_else(|| {
            find_position_to_give(&history, plan.forgets_events).map(|at| at.to_string())
        });
        let mut auth = json!({ "token": plan.token, "room": plan.rooms });
        if let Some(position) = &given {
            auth["lastEventId"] = json!(position);
        }
        history.segments.push(Segment { given, ..Segment::default() });
        return auth;
    }
    if let Some(pid) = &kept.pid {
        let given = kept.offset.clone();
        history.segments.push(Segment { given, recovers: true, ..Segment::default() });
        return json!({ "token": plan.token, "pid": pid, "offset": kept.offset });
    }
    let given = kept.offset.clone().filter(|_| kept.begins_anew);
    history.segments.push(Segment { begins_anew: given.is_some(), given, ..Segment::default() });
    json!({ "token": plan.token, "room": plan.rooms })
}

/// The newest position it has, or an older one when it shall have forgotten some.
fn find_position_to_give(history: &History, forgets_events: usize) -> Option<i64> {
    let forgotten = history.all_events().count().saturating_sub(forgets_events);
    match history.all_events().nth(forgotten) {
        Some(event) if forgets_events > 0 => Some(event.position - 1),
        _ => history.position,
    }
}

async fn run_connection_until_end(
    shared: &Shared,
    mut wire: Wire,
    outgoing: &mut mpsc::Receiver<String>,
) -> String {
    let mut wanted = shared.wanted.subscribe();
    loop {
        let now = *wanted.borrow_and_update();
        match now {
            Wanted::Away => return "cut by the client".to_owned(),
            Wanted::Left => {
                // The server may be gone already.
                let _ = wire.send_one_engine_packet("41".to_owned()).await;
                return "left".to_owned();
            }
            Wanted::Stalled => {
                // A stalled client does nothing at all until it is told something else.
                let _ = wanted.changed().await;
                continue;
            }
            Wanted::Connected => {}
        }
        tokio::select! {
            _ = wanted.changed() => {}
            packet = wire.receive_next_engine_packet() => {
                let Some(packet) = packet else { return "broken by the server".to_owned() };
                let answered = match packet.as_str() {
                    "2" => wire.send_one_engine_packet("3".to_owned()).await,
                    "1" => return "engine closed by the server".to_owned(),
                    packet if packet.starts_with("41") => {
                        shared.wanted.send_replace(Wanted::Away);
                        return "disconnected by the server".to_owned();
                    }
                    packet => { take_packet_of_server(shared, packet); Ok(()) }
                };
                if answered.is_err() {
                    return "broken while answering a ping".to_owned();
                }
                shared.changed.notify_waiters();
            }
            Some(packet) = outgoing.recv() => {
                if wire.send_one_engine_packet(packet).await.is_err() {
                    return "broken while sending".to_owned();
                }
            }
        }
    }
}

fn take_packet_of_server(shared: &Shared, packet: &str) {
    let Some((kind, rest)) = packet.split_at_checked(2) else { return };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (id, json) = rest.split_at(digits);
    let Ok(mut values) = serde_json::from_str::<Vec<Value>>(json) else { return };
    match kind {
        "42" => {
            let offset = values.last().filter(|_| values.len() > 2).and_then(Value::as_str);
            if let Some(offset) = offset {
                shared.kept.lock().offset = Some(offset.to_owned());
            }
            let offset = offset.map(str::to_owned);
            let payload = if values.len() > 1 { values.swap_remove(1) } else { Value::Null };
            if let Some(name) = values.first().and_then(Value::as_str) {
                let mut history = shared.history.lock();
                history.check_offset_of_event(name, &payload, offset.as_deref());
                history.record_event_of_server(name, payload);
            }
        }
        "43" => {
            let waiting = id.parse().ok().and_then(|id: i64| shared.acks.lock().remove(&id));
            if let (Some(waiting), Some(answer)) = (waiting, values.pop()) {
                // Whoever asked may have given up.
                let _ = waiting.send(answer);
            }
        }
        _ => {}
    }
}
