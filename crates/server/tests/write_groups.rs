//! Changes that share a commit, at their bounds and beside what would hold one of them up.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::Duration;

use futures_util::future::join_all;
use owlpost_domain::{
    Committed, DomainConfig, DomainError, Incident, Result, Role, Store, User,
    idempotency::IdempotencyKey, incidents::NewIncident,
};
use sqlx::Connection as _;
use support::{DomainLab, SECRET};
use uuid::Uuid;

/// Of the domain: changes that share a commit, bytes of their events, and changes that wait for the next, at most.
const MOST_CHANGES: usize = 128;
const MOST_PAYLOAD_BYTES: usize = 1 << 20;
const MOST_WAITING: usize = 4_096;

async fn add_user(store: &Store) -> User {
    store.insert_user_with_role("harry@hogwarts.edu", "Harry", Role::Student, None).await.unwrap()
}

fn titled(title: &str) -> NewIncident {
    NewIncident { title: title.to_owned(), ..Default::default() }
}

/// All of them at the same moment: on the one thread of a test nothing is committed before all have come.
async fn report_all(
    store: &Store,
    actor: &User,
    reports: impl IntoIterator<Item = NewIncident>,
) -> Vec<Result<Committed<Incident>>> {
    let reports = reports.into_iter();
    join_all(reports.map(|new| store.create_incident_with_events(actor, new, None))).await
}

/// How many transactions wrote the incidents there are, and how many these are.
async fn count_transactions_and_incidents(lab: &mut DomainLab) -> (i64, i64) {
    lab.with_connection(async |connection| {
        sqlx::query_as("select count(distinct xmin::text), count(*) from incidents")
            .fetch_one(connection)
            .await
            .unwrap()
    })
    .await
}

/// A store whose changes are waited for as long as a test may take.
async fn open_patient_lab() -> DomainLab {
    let statement_timeout = support::DEADLINE;
    DomainLab::open_with(DomainConfig { statement_timeout, ..DomainConfig::with_secret(SECRET) })
        .await
}

#[tokio::test]
async fn should_commit_as_many_changes_together_as_fit_and_one_more_in_the_next() {
    let mut lab = open_patient_lab().await;
    let harry = add_user(lab.store()).await;
    for (reports, transactions, incidents) in [(MOST_CHANGES, 1, 128), (MOST_CHANGES + 1, 3, 257)] {
        let written = report_all(lab.store(), &harry, (0..reports).map(|_| titled("Troll"))).await;
        let positions: Vec<i64> = written
            .into_iter()
            .map(|committed| {
                let committed = committed.unwrap();
                let [event] = &*committed.events else { panic!("{:?}", committed.events) };
                assert!(event.payload.contains(&committed.value.id.to_string()));
                event.position
            })
            .collect();
        // Those of one group are in the order in which they came.
        assert!(positions[..MOST_CHANGES].is_sorted_by(|a, b| a < b), "{positions:?}");
        let counted = count_transactions_and_incidents(&mut lab).await;
        assert_eq!(counted, (transactions, incidents));
    }
}

#[tokio::test]
async fn should_commit_long_texts_in_more_than_one_group() {
    let mut lab = open_patient_lab().await;
    let harry = add_user(lab.store()).await;
    let text = "x".repeat(lab.store().config().limits.text_chars);
    let one_group = MOST_PAYLOAD_BYTES / (text.len() + 2_000);
    let long = || NewIncident { description: Some(text.clone()), ..titled("Troll") };
    for (reports, transactions) in [(one_group, 1), (one_group * 2, 3)] {
        for written in report_all(lab.store(), &harry, (0..reports).map(|_| long())).await {
            assert_eq!(written.unwrap().events.len(), 1);
        }
        assert_eq!(count_transactions_and_incidents(&mut lab).await.0, transactions);
    }
}

#[tokio::test]
async fn should_refuse_one_change_more_than_may_wait() {
    let mut lab = open_patient_lab().await;
    let harry = add_user(lab.store()).await;
    let reports = (0..=MOST_WAITING).map(|_| titled("Troll"));
    let mut written = report_all(lab.store(), &harry, reports).await;
    let last = written.pop().unwrap();
    assert!(matches!(last, Err(DomainError::Unavailable(_))), "{last:?}");
    for committed in written {
        assert_eq!(committed.unwrap().events.len(), 1);
    }
    // What was answered made room.
    let next = lab.store().create_incident_with_events(&harry, titled("Troll"), None).await;
    assert_eq!(next.unwrap().events.len(), 1);
    let (_, incidents) = count_transactions_and_incidents(&mut lab).await;
    assert_eq!(usize::try_from(incidents).unwrap(), MOST_WAITING + 1);
}

#[tokio::test]
async fn should_write_the_others_when_the_database_refuses_one() {
    let mut lab = open_patient_lab().await;
    let harry = add_user(lab.store()).await;
    lab.run(
        "create function refuse() returns trigger language plpgsql as
             $$ begin raise exception 'no dragons'; end $$;
         create trigger refuse before insert on incidents for each row
             when (new.title = 'Dragon') execute function refuse()",
    )
    .await;
    let titles = ["Troll", "Dragon", "Basilisk", "Dragon", "Owl"];
    let written = report_all(lab.store(), &harry, titles.map(titled)).await;
    for (title, committed) in titles.into_iter().zip(written) {
        match committed {
            Ok(committed) => {
                assert_eq!((&*committed.value.title, committed.events.len()), (title, 1));
            }
            Err(refused) => {
                assert_eq!(title, "Dragon");
                assert!(matches!(refused, DomainError::Internal(_)), "{refused:?}");
            }
        }
    }
    assert_eq!(count_transactions_and_incidents(&mut lab).await.1, 3);
    let logged: i64 = lab
        .with_connection(async |connection| {
            sqlx::query_scalar("select count(*) from event_log where name = 'incident:created'")
                .fetch_one(connection)
                .await
                .unwrap()
        })
        .await;
    assert_eq!(logged, 3);
}

#[tokio::test]
async fn should_write_comments_beside_one_on_an_incident_that_is_not_there() {
    let lab = open_patient_lab().await;
    let harry = add_user(lab.store()).await;
    let store = lab.store();
    let troll = store.create_incident_with_events(&harry, titled("Troll"), None).await.unwrap();
    let targets = [troll.value.id, Uuid::now_v7(), troll.value.id];
    let comments =
        targets.map(|incident| store.create_comment_with_mentions(&harry, incident, "Run", None));
    let written = join_all(comments).await;
    for (target, committed) in targets.into_iter().zip(written) {
        match committed {
            Ok(committed) => assert_eq!(committed.value.incident_id, target),
            Err(refused) => {
                assert_ne!(target, troll.value.id);
                assert!(matches!(refused, DomainError::NotFound("Incident")), "{refused:?}");
            }
        }
    }
    assert_eq!(store.count_comments_of_incident(troll.value.id).await.unwrap(), 2);
}

#[tokio::test]
async fn should_not_wait_for_the_lock_that_one_of_them_waits_for() {
    let lab = open_patient_lab().await;
    let Some(mut foreign) = lab.open_foreign_connection().await else { return };
    let harry = add_user(lab.store()).await;
    let store = lab.store();
    let [held, free] = ["Troll", "Owl"].map(titled);
    let held = store.create_incident_with_events(&harry, held, None).await.unwrap().value.id;
    let free = store.create_incident_with_events(&harry, free, None).await.unwrap().value.id;
    let mut transaction = foreign.begin().await.unwrap();
    sqlx::query("select from incidents where id = $1 for update")
        .bind(held)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let comment = |incident| store.create_comment_with_mentions(&harry, incident, "Run", None);
    let waiting = comment(held);
    tokio::pin!(waiting);
    // Both come at the same moment; the one on the free incident is answered while the other waits.
    let beside = tokio::select! {
        biased;
        early = &mut waiting => panic!("the lock was passed: {early:?}"),
        beside = comment(free) => beside.unwrap(),
    };
    assert_eq!(beside.events.len(), 1);
    // So are those that come later.
    let later = tokio::select! {
        biased;
        early = &mut waiting => panic!("the lock was passed: {early:?}"),
        later = comment(free) => later.unwrap(),
    };
    assert_eq!(later.events.len(), 1);
    transaction.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().value.incident_id, held);
}

#[tokio::test]
async fn should_not_wait_long_for_one_that_is_alone_and_slow() {
    let mut lab = open_patient_lab().await;
    let harry = add_user(lab.store()).await;
    let Some(mut foreign) = lab.open_foreign_connection().await else { return };
    // Whoever reports a sloth waits for somebody else.
    lab.run(
        "create function dawdle() returns trigger language plpgsql as
             $$ begin perform pg_advisory_xact_lock(1); return new; end $$;
         create trigger dawdle before insert on incidents for each row
             when (new.title = 'Sloth') execute function dawdle()",
    )
    .await;
    let store = lab.store();
    let mut transaction = foreign.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(1)").execute(&mut *transaction).await.unwrap();
    let slow = store.create_incident_with_events(&harry, titled("Sloth"), None);
    tokio::pin!(slow);
    let beside = async {
        tokio::task::yield_now().await;
        report_all(store, &harry, ["Troll", "Owl"].map(titled)).await
    };
    let beside = tokio::select! {
        biased;
        early = &mut slow => panic!("nothing was waited for: {early:?}"),
        beside = beside => beside,
    };
    for committed in beside {
        assert_eq!(committed.unwrap().events.len(), 1);
    }
    transaction.commit().await.unwrap();
    assert_eq!(slow.await.unwrap().events.len(), 1);
}

#[tokio::test]
async fn should_write_no_change_that_waited_behind_a_commit_for_too_long() {
    let config = DomainConfig {
        statement_timeout: Duration::from_millis(600),
        ..DomainConfig::with_secret(SECRET)
    };
    let mut lab = DomainLab::open_with(config).await;
    let harry = add_user(lab.store()).await;
    lab.run(
        "create function dawdle() returns trigger language plpgsql as
             $$ begin perform pg_sleep(0.1); return new; end $$;
         create trigger dawdle before insert on event_log for each row
             when (new.payload ->> 'incident' like '%Sloth%') execute function dawdle()",
    )
    .await;
    let store = lab.store();
    // As many as are committed at the same time, and together slower than anybody waits.
    let slow = report_all(store, &harry, ["Sloth"; 8].map(titled));
    let behind = async {
        tokio::task::yield_now().await;
        report_all(store, &harry, ["Troll", "Owl"].map(titled)).await
    };
    // What becomes of the slow ones is decided by who cancels them, which not every database does.
    let (_, behind) = tokio::join!(slow, behind);
    for late in behind {
        assert!(matches!(late, Err(DomainError::Unavailable(_))), "{late:?}");
    }
    let written: i64 = lab
        .with_connection(async |connection| {
            sqlx::query_scalar("select count(*) from incidents where title <> 'Sloth'")
                .fetch_one(connection)
                .await
                .unwrap()
        })
        .await;
    assert_eq!(written, 0);
}

fn idempotency_key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text, &[b"report", text.as_bytes()], 255).unwrap()
}

#[tokio::test]
async fn should_make_a_change_once_whose_key_comes_twice_at_the_same_moment_and_again() {
    let mut lab = open_patient_lab().await;
    let harry = add_user(lab.store()).await;
    let store = lab.store();
    let report = |key| {
        store.create_incident_with_events(&harry, titled("Troll"), Some(idempotency_key(key)))
    };
    let together = join_all(["a", "b", "a"].map(report)).await;
    let again = join_all(["b", "a"].map(report)).await;
    let ids: Vec<Uuid> = together
        .iter()
        .chain(&again)
        .map(|committed| committed.as_ref().unwrap().value.id)
        .collect();
    let told: usize = together
        .iter()
        .chain(&again)
        .map(|committed| committed.as_ref().unwrap().events.len())
        .sum();
    assert_eq!(ids, [ids[0], ids[1], ids[0], ids[1], ids[0]]);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(told, 2, "each is told once");
    // Whoever uses a key for something else is refused, beside those who do not.
    let other = IdempotencyKey::new("a", &[b"something else"], 255).unwrap();
    let unlike = IdempotencyKey::new("c", &[b"something else"], 255).unwrap();
    let (refused, fine, also_refused) = tokio::join!(
        store.create_incident_with_events(&harry, titled("Owl"), Some(other)),
        report("c"),
        store.create_incident_with_events(&harry, titled("Owl"), Some(unlike))
    );
    for refused in [refused, also_refused] {
        assert!(matches!(refused, Err(DomainError::Conflict(_))), "{refused:?}");
    }
    assert_eq!(fine.unwrap().events.len(), 1);
    let (transactions, incidents) = count_transactions_and_incidents(&mut lab).await;
    assert_eq!((transactions, incidents), (2, 3), "keys are claimed with the group");
}

#[tokio::test]
async fn should_not_wait_for_a_key_that_somebody_is_using() {
    let lab = open_patient_lab().await;
    let Some(mut foreign) = lab.open_foreign_connection().await else { return };
    let harry = add_user(lab.store()).await;
    let store = lab.store();
    let mut transaction = foreign.begin().await.unwrap();
    // As another node does whose change with this key is under way.
    sqlx::query(
        "insert into idempotency_keys (user_id, key, request_hash, response)
         select $1, 'slow', '', 'null' from (select pg_advisory_xact_lock(1870096740, hashtext($1::text || 'slow'))) turn",
    )
    .bind(harry.id)
    .execute(&mut *transaction)
    .await
    .unwrap();
    let report = |key| {
        store.create_incident_with_events(&harry, titled("Troll"), Some(idempotency_key(key)))
    };
    let waiting = report("slow");
    tokio::pin!(waiting);
    let beside = tokio::select! {
        biased;
        early = &mut waiting => panic!("the key was not waited for: {early:?}"),
        beside = report("quick") => beside.unwrap(),
    };
    assert_eq!(beside.events.len(), 1);
    transaction.rollback().await.unwrap();
    assert_eq!(waiting.await.unwrap().events.len(), 1);
}
