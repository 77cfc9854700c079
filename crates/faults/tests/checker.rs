//! The judge must see: each of these runs is wrong in one way, and is found out.

use std::collections::{BTreeSet, HashMap};

use owlpost_faults::{
    checker::{
        AcknowledgedWrite, LogEntry, StoredNotification, Violation, check_histories_against_log,
        check_notifications_against_log, check_presence_against_truth, check_writes_against_log,
    },
    history::History,
};
use serde_json::{Value, json};

fn entry(position: i64) -> LogEntry {
    LogEntry {
        position,
        name: "incident:created".to_owned(),
        audience: vec!["everyone".to_owned()],
        payload: json!({ "incident": { "id": format!("i{position}"), "title": format!("t{position}") } }),
    }
}

fn log() -> Vec<LogEntry> {
    // Gaps are rolled-back transactions.
    [1, 2, 3, 5, 6].map(entry).into()
}

fn sent(entry: &LogEntry) -> Value {
    let mut payload = entry.payload.clone();
    payload["eventId"] = json!(entry.position.to_string());
    payload
}

/// A client that connects at position 0 and receives these.
fn record_history(events: &[LogEntry]) -> History {
    let mut history = connected("0", None);
    for event in events {
        history.record_event_of_server(&event.name, sent(event));
    }
    history
}

fn connected(last: &str, given: Option<&str>) -> History {
    let mut history = History { topics: vec!["everyone".to_owned()], ..History::default() };
    connect(&mut history, last, given);
    history
}

fn connect(history: &mut History, last: &str, given: Option<&str>) {
    let given = given.map(str::to_owned);
    history.segments.push(owlpost_faults::history::Segment { given, ..Default::default() });
    history.record_event_of_server("connection:acknowledged", json!({ "lastEventId": last }));
}

fn find_violations(history: History) -> Vec<Violation> {
    check_histories_against_log(&log(), &[history], 6).violations
}

#[test]
fn should_find_nothing_wrong_with_a_whole_history() {
    let verdict = check_histories_against_log(&log(), &[record_history(&log())], 6);
    assert_eq!(verdict.violations, []);
    assert_eq!((verdict.owed, verdict.delivered), (5, 5));
}

#[test]
fn should_see_one_event_dropped() {
    let mut events = log();
    events.remove(2);
    let found = find_violations(record_history(&events));
    assert!(matches!(found[..], [Violation::Missing { position: 3, .. }]), "{found:?}");
}

#[test]
fn should_see_events_that_do_not_end_in_their_position() {
    let mut history = record_history(&log());
    let payload = sent(&entry(1));
    history.check_offset_of_event("incident:created", &payload, Some("1"));
    history.check_offset_of_event("presence:counts", &json!({}), None);
    let acknowledged = json!({ "lastEventId": "3" });
    history.check_offset_of_event("connection:acknowledged", &acknowledged, Some("3"));
    assert_eq!(find_violations(history.clone()), []);
    for (name, payload, offset) in [
        ("incident:created", &payload, None),
        ("incident:created", &payload, Some("2")),
        ("presence:counts", &json!({}), Some("2")),
    ] {
        let mut history = history.clone();
        history.check_offset_of_event(name, payload, offset);
        let found = find_violations(history);
        assert!(matches!(found[..], [Violation::OffsetWrong { .. }]), "{found:?}");
    }
}

#[test]
fn should_owe_a_stock_client_nothing_that_it_was_not_recovered_for() {
    let (before, after) = (&log()[..2], &log()[4..]);
    let come_back = |begins_anew: bool| {
        let mut history = record_history(before);
        let given = Some("2".to_owned());
        let segment = owlpost_faults::history::Segment { given, begins_anew, ..Default::default() };
        history.segments.push(segment);
        let acknowledged = if begins_anew { "5" } else { "2" };
        history.record_event_of_server(
            "connection:acknowledged",
            json!({ "lastEventId": acknowledged }),
        );
        history.record_event_of_server("incident:created", sent(&after[0]));
        find_violations(history)
    };
    assert_eq!(come_back(true), []);
    let found = come_back(false);
    let lost = found.iter().filter(|v| matches!(v, Violation::Missing { .. })).count();
    assert_eq!(lost, 2, "recovered, and two events short: {found:?}");
}

#[test]
fn should_see_two_events_swapped() {
    let mut events = log();
    events.swap(1, 2);
    let found = find_violations(record_history(&events));
    assert!(
        matches!(found[..], [Violation::OutOfOrder { position: 2, after: 3, .. }]),
        "{found:?}"
    );
}

#[test]
fn should_see_one_event_sent_twice() {
    let mut events = log();
    events.insert(3, entry(3));
    let found = find_violations(record_history(&events));
    assert!(matches!(found[..], [Violation::Duplicate { position: 3, .. }]), "{found:?}");
}

#[test]
fn should_see_an_event_that_was_never_committed() {
    let mut events = log();
    events.insert(3, entry(4));
    let found = find_violations(record_history(&events));
    assert!(matches!(found[..], [Violation::NeverCommitted { position: 4, .. }]), "{found:?}");
}

#[test]
fn should_see_an_altered_payload() {
    let mut events = log();
    events[0].payload = json!({ "incident": { "id": "i1", "title": "another" } });
    let found = find_violations(record_history(&events));
    assert!(matches!(found[..], [Violation::Altered { position: 1, .. }]), "{found:?}");
}

#[test]
fn should_see_an_event_for_somebody_else() {
    let mut history = record_history(&log());
    history.topics = vec!["user:u1".to_owned()];
    let found = find_violations(history);
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|v| matches!(v, Violation::NotEntitled { .. })), "{found:?}");
}

#[test]
fn should_allow_what_was_asked_for_again_and_nothing_else() {
    let log = log();
    let mut history = record_history(&log[..4]);
    connect(&mut history, "2", Some("2"));
    for event in &log[2..] {
        history.record_event_of_server(&event.name, sent(event));
    }
    let report = json!({ "from": "2", "to": "6", "count": 3, "complete": true });
    history.record_event_of_server("events:resumed", report);
    assert_eq!(find_violations(history), []);

    let mut history = record_history(&log[..4]);
    connect(&mut history, "5", Some("5"));
    history.record_event_of_server(&log[3].name, sent(&log[3]));
    history.record_event_of_server(&log[4].name, sent(&log[4]));
    let report = json!({ "from": "5", "to": "6", "count": 2, "complete": true });
    history.record_event_of_server("events:resumed", report);
    let found = find_violations(history);
    assert!(matches!(found[..], [Violation::Duplicate { position: 5, .. }]), "{found:?}");
}

#[test]
fn should_see_a_replay_that_is_not_what_its_report_says() {
    let log = log();
    let mut history = record_history(&log[..3]);
    connect(&mut history, "3", Some("3"));
    history.record_event_of_server(&log[3].name, sent(&log[3]));
    let report = json!({ "from": "3", "to": "6", "count": 2, "complete": true });
    history.record_event_of_server("events:resumed", report);
    history.record_event_of_server(&log[4].name, sent(&log[4]));
    let found = find_violations(history);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|v| matches!(v, Violation::ReplayMisreported { .. })));
}

#[test]
fn should_see_a_resume_that_was_met_with_silence() {
    let mut history = record_history(&log()[..3]);
    connect(&mut history, "6", Some("3"));
    let found = find_violations(history);
    let silent = found.iter().any(|v| matches!(v, Violation::ReplayMisreported { .. }));
    assert!(silent && found.len() == 3, "{found:?}");
}

#[test]
fn should_excuse_what_the_client_was_told_to_refetch() {
    let mut history = record_history(&log()[..1]);
    connect(&mut history, "5", Some("1"));
    let report = json!({ "from": "1", "to": "5", "count": 0, "complete": false });
    history.record_event_of_server("events:resumed", report);
    history.record_event_of_server("incident:created", sent(&entry(6)));
    assert_eq!(find_violations(history), []);
}

#[test]
fn should_miss_nobody_in_presence() {
    let set = |users: &[&str]| users.iter().map(|user| (*user).to_owned()).collect::<BTreeSet<_>>();
    let (harry, both) = (set(&["harry"]), set(&["harry", "ron"]));
    assert_eq!(check_presence_against_truth("REST", &both, &both), []);
    assert_eq!(check_presence_against_truth("REST", &both, &harry).len(), 1, "one is absent");
    assert_eq!(check_presence_against_truth("REST", &harry, &both).len(), 1, "one is a ghost");
}

fn comment_with_notification() -> (Vec<LogEntry>, StoredNotification, HashMap<String, String>) {
    let comment = json!({ "id": "c1", "content": "ask @ron", "author": { "id": "u1" } });
    let log = vec![
        LogEntry {
            position: 1,
            name: "comment:created".to_owned(),
            audience: vec!["incident:i1".to_owned()],
            payload: json!({ "comment": comment }),
        },
        LogEntry {
            position: 2,
            name: "notification:new".to_owned(),
            audience: vec!["user:u2".to_owned()],
            payload: json!({ "id": "n1" }),
        },
    ];
    let stored = StoredNotification {
        id: "n1".to_owned(),
        user_id: "u2".to_owned(),
        kind: "mention".to_owned(),
        cause: "comment:c1".to_owned(),
    };
    (log, stored, HashMap::from([("ron".to_owned(), "u2".to_owned())]))
}

#[test]
fn should_see_notifications_that_are_lost_doubled_or_never_told() {
    let (log, stored, handles) = comment_with_notification();
    let check = |log: &[LogEntry], stored: &[StoredNotification]| {
        check_notifications_against_log(log, stored, &handles).len()
    };
    assert_eq!(check(&log, std::slice::from_ref(&stored)), 0);
    assert_eq!(check(&log, &[]), 2, "told and not stored, mentioned and not stored");
    assert_eq!(check(&log[..1], std::slice::from_ref(&stored)), 1, "stored and not told");
    let again = StoredNotification { id: "n2".to_owned(), ..stored.clone() };
    assert_eq!(check(&log, &[stored, again]), 2, "stored twice, told once");
}

#[test]
fn should_see_writes_that_are_lost_or_doubled() {
    let write = |key: &str| AcknowledgedWrite { event: "incident:created".into(), key: key.into() };
    assert_eq!(check_writes_against_log(&log(), &[write("i1"), write("i6")]), []);
    assert_eq!(check_writes_against_log(&log(), &[write("i9")]).len(), 1, "acknowledged and lost");
    let mut doubled = log();
    doubled.push(LogEntry { position: 7, ..entry(1) });
    assert_eq!(check_writes_against_log(&doubled, &[write("i1")]).len(), 2, "id and title twice");
}
