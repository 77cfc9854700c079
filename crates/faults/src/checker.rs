//! The judge: what the log says against what clients saw. Pure functions, so that they can be made to fail.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
};

use serde_json::Value;

use crate::history::{History, Segment};

/// One committed event, read from the log after the run.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Its position.
    pub position: i64,
    /// Its name.
    pub name: String,
    /// The topics entitled to it.
    pub audience: Vec<String>,
    /// Its payload, without `eventId`.
    pub payload: Value,
}

/// A notification as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotification {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// `mention`, `assignment` or `escalation`.
    pub kind: String,
    /// What brought it about.
    pub cause: String,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the fields are what their names say")]
pub enum Violation {
    /// A committed event never came.
    Missing { client: String, position: i64, name: String },
    /// An event came after a later one.
    OutOfOrder { client: String, position: i64, after: i64 },
    /// An event came again that the client had not asked for again.
    Duplicate { client: String, position: i64 },
    /// An event came that the log does not hold.
    NeverCommitted { client: String, position: i64, name: String },
    /// An event came with another name or payload than the log's.
    Altered { client: String, position: i64 },
    /// An event came to somebody who is not entitled to it.
    NotEntitled { client: String, position: i64, name: String },
    /// `events:resumed` is not what the replay was.
    ReplayMisreported { client: String, problem: String },
    /// An event does not end in its position.
    OffsetWrong { client: String, problem: String },
    /// Presence is not the truth.
    PresenceWrong { observer: String, problem: String },
    /// A notification is not stored exactly once, or not told exactly once.
    NotificationWrong { problem: String },
    /// A write that was acknowledged is not in the log, or twice.
    WriteWrong { problem: String },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What came of checking histories.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
    /// Events that clients were entitled to and had to get.
    pub owed: usize,
    /// Of these, how many came.
    pub delivered: usize,
}

impl Verdict {
    /// Share of the owed events that came, in percent.
    #[allow(clippy::cast_precision_loss)]
    pub fn delivered_percent(&self) -> f64 {
        if self.owed == 0 { 100.0 } else { self.delivered as f64 * 100.0 / self.owed as f64 }
    }
}

/// Compares the log with every history. A history is judged on positions after its first acknowledgement up to
/// `through`.
pub fn check_histories_against_log(
    log: &[LogEntry],
    histories: &[History],
    through: i64,
) -> Verdict {
    let by_position: BTreeMap<i64, &LogEntry> = log.iter().map(|e| (e.position, e)).collect();
    let mut verdict = Verdict::default();
    for history in histories {
        let wrong = |problem: &String| Violation::OffsetWrong {
            client: history.client.clone(),
            problem: problem.clone(),
        };
        verdict.violations.extend(history.wrong_offsets.iter().map(wrong));
        check_one_client_history(&by_position, history, through, &mut verdict);
    }
    verdict
}

fn check_one_client_history(
    log: &BTreeMap<i64, &LogEntry>,
    history: &History,
    through: i64,
    verdict: &mut Verdict,
) {
    let Some(start) = history.start_position() else { return };
    let topics: HashSet<&str> = history.topics.iter().map(String::as_str).collect();
    let entitled = |entry: &LogEntry| entry.audience.iter().any(|t| topics.contains(t.as_str()));
    let client = &history.client;
    let mut seen = HashSet::new();
    let mut excused = Vec::new();
    let mut position = start;
    for segment in history.segments.iter().filter(|segment| segment.acknowledged.is_some()) {
        // A client that gives an older position than it had asks for events again.
        let mut last = segment.given_position().unwrap_or(position);
        for event in &segment.events {
            let at = event.position;
            match log.get(&at) {
                None => verdict.violations.push(Violation::NeverCommitted {
                    client: client.clone(),
                    position: at,
                    name: event.name.clone(),
                }),
                Some(entry) => {
                    if entry.name != event.name || !is_payload_of_entry(&event.payload, entry) {
                        let client = client.clone();
                        verdict.violations.push(Violation::Altered { client, position: at });
                    }
                    if !entitled(entry) {
                        verdict.violations.push(Violation::NotEntitled {
                            client: client.clone(),
                            position: at,
                            name: event.name.clone(),
                        });
                    }
                }
            }
            if at > last {
                last = at;
            } else if seen.contains(&at) {
                let client = client.clone();
                verdict.violations.push(Violation::Duplicate { client, position: at });
            } else {
                let client = client.clone();
                verdict.violations.push(Violation::OutOfOrder {
                    client,
                    position: at,
                    after: last,
                });
            }
            seen.insert(at);
        }
        position = position.max(last);
        check_replay_of_segment(client, segment, &mut excused, &mut verdict.violations);
    }
    for (at, entry) in log.range(start + 1..).take_while(|(at, _)| **at <= through) {
        if !entitled(entry) || excused.iter().any(|(from, to)| *at > *from && *at <= *to) {
            continue;
        }
        verdict.owed += 1;
        if seen.contains(at) {
            verdict.delivered += 1;
        } else {
            verdict.violations.push(Violation::Missing {
                client: client.clone(),
                position: *at,
                name: entry.name.clone(),
            });
        }
    }
}

/// A replay is what its report says: that many events, all up to its end, and later ones only after the report.
fn check_replay_of_segment(
    client: &str,
    segment: &Segment,
    excused: &mut Vec<(i64, i64)>,
    violations: &mut Vec<Violation>,
) {
    let mut complain = |problem: String| {
        violations.push(Violation::ReplayMisreported { client: client.to_owned(), problem });
    };
    let Some(report) = &segment.resumed else {
        // A connection cut in the middle of its replay has no report; one that lasts must have.
        if segment.given.is_some() && segment.ended.is_none() {
            complain("a resume was never answered".to_owned());
        }
        return;
    };
    let (replayed, live) = segment.events.split_at(report.events_before.min(segment.events.len()));
    if replayed.len() != report.count {
        complain(format!("{} events replayed, {} reported", replayed.len(), report.count));
    }
    if replayed.iter().any(|event| event.position > report.to) {
        complain("a later event came in the middle of a replay".to_owned());
    }
    if live.iter().any(|event| event.position <= report.to) {
        complain("a missed event came after the replay was over".to_owned());
    }
    if !report.complete {
        // Told to refetch: what it missed is not owed.
        excused.push((segment.given_position().unwrap_or(i64::MIN), report.to));
    }
}

fn is_payload_of_entry(received: &Value, entry: &LogEntry) -> bool {
    let mut received = received.clone();
    if let Some(fields) = received.as_object_mut() {
        fields.remove("eventId");
    }
    received == entry.payload
}

/// Whether an observer's view of who is there is the truth.
pub fn check_presence_against_truth(
    observer: &str,
    truth: &BTreeSet<String>,
    seen: &BTreeSet<String>,
) -> Vec<Violation> {
    let absent = truth.difference(seen).map(|user| format!("{user} is there and not shown"));
    let ghosts = seen.difference(truth).map(|user| format!("{user} is shown and not there"));
    let wrong = |problem| Violation::PresenceWrong { observer: observer.to_owned(), problem };
    absent.chain(ghosts).map(wrong).collect()
}

/// Every stored notification has one cause of its own and one event; every mention in the log has its notification.
pub fn check_notifications_against_log(
    log: &[LogEntry],
    stored: &[StoredNotification],
    user_of_handle: &HashMap<String, String>,
) -> Vec<Violation> {
    let mut problems = Vec::new();
    let mut causes: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for n in stored {
        *causes.entry((&n.user_id, &n.kind, &n.cause)).or_default() += 1;
    }
    for (key, times) in causes.iter().filter(|(_, times)| **times != 1) {
        problems.push(format!("{key:?} is stored {times} times"));
    }
    let mut told: HashMap<&str, usize> = HashMap::new();
    for entry in log.iter().filter(|entry| entry.name == "notification:new") {
        *told.entry(entry.payload["id"].as_str().unwrap_or_default()).or_default() += 1;
    }
    for notification in stored {
        match told.remove(&*notification.id).unwrap_or(0) {
            1 => {}
            times => problems.push(format!("{} was told {times} times", notification.id)),
        }
    }
    problems.extend(told.keys().map(|id| format!("{id} was told and is not stored")));
    for entry in log.iter().filter(|entry| entry.name == "comment:created") {
        let comment = &entry.payload["comment"];
        let cause = format!("comment:{}", comment["id"].as_str().unwrap_or_default());
        let author = comment["author"]["id"].as_str().unwrap_or_default();
        for word in comment["content"].as_str().unwrap_or_default().split_whitespace() {
            let Some(user) = word.strip_prefix('@').and_then(|h| user_of_handle.get(h)) else {
                continue;
            };
            let found = causes.contains_key(&(user.as_str(), "mention", cause.as_str()));
            if user != author && !found {
                problems.push(format!("{word} of {cause} has no notification"));
            }
        }
    }
    problems.into_iter().map(|problem| Violation::NotificationWrong { problem }).collect()
}

/// What the log must tell of a write that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AcknowledgedWrite {
    /// Name of its event.
    pub event: String,
    /// What tells it from others of that name, as [`name_write_of_entry`] has it.
    pub key: String,
}

/// What tells an event from others of its name.
pub fn name_write_of_entry(entry: &LogEntry) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match entry.name.as_str() {
        "incident:created" => text(&entry.payload["incident"]["id"]),
        "comment:created" => text(&entry.payload["comment"]["id"]),
        "comment:deleted" => text(&entry.payload["commentId"]),
        "incident:updated" => {
            let version = &entry.payload["changes"]["version"];
            format!("{}:{version}", text(&entry.payload["incidentId"]))
        }
        _ => text(&entry.payload["incidentId"]),
    }
}

/// Acknowledged writes are in the log once, and no text that writers use once was written twice.
pub fn check_writes_against_log(log: &[LogEntry], writes: &[AcknowledgedWrite]) -> Vec<Violation> {
    let mut times: HashMap<(&str, String), usize> = HashMap::new();
    let mut texts: HashMap<&str, usize> = HashMap::new();
    for entry in log {
        *times.entry((&entry.name, name_write_of_entry(entry))).or_default() += 1;
        let text = match entry.name.as_str() {
            "incident:created" => entry.payload["incident"]["title"].as_str(),
            "comment:created" => entry.payload["comment"]["content"].as_str(),
            _ => None,
        };
        *texts.entry(text.unwrap_or_default()).or_default() += 1;
    }
    texts.remove("");
    let lost = writes.iter().filter_map(|write| {
        let found = times.get(&(write.event.as_str(), write.key.clone())).copied().unwrap_or(0);
        (found != 1).then(|| format!("{} {} is in the log {found} times", write.event, write.key))
    });
    let doubled = texts
        .iter()
        .filter(|(_, n)| **n > 1)
        .map(|(text, n)| format!("{text:?} written {n} times"));
    lost.chain(doubled).map(|problem| Violation::WriteWrong { problem }).collect()
}
