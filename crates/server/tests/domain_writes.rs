//! What every change of the domain must hold to, on a real database.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::Duration;

use owlpost::demo::seed_missing_demo_castle;
use owlpost_domain::{
    DomainConfig, DomainError, Role, Store, User, constraints::find_constraint_meaning_by_name,
    incident_list::IncidentFilter, incidents::NewIncident, people::login::LoginOrigin,
};
use support::{DomainLab, SECRET};

async fn add_user(store: &Store, email: &str, role: Role) -> User {
    store.insert_user_with_role(email, "Somebody", role, None).await.unwrap()
}

async fn report(store: &Store, actor: &User) -> owlpost_domain::Incident {
    let new = NewIncident { title: "Troll".to_owned(), ..Default::default() };
    store.create_incident_with_events(actor, new, None).await.unwrap().value
}

/// Refreshes with this token after `seconds` have passed by the clock of the database.
async fn refresh_after(
    lab: &mut DomainLab,
    seconds: i32,
    token: &str,
) -> Result<String, DomainError> {
    lab.with_connection(async |connection| {
        sqlx::query("update refresh_tokens set used_at = used_at - make_interval(secs => $1)")
            .bind(seconds)
            .execute(connection)
            .await
            .unwrap();
    })
    .await;
    lab.store()
        .rotate_refresh_token_family(token, &LoginOrigin::default())
        .await
        .map(|grant| grant.refresh_token)
}

/// Somebody new; the refresh token they were given.
async fn register_with_refresh_token(lab: &DomainLab) -> String {
    lab.register("harry@hogwarts.edu").await.refresh_token
}

#[tokio::test]
async fn should_take_the_last_spent_refresh_token_for_half_a_minute() {
    let mut lab = DomainLab::open().await;
    let first = register_with_refresh_token(&lab).await;
    let lost = refresh_after(&mut lab, 0, &first).await.expect("spent for the first time");
    let received = refresh_after(&mut lab, 29, &first).await.expect("the answer was lost");
    // The window runs from the first time, however often it was tried.
    refresh_after(&mut lab, 2, &first).await.expect_err("too late");
    for token in [lost, received] {
        refresh_after(&mut lab, 0, &token).await.expect_err("the family is revoked");
    }
}

#[tokio::test]
async fn should_take_a_spent_refresh_token_for_stolen_once_its_successor_was_used() {
    let mut lab = DomainLab::open().await;
    let first = register_with_refresh_token(&lab).await;
    // Two tabs at the same moment.
    let of_one_tab = refresh_after(&mut lab, 0, &first).await.unwrap();
    let of_other_tab = refresh_after(&mut lab, 0, &first).await.unwrap();
    let of_one_tab = refresh_after(&mut lab, 0, &of_one_tab).await.unwrap();
    let of_other_tab = refresh_after(&mut lab, 0, &of_other_tab).await.unwrap();
    assert!(matches!(refresh_after(&mut lab, 0, &first).await, Err(DomainError::Unauthenticated)));
    for token in [of_one_tab, of_other_tab] {
        refresh_after(&mut lab, 0, &token).await.expect_err("the family is revoked");
    }
}

#[tokio::test]
async fn should_spend_no_refresh_token_when_the_answer_fails() {
    let mut lab = DomainLab::open().await;
    let token = register_with_refresh_token(&lab).await;
    lab.run(
        "create function refuse() returns trigger language plpgsql as
             $$ begin raise exception 'disk full' using errcode = '53100'; end $$;
         create trigger refuse before insert on refresh_tokens for each row execute function refuse()",
    )
    .await;
    let refused = refresh_after(&mut lab, 0, &token).await;
    assert!(matches!(refused, Err(DomainError::Unavailable(_))), "{refused:?}");
    lab.run("drop trigger refuse on refresh_tokens").await;
    // Long after: it was never spent.
    refresh_after(&mut lab, 3600, &token).await.expect("not spent");
}

#[tokio::test]
async fn should_not_apply_a_change_that_its_caller_no_longer_waits_for() {
    let config = DomainConfig {
        statement_timeout: Duration::from_millis(600),
        ..DomainConfig::with_secret(SECRET)
    };
    let mut lab = DomainLab::open_with(config).await;
    let harry = add_user(lab.store(), "harry@hogwarts.edu", Role::Student).await;
    let incident = report(lab.store(), &harry).await;
    // No statement takes too long; together they do.
    lab.run(
        "create function dawdle() returns trigger language plpgsql as
             $$ begin perform pg_sleep(0.4); return new; end $$;
         create trigger dawdle before update on incidents for each row execute function dawdle();
         create trigger dawdle before insert on event_log for each row execute function dawdle()",
    )
    .await;
    let patch = || owlpost_domain::incident_changes::IncidentPatch {
        title: Some("Two trolls".to_owned()),
        ..Default::default()
    };
    let late = lab.store().update_incident_with_events(&harry, incident.id, patch(), None).await;
    assert!(matches!(late, Err(DomainError::Unavailable(_))), "{late:?}");
    lab.run("drop trigger dawdle on event_log").await;
    let after = lab.store().find_incident_by_id(incident.id).await.unwrap();
    assert_eq!((&*after.title, after.version), ("Troll", 1));
    let in_time = lab.store().update_incident_with_events(&harry, incident.id, patch(), None).await;
    assert_eq!(in_time.unwrap().events.len(), 1);
}

#[tokio::test]
async fn should_decide_what_every_constraint_of_the_schema_means() {
    let mut lab = DomainLab::open().await;
    let names: Vec<String> = lab
        .with_connection(async |connection| {
            sqlx::query_scalar(
                "select conname::text from pg_constraint
                 where connamespace = current_schema()::regnamespace and contype <> 'n'
                     and conrelid <> coalesce(to_regclass('_sqlx_migrations')::oid, 0)
                 union
                 select relname::text from pg_index join pg_class on pg_class.oid = indexrelid
                 where indisunique and relnamespace = current_schema()::regnamespace
                     and indrelid <> coalesce(to_regclass('_sqlx_migrations')::oid, 0)",
            )
            .fetch_all(connection)
            .await
            .unwrap()
        })
        .await;
    assert!(names.len() > 20, "{names:?}");
    let undecided: Vec<_> =
        names.iter().filter(|name| find_constraint_meaning_by_name(name).is_none()).collect();
    assert!(undecided.is_empty(), "not in crates/domain/src/constraints.rs: {undecided:?}");
}

#[tokio::test]
async fn should_not_take_a_deleted_person_for_a_deleted_actor() {
    let mut lab = DomainLab::open().await;
    let harry = add_user(lab.store(), "harry@hogwarts.edu", Role::Student).await;
    let ron = add_user(lab.store(), "ron@hogwarts.edu", Role::Student).await;
    let incident = report(lab.store(), &harry).await;
    // Ron is deleted between being found and being notified.
    lab.run(
        "create function forget() returns trigger language plpgsql as
             $$ begin delete from users where handle = 'ron'; return new; end $$;
         create trigger forget before insert on notifications for each row execute function forget()",
    )
    .await;
    let content = format!("@{} run", ron.handle);
    let refused =
        lab.store().create_comment_with_mentions(&harry, incident.id, &content, None).await;
    assert!(matches!(refused, Err(DomainError::Conflict(_))), "{refused:?}");
    let nobody = User { id: uuid::Uuid::now_v7(), ..harry };
    let refused = lab.store().create_comment_with_mentions(&nobody, incident.id, "Run", None).await;
    assert!(matches!(refused, Err(DomainError::Unauthenticated)), "{refused:?}");
}

#[tokio::test]
async fn should_give_everybody_a_handle_of_their_own() {
    let lab = DomainLab::open().await;
    let mut handles = Vec::new();
    for domain in ["hogwarts", "durmstrang", "beauxbatons"] {
        let email = format!("harry@{domain}.edu");
        handles.push(add_user(lab.store(), &email, Role::Student).await.handle);
    }
    handles.push(add_user(lab.store(), "harry2@hogwarts.edu", Role::Student).await.handle);
    assert_eq!(handles, ["harry", "harry2", "harry3", "harry22"]);
    let same =
        lab.store().insert_user_with_role("HARRY@hogwarts.edu", "x", Role::Student, None).await;
    assert!(matches!(same, Err(DomainError::Conflict(_))), "{same:?}");
    // At the same moment.
    let mut additions = tokio::task::JoinSet::new();
    for number in 0..8 {
        let store = lab.store().clone();
        additions.spawn(async move {
            add_user(&store, &format!("ginny@school{number}.edu"), Role::Student).await.handle
        });
    }
    let mut handles = additions.join_all().await;
    handles.sort();
    assert_eq!(
        handles,
        ["ginny", "ginny2", "ginny3", "ginny4", "ginny5", "ginny6", "ginny7", "ginny8"]
    );
}

#[tokio::test]
async fn should_seed_the_demo_once_however_much_was_reported_since() {
    let lab = DomainLab::open().await;
    seed_missing_demo_castle(lab.store()).await.unwrap();
    let harry = lab.store().find_user_by_email("harry.potter@hogwarts.edu").await.unwrap().unwrap();
    for _ in 0..=lab.store().config().limits.page_size {
        report(lab.store(), &harry).await;
    }
    let newest = report(lab.store(), &harry).await;
    seed_missing_demo_castle(lab.store()).await.unwrap();
    let filter = IncidentFilter { limit: 1, ..Default::default() };
    let page = lab.store().list_incidents_by_filter(&filter).await.unwrap();
    assert_eq!(page.rows[0].id, newest.id, "{}", page.rows[0].title);
}
