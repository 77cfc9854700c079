//! A log, the database that holds it and the node that follows it, in memory.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use owlpost_domain::{
    DomainError,
    event_log::{history::LogExtent, tail::LogWriter},
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::super::*;
use crate::fakes::wait_until_condition_holds;

/// Long enough that nothing else takes as long.
pub(super) const LIMIT: Duration = Duration::from_millis(400);
pub(super) const NEVER: Duration = Duration::from_secs(3600);

/// A log, the transactions that write to it, and what its followers delivered.
pub(super) struct State {
    pub(super) extent: LogExtent,
    pub(super) rows: BTreeMap<i64, LoggedEvent>,
    pub(super) writers: HashSet<String>,
    pub(super) fence: i64,
    pub(super) fence_is_held: bool,
    pub(super) is_away: bool,
    pub(super) fences_refused: u32,
    /// How often the extent, the tail or the writers were read.
    pub(super) looks: u32,
    pub(super) delivered: Vec<(i64, String)>,
    pub(super) ended: u32,
    /// What sessions are handed waits for it.
    pub(super) fan_out: Option<Arc<Notify>>,
}

#[derive(Clone)]
pub(super) struct World(pub(super) Arc<Mutex<State>>);

pub(super) fn build_event_at_position(position: i64, name: &str) -> LoggedEvent {
    let payload = format!("{{\"eventId\":\"{position}\"}}");
    LoggedEvent::from_texts(position, name, &["everyone".to_owned()], payload.into())
}

impl World {
    pub(super) fn with_rows_through(last: i64) -> Self {
        let extent = LogExtent {
            epoch_start: 1,
            trimmed_through: 0,
            last_position: last,
            is_as_begun: true,
        };
        let rows =
            (1..=last).map(|p| (p, build_event_at_position(p, "incident:created"))).collect();
        Self(Arc::new(Mutex::new(State {
            extent,
            rows,
            writers: HashSet::new(),
            fence: 0,
            fence_is_held: false,
            is_away: false,
            fences_refused: 0,
            looks: 0,
            delivered: Vec::new(),
            ended: 0,
            fan_out: None,
        })))
    }

    pub(super) fn commit_events_at_positions(
        &self,
        positions: impl IntoIterator<Item = i64>,
    ) -> Vec<LoggedEvent> {
        let mut state = self.0.lock();
        positions
            .into_iter()
            .map(|position| {
                let event = build_event_at_position(position, "incident:created");
                state.rows.insert(position, event.clone());
                state.extent.last_position = state.extent.last_position.max(position);
                event
            })
            .collect()
    }

    pub(super) fn open_writer_of_log(&self, name: &str) {
        self.0.lock().writers.insert(name.to_owned());
    }

    pub(super) fn end_writer_of_log(&self, name: &str) {
        self.0.lock().writers.remove(name);
    }

    pub(super) fn delivered(&self) -> Vec<i64> {
        self.0.lock().delivered.iter().map(|(position, _)| *position).collect()
    }

    pub(super) async fn wait_until_state_holds(
        &self,
        what: &str,
        condition: impl Fn(&State) -> bool,
    ) {
        wait_until_condition_holds(what, || condition(&self.0.lock())).await;
    }

    /// Resolves when the node has looked at the log a few times more, and so at all that was there before.
    pub(super) async fn wait_for_more_looks(&self) {
        let before = self.0.lock().looks;
        self.wait_until_state_holds("more looks at the log", |state| state.looks >= before + 6)
            .await;
    }

    /// Starts a node on this log.
    pub(super) async fn start_node_on_log(&self) -> Arc<LogFeed> {
        self.start_node_with_limit(LIMIT).await
    }

    pub(super) async fn start_node_with_limit(&self, gap_limit: Duration) -> Arc<LogFeed> {
        let poll_interval = Duration::from_millis(20);
        self.start_node_with_config(FollowerConfig { poll_interval, gap_limit }).await
    }

    pub(super) async fn start_node_with_config(&self, config: FollowerConfig) -> Arc<LogFeed> {
        let extent = settle_end_of_log(self, config.gap_limit).await.unwrap();
        let feed = Arc::new(LogFeed::new(&extent, 100));
        let follower = LogFollower::new(self.clone(), self.clone(), feed.clone(), config);
        tokio::spawn(follower.follow_log_until_stop());
        feed
    }

    pub(super) fn answer_unless_log_is_away<T>(
        &self,
        read: impl FnOnce(&mut State) -> T,
    ) -> Result<T> {
        let mut state = self.0.lock();
        if state.is_away {
            return Err(DomainError::Unavailable("away".into()));
        }
        state.looks += 1;
        Ok(read(&mut state))
    }
}

impl LogSource for World {
    async fn read_extent(&self) -> Result<LogExtent> {
        self.answer_unless_log_is_away(|state| state.extent)
    }

    async fn read_tail(&self, first: i64, limit: u32) -> Result<LogTail> {
        self.answer_unless_log_is_away(|state| LogTail {
            extent: state.extent,
            events: state
                .rows
                .range(first..)
                .take(limit as usize)
                .map(|(_, e)| e.clone())
                .collect(),
        })
    }

    async fn list_writers(&self) -> Result<HashSet<String>> {
        self.answer_unless_log_is_away(|state| state.writers.clone())
    }

    async fn describe_writers(&self) -> Result<Vec<LogWriter>> {
        self.answer_unless_log_is_away(|_| Vec::new())
    }

    async fn fence_through(&self, position: i64) -> Result<()> {
        self.answer_unless_log_is_away(|state| {
            if state.fence_is_held {
                state.fences_refused += 1;
                return Err(DomainError::Unavailable("a transaction commits".into()));
            }
            state.fence = state.fence.max(position);
            Ok(())
        })?
    }

    async fn begin_epoch_after_restore(&self) -> Result<()> {
        self.answer_unless_log_is_away(|state| begin_epoch_at_position(state, 1_000))
    }

    async fn begin_epoch_after_contradiction(&self, known: i64) -> Result<()> {
        self.answer_unless_log_is_away(|state| {
            if state.extent.epoch_start == known {
                begin_epoch_at_position(state, 1_000);
            }
        })
    }
}

pub(super) fn begin_epoch_at_position(state: &mut State, start: i64) {
    state.extent.epoch_start = start;
    state.extent.last_position = start - 1;
    state.extent.is_as_begun = true;
}

impl LogSink for World {
    fn has_crowd(&self) -> bool {
        false
    }

    async fn deliver_batch(&self, batch: &[LoggedEvent]) {
        let fan_out = self.0.lock().fan_out.clone();
        if let Some(fan_out) = fan_out {
            fan_out.notified().await;
        }
        let names = batch.iter().map(|event| (event.position, event.name.to_string()));
        self.0.lock().delivered.extend(names);
    }

    fn note_reading(&self) {}

    fn end_every_session(&self) {
        self.0.lock().ended += 1;
    }
}
