//! What the rest of the node shares with the follower: events on their way to it, and how far it is.

use std::{
    collections::HashSet,
    future::pending,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

use owlpost_domain::{LoggedEvent, event_log::history::LogExtent};
use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Duration, Instant},
};

use super::recent::RecentEvents;
use crate::metrics;

/// Events on their way to the follower. Further ones are dropped here: the log has them.
pub(super) const INBOX_EVENTS: usize = 10_000;

/// The newest position this node committed that its sessions were not told yet, and since when.
#[derive(Debug, Clone, Copy)]
struct Undelivered {
    position: i64,
    since: Instant,
}

/// The follower's mailbox and its public state.
#[derive(Debug)]
pub(crate) struct LogFeed {
    inbox: Mutex<Vec<LoggedEvent>>,
    arrived: Notify,
    reading_wanted: AtomicBool,
    delivered: AtomicI64,
    handed_out: AtomicI64,
    epoch_start: AtomicI64,
    progressed: Notify,
    reachable: AtomicBool,
    undelivered: Mutex<Option<Undelivered>>,
    pub(super) recent: RecentEvents,
}

impl LogFeed {
    /// The feed of a node that begins at the end of the log.
    pub(crate) fn new(extent: &LogExtent, recent_events: usize) -> Self {
        Self {
            inbox: Mutex::new(Vec::new()),
            arrived: Notify::new(),
            reading_wanted: AtomicBool::new(false),
            delivered: AtomicI64::new(extent.last_position),
            handed_out: AtomicI64::new(extent.last_position),
            epoch_start: AtomicI64::new(extent.epoch_start),
            progressed: Notify::new(),
            reachable: AtomicBool::new(true),
            undelivered: Mutex::new(None),
            recent: RecentEvents::new(recent_events, extent.last_position),
        }
    }

    /// Everything up to here has been handed, or is being handed, to the sessions that were registered when it was its turn. A
    /// session that registers first and asks then misses nothing: later events find it, earlier ones its replay.
    pub(crate) fn delivered_position(&self) -> i64 {
        self.delivered.load(Ordering::SeqCst)
    }

    /// The first position of the history that is followed.
    pub(crate) fn epoch_start(&self) -> i64 {
        self.epoch_start.load(Ordering::SeqCst)
    }

    /// Whether the log could be read when it was last tried.
    pub(crate) fn database_is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// How long a change that this node committed has been told to nobody; zero when there is none.
    pub(crate) fn age_of_undelivered_change(&self) -> Duration {
        self.undelivered.lock().map_or(Duration::ZERO, |change| change.since.elapsed())
    }

    /// Hands over events that this node committed itself.
    pub(crate) fn publish_committed_log_events(&self, events: Vec<LoggedEvent>) {
        if let Some(position) = events.iter().map(|event| event.position).max()
            && position > self.delivered_position()
        {
            let mut undelivered = self.undelivered.lock();
            let since = undelivered.map_or_else(Instant::now, |change| change.since);
            let position = undelivered.map_or(position, |change| change.position.max(position));
            *undelivered = Some(Undelivered { position, since });
        }
        self.receive_events_in_any_order(events);
    }

    /// Hands over committed events, in any order and more than once. Past the bound they are dropped: they are in the
    /// log, which is read then.
    pub(crate) fn receive_events_in_any_order(&self, events: Vec<LoggedEvent>) {
        {
            let mut inbox = self.inbox.lock();
            if inbox.len() + events.len() <= INBOX_EVENTS {
                inbox.extend(events);
            } else {
                self.reading_wanted.store(true, Ordering::Release);
            }
        }
        self.arrived.notify_one();
    }

    /// Has the log read at once, not at the next poll: something was written that nobody announced.
    pub(crate) fn request_reading_of_log(&self) {
        self.reading_wanted.store(true, Ordering::Release);
        self.arrived.notify_one();
    }

    /// Resolves when everything up to `position` is delivered. Reads the log for it, should nobody announce it.
    pub(crate) async fn wait_until_position_delivered(&self, position: i64) {
        let is_delivered = || {
            let is_delivered = self.delivered_position() >= position;
            if !is_delivered {
                self.request_reading_of_log();
            }
            is_delivered
        };
        self.wait_for_progress_until(is_delivered).await;
    }

    /// Resolves when something behind `position` is delivered, whenever that is.
    pub(super) async fn wait_for_position_beyond(&self, position: i64) {
        self.wait_for_progress_until(|| self.delivered_position() > position).await;
    }

    /// Resolves when no session is still to be handed anything up to `position`, which is counted as delivered already.
    pub(crate) async fn wait_until_position_handed_out(&self, position: i64) {
        let is_handed_out = || self.handed_out.load(Ordering::SeqCst) >= position;
        self.wait_for_progress_until(is_handed_out).await;
    }

    async fn wait_for_progress_until(&self, is_so: impl Fn() -> bool + Send) {
        loop {
            let progressed = self.progressed.notified();
            tokio::pin!(progressed);
            progressed.as_mut().enable();
            if is_so() {
                return;
            }
            progressed.await;
        }
    }

    pub(super) fn take_arrived_events(&self) -> Vec<LoggedEvent> {
        std::mem::take(&mut *self.inbox.lock())
    }

    pub(super) fn take_request_of_reading(&self) -> bool {
        self.reading_wanted.swap(false, Ordering::AcqRel)
    }

    pub(super) async fn wait_for_arrival_within(&self, pause: Option<Duration>) {
        let pause = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.arrived.notified() => {}
            () = pause => {}
        }
    }

    /// Keeps the events for replays and counts them delivered. Call it before they are handed to the sessions: whoever
    /// reads the position finds everything up to it in memory, and its outbox passes over what comes twice.
    pub(super) fn note_batch_before_delivery(&self, batch: &[LoggedEvent], delivered: i64) {
        for event in batch {
            self.recent.keep_event_in_order(event);
        }
        self.delivered.store(delivered, Ordering::SeqCst);
        {
            let mut undelivered = self.undelivered.lock();
            if undelivered.is_some_and(|change| change.position <= delivered) {
                *undelivered = None;
            }
        }
        self.progressed.notify_waiters();
    }

    /// Call it when the sessions have the batch.
    pub(super) fn note_batch_after_delivery(&self, delivered: i64) {
        self.handed_out.store(delivered, Ordering::SeqCst);
        self.progressed.notify_waiters();
    }

    /// Counts everything up to here delivered: positions that were passed over.
    pub(super) fn move_to_delivered_position(&self, delivered: i64) {
        self.note_batch_before_delivery(&[], delivered);
        self.note_batch_after_delivery(delivered);
    }

    /// Begins anew at the end of another history.
    pub(super) fn restart_feed_in_epoch(&self, extent: &LogExtent) {
        self.inbox.lock().clear();
        *self.undelivered.lock() = None;
        self.recent.forget_all_before_position(extent.last_position);
        self.epoch_start.store(extent.epoch_start, Ordering::SeqCst);
        self.move_to_delivered_position(extent.last_position);
    }

    /// True when that changes what was known.
    pub(super) fn note_reachability_of_database(&self, reachable: bool) -> bool {
        self.reachable.swap(reachable, Ordering::Relaxed) != reachable
    }
}

/// Counts events of a newer version by their name, and the name once in the log (see `owlpost_domain`).
pub(super) fn count_foreign_events_of_batch(batch: &[LoggedEvent]) {
    let foreign: HashSet<_> =
        batch.iter().filter(|event| event.is_foreign).map(|event| event.name).collect();
    for name in foreign {
        let events = batch.iter().filter(|event| event.is_foreign && event.name == name).count();
        metrics::count_foreign_log_events(name, events as u64);
    }
}
