//! The timeline has everything, and every moment of the past can be seen again.

#![allow(clippy::unwrap_used)]

use owlpost_domain::{
    Incident, LoggedEvent, Severity, Status, Topic, User,
    incident_changes::IncidentPatch,
    model::TimelineKind,
    presence::{PresenceChange, SocketState},
    timeline::Moment,
};
use uuid::Uuid;

use super::Castle;

/// What an incident was once an event had happened.
struct Recorded {
    position: i64,
    incident: Incident,
    comments: Vec<(Uuid, String)>,
}

/// Changes an incident in every way, and writes down what it was after each.
async fn live_whole_life(castle: &Castle) -> Vec<Recorded> {
    let store = castle.store();
    let auror = &castle.aurors[0];
    let reported = store
        .create_incident_with_events(
            &castle.student,
            owlpost_domain::incidents::NewIncident {
                title: "Troll".to_owned(),
                description: Some("In the dungeon".to_owned()),
                ..Default::default()
            },
            None,
        )
        .await
        .unwrap();
    let id = reported.value.id;
    let mut comments: Vec<(Uuid, String)> = Vec::new();
    let mut life = Vec::new();
    let mut record = |events: &[LoggedEvent], incident: &Incident, comments: &[(Uuid, String)]| {
        life.push(Recorded {
            position: events.last().unwrap().position,
            incident: incident.clone(),
            comments: comments.to_vec(),
        });
    };
    record(&reported.events, &reported.value, &comments);
    let mut incident = reported.value;
    let patches = [
        IncidentPatch { severity: Some(Severity::Critical), ..Default::default() },
        IncidentPatch {
            title: Some("Two trolls".to_owned()),
            location: Some(Some("Bathroom".to_owned())),
            ..Default::default()
        },
        IncidentPatch {
            assignee_id: Some(Some(castle.prefect.id)),
            description: Some(None),
            ..Default::default()
        },
        IncidentPatch {
            status: Some(Status::Resolved),
            resolution: Some("Knocked out".to_owned()),
            ..Default::default()
        },
        IncidentPatch { status: Some(Status::Open), ..Default::default() },
    ];
    for (number, patch) in patches.into_iter().enumerate() {
        let changed = store.update_incident_with_events(auror, id, patch, None).await.unwrap();
        incident = changed.value;
        record(&changed.events, &incident, &comments);
        let words = format!("Comment {number} for @tonks");
        let written =
            store.create_comment_with_mentions(&castle.student, id, &words, None).await.unwrap();
        comments.push((written.value.id, words));
        record(&written.events, &incident, &comments);
    }
    let (gone, _) = comments.remove(1);
    let deleted = store.delete_comment_with_event(&castle.student, id, gone, None).await.unwrap();
    record(&deleted.events, &incident, &comments);
    let taken = store.acknowledge_incident_with_events(auror, id, &[], None).await.unwrap();
    record(&taken.events, &taken.value, &comments);
    life
}

async fn expect_past_as_recorded(castle: &Castle, life: &[Recorded]) {
    let id = life[0].incident.id;
    for recorded in life {
        let at = Moment::Event(recorded.position);
        let then = castle.store().show_incident_at_moment(&castle.student, id, at).await.unwrap();
        let shown = serde_json::to_value(&then.incident).unwrap();
        assert_eq!(
            shown,
            serde_json::to_value(&recorded.incident).unwrap(),
            "{}",
            recorded.position
        );
        let comments: Vec<_> = then
            .comments
            .iter()
            .map(|comment| (comment.id, comment.content.clone().unwrap()))
            .collect();
        assert_eq!(comments, recorded.comments, "{}", recorded.position);
        assert_eq!(then.comments_count, comments.len() as i64);
        // Two changes of one millisecond are told apart by their events alone.
        let time = Moment::Time(recorded.incident.updated_at);
        let then = castle.store().show_incident_at_moment(&castle.student, id, time).await.unwrap();
        assert!(then.incident.version >= recorded.incident.version);
    }
}

#[tokio::test]
async fn should_show_every_moment_as_it_was_also_when_the_log_is_trimmed() {
    let mut castle = Castle::open().await;
    let life = live_whole_life(&castle).await;
    expect_past_as_recorded(&castle, &life).await;
    castle.lab.run("delete from event_log").await;
    expect_past_as_recorded(&castle, &life).await;
    let id = life[0].incident.id;
    let before = Moment::Time(life[0].incident.created_at - chrono::TimeDelta::milliseconds(2));
    castle.store().show_incident_at_moment(&castle.student, id, before).await.expect_err("not yet");
}

#[tokio::test]
async fn should_list_everything_newest_first_with_what_was_before() {
    let castle = Castle::open().await;
    let life = live_whole_life(&castle).await;
    let id = life[0].incident.id;
    let list = async |reader: &User, before, limit| {
        castle.store().list_timeline_of_incident(reader, id, before, limit).await.unwrap()
    };
    let whole = list(&castle.student, None, 100).await;
    assert!(whole.next_before.is_none());
    let kinds: Vec<_> = whole.rows.iter().rev().map(|entry| entry.kind).collect();
    assert_eq!(
        kinds[..4],
        [
            TimelineKind::Created,
            TimelineKind::Updated,
            TimelineKind::Notified,
            TimelineKind::Commented
        ]
    );
    let count = |kind| kinds.iter().filter(|other| **other == kind).count();
    assert_eq!((count(TimelineKind::Updated), count(TimelineKind::Resolved)), (4, 1));
    assert_eq!((count(TimelineKind::Commented), count(TimelineKind::CommentDeleted)), (5, 1));
    assert_eq!(count(TimelineKind::Acknowledged), 1);
    // Page by page the same, each change with what was before it.
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let page = list(&castle.student, before, 3).await;
        paged.extend(page.rows);
        before = page.next_before;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(serde_json::to_value(&paged).unwrap(), serde_json::to_value(&whole.rows).unwrap());
    let titled =
        whole.rows.iter().flat_map(|entry| &entry.changes).find(|change| change.field == "title");
    let titled = titled.unwrap();
    assert_eq!((&titled.from, &titled.to), (&"Troll".into(), &"Two trolls".into()));
    // What a deleted comment said is for its author and those who may delete it.
    let said = async |reader: &User| {
        let page = list(reader, None, 100).await;
        let entry = page.rows.into_iter().find(|entry| entry.kind == TimelineKind::CommentDeleted);
        entry.unwrap().comment.unwrap().content
    };
    let stranger = castle.lab.register("ron@hogwarts.edu").await.user;
    assert_eq!(said(&stranger).await, None);
    assert!(said(&castle.student).await.is_some() && said(&castle.prefect).await.is_some());
}

#[tokio::test]
async fn should_know_who_looked_at_it_and_when() {
    let castle = Castle::open().await;
    let incident = castle.report_critical().await;
    let write = async |user: &User, socket: &str, state| {
        let change = PresenceChange {
            socket_id: socket.to_owned(),
            user_id: user.id,
            state,
            recovery: None,
        };
        castle.store().apply_presence_changes_group(Uuid::from_u128(1), &[change]).await.unwrap();
    };
    let looking = SocketState::Connected { room: Some(Topic::Incident(incident.id)) };
    let at_now = async || {
        let now = Moment::Time(chrono::Utc::now() + chrono::TimeDelta::milliseconds(1));
        let then = castle.store().show_incident_at_moment(&castle.student, incident.id, now).await;
        then.unwrap().viewers.into_iter().map(|viewer| viewer.id).collect::<Vec<_>>()
    };
    let tonks = &castle.aurors[0];
    write(tonks, "one tab", looking).await;
    write(tonks, "another tab", looking).await;
    assert_eq!(at_now().await, [tonks.id]);
    write(tonks, "one tab", SocketState::Disconnected).await;
    assert_eq!(at_now().await, [tonks.id], "the other tab is still there");
    write(tonks, "another tab", SocketState::Connected { room: None }).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert!(at_now().await.is_empty());
    let page =
        castle.store().list_timeline_of_incident(tonks, incident.id, None, 100).await.unwrap();
    let views: Vec<_> =
        page.rows.iter().filter(|entry| entry.kind == TimelineKind::Viewed).collect();
    assert_eq!(views.len(), 1);
    assert!(views[0].until.is_some_and(|until| until >= views[0].at));
    write(tonks, "another tab", SocketState::Disconnected).await;
    let receipts = castle.store().read_receipts_of_incident(incident.id).await.unwrap();
    let person = receipts.people.iter().find(|person| person.user.id == tonks.id).unwrap();
    assert!(!person.is_online && person.offline_since.is_some());
}

#[tokio::test]
async fn should_begin_with_what_is_there_when_the_database_is_of_before() {
    let mut castle = Castle::open().await;
    let life = live_whole_life(&castle).await;
    let last = life.last().unwrap();
    let written = include_str!("../../../../migrations/0014_followed.sql");
    let (_, backfill) = written.split_once("-- What is there already.").unwrap();
    for (log, what) in [("", "the whole log"), ("delete from event_log", "no log")] {
        castle
            .lab
            .with_connection(async |connection| {
                let emptied = "truncate incident_timeline; truncate receipts;";
                let statements = format!("{log};{emptied}--{backfill}");
                sqlx::raw_sql(sqlx::AssertSqlSafe(statements))
                    .execute(connection)
                    .await
                    .expect(what);
            })
            .await;
        let id = last.incident.id;
        let now = Moment::Time(chrono::Utc::now() + chrono::TimeDelta::seconds(1));
        let then = castle.store().show_incident_at_moment(&castle.student, id, now).await.unwrap();
        let mut expected = last.incident.clone();
        if !log.is_empty() {
            // What the older version could not know.
            (expected.acknowledged_by, expected.acknowledged_at) = (None, None);
        }
        assert_eq!(
            serde_json::to_value(&then.incident).unwrap(),
            serde_json::to_value(&expected).unwrap(),
            "{what}"
        );
        assert_eq!(then.comments.len(), last.comments.len(), "{what}");
        let receipts = castle.store().read_receipts_of_incident(id).await.unwrap();
        assert_eq!(receipts.told, 3, "{what}");
    }
}
