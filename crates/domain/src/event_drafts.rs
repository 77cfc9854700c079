//! Events of a change, from the first draft to their positions in the log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::PgConnection;

use crate::{Committed, EventName, EventPayload, LoggedEvent, Result, Topic, event::DeliverySpan};

/// How long after it took its positions a change may still tell of its events itself. Past it, a node may have fenced
/// the positions and the database given the events others (`redraw_fenced_position`); the log knows which. Below the
/// least time after which a position is fenced.
const PUBLISH_LIMIT: Duration = Duration::from_secs(2);

/// Events of one change, gathered until the change is certain.
#[derive(Debug, Default)]
pub(crate) struct EventDrafts {
    pub(crate) names: Vec<&'static str>,
    pub(crate) audiences: Vec<String>,
    pub(crate) payloads: Vec<String>,
    parsed: Vec<(EventName, Arc<[Topic]>)>,
}

impl EventDrafts {
    pub(crate) fn draft_event_for_audience<P: EventPayload>(
        &mut self,
        audience: &[Topic],
        payload: &P,
    ) -> Result<()> {
        let topics: Vec<String> = audience.iter().map(ToString::to_string).collect();
        self.names.push(P::EVENT.as_str());
        self.audiences.push(topics.join(" "));
        self.payloads.push(serde_json::to_string(payload)?);
        self.parsed.push((P::EVENT, audience.into()));
        Ok(())
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.names.len()
    }

    /// Bytes that they have in the log.
    pub(crate) fn count_payload_bytes(&self) -> usize {
        self.payloads.iter().map(String::len).sum()
    }

    /// Writes all drafts in one statement. Call it last: from here to the commit the log waits for this transaction.
    pub(crate) async fn append_drafts_to_log(
        self,
        connection: &mut PgConnection,
    ) -> Result<Vec<LoggedEvent>> {
        if self.names.is_empty() {
            return Ok(Vec::new());
        }
        let asked_at = Instant::now();
        let positions = sqlx::query_scalar::<_, i64>(
            "insert into event_log (name, audience, payload)
             select name, string_to_array(audience, ' '), payload::json
             from unnest($1::text[], $2::text[], $3::text[]) with ordinality as draft (name, audience, payload, ord)
             order by ord
             returning position",
        )
        .bind(&self.names)
        .bind(&self.audiences)
        .bind(&self.payloads)
        .fetch_all(connection)
        .await?;
        Ok(self.into_logged_events(positions, asked_at))
    }

    /// The drafts as events of the log, at the positions they were given. `asked_at` is from before the statement that
    /// took the positions was sent.
    pub(crate) fn into_logged_events(
        self,
        positions: Vec<i64>,
        asked_at: Instant,
    ) -> Vec<LoggedEvent> {
        let drafts = self.parsed.into_iter().zip(self.payloads);
        positions
            .into_iter()
            .zip(drafts)
            .map(|(position, ((name, audience), payload))| LoggedEvent {
                position,
                name,
                audience,
                payload: add_event_id_to_payload(&payload, position),
                committed_at: Some(asked_at),
                is_foreign: false,
                delivery: DeliverySpan::default(),
            })
            .collect()
    }
}

/// Puts `eventId` into a JSON object, as text: the payload is never parsed again after it was first written.
pub(crate) fn add_event_id_to_payload(payload: &str, position: i64) -> Arc<str> {
    let object = payload.trim();
    // The table refuses anything else since migration 6; what an older one let in says nothing.
    let fields = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or("");
    let comma = if fields.trim().is_empty() { "" } else { "," };
    format!("{{{fields}{comma}\"eventId\":\"{position}\"}}").into()
}

/// Marks the moment of the commit, for the delivery latency. A commit that took long leaves its events to the log:
/// they may have been given other positions than those it was told.
pub(crate) fn stamp_events_after_commit<T>(value: T, mut events: Vec<LoggedEvent>) -> Committed<T> {
    let now = Instant::now();
    let is_late = |event: &LoggedEvent| {
        event.committed_at.is_some_and(|asked_at| now.duration_since(asked_at) > PUBLISH_LIMIT)
    };
    if events.iter().any(is_late) {
        events.clear();
    }
    for event in &mut events {
        event.committed_at = Some(now);
        event.delivery = DeliverySpan::begin_within_current_span(event.name.as_str());
    }
    Committed { value, events }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_add_the_event_id_as_last_field() {
        for (payload, expected) in [
            (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1},"eventId":"7"}"#),
            ("{}", r#"{"eventId":"7"}"#),
            (" { } ", r#"{ "eventId":"7"}"#),
            ("[1]", r#"{"eventId":"7"}"#),
            ("\"}\"", r#"{"eventId":"7"}"#),
        ] {
            assert_eq!(&*add_event_id_to_payload(payload, 7), expected);
        }
    }

    #[test]
    fn should_leave_events_of_a_late_commit_to_the_log() {
        let commit_after = |age: Duration| {
            let mut drafts = EventDrafts::default();
            let deleted =
                crate::payload::NotificationDeleted { id: uuid::Uuid::nil(), unread_count: 0 };
            drafts.draft_event_for_audience(&[], &deleted).unwrap();
            let asked_at =
                Instant::now().checked_sub(age).expect("a machine that is up for seconds");
            stamp_events_after_commit((), drafts.into_logged_events(vec![7], asked_at)).events.len()
        };
        assert_eq!(commit_after(Duration::ZERO), 1);
        assert_eq!(commit_after(PUBLISH_LIMIT + Duration::from_millis(1)), 0);
    }
}
