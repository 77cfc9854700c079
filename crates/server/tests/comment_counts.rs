//! How many comments an incident has, however they came and went.

#![allow(clippy::unwrap_used)]

use crate::support;

use futures_util::future::join_all;
use owlpost_domain::{DomainConfig, Role, incidents::NewIncident};
use support::{DomainLab, SECRET};
use uuid::Uuid;

/// Changes that are summed at most, before they are added to the count, and a few more.
const MANY_COMMENTS: usize = 70;

#[tokio::test]
async fn should_know_the_number_of_comments_whoever_adds_and_removes_them() {
    let config =
        DomainConfig { statement_timeout: support::DEADLINE, ..DomainConfig::with_secret(SECRET) };
    let mut lab = DomainLab::open_with(config).await;
    let store = lab.store();
    let harry = store.insert_user_with_role("harry@hogwarts.edu", "Harry", Role::Student, None);
    let harry = harry.await.unwrap();
    let mut incidents = Vec::new();
    for title in ["Troll", "Owl"] {
        let new = NewIncident { title: title.to_owned(), ..Default::default() };
        let reported = store.create_incident_with_events(&harry, new, None).await.unwrap();
        incidents.push(reported.value.id);
    }
    let comment = |incident| store.create_comment_with_mentions(&harry, incident, "Run", None);
    let together = join_all([incidents[0], incidents[1], incidents[0]].map(comment)).await;
    let first = together[0].as_ref().unwrap().value.id;
    let count = async |incident: Uuid| store.count_comments_of_incident(incident).await.unwrap();
    assert_eq!((count(incidents[0]).await, count(incidents[1]).await), (2, 1));
    let deleted = store.delete_comment_with_event(&harry, incidents[0], first, None).await;
    assert_eq!(deleted.unwrap().events.len(), 1);
    assert_eq!((count(incidents[0]).await, count(incidents[1]).await), (1, 1));
    // One after the other: each is a change of its own.
    for _ in 0..MANY_COMMENTS {
        assert_eq!(comment(incidents[0]).await.unwrap().events.len(), 1);
    }
    assert_eq!(count(incidents[0]).await, 71);
    // Whoever folds them meanwhile, and however often, the number stays.
    while store.fold_changes_into_comment_counts(None).await.unwrap() {}
    assert_eq!((count(incidents[0]).await, count(incidents[1]).await), (71, 1));
    assert_eq!(count(Uuid::now_v7()).await, 0);
    let left = lab
        .with_connection(async |connection| {
            // By hand.
            sqlx::query("delete from comments where incident_id = $1")
                .bind(incidents[1])
                .execute(&mut *connection)
                .await
                .unwrap();
            sqlx::query_scalar::<_, i64>("select count(*) from comment_count_changes")
                .fetch_one(connection)
                .await
                .unwrap()
        })
        .await;
    assert_eq!(left, 1, "what was folded is gone");
    assert_eq!(lab.store().count_comments_of_incident(incidents[1]).await.unwrap(), 0);
    lab.run("truncate comments cascade").await;
    assert_eq!(lab.store().count_comments_of_incident(incidents[0]).await.unwrap(), 0);
}
