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

use owlpost_domain::{DomainError, EventName, LoggedEvent, Result, Topic, event_log::LogExtent};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Frame, Realtime, delivery::frame::Addressed, metrics};

/// A writer of this process normally publishes within this time of a later one.
const GAP_PATIENCE: Duration = Duration::from_millis(5);
/// Longest pause between two looks at a gap, and after a failure of the database.
const GAP_LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Events read from the log at a time.
const READ_EVENTS: u32 = 500;
/// Events of one fan-out: below what a transport's own queue holds.
const RUN_EVENTS: usize = 24;
/// With so many sessions, a fan-out keeps every core busy for milliseconds.
const CROWD: usize = 256;
/// So it begins a moment later: whoever made the change has its answer before, and what else commits goes out with it.
const CROWD_PAUSE: Duration = Duration::from_micros(150);
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
        };
        loop {
            follow.deliver_arrived_events_in_order().await;
            follow.look_into_gap_or_poll().await;
            if follow.has_event_whose_turn_came() {
                continue;
            }
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

    async fn deliver_arrived_events_in_order(&mut self) {
        if self.core.0.registry.count_listeners_of_topic(Topic::Everyone) >= CROWD {
            // Too short for the runtime's timer, which counts milliseconds.
            let pause = tokio::task::spawn_blocking(|| std::thread::sleep(CROWD_PAUSE));
            let _ = pause.await;
        }
        self.take_arrived_events_in();
        while self.deliver_next_run_now().await {
            self.take_arrived_events_in();
        }
    }

    fn has_event_whose_turn_came(&self) -> bool {
        let next = self.core.0.follower.delivered_position() + 1;
        self.waiting.first_key_value().is_some_and(|(position, _)| *position == next)
    }

    /// Delivers those whose turn it is, as many as may go out together. False when there are none.
    async fn deliver_next_run_now(&mut self) -> bool {
        let run = self.take_next_run_out();
        if self.waiting.is_empty() {
            self.gap = None;
        }
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return false };
        let core = &self.core.0;
        // Kept first: whoever reads the position finds everything up to it in memory, and its outbox passes over what
        // the fan-out brings of that. Stored before the fan-out: see `delivered_position`.
        for event in &run {
            core.recent.keep_event_in_order(event);
        }
        core.follower.delivered.store(last.position, Ordering::SeqCst);
        if first.name == EventName::UserChanged {
            self.core.apply_user_change_event(first);
            return true;
        }
        for comment in run.iter().filter(|event| event.name == EventName::CommentCreated) {
            self.core.stop_typing_of_comment_author(comment);
        }
        let address = |event| Addressed { frame: Frame::from_logged_event(event), except: None };
        let frames: Vec<_> = run.iter().map(address).collect();
        self.core.fan_out_frames_to_topics(&frames, &first.audience).await;
        for committed_at in run.iter().filter_map(|event| event.committed_at) {
            metrics::observe_delivery_latency_since(committed_at);
        }
        true
    }

    /// The next consecutive events of one audience. A change of a user decides who hears what follows: it is alone.
    fn take_next_run_out(&mut self) -> Vec<LoggedEvent> {
        let mut run: Vec<LoggedEvent> = Vec::new();
        let mut position = self.core.0.follower.delivered_position();
        while let Some(entry) = self.waiting.first_entry() {
            position += 1;
            let event = entry.get();
            let fits = run.first().is_none_or(|first| {
                first.audience == event.audience
                    && first.name != EventName::UserChanged
                    && event.name != EventName::UserChanged
            });
            if event.position != position || !fits || run.len() == RUN_EVENTS {
                break;
            }
            run.push(entry.remove());
        }
        run
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
        let filled = self.has_event_whose_turn_came();
        let Some(gap) = self.gap.as_mut().filter(|_| !filled) else { return Ok(()) };
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
        }
    }

    async fn read_log_tail_once(&mut self) -> Result<()> {
        let follower = &self.core.0.follower;
        let after = follower.delivered_position();
        let read = self.core.0.store.read_events_after_position(after, READ_EVENTS).await?;
        if read.len() == READ_EVENTS as usize {
            // There may be more, to be read once these are delivered.
            follower.poll_wanted.store(true, Ordering::Release);
        }
        self.keep_events_for_later(read);
        Ok(())
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
            // Read behind a gap that nobody has noticed yet.
            None if !self.waiting.is_empty() => Duration::ZERO,
            None => self.next_poll.saturating_duration_since(Instant::now()),
        }
    }
}
