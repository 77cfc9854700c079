//! The [`Realtime`] handle: everything the core holds, how it starts and stops, and delivery to sessions.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use owlpost_domain::{Committed, DomainError, EventName, LoggedEvent, Result, Store, Topic, User};
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use crate::{
    EventPage, RealtimeConfig,
    cluster::bus::Bus,
    delivery::{
        frame::{Addressed, Frame},
        registry::Registry,
        retry::Backlog,
        transport::CloseReason,
    },
    log::{
        feed::LogFeed,
        follower::{FollowerConfig, LogFollower},
        replay::LogReplay,
        settle::settle_end_of_log,
        source::{DatabaseLog, LogSink},
    },
    presence::{
        announcer::CountsForNewcomers,
        directory::PresenceDirectory,
        lease::lease_time_within_promise,
        task::{PresenceInbox, PresenceTask},
        writer::PresenceWriter,
    },
    task_health::TaskHealth,
    typing::TypingTable,
};

/// With so many sessions, a fan-out keeps every core busy for milliseconds.
const CROWD_SESSIONS: usize = 256;
/// How long a change is waited for while the database is known to be of no use: whoever asks shall be told soon.
const UNREACHABLE_PATIENCE: Duration = Duration::from_millis(250);
/// A change that is told to nobody for this much longer than the longest gap of the log makes a node not ready.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(5);
/// Between two proofs that the database takes writes, and while it does not.
const WRITE_PROOF_PAUSE: Duration = Duration::from_secs(2);
const FAILED_PROOF_PAUSE: Duration = Duration::from_millis(200);
/// How long a stopping node takes to write that its sockets are gone.
const FAREWELL_TIME: Duration = Duration::from_secs(5);

/// Whether this node can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The log could be read and a row be written moments ago, and what this node committed reached its sessions.
    pub database: bool,
    /// Redis is connected; `None` when there is none to connect to.
    pub bus: Option<bool>,
    /// A background task that has not done its work for too long.
    pub stale_task: Option<&'static str>,
    /// The node is stopping.
    pub draining: bool,
}

/// The realtime core of this node. Cheap to clone.
#[derive(Clone)]
pub struct Realtime(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) node_id: Uuid,
    pub(crate) store: Store,
    pub(crate) config: RealtimeConfig,
    pub(crate) registry: Registry,
    pub(crate) feed: Arc<LogFeed>,
    pub(crate) replay: LogReplay,
    pub(crate) backlog: Backlog,
    pub(crate) presence_writer: PresenceWriter,
    pub(crate) directory: PresenceDirectory,
    pub(crate) presence_inbox: PresenceInbox,
    pub(crate) newcomer_counts: CountsForNewcomers,
    pub(crate) health: TaskHealth,
    pub(crate) typing: TypingTable,
    pub(crate) bus: Bus,
    takes_writes: AtomicBool,
    draining: AtomicBool,
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Realtime {
    /// Loads what the cluster knows and starts the background tasks. The schema must be up to date.
    pub async fn start_with_domain_store(store: Store, config: RealtimeConfig) -> Result<Self> {
        let bus = Bus::from_redis_url(config.redis_url.as_deref())?;
        // Nothing may be open below the position a node begins with.
        let extent = settle_end_of_log(&DatabaseLog(store.clone()), config.log_gap_limit).await?;
        let feed = Arc::new(LogFeed::new(&extent, config.recent_events));
        let inner = Inner {
            node_id: Uuid::new_v4(),
            registry: Registry::default(),
            replay: LogReplay::new(store.clone(), feed.clone(), &config),
            feed,
            backlog: Backlog::default(),
            presence_writer: PresenceWriter::default(),
            directory: PresenceDirectory::default(),
            presence_inbox: PresenceInbox::new(),
            newcomer_counts: CountsForNewcomers::default(),
            health: TaskHealth::with_lease_time(lease_time_within_promise(config.presence_timeout)),
            typing: TypingTable::default(),
            bus,
            takes_writes: AtomicBool::new(true),
            draining: AtomicBool::new(false),
            stop: watch::Sender::new(false),
            tasks: Mutex::new(JoinSet::new()),
            store,
            config,
        };
        let realtime = Self(Arc::new(inner));
        let presence = realtime.begin_presence_of_node().await?;
        realtime.spawn_all_background_tasks(presence);
        Ok(realtime)
    }

    fn spawn_all_background_tasks(&self, presence: PresenceTask) {
        let follower = LogFollower::new(
            DatabaseLog(self.0.store.clone()),
            NodeSink(self.clone()),
            self.0.feed.clone(),
            FollowerConfig {
                poll_interval: self.0.config.log_poll_interval,
                gap_limit: self.0.config.log_gap_limit,
            },
        );
        self.spawn_task_until_stop(|_| follower.follow_log_until_stop());
        self.spawn_task_until_stop(|rt| async move { rt.pump_backlog_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.write_presence_until_stop().await });
        self.spawn_task_until_stop(|_| presence.keep_presence_until_stop());
        self.spawn_task_until_stop(|rt| async move { rt.renew_lease_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.expire_sessions_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.expire_typing_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.prove_writes_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.keep_house_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.exchange_messages_until_stop().await });
    }

    fn spawn_task_until_stop<F>(&self, task: impl FnOnce(Self) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut stopped = self.0.stop.subscribe();
        let work = task(self.clone());
        self.0.tasks.lock().spawn(async move {
            tokio::select! {
                () = work => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
        });
    }

    /// The domain behind this core.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Who is there.
    pub fn presence(&self) -> &PresenceDirectory {
        &self.0.directory
    }

    /// Whether this node can serve.
    pub fn readiness(&self) -> Readiness {
        Readiness {
            database: self.database_is_usable() && self.delivers_what_it_commits(),
            bus: self.0.bus.is_connected(),
            stale_task: self.0.health.find_first_stale_task(),
            draining: self.is_draining(),
        }
    }

    /// Whether the log could be read and a row be written when it was last tried.
    fn database_is_usable(&self) -> bool {
        self.0.feed.database_is_reachable() && self.0.takes_writes.load(Ordering::Relaxed)
    }

    /// Whether every change of this node reached its sessions within the time that a gap of the log may take.
    fn delivers_what_it_commits(&self) -> bool {
        self.0.feed.age_of_undelivered_change() < self.0.config.log_gap_limit + DELIVERY_PATIENCE
    }

    /// Whether the node is stopping.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// Has the log read at once, not at the next poll: something was written that no service announced.
    pub fn wake_log_follower_now(&self) {
        self.0.feed.request_reading_of_log();
    }

    /// A page for a reader without a session: everyone's, the feed's, their own and their role's events, and those
    /// of `rooms`. It looks at a bounded number of rows, so it can be empty and have more behind it.
    pub async fn read_entitled_event_page(
        &self,
        user: &User,
        rooms: &[Topic],
        after: i64,
        limit: u32,
    ) -> Result<EventPage> {
        self.0.replay.read_page_for_user(user, rooms, after, limit).await
    }

    /// Tells the other nodes and this one's sessions of events that are committed.
    fn publish_committed_log_events(&self, events: Vec<LoggedEvent>) {
        if events.is_empty() {
            return;
        }
        self.0.bus.send_log_events_to_nodes(&events);
        self.0.feed.publish_committed_log_events(events);
    }

    /// Runs a change to its end even if the caller is dropped (the client hung up), publishes its events, and gives
    /// its value. A change that does not end in time is given up and answers `Unavailable`: it is rolled back, unless
    /// its commit was under way; should that succeed, its events reach everybody through the log.
    pub async fn commit_and_publish_events<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<Committed<T>>> + Send + 'static,
    ) -> Result<T> {
        let core = self.clone();
        let limit = if self.database_is_usable() {
            self.0.store.longest_wait_for_database()
        } else {
            UNREACHABLE_PATIENCE
        };
        let work = tokio::spawn(async move {
            let committed = tokio::time::timeout(limit, change).await??;
            core.publish_committed_log_events(committed.events);
            Ok(committed.value)
        });
        work.await.unwrap_or_else(|panicked| Err(DomainError::internal_error_from_cause(panicked)))
    }

    /// Stops: tells every session, writes that they are gone, ends the tasks. No session can be opened after.
    pub async fn stop_node_with_farewell(&self) {
        self.0.draining.store(true, Ordering::Release);
        for session in self.0.registry.list_all_live_sessions() {
            self.close_session_with_reason(&session, CloseReason::ServerShutdown);
        }
        let farewell = async {
            let settled = self.settle_presence_changes_now().await;
            let forgotten = self.0.store.delete_expired_presence_leases(Some(self.0.node_id)).await;
            if let Err(error) = settled.and(forgotten) {
                tracing::warn!(%error, "presence could not be written at the end: its lease will run out");
            }
        };
        // Taking longer is no fault: the lease runs out by itself.
        let _ = tokio::time::timeout(FAREWELL_TIME, farewell).await;
        self.0.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.0.tasks.lock());
        while tasks.join_next().await.is_some() {}
    }

    /// Writes a row every few seconds. A server that only reads and a full disk answer every read; connections that
    /// lead to such a server are given up by the first write that fails.
    async fn prove_writes_until_stop(&self) {
        loop {
            let proof = self.0.store.prove_writes_of_node(self.0.node_id);
            let proved = tokio::time::timeout(self.0.store.longest_wait_for_database(), proof)
                .await
                .unwrap_or_else(|elapsed| Err(elapsed.into()));
            let pause = if proved.is_ok() { WRITE_PROOF_PAUSE } else { FAILED_PROOF_PAUSE };
            if self.0.takes_writes.swap(proved.is_ok(), Ordering::Relaxed) != proved.is_ok() {
                match proved {
                    Ok(()) => tracing::info!("the database takes writes again"),
                    Err(error) => {
                        tracing::error!(
                            cause = error.describe_chain_of_causes(),
                            "the database takes no writes"
                        )
                    }
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn keep_house_until_stop(&self) {
        loop {
            tokio::time::sleep(Duration::from_secs(60)).await;
            if let Err(error) = self.keep_house_once_now().await {
                tracing::warn!(%error, "housekeeping failed; it is tried again");
            }
        }
    }

    async fn keep_house_once_now(&self) -> Result<()> {
        while self.0.store.trim_event_log_once().await? {}
        self.0.store.delete_expired_keys_and_tokens().await
    }
}

/// The node as the follower sees it.
struct NodeSink(Realtime);

impl LogSink for NodeSink {
    fn has_crowd(&self) -> bool {
        self.0.0.registry.count_listeners_of_topic(Topic::Everyone) >= CROWD_SESSIONS
    }

    async fn deliver_batch(&self, batch: &[LoggedEvent]) {
        let Some(first) = batch.first() else { return };
        if first.name == EventName::UserChanged {
            // It is alone in its batch, and no client's.
            self.0.apply_user_change_event(first);
            return;
        }
        for comment in batch.iter().filter(|event| event.name == EventName::CommentCreated) {
            self.0.stop_typing_of_comment_author(comment);
        }
        let address = |event| Addressed { frame: Frame::from_logged_event(event), except: None };
        let frames: Vec<_> = batch.iter().map(address).collect();
        self.0.fan_out_frames_to_topics(&frames, &first.audience).await;
    }

    fn end_every_session(&self) {
        for session in self.0.0.registry.list_all_live_sessions() {
            self.0.close_session_with_reason(&session, CloseReason::Unavailable);
        }
    }
}

impl std::fmt::Debug for Realtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realtime").field("node_id", &self.0.node_id).finish_non_exhaustive()
    }
}
