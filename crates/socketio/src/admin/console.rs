//! The operators who are in at this node, and what consoles tell each other.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::Utc;
use owlpost_domain::{User, UserId, access_token::VerifiedToken};
use owlpost_gateway::Call;
use owlpost_realtime::{Frame, Realtime, Session};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketioxide::{
    extract::SocketRef,
    socket::{DisconnectReason, Sid},
};
use tokio::{sync::broadcast::error::RecvError, time::interval};

use super::{
    NAMESPACE, OperatorDoor,
    redaction::redact_secrets_of_value,
    statistics::{NodeName, TrafficCounter},
    watched_sockets::WatchedSockets,
};
use crate::transport::{SocketTransport, SocketWatcher, find_session_of_engine};

/// Operators at one node.
const MOST_OPERATORS: usize = 50;
/// Of the development mode, a second: a busy server has more to show than anybody can read.
const MOST_EVENTS_A_SECOND: u32 = 500;
/// Operators at another node are taken to be gone when they were not heard of for so long.
const WATCHER_TIME: Duration = Duration::from_secs(6);
const SECOND: Duration = Duration::from_secs(1);

/// An Auror at the console.
#[derive(Clone)]
pub(super) struct Operator {
    pub(super) user: User,
    pub(super) access: VerifiedToken,
    pub(super) socket: SocketRef,
}

/// What one console tells the others.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Words {
    /// Tell your operators this event.
    Tell(Vec<Value>),
    /// Somebody watches here.
    Watching,
    /// Somebody begins to: show your sockets.
    Show,
    /// Disconnect a socket, or those in a room.
    #[serde(rename_all = "camelCase")]
    Disconnect { filter: String, for_good: bool },
}

/// What the console is built with.
#[derive(Clone)]
pub struct ConsoleConfig {
    /// How operators come in.
    pub door: Arc<dyn OperatorDoor>,
    /// Whether sockets, rooms and events are shown.
    pub is_development: bool,
}

/// The console of one node.
pub struct Console {
    pub(super) core: Realtime,
    pub(super) door: Arc<dyn OperatorDoor>,
    is_development: bool,
    operators: Mutex<HashMap<Sid, Operator>>,
    sockets: WatchedSockets,
    name: NodeName,
    began: Instant,
    /// Until when somebody watches, in ms since the console began.
    watched_until_ms: AtomicU64,
    shown_in_second: AtomicU32,
}

impl Console {
    /// Opens it, and begins to say how the node is. Must be called within the runtime.
    pub(crate) fn open_at_node(core: Realtime, config: &ConsoleConfig) -> Arc<Self> {
        let console = Arc::new(Self {
            door: config.door.clone(),
            is_development: config.is_development,
            operators: Mutex::default(),
            sockets: WatchedSockets::default(),
            name: NodeName::from_id_of_node(core.node_id().to_string()),
            began: Instant::now(),
            watched_until_ms: AtomicU64::new(0),
            shown_in_second: AtomicU32::new(0),
            core,
        });
        tokio::spawn(tell_state_of_node(Arc::downgrade(&console)));
        tokio::spawn(listen_to_other_consoles(Arc::downgrade(&console)));
        console
    }

    pub(super) fn list_features_on_offer(&self) -> Vec<&'static str> {
        let mut features = vec!["AGGREGATED_EVENTS", "DISCONNECT", "MDISCONNECT"];
        if self.is_development {
            features.push("ALL_EVENTS");
        }
        features
    }

    /// False when there is no room.
    pub(super) fn admit_operator_to_console(&self, operator: Operator) -> bool {
        let mut operators = self.operators.lock();
        if operators.len() >= MOST_OPERATORS {
            return false;
        }
        operators.insert(operator.socket.id, operator);
        drop(operators);
        self.note_watcher_of_sockets();
        self.say_to_other_consoles(&Words::Show);
        true
    }

    pub(super) fn remove_operator_from_console(&self, id: Sid) {
        self.operators.lock().remove(&id);
    }

    // --- sockets -------------------------------------------------------------------------------------------

    /// Whether what sockets do is to be shown to somebody.
    fn is_watched_by_somebody(&self) -> bool {
        self.is_development
            && self.milliseconds_since_console_began()
                < self.watched_until_ms.load(Ordering::Relaxed)
    }

    /// Shows operators what a socket did, unless there is more than anybody can read.
    fn show_event_of_socket(&self, event: &str, arguments: impl FnOnce() -> Vec<Value>) {
        if !self.is_watched_by_somebody()
            || self.shown_in_second.fetch_add(1, Ordering::Relaxed) >= MOST_EVENTS_A_SECOND
        {
            return;
        }
        let mut told = vec![Value::from(event)];
        told.extend(arguments());
        told.push(Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into());
        self.tell_operators_of_every_node(told);
    }

    pub(super) fn show_all_sockets_to(&self, socket: &SocketRef) {
        if self.is_development {
            let sockets = Value::from(self.sockets.describe_all_known_sockets());
            send_event_to_operator(socket, &json!(["all_sockets", sockets]).to_string());
        }
    }

    /// At every node. A filter is the id of a socket, or a room: never everybody.
    pub(super) fn disconnect_sockets_at_every_node(
        &self,
        who: UserId,
        filter: &str,
        for_good: bool,
    ) {
        tracing::info!(
            target: "owlpost::audit", deed = "disconnect", actor = %who, subject = filter, "audit"
        );
        self.sockets.disconnect_sockets_that_match(filter, for_good);
        self.say_to_other_consoles(&Words::Disconnect { filter: filter.to_owned(), for_good });
    }

    // --- words ---------------------------------------------------------------------------------------------

    fn tell_operators_of_every_node(&self, event: Vec<Value>) {
        self.tell_operators_of_node(&event);
        self.say_to_other_consoles(&Words::Tell(event));
    }

    fn tell_operators_of_node(&self, event: &[Value]) {
        let operators: Vec<SocketRef> =
            self.operators.lock().values().map(|operator| operator.socket.clone()).collect();
        if operators.is_empty() {
            return;
        }
        let Ok(text) = serde_json::to_string(event) else { return };
        for socket in operators {
            send_event_to_operator(&socket, &text);
        }
    }

    fn say_to_other_consoles(&self, words: &Words) {
        if let Ok(text) = serde_json::to_string(words) {
            self.core.tell_consoles_of_nodes(&text);
        }
    }

    fn receive_words_of_console(&self, text: &str) {
        // Those of another version may be unknown.
        let Ok(words) = serde_json::from_str::<Words>(text) else { return };
        match words {
            Words::Tell(event) => self.tell_operators_of_node(&event),
            Words::Watching => self.note_watcher_of_sockets(),
            Words::Show => {
                self.note_watcher_of_sockets();
                for socket in self.sockets.describe_all_known_sockets() {
                    self.show_event_of_socket("socket_connected", || vec![socket]);
                }
            }
            Words::Disconnect { filter, for_good } => {
                self.sockets.disconnect_sockets_that_match(&filter, for_good);
            }
        }
    }

    fn note_watcher_of_sockets(&self) {
        let until = self.milliseconds_since_console_began() + WATCHER_TIME.as_millis() as u64;
        self.watched_until_ms.store(until, Ordering::Relaxed);
    }

    fn milliseconds_since_console_began(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    // --- time ----------------------------------------------------------------------------------------------

    fn show_changes_of_sockets(&self) {
        if self.is_watched_by_somebody() {
            for (event, arguments) in self.sockets.take_changes_of_sockets() {
                self.show_event_of_socket(event, || arguments);
            }
        }
    }

    fn tell_statistics_of_node(&self, traffic: &mut TrafficCounter) {
        let operators = self.operators.lock().len();
        if operators > 0 {
            self.note_watcher_of_sockets();
            self.say_to_other_consoles(&Words::Watching);
        }
        let (clients, polling) = self.sockets.count_clients_and_polling();
        let events = traffic.take_events_since_told();
        let stats = self.name.describe_node_as_counted(clients, polling, operators, events);
        self.tell_operators_of_every_node(vec!["server_stats".into(), stats]);
    }

    /// Whoever is no Auror any more, or has logged out, sees nothing more.
    async fn send_former_operators_away(&self) {
        let operators: Vec<Operator> = self.operators.lock().values().cloned().collect();
        for Operator { access, socket, .. } in operators {
            let known = self.core.store().find_operator_of_token(&access).await;
            if known.is_err_and(|error| !error.is_of_server()) {
                self.remove_operator_from_console(socket.id);
                let _ = socket.disconnect();
            }
        }
    }
}

impl SocketWatcher for Console {
    fn note_socket_as_connected(&self, transport: &Arc<SocketTransport>, session: &Arc<Session>) {
        self.sockets.note_socket_that_connected(transport, session);
        let id = transport.socket.id;
        self.show_event_of_socket("socket_connected", || {
            self.sockets.describe_socket_with_id(id).into_iter().collect()
        });
    }

    fn note_socket_as_gone(&self, id: Sid, reason: DisconnectReason) {
        self.sockets.forget_socket_that_ended(id);
        let arguments = || vec!["/".into(), id.to_string().into(), reason.to_string().into()];
        self.show_event_of_socket("socket_disconnected", arguments);
    }

    fn note_call_of_client(&self, id: Sid, call: &Call<i64>) {
        self.show_event_of_socket("event_received", || {
            let name = call
                .call
                .as_ref()
                .map_or_else(Clone::clone, |call| call.as_event_name().to_owned());
            let payload = call.payload.clone().unwrap_or_default();
            let arguments = redact_secrets_of_value(json!([name, payload]));
            vec!["/".into(), id.to_string().into(), arguments]
        });
    }

    fn note_frame_as_sent(&self, id: Sid, frame: &Frame) {
        self.show_event_of_socket("event_sent", || {
            let payload: Value = serde_json::from_str(&frame.payload).unwrap_or_default();
            let arguments = redact_secrets_of_value(json!([frame.name.as_str(), payload]));
            vec!["/".into(), id.to_string().into(), arguments]
        });
    }
}

fn send_event_to_operator(socket: &SocketRef, event: &str) {
    if let Some(session) = find_session_of_engine(socket) {
        // What an operator is too slow for is not kept.
        let _ = session.send_encoded_text_to_client(format!("2{NAMESPACE},{event}").into());
    }
}

async fn tell_state_of_node(console: Weak<Console>) {
    let mut traffic = TrafficCounter::new();
    let mut seconds = interval(SECOND);
    let mut is_even = false;
    loop {
        seconds.tick().await;
        let Some(console) = console.upgrade() else { return };
        console.shown_in_second.store(0, Ordering::Relaxed);
        traffic.note_second_of_traffic();
        console.show_changes_of_sockets();
        if is_even {
            console.send_former_operators_away().await;
            console.tell_statistics_of_node(&mut traffic);
        }
        is_even = !is_even;
    }
}

async fn listen_to_other_consoles(console: Weak<Console>) {
    let Some(mut words) = console.upgrade().map(|console| console.core.hear_consoles_of_nodes())
    else {
        return;
    };
    loop {
        let text = match words.recv().await {
            Ok(text) => text,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let Some(console) = console.upgrade() else { return };
        console.receive_words_of_console(&text);
    }
}
