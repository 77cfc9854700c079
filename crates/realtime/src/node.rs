//! The [`Realtime`] handle: everything the core holds, how it starts and stops, and delivery to sessions.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use owlpost_domain::{Committed, DomainError, Result, Store, Topic, UserId};
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use crate::{
    RealtimeConfig,
    delivery::retry::Backlog,
    cluster::bus::Bus,
    delivery::frame::{Addressed, Frame},
    log::follower::LogFollower,
    metrics,
    delivery::outbox::Delivery,
    presence::announcer::PresenceAnnouncer,
    presence::departures::PresenceDepartures,
    presence::view::PresenceDirectory,
    presence::writer::PresenceWriter,
    log::recent::RecentEvents,
    delivery::registry::Registry,
    session::Session,
    delivery::transport::CloseReason,
    typing::TypingTable,
};

/// How long a change is waited for while the log cannot be read: whoever asks shall be told soon, not last.
const UNREACHABLE_PATIENCE: Duration = Duration::from_millis(250);
/// Listeners that a fan-out delivers to between two pauses.
const LISTENERS_AT_ONCE: usize = 32;
/// How long a stopping node takes to write that its sockets are gone.
const FAREWELL_TIME: Duration = Duration::from_secs(5);

/// Whether this node can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The log could be read moments ago.
    pub database: bool,
    /// Redis is connected; `None` when there is none to connect to.
    pub bus: Option<bool>,
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
    pub(crate) follower: LogFollower,
    pub(crate) recent: RecentEvents,
    pub(crate) backlog: Backlog,
    pub(crate) presence_writer: PresenceWriter,
    pub(crate) directory: PresenceDirectory,
    pub(crate) announcer: PresenceAnnouncer,
    pub(crate) departures: PresenceDepartures,
    pub(crate) typing: TypingTable,
    pub(crate) bus: Bus,
    draining: AtomicBool,
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Realtime {
    /// Loads what the cluster knows and starts the background tasks. The schema must be up to date.
    pub async fn start_with_domain_store(store: Store, config: RealtimeConfig) -> Result<Self> {
        let extent = store.read_log_extent_now().await?;
        let inner = Inner {
            node_id: Uuid::new_v4(),
            registry: Registry::default(),
            follower: LogFollower::new(extent),
            recent: RecentEvents::new(config.recent_events, extent.last_position),
            backlog: Backlog::default(),
            presence_writer: PresenceWriter::default(),
            directory: PresenceDirectory::default(),
            announcer: PresenceAnnouncer::new(config.presence_fanout_per_second),
            departures: PresenceDepartures::default(),
            typing: TypingTable::default(),
            bus: Bus::from_redis_url(config.redis_url.as_deref())?,
            draining: AtomicBool::new(false),
            stop: watch::Sender::new(false),
            tasks: Mutex::new(JoinSet::new()),
            store,
            config,
        };
        let realtime = Self(Arc::new(inner));
        realtime.begin_presence_of_node().await?;
        realtime.spawn_all_background_tasks();
        Ok(realtime)
    }

    fn spawn_all_background_tasks(&self) {
        self.spawn_task_until_stop(|rt| async move { rt.follow_log_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.pump_backlog_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.write_presence_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.announce_counts_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.announce_departures_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.renew_lease_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.expire_sessions_until_stop().await });
        self.spawn_task_until_stop(|rt| async move { rt.expire_typing_until_stop().await });
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
            database: self.0.follower.database_is_reachable(),
            bus: self.0.bus.is_connected(),
            draining: self.is_draining(),
        }
    }

    /// Whether the node is stopping.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// Runs a change to its end even if the caller is dropped (the client hung up), publishes its events, and gives
    /// its value. A change that does not end in time answers `Unavailable`; should it commit after all, its events
    /// reach everybody through the log.
    pub async fn commit_and_publish_events<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<Committed<T>>> + Send + 'static,
    ) -> Result<T> {
        let core = self.clone();
        let limit = if self.0.follower.database_is_reachable() {
            self.0.store.config().statement_timeout
        } else {
            UNREACHABLE_PATIENCE
        };
        let work = tokio::spawn(async move {
            let committed = change.await?;
            core.publish_committed_log_events(committed.events);
            Ok(committed.value)
        });
        match tokio::time::timeout(limit, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => Err(DomainError::internal_error_from_cause(panicked)),
            Err(elapsed) => Err(DomainError::Unavailable(Box::new(elapsed))),
        }
    }

    /// Delivers frames in order to every listener of any of these topics, each once. A listener gets all of them at
    /// one time, so that its transport writes them together: single writes are most of what a delivery costs.
    pub(crate) fn deliver_frames_to_topics(&self, frames: &[Addressed], topics: &[Topic]) {
        let mut deliveries = vec![0; frames.len()];
        let listeners = self.collect_listeners_of_topics(topics);
        self.deliver_frames_to_sessions(frames, &listeners, &mut deliveries);
        count_deliveries_of_frames(frames, &deliveries);
    }

    /// The same with pauses in which transports write what they got, while it is fresh in the processor's caches.
    pub(crate) async fn fan_out_frames_to_topics(&self, frames: &[Addressed], topics: &[Topic]) {
        let mut deliveries = vec![0; frames.len()];
        for some in self.collect_listeners_of_topics(topics).chunks(LISTENERS_AT_ONCE) {
            self.deliver_frames_to_sessions(frames, some, &mut deliveries);
            tokio::task::yield_now().await;
        }
        count_deliveries_of_frames(frames, &deliveries);
    }

    fn collect_listeners_of_topics(&self, topics: &[Topic]) -> Vec<Arc<Session>> {
        let mut listeners = Vec::new();
        for topic in topics {
            self.0.registry.collect_listeners_of_topic(*topic, &mut listeners);
        }
        if topics.len() > 1 {
            listeners.sort_unstable_by_key(|session| session.id);
            listeners.dedup_by_key(|session| session.id);
        }
        listeners
    }

    /// Adds to `deliveries` how many got each frame.
    fn deliver_frames_to_sessions(
        &self,
        frames: &[Addressed],
        sessions: &[Arc<Session>],
        deliveries: &mut [u64],
    ) {
        let somebody_excepted = frames.iter().any(|addressed| addressed.except.is_some());
        for session in sessions {
            let user = somebody_excepted.then(|| session.user().id);
            let theirs = frames.iter().zip(&mut *deliveries).filter_map(|(addressed, count)| {
                if user.is_some() && addressed.except == user {
                    return None;
                }
                *count += 1;
                Some(&addressed.frame)
            });
            let delivery = session.deliver_frames_to_session(theirs);
            self.act_on_session_delivery(session, delivery);
        }
    }

    /// Delivers one frame to every listener of a topic, but not to `except`.
    pub(crate) fn deliver_frame_to_topic(
        &self,
        frame: Arc<Frame>,
        topic: Topic,
        except: Option<UserId>,
    ) {
        self.deliver_frames_to_topics(&[Addressed { frame, except }], &[topic]);
    }

    /// Delivers a frame to one session, and acts on what that came to.
    pub(crate) fn deliver_frame_to_one(&self, session: &Arc<Session>, frame: &Arc<Frame>) {
        let delivery = session.deliver_frames_to_session(std::iter::once(frame));
        self.act_on_session_delivery(session, delivery);
    }

    pub(crate) fn act_on_session_delivery(&self, session: &Arc<Session>, delivery: Delivery) {
        match delivery {
            Delivery::Done => {}
            Delivery::Waiting => self.0.backlog.add_session_to_backlog(session),
            Delivery::Overflow => {
                self.close_session_with_reason(session, CloseReason::SlowConsumer)
            }
            Delivery::Gone => {
                self.forget_session_after_close(session);
            }
        }
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

/// Once for a fan-out, not for each part of it: finding a counter costs as much as some deliveries.
fn count_deliveries_of_frames(frames: &[Addressed], deliveries: &[u64]) {
    for (addressed, count) in frames.iter().zip(deliveries) {
        metrics::count_event_deliveries_by_name(addressed.frame.name, *count);
    }
}

impl std::fmt::Debug for Realtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realtime").field("node_id", &self.0.node_id).finish_non_exhaustive()
    }
}
