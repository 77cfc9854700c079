//! Delivery in log order, each position once, none missed.
//!
//! Events arrive from the writers of this process, from other nodes over the bus, and from the log itself, in any
//! order and more than once. The follower delivers them by position ([`super::order`]). When one is missing, it may be
//! a transaction that has not committed yet, one that was rolled back, or one committed by a process that died before
//! telling: the follower reads the log, and passes over a missing position only when every transaction that was
//! writing to the log when it noticed has ended and the position is still not there. One that does not end is fenced:
//! the database gives it positions at the end of the log when it commits after all. So a client that has seen position
//! N has been sent everything before N, and "everything after N" is a complete resume on any node.
//!
//! Each reading of the log also tells whether it is still the log that was delivered. When it is not, a new epoch
//! begins and every session is ended, so that their clients come back and are told to refetch.

use std::sync::Arc;

use owlpost_domain::{EventName, LoggedEvent, Result, event_log::tail::LogTail};
use tokio::time::{Duration, Instant};

use super::{
    feed::{INBOX_EVENTS, LogFeed, count_foreign_events_of_batch},
    order::{GapVerdict, LogOrder},
    settle::settle_end_of_log,
    source::{LogSink, LogSource},
};
use crate::metrics;

/// A writer of this process normally publishes within this time of a later one.
const GAP_PATIENCE: Duration = Duration::from_millis(5);
/// Longest pause between two looks at a gap, and after a failure of the database.
const GAP_LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Pause after a fence that could not be raised, as a part of the limit: while it waits, others that commit wait, too.
const FENCE_PAUSE_DIVISOR: u32 = 5;
/// Events read from the log at a time.
const READ_EVENTS: u32 = 500;
/// Events of one fan-out: below what a transport's own queue holds.
const BATCH_EVENTS: usize = 24;
/// A fan-out to a crowd begins this much later: whoever made the change has its answer before, and what else commits
/// goes out with it.
const CROWD_PAUSE: Duration = Duration::from_micros(150);

/// Times of the follower.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FollowerConfig {
    /// How often the log is read for events that nobody announced.
    pub(crate) poll_interval: Duration,
    /// How long a missing position is waited for before it is fenced.
    pub(crate) gap_limit: Duration,
}

/// A missing position, since when it has been missing, and when it may be fenced.
struct GapWatch {
    position: i64,
    noticed: Instant,
    was_looked_at: bool,
    fence_at: Instant,
}

/// Why the log may not be the one that was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// The database or the table is not the one the epoch began on, or another epoch has begun.
    Replaced,
    /// What was delivered is not in the log, which says nothing of a restore.
    Contradicted,
}

/// The one task that delivers the log.
pub(crate) struct LogFollower<S, K> {
    source: S,
    sink: K,
    feed: Arc<LogFeed>,
    config: FollowerConfig,
    order: LogOrder<LoggedEvent>,
    gap: Option<GapWatch>,
    next_poll: Instant,
    /// The last event delivered, to be found again at the same place with each reading.
    anchor: Option<LoggedEvent>,
    doubt: Option<Doubt>,
    /// Whether the log has events that found no room here: to be read when those before them are delivered.
    has_more_in_log: bool,
}

impl<S: LogSource, K: LogSink> LogFollower<S, K> {
    /// A follower that goes on where `feed` is.
    pub(crate) fn new(source: S, sink: K, feed: Arc<LogFeed>, config: FollowerConfig) -> Self {
        Self {
            order: LogOrder::new(feed.delivered_position(), INBOX_EVENTS),
            source,
            sink,
            feed,
            config,
            gap: None,
            next_poll: Instant::now() + config.poll_interval,
            anchor: None,
            doubt: None,
            has_more_in_log: false,
        }
    }

    /// Delivers the log until the task is dropped.
    pub(crate) async fn follow_log_until_stop(mut self) {
        loop {
            self.deliver_arrived_events_in_order().await;
            self.resolve_gap_or_poll_log().await;
            if !self.order.has_event_in_turn() {
                // Zero when there is more to do at once; others have their turn all the same.
                let pause = self.time_until_next_look();
                // Woken or not, the loop looks at everything again.
                self.feed.wait_for_arrival_within(Some(pause)).await;
            }
        }
    }

    async fn deliver_arrived_events_in_order(&mut self) {
        if self.buffer_events_that_arrived() && self.sink.has_crowd() {
            // Too short for the runtime's timer, which counts milliseconds.
            let _ = tokio::task::spawn_blocking(|| std::thread::sleep(CROWD_PAUSE)).await;
            self.buffer_events_that_arrived();
        }
        while self.deliver_next_contiguous_batch().await {
            self.buffer_events_that_arrived();
        }
    }

    /// True when something arrived.
    fn buffer_events_that_arrived(&mut self) -> bool {
        let arrived = self.feed.take_arrived_events();
        let any = !arrived.is_empty();
        self.buffer_events_of_log(arrived);
        any
    }

    fn buffer_events_of_log(&mut self, events: Vec<LoggedEvent>) {
        for event in events {
            self.order.buffer_event_at_position(event.position, event);
        }
    }

    /// Delivers those whose turn it is, as many as may go out together. False when there are none.
    async fn deliver_next_contiguous_batch(&mut self) -> bool {
        let batch = self.order.pop_next_contiguous_batch(BATCH_EVENTS, may_go_out_together);
        if !self.order.has_buffered_events() {
            self.gap = None;
        }
        let Some(last) = batch.last() else { return false };
        self.anchor = Some(last.clone());
        self.feed.note_batch_before_delivery(&batch, self.order.delivered());
        count_foreign_events_of_batch(&batch);
        self.sink.deliver_batch(&batch).await;
        self.feed.note_batch_after_delivery(self.order.delivered());
        for committed_at in batch.iter().filter_map(|event| event.committed_at) {
            metrics::observe_delivery_latency_since(committed_at);
        }
        true
    }

    async fn resolve_gap_or_poll_log(&mut self) {
        let has_old_gap = self.notice_gap_before_waiting();
        self.has_more_in_log |= self.order.take_need_of_reading();
        // Not while they wait behind a gap: the log would be read again and again for what is here already.
        let has_room = self.has_more_in_log && !self.order.has_buffered_events();
        let asked = self.feed.take_request_of_reading();
        let is_due = asked || has_room || self.doubt.is_some() || Instant::now() >= self.next_poll;
        if !is_due && !has_old_gap {
            return;
        }
        let result = self.inspect_log_and_gap(has_old_gap).await;
        if result.is_ok() {
            self.next_poll = Instant::now() + self.config.poll_interval;
            self.sink.note_reading();
        } else if asked {
            self.feed.request_reading_of_log();
        }
        if self.feed.note_reachability_of_database(result.is_ok()) {
            match result {
                Ok(()) => tracing::info!("the event log can be read again"),
                Err(error) => {
                    tracing::error!(
                        cause = error.describe_chain_of_causes(),
                        "the event log cannot be read"
                    )
                }
            }
        }
    }

    async fn inspect_log_and_gap(&mut self, has_old_gap: bool) -> Result<()> {
        if let Some(doubt) = self.doubt {
            return self.follow_current_log_history(doubt).await;
        }
        // Listed before the log is read: what none of them holds is in the log by then, or never.
        let writers = if has_old_gap { Some(self.source.list_writers().await?) } else { None };
        self.read_tail_of_log().await?;
        let Some(writers) = writers.filter(|_| self.doubt.is_none()) else { return Ok(()) };
        match self.order.judge_gap_by_writers(writers) {
            GapVerdict::Filled => {}
            GapVerdict::PassedOver => self.note_gap_passed_over("rolled_back"),
            GapVerdict::Open => self.fence_gap_after_limit().await?,
        }
        Ok(())
    }

    /// True when a position has been missing for longer than a healthy writer takes.
    fn notice_gap_before_waiting(&mut self) -> bool {
        let Some(position) = self.order.find_first_missing_position() else {
            self.gap = None;
            return false;
        };
        let gap = match self.gap.take() {
            Some(gap) if gap.position == position => gap,
            _ => {
                let noticed = Instant::now();
                let fence_at = noticed + self.config.gap_limit;
                GapWatch { position, noticed, was_looked_at: false, fence_at }
            }
        };
        let is_old = gap.noticed.elapsed() >= GAP_PATIENCE;
        self.gap = Some(gap);
        is_old
    }

    async fn fence_gap_after_limit(&mut self) -> Result<()> {
        let Some(gap) = &mut self.gap else { return Ok(()) };
        gap.was_looked_at = true;
        metrics::observe_open_log_gap(gap.noticed.elapsed());
        if Instant::now() < gap.fence_at {
            return Ok(());
        }
        gap.fence_at = Instant::now() + self.config.gap_limit / FENCE_PAUSE_DIVISOR;
        let (position, open_for) = (gap.position, gap.noticed.elapsed());
        let Some(end) = self.order.find_end_of_gap() else { return Ok(()) };
        let writers = self.source.describe_writers().await?;
        if let Err(error) = self.source.fence_through(end).await {
            tracing::warn!(
                cause = error.describe_chain_of_causes(),
                position,
                ?open_for,
                ?writers,
                "a missing position cannot be fenced yet"
            );
            return Ok(());
        }
        // What was committed before the fence is there now, and after it nothing can be.
        self.read_tail_of_log().await?;
        if self.doubt.is_none() && self.order.find_first_missing_position() == Some(position) {
            tracing::warn!(
                position,
                through = end,
                ?open_for,
                ?writers,
                "a transaction that does not end held the event log: its events will come later"
            );
            self.order.pass_over_settled_gap();
            self.note_gap_passed_over("fenced");
        }
        Ok(())
    }

    fn note_gap_passed_over(&mut self, how: &'static str) {
        metrics::count_log_gap_passed_over(how);
        metrics::observe_open_log_gap(Duration::ZERO);
        self.gap = None;
        self.feed.move_to_delivered_position(self.order.delivered());
    }

    async fn read_tail_of_log(&mut self) -> Result<()> {
        let next = self.order.delivered() + 1;
        let first = self.anchor.as_ref().map_or(next, |anchor| anchor.position);
        let tail = self.source.read_tail(first, READ_EVENTS).await?;
        if let Some(doubt) = self.find_doubt_about_history(&tail) {
            // Nothing of it is delivered: its positions mean something else.
            self.doubt = Some(doubt);
            return self.follow_current_log_history(doubt).await;
        }
        self.has_more_in_log = tail.events.len() == READ_EVENTS as usize;
        self.buffer_events_of_log(tail.events);
        Ok(())
    }

    fn find_doubt_about_history(&self, tail: &LogTail) -> Option<Doubt> {
        let extent = &tail.extent;
        if !extent.is_as_begun || extent.epoch_start != self.feed.epoch_start() {
            return Some(Doubt::Replaced);
        }
        let is_shorter = extent.last_position < self.order.delivered();
        let has_other_content = self.anchor.as_ref().is_some_and(|anchor| {
            match tail.events.first().filter(|event| event.position == anchor.position) {
                Some(found) => found.name != anchor.name || found.payload != anchor.payload,
                None => extent.trimmed_through < anchor.position,
            }
        });
        (is_shorter || has_other_content).then_some(Doubt::Contradicted)
    }

    /// Sees to it that the log has an epoch of its own, and follows it from its end on when that is another one.
    /// Until that succeeds the node is not ready.
    async fn follow_current_log_history(&mut self, doubt: Doubt) -> Result<()> {
        let known = self.feed.epoch_start();
        if doubt == Doubt::Contradicted {
            self.source.begin_epoch_after_contradiction(known).await?;
        }
        let extent = settle_end_of_log(&self.source, self.config.gap_limit).await?;
        self.doubt = None;
        if extent.epoch_start == known {
            // A server that was only read from for a moment, such as a standby.
            return Ok(());
        }
        tracing::warn!(
            epoch_start = extent.epoch_start,
            position = extent.last_position,
            "another history of the event log is followed: every session is ended, to come back and refetch"
        );
        metrics::count_log_epoch_begun();
        self.anchor = None;
        self.gap = None;
        self.order.restart_order_after_position(extent.last_position);
        self.feed.restart_feed_in_epoch(&extent);
        self.sink.end_every_session();
        Ok(())
    }

    fn time_until_next_look(&self) -> Duration {
        if !self.feed.database_is_reachable() {
            return GAP_LOOK_PAUSE;
        }
        match &self.gap {
            Some(gap) if !gap.was_looked_at => {
                GAP_PATIENCE.saturating_sub(gap.noticed.elapsed()).max(Duration::from_millis(1))
            }
            // Writers end within milliseconds, or are stuck: look more seldom the longer it takes.
            Some(gap) => {
                (gap.noticed.elapsed() / 4).clamp(Duration::from_millis(1), GAP_LOOK_PAUSE)
            }
            // Read behind a gap that nobody has noticed yet.
            None if self.order.has_buffered_events() || self.has_more_in_log => Duration::ZERO,
            None => self.next_poll.saturating_duration_since(Instant::now()),
        }
    }
}

/// A change of a user decides who hears what follows: it is alone.
fn may_go_out_together(first: &LoggedEvent, next: &LoggedEvent) -> bool {
    first.audience == next.audience
        && first.name != EventName::UserChanged
        && next.name != EventName::UserChanged
}

#[cfg(test)]
mod tests;
