//! What a client missed: from memory when it was away for a moment, from the log otherwise.

use std::sync::Arc;

use owlpost_domain::{
    DomainError, EventName, LoggedEvent, Result, Topic, User, payload::EventsResumed,
};

use crate::{Frame, Realtime, Session, metrics};

/// A page of the log for one reader.
#[derive(Debug)]
pub struct EventPage {
    /// Events the reader is entitled to, oldest first.
    pub events: Vec<LoggedEvent>,
    /// Continue after this position.
    pub last_position: i64,
    /// False: events before this page are gone; refetch.
    pub complete: bool,
}

/// What is sent between the acknowledgement and the first live event.
pub(crate) struct Replay {
    /// The position the client holds when the replay begins.
    pub(crate) position_before: i64,
    pub(crate) frames: Vec<Arc<Frame>>,
}

impl Replay {
    pub(crate) const fn nothing_to_replay(through: i64) -> Self {
        Self { position_before: through, frames: Vec::new() }
    }
}

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

impl Realtime {
    /// Everything the session missed in `(after, through]`, closed by `events:resumed`. What cannot be replayed
    /// whole is not replayed at all: `complete: false` tells the client to refetch.
    pub(crate) async fn prepare_replay_for_session(
        &self,
        session: &Session,
        after: &str,
        through: i64,
    ) -> Result<Replay> {
        let missed = match parse_event_id_text(after) {
            Ok(after) => self.find_missed_events_between(after, through, &session.topics()).await?,
            Err(_) => None,
        };
        let complete = missed.is_some();
        let events = missed.unwrap_or_default();
        metrics::count_session_resume_outcome(complete, events.len());
        let mut frames: Vec<_> = events.iter().map(Frame::from_logged_event).collect();
        let resumed = EventsResumed {
            from: after.to_owned(),
            to: through.to_string(),
            count: u32::try_from(frames.len()).unwrap_or(u32::MAX),
            complete,
        };
        frames.push(Frame::from_payload(EventName::EventsResumed, &resumed));
        let position_before = if complete { parse_event_id_text(after)? } else { through };
        Ok(Replay { position_before, frames })
    }

    /// `None`: the log cannot tell everything, or there is too much to tell.
    async fn find_missed_events_between(
        &self,
        after: i64,
        through: i64,
        topics: &[Topic],
    ) -> Result<Option<Vec<LoggedEvent>>> {
        let config = &self.0.config;
        if after > through {
            return Ok(None);
        }
        let limit = config.replay_limit;
        let events = match self.0.recent.find_events_in_range(after, through) {
            Some(recent) => {
                let entitled =
                    |event: &LoggedEvent| event.audience.iter().any(|t| topics.contains(t));
                recent.into_iter().filter(entitled).collect()
            }
            None if through - after > config.replay_scan_limit => return Ok(None),
            None => {
                let store = &self.0.store;
                let events =
                    store.read_entitled_events_between(after, through, topics, limit + 1).await?;
                // Asked after the read: a trim in between must not pass for a whole answer.
                if !store.read_log_extent_now().await?.can_resume_after_position(after) {
                    return Ok(None);
                }
                events
            }
        };
        Ok((events.len() <= limit as usize).then_some(events))
    }

    /// A page for a reader without a session: everyone's, the feed's, their own and their role's events, and those
    /// of `rooms`.
    pub async fn read_entitled_event_page(
        &self,
        user: &User,
        rooms: &[Topic],
        after: i64,
        limit: u32,
    ) -> Result<EventPage> {
        let through = self.0.follower.delivered_position();
        let store = &self.0.store;
        let mut topics =
            vec![Topic::Everyone, Topic::Feed, Topic::User(user.id), Topic::Role(user.role)];
        topics.extend(rooms);
        let events = store.read_entitled_events_between(after, through, &topics, limit).await?;
        let extent = store.read_log_extent_now().await?;
        let full = events.len() == limit as usize;
        let last_position = match events.last() {
            Some(last) if full => last.position,
            _ => through.max(extent.epoch_start - 1),
        };
        Ok(EventPage { events, last_position, complete: extent.can_resume_after_position(after) })
    }
}
