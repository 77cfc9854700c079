//! Delivery in log order, each position once, none missed.
//!
//! Events arrive from the writers of this process, from other nodes over the bus, and from the log itself, in any
//! order and more than once. The follower delivers them by position. When one is missing, it may be a transaction
//! that has not committed yet, one that was rolled back, or one committed by a process that died before telling:
//! the follower reads the log, and passes over a missing position only when every transaction that was writing to
//! the log when it noticed has ended and the position is still not there. So a client that has seen position N has
//! been sent everything before N, and "everything after N" is a complete resume on any node.

use std::{
    collections::{BTreeMap, HashSet},
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::{Duration, Instant},
};

use owlpost_domain::{DomainError, EventName, LoggedEvent, Result, event_log::LogExtent};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Frame, Realtime, metrics};

/// A writer of this process normally publishes within this time of a later one.
const GAP_PATIENCE: Duration = Duration::from_millis(5);
/// Longest pause between two looks at a gap, and after a failure of the database.
const GAP_LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Events read from the log at a time.
const READ_EVENTS: u32 = 500;
/// Events that may wait behind a gap; further ones are read from the log when it is their turn.
const WAITING_EVENTS: usize = 10_000;

/// Where this node is in the log.
pub struct LogFollower {
    inbox: Mutex<Vec<LoggedEvent>>,
    arrived: Notify,
    /// The newest position that was (or is this moment being) delivered.
    delivered: AtomicI64,
    poll_wanted: AtomicBool,
    database_ok: AtomicBool,
}

/// A missing position, and who might still fill it.
struct Gap {
    position: i64,
    noticed: Instant,
    open_writers: Option<HashSet<String>>,
}

impl LogFollower {
    pub(crate) const fn new(extent: LogExtent) -> Self {
        Self {
            inbox: Mutex::new(Vec::new()),
            arrived: Notify::const_new(),
            delivered: AtomicI64::new(extent.last_position),
            poll_wanted: AtomicBool::new(false),
            database_ok: AtomicBool::new(true),
        }
    }

    /// Everything up to here has been handed to the sessions that were registered when it was its turn. A session
    /// that registers first and asks then misses nothing: later events find it, earlier ones its replay.
    pub(crate) fn delivered_position(&self) -> i64 {
        self.delivered.load(Ordering::SeqCst)
    }

    pub(crate) fn database_is_reachable(&self) -> bool {
        self.database_ok.load(Ordering::Relaxed)
    }
}

impl Realtime {
    /// Hands committed events to the follower. Past the bound they are dropped here: the log has them.
    pub(crate) fn publish_committed_log_events(&self, events: Vec<LoggedEvent>) {
        if events.is_empty() {
            return;
        }
        self.0.bus.send_log_events_to_nodes(&events);
        self.receive_log_events_in_any_order(events);
    }

    pub(crate) fn receive_log_events_in_any_order(&self, events: Vec<LoggedEvent>) {
        let mut inbox = self.0.follower.inbox.lock();
        if inbox.len() + events.len() <= WAITING_EVENTS {
            inbox.extend(events);
        }
        drop(inbox);
        self.0.follower.arrived.notify_one();
    }

    /// Reads the log now, not at the next poll: something was written that no service announced.
    pub fn wake_log_follower_now(&self) {
        self.0.follower.poll_wanted.store(true, Ordering::Release);
        self.0.follower.arrived.notify_one();
    }

    pub(crate) async fn follow_log_until_stop(&self) {
        let mut follow = Following {
            core: self,
            waiting: BTreeMap::new(),
            gap: None,
            next_poll: Instant::now() + self.0.config.log_poll_interval,
            listeners: Vec::new(),
        };
        loop {
            follow.take_arrived_events_in();
            follow.deliver_events_in_order();
            follow.look_into_gap_or_poll().await;
            let pause = follow.time_until_next_look();
            // Woken or not, the loop looks at everything again.
            let _ = tokio::time::timeout(pause, self.0.follower.arrived.notified()).await;
        }
    }
}

struct Following<'a> {
    core: &'a Realtime,
    waiting: BTreeMap<i64, LoggedEvent>,
    gap: Option<Gap>,
    next_poll: Instant,
    listeners: Vec<std::sync::Arc<crate::Session>>,
}

impl Following<'_> {
    fn take_arrived_events_in(&mut self) {
        let arrived = std::mem::take(&mut *self.core.0.follower.inbox.lock());
        self.keep_events_for_later(arrived);
    }

    fn keep_events_for_later(&mut self, events: Vec<LoggedEvent>) {
        let delivered = self.core.0.follower.delivered_position();
        for event in events {
            if event.position > delivered && self.waiting.len() < WAITING_EVENTS {
                // The first copy wins: it knows when it was committed.
                self.waiting.entry(event.position).or_insert(event);
            }
        }
    }

    fn deliver_events_in_order(&mut self) {
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() != self.core.0.follower.delivered_position() + 1 {
                break;
            }
            let event = entry.remove();
            self.deliver_one_event_now(event);
        }
        if self.waiting.is_empty() {
            self.gap = None;
        }
    }

    fn deliver_one_event_now(&mut self, event: LoggedEvent) {
        let core = &self.core.0;
        // Kept first: whoever reads the position finds everything up to it in memory, and its outbox passes over what
        // the fan-out brings of that. Stored before the fan-out: see `delivered_position`.
        core.recent.keep_event_in_order(&event);
        core.follower.delivered.store(event.position, Ordering::SeqCst);
        if event.name == EventName::UserChanged {
            self.core.apply_user_change_event(&event);
            return;
        }
        if event.name == EventName::CommentCreated {
            self.core.stop_typing_of_comment_author(&event);
        }
        let frame = Frame::from_logged_event(&event);
        self.core.deliver_frame_to_topics(&frame, &event.audience, None, &mut self.listeners);
        if let Some(committed_at) = event.committed_at {
            metrics::observe_delivery_latency_since(committed_at);
        }
    }

    async fn look_into_gap_or_poll(&mut self) {
        let follower = &self.core.0.follower;
        let asked = follower.poll_wanted.swap(false, Ordering::AcqRel);
        let overdue = asked || Instant::now() >= self.next_poll;
        let gap_is_old = self.notice_gap_before_waiting();
        if !overdue && !gap_is_old {
            return;
        }
        let limit = self.core.0.store.config().statement_timeout;
        let look = async {
            if gap_is_old {
                self.look_into_oldest_gap().await
            } else {
                self.read_log_tail_once().await
            }
        };
        let result = tokio::time::timeout(limit, look)
            .await
            .unwrap_or_else(|elapsed| Err(DomainError::Unavailable(Box::new(elapsed))));
        if result.is_ok() {
            self.next_poll = Instant::now() + self.core.0.config.log_poll_interval;
        }
        let reachable = result.is_ok();
        if follower.database_ok.swap(reachable, Ordering::Relaxed) != reachable {
            match result {
                Ok(()) => tracing::info!("the event log can be read again"),
                Err(error) => tracing::error!(%error, "the event log cannot be read"),
            }
        }
    }

    /// True when a position has been missing for longer than a healthy writer takes.
    fn notice_gap_before_waiting(&mut self) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let position = self.core.0.follower.delivered_position() + 1;
        if self.gap.as_ref().is_none_or(|gap| gap.position != position) {
            self.gap = Some(Gap { position, noticed: Instant::now(), open_writers: None });
        }
        self.gap.as_ref().is_some_and(|gap| gap.noticed.elapsed() >= GAP_PATIENCE)
    }

    async fn look_into_oldest_gap(&mut self) -> Result<()> {
        // The writers are listed before the log is read: what none of them owns is in the log by then, or never.
        let writers: HashSet<String> =
            self.core.0.store.list_open_log_writers().await?.into_iter().collect();
        self.read_log_tail_once().await?;
        let delivered = self.core.0.follower.delivered_position();
        let Some(gap) = self.gap.as_mut().filter(|gap| gap.position == delivered + 1) else {
            return Ok(());
        };
        let still_open = match &gap.open_writers {
            None => &writers,
            Some(earlier) => &earlier.intersection(&writers).cloned().collect(),
        };
        if still_open.is_empty() {
            metrics::count_log_gap_passed_over();
            self.pass_over_missing_positions();
        } else {
            gap.open_writers = Some(still_open.clone());
        }
        Ok(())
    }

    fn pass_over_missing_positions(&mut self) {
        if let Some((first, _)) = self.waiting.first_key_value() {
            self.core.0.follower.delivered.store(first - 1, Ordering::SeqCst);
            self.gap = None;
            self.deliver_events_in_order();
        }
    }

    async fn read_log_tail_once(&mut self) -> Result<()> {
        loop {
            let after = self.core.0.follower.delivered_position();
            let read = self.core.0.store.read_events_after_position(after, READ_EVENTS).await?;
            let full = read.len() == READ_EVENTS as usize;
            self.keep_events_for_later(read);
            self.deliver_events_in_order();
            let moved = self.core.0.follower.delivered_position() > after;
            if !full || !moved {
                return Ok(());
            }
        }
    }

    fn time_until_next_look(&self) -> Duration {
        let follower = &self.core.0.follower;
        if !follower.database_is_reachable() {
            return GAP_LOOK_PAUSE;
        }
        match &self.gap {
            Some(gap) if gap.open_writers.is_none() => {
                GAP_PATIENCE.saturating_sub(gap.noticed.elapsed()).max(Duration::from_millis(1))
            }
            // Writers end within milliseconds, or are stuck: look more seldom the longer it takes.
            Some(gap) => {
                (gap.noticed.elapsed() / 4).clamp(Duration::from_millis(1), GAP_LOOK_PAUSE)
            }
            None => self.next_poll.saturating_duration_since(Instant::now()),
        }
    }
}
