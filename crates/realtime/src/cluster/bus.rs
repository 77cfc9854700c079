//! What nodes tell each other through Redis. Only speed depends on it: durable events are in the log, which every
//! node reads, and presence is in the database, which every node of a cluster reads again with its lease.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use owlpost_domain::{
    DomainError, LoggedEvent, Result, Topic, User, UserId, presence::PresenceTransition,
};
use parking_lot::Mutex;
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{Frame, Realtime};

/// Messages waiting for Redis. Past the bound they are dropped: see the module.
const OUTGOING_MESSAGES: usize = 10_000;
/// Pause before Redis is tried again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// The way to the other nodes, if there is one.
pub struct Bus {
    redis: Option<RedisBus>,
}

struct RedisBus {
    client: redis::Client,
    outgoing: mpsc::Sender<Message>,
    unsent: Mutex<Option<mpsc::Receiver<Message>>>,
    sending: AtomicBool,
    listening: AtomicBool,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    node: Uuid,
    #[serde(borrow)]
    message: std::borrow::Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Message {
    Events(Vec<WireEvent>),
    Ephemeral { name: String, topic: String, except: Option<UserId>, payload: String },
    Presence(Vec<WireTransition>),
}

#[derive(Debug, Serialize, Deserialize)]
struct WireEvent {
    position: i64,
    name: String,
    audience: Vec<String>,
    payload: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct WireTransition {
    kind: TransitionKind,
    user_id: UserId,
    room: Option<String>,
    user: Option<User>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum TransitionKind {
    Online,
    Offline,
    EnteredRoom,
    LeftRoom,
}

impl Bus {
    pub(crate) fn from_redis_url(url: Option<&str>) -> Result<Self> {
        let Some(url) = url else { return Ok(Self { redis: None }) };
        let client = redis::Client::open(url).map_err(|_| {
            DomainError::invalid_field_value("REDIS_URL", "must be a redis:// or rediss:// URL")
        })?;
        let (outgoing, unsent) = mpsc::channel(OUTGOING_MESSAGES);
        let redis = RedisBus {
            client,
            outgoing,
            unsent: Mutex::new(Some(unsent)),
            sending: AtomicBool::new(false),
            listening: AtomicBool::new(false),
        };
        Ok(Self { redis: Some(redis) })
    }

    /// Whether messages arrive; `None` when there is no bus.
    pub(crate) fn is_connected(&self) -> Option<bool> {
        self.redis.as_ref().map(|redis| redis.listening.load(Ordering::Relaxed))
    }

    pub(crate) fn send_log_events_to_nodes(&self, events: &[LoggedEvent]) {
        self.send_message_when_connected(|| {
            Message::Events(events.iter().map(WireEvent::from).collect())
        });
    }

    pub(crate) fn send_ephemeral_to_nodes(
        &self,
        frame: &Frame,
        topic: Topic,
        except: Option<UserId>,
    ) {
        self.send_message_when_connected(|| Message::Ephemeral {
            name: frame.name.as_str().to_owned(),
            topic: topic.to_string(),
            except,
            payload: frame.payload.to_string(),
        });
    }

    pub(crate) fn send_presence_to_nodes(
        &self,
        transitions: &[(PresenceTransition, Option<Arc<User>>)],
    ) {
        self.send_message_when_connected(|| {
            Message::Presence(transitions.iter().map(WireTransition::from).collect())
        });
    }

    /// Without a connection nothing is kept: what is told late is worthless, or known from the database by then.
    fn send_message_when_connected(&self, message: impl FnOnce() -> Message) {
        let Some(redis) = &self.redis else { return };
        let connected = redis.sending.load(Ordering::Relaxed);
        if !connected || redis.outgoing.try_send(message()).is_err() {
            metrics::counter!("owlpost_bus_messages_dropped_total").increment(1);
        }
    }
}

impl Realtime {
    pub(crate) async fn exchange_messages_until_stop(&self) {
        let Some(redis) = &self.0.bus.redis else { return std::future::pending().await };
        let Some(unsent) = redis.unsent.lock().take() else { return };
        // Nodes of other databases may share the Redis.
        let channel = loop {
            match self.0.store.read_database_lineage_name().await {
                Ok(lineage) => break format!("owlpost:{lineage}"),
                Err(error) => tracing::warn!(%error, "the bus waits for the database"),
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        };
        tokio::join!(
            self.send_messages_over_redis(redis, &channel, unsent),
            self.receive_messages_over_redis(redis, &channel)
        );
    }

    async fn send_messages_over_redis(
        &self,
        redis: &RedisBus,
        channel: &str,
        mut unsent: mpsc::Receiver<Message>,
    ) {
        loop {
            let mut connection = match redis.client.get_multiplexed_async_connection().await {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(%error, "no connection to Redis");
                    tokio::time::sleep(RECONNECT_PAUSE).await;
                    continue;
                }
            };
            redis.sending.store(true, Ordering::Relaxed);
            while let Some(message) = unsent.recv().await {
                let Ok(text) = serde_json::to_string(&message) else { continue };
                let envelope = Envelope { node: self.0.node_id, message: text.into() };
                let Ok(text) = serde_json::to_string(&envelope) else { continue };
                let sent: redis::RedisResult<()> = connection.publish(channel, text).await;
                if let Err(error) = sent {
                    tracing::warn!(%error, "a message to the other nodes was lost");
                    break;
                }
            }
            redis.sending.store(false, Ordering::Relaxed);
        }
    }

    async fn receive_messages_over_redis(&self, redis: &RedisBus, channel: &str) {
        loop {
            if let Err(error) = self.listen_until_connection_breaks(redis, channel).await {
                tracing::warn!(%error, "no messages from the other nodes");
            }
            redis.listening.store(false, Ordering::Relaxed);
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    async fn listen_until_connection_breaks(
        &self,
        redis: &RedisBus,
        channel: &str,
    ) -> redis::RedisResult<()> {
        let mut subscription = redis.client.get_async_pubsub().await?;
        subscription.subscribe(channel).await?;
        redis.listening.store(true, Ordering::Relaxed);
        // What was said while nobody listened is in the log and in the database.
        self.wake_log_follower_now();
        if let Err(error) = self.reload_presence_from_database().await {
            tracing::warn!(%error, "presence is read again with the next lease");
        }
        let mut messages = subscription.on_message();
        while let Some(message) = messages.next().await {
            self.receive_message_from_node(message.get_payload_bytes());
        }
        Ok(())
    }

    fn receive_message_from_node(&self, bytes: &[u8]) {
        let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(bytes) else {
            tracing::warn!("a message of another version was ignored");
            return;
        };
        if envelope.node == self.0.node_id {
            return;
        }
        match serde_json::from_str::<Message>(&envelope.message) {
            Ok(message) => {
                if let Err(error) = self.act_on_node_message(message) {
                    tracing::warn!(%error, "a message of another version was ignored");
                }
            }
            Err(error) => tracing::warn!(%error, "a message of another version was ignored"),
        }
    }

    fn act_on_node_message(&self, message: Message) -> Result<()> {
        match message {
            Message::Events(events) => {
                let events = events.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
                self.receive_log_events_in_any_order(events);
            }
            Message::Ephemeral { name, topic, except, payload } => {
                let frame = Frame::from_json_text(name.parse()?, payload.into());
                self.deliver_frame_to_topic(frame, topic.parse()?, except);
            }
            Message::Presence(transitions) => {
                let shown = transitions.into_iter().map(read_wire_transition_of_node);
                self.show_presence_transitions_here(shown.collect::<Result<_>>()?);
            }
        }
        Ok(())
    }
}

impl From<&LoggedEvent> for WireEvent {
    fn from(event: &LoggedEvent) -> Self {
        Self {
            position: event.position,
            name: event.name.as_str().to_owned(),
            audience: event.audience.iter().map(ToString::to_string).collect(),
            payload: event.payload.to_string(),
        }
    }
}

impl TryFrom<WireEvent> for LoggedEvent {
    type Error = DomainError;

    fn try_from(wire: WireEvent) -> Result<Self> {
        Ok(Self {
            position: wire.position,
            name: wire.name.parse()?,
            audience: wire.audience.iter().map(|topic| topic.parse()).collect::<Result<_>>()?,
            payload: wire.payload.into(),
            committed_at: None,
        })
    }
}

impl From<&(PresenceTransition, Option<Arc<User>>)> for WireTransition {
    fn from((transition, user): &(PresenceTransition, Option<Arc<User>>)) -> Self {
        let (kind, user_id, room) = match *transition {
            PresenceTransition::Online(user) => (TransitionKind::Online, user, None),
            PresenceTransition::Offline(user) => (TransitionKind::Offline, user, None),
            PresenceTransition::EnteredRoom(user, room) => {
                (TransitionKind::EnteredRoom, user, Some(room))
            }
            PresenceTransition::LeftRoom(user, room) => {
                (TransitionKind::LeftRoom, user, Some(room))
            }
        };
        let user = user.as_ref().map(|user| User::clone(user));
        Self { kind, user_id, room: room.map(|room| room.to_string()), user }
    }
}

fn read_wire_transition_of_node(
    wire: WireTransition,
) -> Result<(PresenceTransition, Option<Arc<User>>)> {
    let room = || -> Result<Topic> { wire.room.as_deref().unwrap_or_default().parse() };
    let transition = match wire.kind {
        TransitionKind::Online => PresenceTransition::Online(wire.user_id),
        TransitionKind::Offline => PresenceTransition::Offline(wire.user_id),
        TransitionKind::EnteredRoom => PresenceTransition::EnteredRoom(wire.user_id, room()?),
        TransitionKind::LeftRoom => PresenceTransition::LeftRoom(wire.user_id, room()?),
    };
    Ok((transition, wire.user.map(Arc::new)))
}
