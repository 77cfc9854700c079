//! What nodes tell each other through Redis. Only speed depends on it: durable events are in the log, which every
//! node reads, and presence is in the database, which every node reads with its lease.
//!
//! A connection that neither answers nor breaks (a firewall forgot it, the host hangs) would leave a node deaf for
//! ever. So each node publishes a heartbeat that it must hear itself; when it does not, both connections are dropped.

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use owlpost_domain::{
    DomainError, IncidentId, LoggedEvent, Result, payload::PresenceTyping, presence::PresenceGroup,
};
use parking_lot::Mutex;
use redis::{
    AsyncCommands, AsyncConnectionConfig, RedisResult,
    aio::{MultiplexedConnection, PubSub},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at},
};

use uuid::Uuid;

use crate::{
    cluster::{
        message::{Envelope, Message, UnknownKinds, WireEvent},
        redis_address::{UnusableRedis, parse_address_of_redis, refuse_redis_without_messages},
    },
    metrics,
};

/// Messages waiting for Redis. Past the bound they are dropped: see the module.
const OUTGOING_MESSAGES: usize = 10_000;
/// Pause before Redis is tried again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);
/// How long Redis may take to connect or to answer.
const REDIS_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a node tells itself that it can hear.
const HEARTBEAT_PAUSE: Duration = Duration::from_secs(1);
/// A node that has heard nothing of its own for so long is deaf.
const DEAFNESS_TIME: Duration = Duration::from_secs(4);
/// Messages that waited longer (Redis hung) are thrown away: what they tell is known by then, or no longer true.
const MESSAGE_LIFE: Duration = Duration::from_secs(2);

/// What a node does with what the others tell it. Called by the task of the bus alone; must not block.
pub(crate) trait MessageReceiver: Send + Sync + 'static {
    /// Another node said this.
    fn receive_message(&self, message: Message);
    /// Messages arrive from here on. What was said before was not heard.
    fn note_connection(&self);
}

/// The way to the other nodes, if there is one.
pub(crate) struct Bus {
    redis: Option<RedisBus>,
}

struct RedisBus {
    client: redis::Client,
    outgoing: mpsc::Sender<OutgoingMessage>,
    unsent: Mutex<Option<mpsc::Receiver<OutgoingMessage>>>,
    connected: AtomicBool,
    unknown_kinds: UnknownKinds,
}

struct OutgoingMessage {
    message: Message,
    queued_at: Instant,
}

impl Bus {
    pub(crate) fn from_redis_url(url: Option<&str>) -> Result<Self> {
        let Some(url) = url else { return Ok(Self { redis: None }) };
        let info = parse_address_of_redis(url).map_err(refuse_address_of_redis)?;
        let keepalive = TcpKeepalive::new().with_time(REDIS_TIMEOUT).with_interval(REDIS_TIMEOUT);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(DEAFNESS_TIME);
        let client = redis::Client::open(info.set_tcp_settings(tcp))
            .map_err(|error| refuse_address_of_redis(error.to_string()))?;
        let (outgoing, unsent) = mpsc::channel(OUTGOING_MESSAGES);
        let redis = RedisBus {
            client,
            outgoing,
            unsent: Mutex::new(Some(unsent)),
            connected: AtomicBool::new(false),
            unknown_kinds: UnknownKinds::default(),
        };
        Ok(Self { redis: Some(redis) })
    }

    /// Whether messages arrive; `None` when there is no bus.
    pub(crate) fn is_connected(&self) -> Option<bool> {
        self.redis.as_ref().map(|redis| redis.connected.load(Ordering::Relaxed))
    }

    pub(crate) fn send_log_events_to_nodes(&self, events: &[LoggedEvent]) {
        self.send_message_when_connected(|| {
            Message::Events(events.iter().map(WireEvent::from).collect())
        });
    }

    pub(crate) fn send_typing_to_nodes(&self, typing: &PresenceTyping) {
        self.send_message_when_connected(|| Message::Typing(typing.into()));
    }

    pub(crate) fn send_presence_to_nodes(&self, group: &PresenceGroup) {
        self.send_message_when_connected(|| Message::PresenceGroup(group.clone()));
    }

    pub(crate) fn send_receipts_to_nodes(&self, incidents: &[IncidentId]) {
        self.send_message_when_connected(|| Message::Receipts(incidents.to_vec()));
    }

    pub(crate) fn send_console_to_nodes(&self, text: &str) {
        self.send_message_when_connected(|| Message::Console(text.to_owned()));
    }

    /// Without a connection nothing is kept: what is told late is worthless, or known from the database by then.
    fn send_message_when_connected(&self, message: impl FnOnce() -> Message) {
        let Some(redis) = &self.redis else { return };
        let connected = redis.connected.load(Ordering::Relaxed);
        let outgoing = || OutgoingMessage { message: message(), queued_at: Instant::now() };
        if !connected || redis.outgoing.try_send(outgoing()).is_err() {
            metrics::count_bus_message_dropped();
        }
    }
}

fn refuse_address_of_redis(why: String) -> DomainError {
    DomainError::invalid_field_value("REDIS_URL", why)
}

impl RedisBus {
    async fn open_connections_to_redis(
        &self,
        channel: &str,
    ) -> Result<(MultiplexedConnection, PubSub), UnusableRedis> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REDIS_TIMEOUT))
            .set_response_timeout(Some(REDIS_TIMEOUT));
        let mut publisher =
            self.client.get_multiplexed_async_connection_with_config(&config).await?;
        refuse_redis_without_messages(&mut publisher).await?;
        let subscribe = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(channel).await?;
            RedisResult::Ok(subscription)
        };
        match timeout(REDIS_TIMEOUT, subscribe).await {
            Ok(subscription) => Ok((publisher, subscription?)),
            Err(_) => Err(UnusableRedis::Silent(REDIS_TIMEOUT)),
        }
    }
}

/// The task that carries messages both ways.
pub(crate) struct BusExchange<R> {
    pub(crate) bus: Arc<Bus>,
    pub(crate) node_id: Uuid,
    pub(crate) receiver: R,
}

impl<R: MessageReceiver> BusExchange<R> {
    /// `identity` names the database: nodes of other databases may share the Redis. It is asked until it answers.
    pub(crate) async fn exchange_messages_until_stop<F>(self, identity: impl Fn() -> F + Send)
    where
        F: Future<Output = Result<String>> + Send,
    {
        let Some(redis) = &self.bus.redis else { return std::future::pending().await };
        let Some(mut unsent) = redis.unsent.lock().take() else { return };
        let channel = loop {
            match identity().await {
                Ok(identity) => break format!("owlpost:2:{identity}"),
                Err(error) => tracing::warn!(%error, "the bus waits for the database"),
            }
            sleep(RECONNECT_PAUSE).await;
        };
        loop {
            let Err(error) =
                self.exchange_until_connection_breaks(redis, &channel, &mut unsent).await;
            redis.connected.store(false, Ordering::Relaxed);
            tracing::warn!(%error, "no messages to and from the other nodes");
            sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Both ways end together: a node that only hears, or only speaks, would pass for connected.
    async fn exchange_until_connection_breaks(
        &self,
        redis: &RedisBus,
        channel: &str,
        unsent: &mut mpsc::Receiver<OutgoingMessage>,
    ) -> Result<std::convert::Infallible, UnusableRedis> {
        let (publisher, mut subscription) = redis.open_connections_to_redis(channel).await?;
        redis.connected.store(true, Ordering::Relaxed);
        tracing::info!("connected to the other nodes");
        self.receiver.note_connection();
        let end = tokio::select! {
            end = self.send_messages_over_connection(publisher, channel, unsent) => end,
            end = self.receive_messages_until_deaf(redis, subscription.on_message()) => end,
        };
        Ok(end?)
    }

    async fn send_messages_over_connection(
        &self,
        mut publisher: MultiplexedConnection,
        channel: &str,
        unsent: &mut mpsc::Receiver<OutgoingMessage>,
    ) -> RedisResult<std::convert::Infallible> {
        let mut heartbeats = interval(HEARTBEAT_PAUSE);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                _ = heartbeats.tick() => Message::Heartbeat,
                Some(outgoing) = unsent.recv() => {
                    if outgoing.queued_at.elapsed() > MESSAGE_LIFE {
                        metrics::count_bus_message_dropped();
                        continue;
                    }
                    outgoing.message
                }
            };
            let Ok(text) = serde_json::to_string(&message) else { continue };
            let envelope = Envelope { node: self.node_id, message: text.into() };
            let Ok(text) = serde_json::to_string(&envelope) else { continue };
            publisher.publish::<_, _, ()>(channel, text).await?;
        }
    }

    async fn receive_messages_until_deaf(
        &self,
        redis: &RedisBus,
        messages: impl Stream<Item = redis::Msg>,
    ) -> RedisResult<std::convert::Infallible> {
        let mut messages = std::pin::pin!(messages);
        let mut deaf_at = Instant::now() + DEAFNESS_TIME;
        loop {
            let deaf = || io::Error::new(io::ErrorKind::TimedOut, "own heartbeat not heard");
            let Ok(message) = timeout_at(deaf_at, messages.next()).await else {
                return Err(deaf().into());
            };
            let Some(message) = message else {
                return Err(io::Error::from(io::ErrorKind::ConnectionReset).into());
            };
            let is_own = self.receive_message_from_node(redis, message.get_payload_bytes());
            let now = Instant::now();
            if is_own {
                deaf_at = now + DEAFNESS_TIME;
            } else if now > deaf_at {
                return Err(deaf().into());
            }
        }
    }

    /// True when this node sent it.
    fn receive_message_from_node(&self, redis: &RedisBus, bytes: &[u8]) -> bool {
        let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(bytes) else {
            redis.unknown_kinds.read_message_or_count("an envelope");
            return false;
        };
        if envelope.node == self.node_id {
            return true;
        }
        if let Some(message) = redis.unknown_kinds.read_message_or_count(&envelope.message) {
            self.receiver.receive_message(message);
        }
        false
    }
}
