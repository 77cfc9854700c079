//! Which part of the core works with which. Nothing else knows more than its own neighbours.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use owlpost_domain::{Result, Store};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::{
    escalations::Escalator,
    neighbours::Neighbours,
    receiver::NodeReceiver,
    sink::NodeSink,
    upkeep::{WriteProof, keep_house_until_stop, write_search_texts_until_stop},
};
use crate::{
    RealtimeConfig,
    cluster::bus::{Bus, BusExchange},
    delivery::{dispatcher::Dispatcher, outbox::OutboxLimit},
    known_incidents::KnownIncidents,
    log::{
        feed::LogFeed,
        follower::{FollowerConfig, LogFollower},
        replay::LogReplay,
        settle::settle_end_of_log,
        source::DatabaseLog,
    },
    presence::{
        announcer::{PresenceAnnouncements, PresenceCounter},
        directory::PresenceDirectory,
        inbox::PresenceInbox,
        lease::{PresenceLease, lease_time_within_promise},
        queue::PresenceQueue,
        store::DatabasePresence,
        task::{PresenceParts, PresenceTask},
        writer::PresenceWriter,
    },
    receipts::Receipts,
    rooms::Rooms,
    session::{
        expiry::SessionExpiry,
        opening::{PresenceOfSessions, Sessions},
        recovery::Recoveries,
        user_changes::UserChanges,
    },
    task_health::TaskHealth,
    typing::TypingTable,
};

/// Words of consoles that wait for a reader here; of one that is slower the oldest are dropped.
const CONSOLE_WORDS: usize = 256;

/// The parts of a node that others reach for.
pub(crate) struct Parts {
    pub(crate) node_id: Uuid,
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) sessions: Sessions,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) typing: Arc<TypingTable>,
    pub(crate) feed: Arc<LogFeed>,
    pub(crate) replay: LogReplay,
    pub(crate) directory: Arc<PresenceDirectory>,
    pub(crate) presence_queue: Arc<PresenceQueue>,
    pub(crate) presence_store: DatabasePresence,
    presence_inbox: Arc<PresenceInbox>,
    pub(crate) receipts: Receipts,
    counter: Arc<PresenceCounter>,
    user_changes: Arc<UserChanges>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) known_incidents: Arc<KnownIncidents>,
    /// What consoles at other nodes say.
    pub(crate) consoles: broadcast::Sender<Arc<str>>,
    pub(crate) write_proof: Arc<WriteProof>,
    pub(crate) health: Arc<TaskHealth>,
    pub(crate) config: RealtimeConfig,
}

/// A background task, to be run until the node stops, and its name.
type BackgroundWork = (&'static str, BoxFuture<'static, ()>);

impl Parts {
    /// Puts the parts together. The log is read, so that the node begins below nothing that is open.
    pub(super) async fn build_parts_of_node(store: Store, config: RealtimeConfig) -> Result<Self> {
        let node_id = Uuid::new_v4();
        let bus = Arc::new(Bus::from_redis_url(config.redis_url.as_deref())?);
        let extent = settle_end_of_log(&DatabaseLog(store.clone()), config.log_gap_limit).await?;
        let feed = Arc::new(LogFeed::new(&extent, config.recent_events));
        let replay = LogReplay::new(store.clone(), feed.clone(), &config);
        let dispatcher = Arc::new(Dispatcher::new(config.slow_consumer_timeout));
        let typing =
            Arc::new(TypingTable::new(dispatcher.clone(), bus.clone(), config.typing_timeout));
        let directory = Arc::new(PresenceDirectory::default());
        let presence_queue = Arc::new(PresenceQueue::new(store.config().statement_timeout));
        let presence_inbox = Arc::new(PresenceInbox::new());
        let counter = Arc::new(PresenceCounter::new(directory.clone()));
        let receipts = Receipts::new(store.clone(), dispatcher.clone(), bus.clone());
        let rooms = Arc::new(Rooms {
            receipts: receipts.queue.clone(),
            store: store.clone(),
            dispatcher: dispatcher.clone(),
            typing: typing.clone(),
            presence: presence_queue.clone(),
            announcements: presence_inbox.clone(),
            directory: directory.clone(),
        });
        let user_changes = Arc::new(UserChanges {
            store: store.clone(),
            dispatcher: dispatcher.clone(),
            presence: presence_inbox.clone(),
        });
        let sessions = Sessions {
            store: store.clone(),
            dispatcher: dispatcher.clone(),
            rooms: rooms.clone(),
            replay: replay.clone(),
            recoveries: Recoveries { store: store.clone(), presence: presence_queue.clone() },
            counts: counter.clone(),
            user_changes: user_changes.clone(),
            observer: Arc::new(PresenceOfSessions::from_rooms_of_node(&rooms)),
            queue_limit: OutboxLimit::from_config(&config),
            per_user: config.sessions_per_user,
            draining: AtomicBool::new(false),
            stop_is_announced: AtomicBool::new(false),
        };
        let lease_time = lease_time_within_promise(config.presence_timeout);
        let health = Arc::new(TaskHealth::with_lease_time(lease_time));
        Ok(Self {
            node_id,
            dispatcher,
            sessions,
            rooms,
            typing,
            feed,
            replay,
            directory,
            presence_queue,
            presence_store: DatabasePresence { store: store.clone(), node_id },
            presence_inbox,
            receipts,
            counter,
            user_changes,
            bus,
            known_incidents: Arc::default(),
            consoles: broadcast::Sender::new(CONSOLE_WORDS),
            write_proof: Arc::new(WriteProof::new(store.clone(), node_id, health.clone())),
            health,
            store,
            config,
        })
    }

    fn presence_lease(&self) -> PresenceLease<DatabasePresence> {
        PresenceLease {
            store: self.presence_store.clone(),
            queue: self.presence_queue.clone(),
            inbox: self.presence_inbox.clone(),
            dispatcher: self.dispatcher.clone(),
            health: self.health.clone(),
            known_incidents: self.known_incidents.clone(),
            promise: self.config.presence_timeout,
        }
    }

    fn neighbours(&self) -> Neighbours {
        Neighbours {
            store: self.store.clone(),
            node_id: self.node_id,
            known_incidents: self.known_incidents.clone(),
            sole_node: self.config.sole_node,
        }
    }

    /// Claims the lease and reads who is there; the task it gives keeps that right.
    pub(super) async fn begin_presence_of_node(&self) -> Result<PresenceTask<DatabasePresence>> {
        self.presence_lease().claim_lease_before_start(self.config.sole_node).await?;
        self.neighbours().announce_node_before_start().await?;
        let parts = PresenceParts {
            store: self.presence_store.clone(),
            queue: self.presence_queue.clone(),
            inbox: self.presence_inbox.clone(),
            directory: self.directory.clone(),
            dispatcher: self.dispatcher.clone(),
            typing: self.typing.clone(),
            health: self.health.clone(),
        };
        let announcements = PresenceAnnouncements::new(
            self.dispatcher.clone(),
            self.counter.clone(),
            self.config.presence_fanout_per_second,
            Instant::now(),
        );
        let mut task = PresenceTask::new(parts, announcements);
        task.load_view_before_start().await?;
        Ok(task)
    }

    fn build_log_follower_task(&self) -> LogFollower<DatabaseLog, NodeSink> {
        let sink = NodeSink {
            dispatcher: self.dispatcher.clone(),
            typing: self.typing.clone(),
            user_changes: self.user_changes.clone(),
            receipts: self.receipts.announcer.clone(),
            known_incidents: self.known_incidents.clone(),
            health: self.health.clone(),
        };
        let config = FollowerConfig {
            poll_interval: self.config.log_poll_interval,
            gap_limit: self.config.log_gap_limit,
        };
        LogFollower::new(DatabaseLog(self.store.clone()), sink, self.feed.clone(), config)
    }

    fn escalator(&self) -> Escalator {
        Escalator { store: self.store.clone(), bus: self.bus.clone(), feed: self.feed.clone() }
    }

    fn presence_writer(&self) -> PresenceWriter<DatabasePresence> {
        PresenceWriter {
            store: self.presence_store.clone(),
            queue: self.presence_queue.clone(),
            inbox: self.presence_inbox.clone(),
            bus: self.bus.clone(),
            health: self.health.clone(),
        }
    }

    fn exchange_messages_of_bus(&self) -> BoxFuture<'static, ()> {
        let receiver = NodeReceiver {
            feed: self.feed.clone(),
            typing: self.typing.clone(),
            presence: self.presence_inbox.clone(),
            receipts: self.receipts.announcer.clone(),
            known_incidents: self.known_incidents.clone(),
            consoles: self.consoles.clone(),
        };
        let exchange = BusExchange { bus: self.bus.clone(), node_id: self.node_id, receiver };
        let store = self.store.clone();
        async move {
            let identity = || store.read_database_identity_name();
            exchange.exchange_messages_until_stop(identity).await;
        }
        .boxed()
    }

    /// Everything that goes on by itself.
    pub(super) fn build_all_background_tasks(
        &self,
        presence: PresenceTask<DatabasePresence>,
    ) -> Vec<BackgroundWork> {
        let (dispatcher, typing) = (self.dispatcher.clone(), self.typing.clone());
        let expiry = SessionExpiry {
            dispatcher: dispatcher.clone(),
            health: self.health.clone(),
            grace: self.config.token_grace,
        };
        let housekeeping =
            keep_house_until_stop(self.store.clone(), self.node_id, self.health.clone());
        vec![
            ("log_follower", self.build_log_follower_task().follow_log_until_stop().boxed()),
            ("backlog", async move { dispatcher.pump_backlog_until_stop().await }.boxed()),
            ("presence_writer", self.presence_writer().write_presence_until_stop().boxed()),
            ("presence", presence.keep_presence_until_stop().boxed()),
            ("presence_lease", self.presence_lease().renew_lease_until_stop().boxed()),
            ("neighbours", self.neighbours().look_for_others_until_stop().boxed()),
            ("session_expiry", expiry.expire_sessions_until_stop().boxed()),
            ("typing", async move { typing.expire_typing_until_stop().await }.boxed()),
            ("write_proof", self.write_proof.clone().prove_writes_until_stop().boxed()),
            ("housekeeping", housekeeping.boxed()),
            ("escalations", self.escalator().escalate_incidents_until_stop().boxed()),
            ("receipts", self.receipts.build_task_of_writing(self.store.clone()).boxed()),
            ("receipt_announcer", self.receipts.build_task_of_telling().boxed()),
            ("search_texts", write_search_texts_until_stop(self.store.clone()).boxed()),
            ("bus", self.exchange_messages_of_bus()),
        ]
    }
}
