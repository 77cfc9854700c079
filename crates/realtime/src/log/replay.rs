//! What a client missed: from memory when it was away for a moment, from the log otherwise.

use std::sync::Arc;

use owlpost_domain::{
    DomainError, LoggedEvent, Result, Store, Topic, User, payload::EventsResumed,
};

use super::feed::LogFeed;
use crate::{Frame, RealtimeConfig, metrics};

/// Rows of the log that one page looks at, whoever they are for.
const PAGE_SCAN_ROWS: u32 = 10_000;

/// A page of the log for one reader.
#[derive(Debug)]
pub struct EventPage {
    /// Events the reader is entitled to, oldest first.
    pub events: Vec<LoggedEvent>,
    /// Continue after this position. Never below the one that was asked for, while that is of this log.
    pub last_position: i64,
    /// False: events before this page are gone; refetch.
    pub complete: bool,
    /// There are positions behind this page that were not looked at yet.
    pub has_more: bool,
}

/// What is sent between the acknowledgement and the first live event.
#[derive(Debug)]
pub(crate) struct Replay {
    /// The position the client holds when the replay begins.
    pub(crate) position_before: i64,
    /// The position the client holds after it.
    pub(crate) through: i64,
    /// Whether nothing is missing of what came after the position that was asked for.
    pub(crate) complete: bool,
    pub(crate) frames: Vec<Arc<Frame>>,
}

/// What a session asks for when it comes back.
#[derive(Clone, Copy)]
pub(crate) struct ResumeRequest<'a> {
    /// The position it has, as the client wrote it.
    pub(crate) after: &'a str,
    /// What it listens to now.
    pub(crate) topics: &'a [Topic],
    /// Whether it listens to everything it asked for. What it was refused it cannot be told of.
    pub(crate) has_all_rooms: bool,
    /// Which events of its topics it wants.
    pub(crate) wanted: &'a WantedEvents<'a>,
}

/// Whether an event that a reader is entitled to is one of those it wants.
pub type WantedEvents<'a> = dyn Fn(&LoggedEvent) -> bool + Send + Sync + 'a;

/// Reads a position as clients give it back.
pub fn parse_event_id_text(text: &str) -> Result<i64> {
    let digits = !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
    let parsed = if digits { text.parse().ok() } else { None };
    parsed.ok_or_else(|| {
        DomainError::invalid_field_value(
            "lastEventId",
            "must be an eventId: a decimal number as text",
        )
    })
}

/// The past of the log, for whoever was away.
#[derive(Debug, Clone)]
pub(crate) struct LogReplay {
    store: Store,
    feed: Arc<LogFeed>,
    replay_limit: u32,
    scan_limit: i64,
}

impl LogReplay {
    pub(crate) fn new(store: Store, feed: Arc<LogFeed>, config: &RealtimeConfig) -> Self {
        Self {
            store,
            feed,
            replay_limit: config.replay_limit,
            scan_limit: config.replay_scan_limit,
        }
    }

    /// Nothing missed: the session begins with what is delivered from now on.
    pub(crate) fn begin_session_without_replay(&self) -> Replay {
        let through = self.feed.delivered_position();
        Replay { position_before: through, through, complete: false, frames: Vec::new() }
    }

    /// Everything that was missed after `request.after`, closed by `events:resumed`. What cannot be replayed whole is
    /// not replayed at all: `complete: false` tells the client to refetch. The session must be registered under its
    /// topics before: what is delivered after the replay's end finds it there.
    pub(crate) async fn prepare_replay_for_request(
        &self,
        request: ResumeRequest<'_>,
    ) -> Result<Replay> {
        let parsed = parse_event_id_text(request.after).ok();
        if let Some(after) = parsed {
            self.catch_up_with_reader(after).await?;
        }
        let through = self.feed.delivered_position();
        let missed = match parsed {
            Some(after) if request.has_all_rooms => {
                self.find_missed_events_between(after, through, request).await?
            }
            _ => None,
        };
        let position_before = parsed.filter(|_| missed.is_some()).unwrap_or(through);
        let complete = missed.is_some();
        let events = missed.unwrap_or_default();
        metrics::count_session_resume_outcome(complete, events.len());
        let mut frames: Vec<_> = events.iter().map(Frame::from_logged_event).collect();
        let resumed = EventsResumed {
            from: request.after.to_owned(),
            to: through.to_string(),
            count: u32::try_from(frames.len()).unwrap_or(u32::MAX),
            complete,
        };
        frames.push(Frame::from_payload(&resumed));
        Ok(Replay { position_before, through, complete, frames })
    }

    /// A reader can be ahead of this node by what another node told it, a moment ago or while the bus was away. The log
    /// says whether its position is one of this history; then this node delivers up to there before it answers.
    /// `Unavailable` when that takes longer than a statement may.
    async fn catch_up_with_reader(&self, after: i64) -> Result<()> {
        if after <= self.feed.delivered_position() {
            return Ok(());
        }
        let extent = self.store.read_log_extent_state().await?;
        let is_of_this_history = extent.is_as_begun && extent.can_resume_after_position(after);
        if !is_of_this_history {
            return Ok(());
        }
        let limit = self.store.config().statement_timeout;
        Ok(tokio::time::timeout(limit, self.feed.wait_until_position_delivered(after)).await?)
    }

    /// Resolves when no session is still to be handed anything up to the end of a replay. `Unavailable` when that takes longer than
    /// a statement may.
    pub(crate) async fn wait_for_live_events_through(&self, through: i64) -> Result<()> {
        let limit = self.store.config().statement_timeout;
        Ok(tokio::time::timeout(limit, self.feed.wait_until_position_handed_out(through)).await?)
    }

    /// `None`: the log cannot tell everything, or there is too much to tell.
    async fn find_missed_events_between(
        &self,
        after: i64,
        through: i64,
        request: ResumeRequest<'_>,
    ) -> Result<Option<Vec<LoggedEvent>>> {
        if after > through {
            return Ok(None);
        }
        let ResumeRequest { topics, wanted, .. } = request;
        let events = match self.feed.recent.find_events_in_range(after, through) {
            Some(recent) => {
                let entitled =
                    |event: &LoggedEvent| event.audience.iter().any(|t| topics.contains(t));
                recent.into_iter().filter(|event| entitled(event) && wanted(event)).collect()
            }
            None if through - after > self.scan_limit => return Ok(None),
            None => {
                let events = self.read_wanted_events_between(after, through, request).await?;
                // Asked after the read: a trim or a new history in between must not pass for a whole answer.
                if !self.can_resume_after_position(after).await? {
                    return Ok(None);
                }
                events
            }
        };
        Ok((events.len() <= self.replay_limit as usize).then_some(events))
    }

    /// As many as may be replayed, and one more; read in pages, of which those that want everything need one.
    async fn read_wanted_events_between(
        &self,
        after: i64,
        through: i64,
        request: ResumeRequest<'_>,
    ) -> Result<Vec<LoggedEvent>> {
        let limit = self.replay_limit + 1;
        let (mut events, mut read_through) = (Vec::new(), after);
        loop {
            let ResumeRequest { topics, wanted, .. } = request;
            let page = self
                .store
                .read_entitled_events_between(read_through, through, topics, limit)
                .await?;
            let is_last = page.len() < limit as usize;
            read_through = page.last().map_or(through, |last| last.position);
            events.extend(page.into_iter().filter(|event| wanted(event)));
            if is_last || events.len() >= limit as usize {
                return Ok(events);
            }
        }
    }

    async fn can_resume_after_position(&self, after: i64) -> Result<bool> {
        let extent = self.store.read_log_extent_state().await?;
        let is_followed = extent.is_as_begun && extent.epoch_start == self.feed.epoch_start();
        Ok(is_followed && extent.can_resume_after_position(after))
    }

    /// A page for a reader without a session: everyone's, the feed's, their own and their role's events, and those
    /// of `rooms`. It looks at a bounded number of rows, so it can be empty and have more behind it.
    pub(crate) async fn read_page_for_user(
        &self,
        user: &User,
        rooms: &[Topic],
        after: i64,
        limit: u32,
    ) -> Result<EventPage> {
        self.catch_up_with_reader(after).await?;
        let delivered = self.feed.delivered_position();
        let window = self.store.find_end_of_window(after, delivered, PAGE_SCAN_ROWS).await?;
        let through = window.unwrap_or(delivered);
        let mut topics =
            vec![Topic::Everyone, Topic::Feed, Topic::User(user.id), Topic::Role(user.role)];
        topics.extend(rooms);
        let events =
            self.store.read_entitled_events_between(after, through, &topics, limit).await?;
        let complete = self.can_resume_after_position(after).await?;
        let full = events.len() == limit as usize;
        let last_position = match events.last() {
            Some(last) if full => last.position,
            _ => through,
        };
        Ok(EventPage { events, last_position, complete, has_more: last_position < delivered })
    }
}
