//! What one client saw, connection by connection.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Time since the harness began: histories and writers share this clock.
pub fn read_clock_of_harness() -> Duration {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    BEGUN.get_or_init(Instant::now).elapsed()
}

/// A durable event as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedEvent {
    /// Its `eventId`.
    pub position: i64,
    /// Its name.
    pub name: String,
    /// Its payload, `eventId` included.
    pub payload: Value,
    /// When it arrived.
    pub at: Duration,
}

/// An ephemeral or personal event as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenSignal {
    /// Its name.
    pub name: String,
    /// Its payload.
    pub payload: Value,
    /// When it arrived.
    pub at: Duration,
}

/// What the server said of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeReport {
    /// The position the replay ends at.
    pub to: i64,
    /// Events it says were replayed.
    pub count: usize,
    /// Whether they were all that was missed.
    pub complete: bool,
    /// Durable events that had arrived on this connection before the report.
    pub events_before: usize,
}

/// One connection from its opening to its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Segment {
    /// The position the client gave, as it gave it.
    pub given: Option<String>,
    /// A stock client came back for the connection it had. It is recovered, or this segment is never acknowledged.
    pub recovers: bool,
    /// A stock client that was not recovered: it refetches, and what it missed is not owed.
    pub begins_anew: bool,
    /// The position of the acknowledgement; `None` until it came.
    pub acknowledged: Option<i64>,
    /// The end of the replay, if there was one.
    pub resumed: Option<ResumeReport>,
    /// Durable events, in the order they came.
    pub events: Vec<ReceivedEvent>,
    /// When and why it ended; `None` while it lasts.
    pub ended: Option<(Duration, String)>,
}

impl Segment {
    /// The position the client was at when it connected.
    pub fn given_position(&self) -> Option<i64> {
        self.given.as_deref().and_then(|text| text.parse().ok())
    }
}

/// Everything one client saw.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Name of the client in reports.
    pub client: String,
    /// Topics it is entitled to from its first acknowledgement to its end.
    pub topics: Vec<String>,
    /// Its connections.
    pub segments: Vec<Segment>,
    /// Presence, typing, errors.
    pub signals: Vec<SeenSignal>,
    /// What it would give as `lastEventId` now.
    pub position: Option<i64>,
    /// Events whose last argument was not their position.
    pub wrong_offsets: Vec<String>,
    /// Times the client tried to connect and was refused or not answered.
    pub failed_connects: usize,
}

impl History {
    /// Whether the newest connection is acknowledged, and its replay over if there is one.
    pub fn is_caught_up(&self) -> bool {
        self.segments.last().is_some_and(|segment| {
            segment.ended.is_none()
                && segment.acknowledged.is_some()
                && (segment.given.is_none() || segment.resumed.is_some())
        })
    }

    /// Where its entitlement begins: the first acknowledgement.
    pub fn start_position(&self) -> Option<i64> {
        self.segments.iter().find_map(|segment| segment.acknowledged)
    }

    /// How often a stock client was recovered, and how often it was not and began anew.
    pub fn count_recoveries_and_refusals(&self) -> (usize, usize) {
        let acknowledged = || self.segments.iter().filter(|segment| segment.acknowledged.is_some());
        let recovered = acknowledged().filter(|segment| segment.recovers).count();
        (recovered, acknowledged().filter(|segment| segment.begins_anew).count())
    }

    /// Every durable event of all connections.
    pub fn all_events(&self) -> impl Iterator<Item = &ReceivedEvent> {
        self.segments.iter().flat_map(|segment| &segment.events)
    }

    /// Signals of one name.
    pub fn find_signals_by_name<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a SeenSignal> {
        self.signals.iter().filter(move |signal| signal.name == name)
    }

    /// Every client of the harness can recover: its events end in their position, and no others in anything.
    pub fn check_offset_of_event(&mut self, name: &str, payload: &Value, offset: Option<&str>) {
        let field = if name == "connection:acknowledged" { "lastEventId" } else { "eventId" };
        if offset != payload[field].as_str() {
            self.wrong_offsets.push(format!("{name} ended in {offset:?}"));
        }
    }

    /// Takes note of one event of the server.
    pub fn record_event_of_server(&mut self, name: &str, payload: Value) {
        let at = read_clock_of_harness();
        let Some(segment) = self.segments.last_mut() else { return };
        match name {
            "connection:acknowledged" => {
                segment.acknowledged = read_position_of_field(&payload, "lastEventId");
                if self.position.is_none() {
                    self.position = segment.acknowledged;
                }
                if let (true, Some(to)) = (segment.begins_anew, segment.acknowledged) {
                    let nothing = ResumeReport { to, count: 0, complete: false, events_before: 0 };
                    segment.resumed = Some(nothing);
                }
            }
            "events:resumed" => {
                let to = read_position_of_field(&payload, "to").unwrap_or(-1);
                segment.resumed = Some(ResumeReport {
                    to,
                    count: usize::try_from(payload["count"].as_u64().unwrap_or(0)).unwrap_or(0),
                    complete: payload["complete"].as_bool().unwrap_or(false),
                    events_before: segment.events.len(),
                });
                self.position = Some(to);
            }
            _ => match read_position_of_field(&payload, "eventId") {
                Some(position) => {
                    self.position = Some(position);
                    segment.events.push(ReceivedEvent {
                        position,
                        name: name.to_owned(),
                        payload,
                        at,
                    });
                    return;
                }
                None => {
                    self.signals.push(SeenSignal { name: name.to_owned(), payload, at });
                    return;
                }
            },
        }
        self.signals.push(SeenSignal { name: name.to_owned(), payload, at });
    }

    /// Takes note that the newest connection is over.
    pub fn record_end_of_segment(&mut self, reason: &str) {
        if let Some(segment) = self.segments.last_mut()
            && segment.ended.is_none()
        {
            segment.ended = Some((read_clock_of_harness(), reason.to_owned()));
        }
    }
}

fn read_position_of_field(payload: &Value, field: &str) -> Option<i64> {
    payload[field].as_str()?.parse().ok()
}
