//! Steps are made at their time, each once, until somebody has it.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use owlpost_domain::{
    DomainConfig, EventName, Role, Severity, Status, Store, Topic,
    escalation_plan::EscalationConfig,
    incident_changes::IncidentPatch,
    model::EscalationReason,
    presence::{PresenceChange, SocketState},
    receipts::ReceiptChange,
};
use uuid::Uuid;

use super::Castle;
use crate::support::{SECRET, TestDatabase};

#[tokio::test]
async fn should_tell_the_next_circle_when_nobody_has_seen_it() {
    let mut castle = Castle::open().await;
    let incident = castle.report_critical().await;
    let next = castle.store().find_next_step_of_incident(incident.id).await.unwrap().unwrap();
    assert_eq!((next.step, next.reason), (1, EscalationReason::Unseen));
    assert_eq!(castle.make_due_steps().await, 0, "nothing is due yet");
    castle.pass_seconds(59.0).await;
    assert_eq!(castle.make_due_steps().await, 0, "a second too early");
    castle.pass_seconds(1.0).await;
    let step = castle.store().escalate_next_due_incident().await.unwrap().unwrap();
    let names: Vec<_> = step.events.iter().map(|event| event.name).collect();
    assert_eq!(
        names,
        [EventName::EscalationStep, EventName::NotificationNew, EventName::NotificationNew]
    );
    assert_eq!(*step.events[0].audience, [Topic::Incident(incident.id), Topic::Role(Role::Auror)]);
    let told: serde_json::Value = serde_json::from_str(&step.events[0].payload).unwrap();
    assert_eq!(
        (&told["step"], &told["reason"], &told["notified"]),
        (&1.into(), &"unseen".into(), &2.into())
    );
    let next = castle.store().find_next_step_of_incident(incident.id).await.unwrap().unwrap();
    let next_at: chrono::DateTime<chrono::Utc> = told["nextAt"].as_str().unwrap().parse().unwrap();
    assert_eq!((next.step, next.due_at.timestamp_millis()), (2, next_at.timestamp_millis()));
    assert_eq!(castle.make_due_steps().await, 0, "one step at a time");
    assert_eq!(castle.count_notifications(&castle.prefect, &incident).await, 0);

    castle.pass_seconds(60.0).await;
    assert_eq!(castle.make_due_steps().await, 1);
    assert_eq!(castle.count_notifications(&castle.prefect, &incident).await, 1);
    assert_eq!(castle.count_notifications(&castle.aurors[0], &incident).await, 3);
    assert_eq!(castle.count_notifications(&castle.student, &incident).await, 0);
}

#[tokio::test]
async fn should_wait_for_an_acknowledgement_once_somebody_has_seen_it() {
    let mut castle = Castle::open().await;
    let incident = castle.report_critical().await;
    let told =
        castle.store().list_notifications_for_user(castle.aurors[0].id, false, None, 1).await;
    let notification_id = told.unwrap().0.rows[0].id;
    let seen = ReceiptChange::Seen { user_id: castle.aurors[0].id, notification_id };
    castle.store().apply_receipt_changes_group(&[seen]).await.unwrap();
    let next = castle.store().find_next_step_of_incident(incident.id).await.unwrap().unwrap();
    assert_eq!(next.reason, EscalationReason::Unacknowledged);
    castle.pass_seconds(299.0).await;
    assert_eq!(castle.make_due_steps().await, 0, "seen, and not late yet");
    castle.pass_seconds(1.0).await;
    let step = castle.store().escalate_next_due_incident().await.unwrap().unwrap();
    assert!(
        step.events[0].payload.contains(r#""reason":"unacknowledged""#),
        "{:?}",
        step.events[0]
    );
}

#[tokio::test]
async fn should_take_who_looks_at_it_for_somebody_who_has_seen_it() {
    let mut castle = Castle::open().await;
    let incident = castle.report_critical().await;
    let looks = PresenceChange {
        socket_id: "a socket".to_owned(),
        user_id: castle.aurors[1].id,
        state: SocketState::Connected { room: Some(Topic::Incident(incident.id)) },
        recovery: None,
    };
    castle.store().apply_presence_changes_group(Uuid::from_u128(1), &[looks]).await.unwrap();
    castle.pass_seconds(61.0).await;
    assert_eq!(castle.make_due_steps().await, 0);
    let receipts = castle.store().read_receipts_of_incident(incident.id).await.unwrap();
    assert_eq!((receipts.told, receipts.delivered, receipts.seen), (2, 1, 1));
}

#[tokio::test]
async fn should_repeat_as_often_as_it_may_and_then_leave_off() {
    let second = Duration::from_secs(1);
    let escalation =
        EscalationConfig { seen_timeout: second, ack_timeout: second, repeat: second, steps: 4 };
    let mut castle = Castle::open_with(escalation).await;
    let incident = castle.report_critical().await;
    for step in 1..=4 {
        castle.pass_seconds(1.0).await;
        assert_eq!(castle.make_due_steps().await, 1, "step {step}");
    }
    assert_eq!(castle.store().find_next_step_of_incident(incident.id).await.unwrap(), None);
    castle.pass_seconds(1_000.0).await;
    assert_eq!(castle.make_due_steps().await, 0);
    assert_eq!(castle.count_notifications(&castle.aurors[0], &incident).await, 5);
}

#[tokio::test]
async fn should_follow_what_becomes_critical_and_leave_off_when_it_is_over() {
    let mut castle = Castle::open().await;
    let patch = |severity| IncidentPatch { severity: Some(severity), ..Default::default() };
    let incident = castle.report_critical().await;
    let auror = castle.aurors[0].clone();
    let change = async |castle: &Castle, patch| {
        castle.store().update_incident_with_events(&auror, incident.id, patch, None).await.unwrap()
    };
    let _ = change(&castle, patch(Severity::Serious)).await;
    castle.pass_seconds(1_000.0).await;
    assert_eq!(castle.make_due_steps().await, 0, "not critical any more");
    let _ = change(&castle, patch(Severity::Critical)).await;
    castle.pass_seconds(60.0).await;
    assert_eq!(castle.make_due_steps().await, 1, "critical again: a new escalation");
    let resolved = IncidentPatch { status: Some(Status::Resolved), ..Default::default() };
    let _ = change(&castle, resolved).await;
    castle.pass_seconds(1_000.0).await;
    assert_eq!(castle.make_due_steps().await, 0, "resolved");
    let opened = IncidentPatch { status: Some(Status::Open), ..Default::default() };
    let _ = change(&castle, opened).await;
    castle.pass_seconds(60.0).await;
    assert_eq!(castle.make_due_steps().await, 1, "open again");
    let _ = castle
        .store()
        .acknowledge_incident_with_events(&auror, incident.id, &[], None)
        .await
        .unwrap();
    castle.pass_seconds(1_000.0).await;
    assert_eq!(castle.make_due_steps().await, 0, "taken");
}

/// Two nodes on one database, and incidents whose step is due. `None` where there is no server of Postgres to connect twice to.
async fn open_two_nodes() -> Option<(TestDatabase, [Store; 2])> {
    let database = TestDatabase::create();
    let url = database.url()?.to_owned();
    let open = async || {
        let config = DomainConfig::with_secret(SECRET);
        Store::connect_to_database_url(&url, 5, config).await.unwrap()
    };
    let nodes = [open().await, open().await];
    nodes[0].migrate_schema_to_current().await.unwrap();
    Some((database, nodes))
}

async fn make_all_due(url: &str) {
    use sqlx::{Connection as _, Executor as _};
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let statement = "update escalations set told_at = told_at - interval '1 h', due_at = due_at - interval '1 h'";
    connection.execute(statement).await.unwrap();
}

#[tokio::test]
async fn should_make_each_step_at_one_of_two_nodes_and_none_of_what_was_taken_before() {
    let Some((database, nodes)) = open_two_nodes().await else { return };
    let add = async |email: &str, role| {
        nodes[0].insert_user_with_role(email, "Somebody", role, None).await.unwrap()
    };
    let auror = add("moody@hogwarts.edu", Role::Auror).await;
    let student = add("harry@hogwarts.edu", Role::Student).await;
    let mut incidents = Vec::new();
    for _ in 0..40 {
        let new = owlpost_domain::incidents::NewIncident {
            title: "Basilisk".to_owned(),
            severity: Some(Severity::Critical),
            ..Default::default()
        };
        incidents
            .push(nodes[0].create_incident_with_events(&student, new, None).await.unwrap().value);
    }
    make_all_due(database.url().unwrap()).await;
    // Both nodes escalate while somebody takes each of them: whoever locks the incident first decides.
    let escalate = async |node: &Store| {
        let mut steps = Vec::new();
        // Nothing, while the other one holds what is left, is no end.
        for _ in 0..200 {
            if let Some(step) = node.escalate_next_due_incident().await.unwrap() {
                steps.extend(step.events);
            }
        }
        steps
    };
    let take = async || {
        let mut taken = Vec::new();
        for incident in &incidents {
            let change = nodes[1].acknowledge_incident_with_events(&auror, incident.id, &[], None);
            taken.extend(change.await.unwrap().events);
        }
        taken
    };
    let (mut steps, others, taken) = tokio::join!(escalate(&nodes[0]), escalate(&nodes[1]), take());
    steps.extend(others);
    for incident in incidents {
        let id = incident.id.to_string();
        let of = |events: &[owlpost_domain::LoggedEvent], name| -> Vec<i64> {
            let is_its = |event: &&owlpost_domain::LoggedEvent| {
                event.name == name && event.payload.contains(&id)
            };
            events.iter().filter(is_its).map(|event| event.position).collect()
        };
        let stepped = of(&steps, EventName::EscalationStep);
        let acknowledged = of(&taken, EventName::IncidentAcknowledged);
        assert!(stepped.len() <= 1 && acknowledged.len() == 1, "{stepped:?} {acknowledged:?}");
        assert!(stepped.iter().all(|step| *step < acknowledged[0]), "{stepped:?} {acknowledged:?}");
        let told = nodes[0].read_receipts_of_incident(incident.id).await.unwrap();
        assert_eq!((told.told, told.next_step.is_none()), (1, true));
    }
}

#[tokio::test]
async fn should_make_the_steps_of_others_while_somebody_holds_one_incident() {
    use sqlx::{Connection as _, Executor as _};
    let Some((database, nodes)) = open_two_nodes().await else { return };
    let student =
        nodes[0].insert_user_with_role("harry@hogwarts.edu", "Harry", Role::Student, None);
    let student = student.await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let new = owlpost_domain::incidents::NewIncident {
            title: "Basilisk".to_owned(),
            severity: Some(Severity::Critical),
            ..Default::default()
        };
        ids.push(nodes[0].create_incident_with_events(&student, new, None).await.unwrap().value.id);
    }
    make_all_due(database.url().unwrap()).await;
    let mut foreign = sqlx::PgConnection::connect(database.url().unwrap()).await.unwrap();
    let mut held = foreign.begin().await.unwrap();
    held.execute(sqlx::query("select from incidents where id = $1 for update").bind(ids[0]))
        .await
        .unwrap();
    let mut steps = 0;
    while let Some(step) = nodes[0].escalate_next_due_incident().await.unwrap() {
        steps += usize::from(!step.events.is_empty());
    }
    assert_eq!(steps, 2);
    held.rollback().await.unwrap();
    assert!(nodes[1].escalate_next_due_incident().await.unwrap().is_some());
}
