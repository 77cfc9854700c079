//! What becomes of tables that change much, on a database that has no autovacuum as well.

#![allow(clippy::unwrap_used)]

use std::{collections::HashSet, ops::Range, time::Instant};

use futures_util::{StreamExt as _, stream};
use owlpost_domain::{
    Role, UserId,
    presence::{PresenceChange, SocketState},
};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::support::{DEADLINE, DomainLab, TestServer};

const NODE: Uuid = Uuid::from_u128(1);
const SOCKETS: &str = "presence_sessions";
const CONNECTED: SocketState = SocketState::Connected { room: None };
/// More of a table than may change before it is due.
const MANY: usize = 2_000;

/// Somebody who comes with many sockets, and goes. The embedded database forgets what has changed when its one connection is closed, so
/// changes are made over that.
struct Crowd {
    lab: DomainLab,
    user_id: UserId,
}

impl Crowd {
    async fn open() -> Self {
        let lab = DomainLab::open().await;
        let user =
            lab.store().insert_user_with_role("harry@hogwarts.edu", "Harry", Role::Student, None);
        let user_id = user.await.unwrap().id;
        Self { lab, user_id }
    }

    async fn write(&self, sockets: Range<usize>, state: SocketState) {
        let user_id = self.user_id;
        let change = |of| PresenceChange {
            socket_id: format!("socket {of}"),
            user_id,
            state,
            recovery: None,
        };
        let changes: Vec<_> = sockets.map(change).collect();
        self.lab.store().apply_presence_changes_group(NODE, &changes).await.unwrap();
    }

    /// Until it had its turn: the database counts changes a moment later.
    async fn vacuum_until_turn_of_sockets(&self) {
        let deadline = Instant::now() + DEADLINE;
        while self.lab.store().vacuum_one_changed_table().await.unwrap().as_deref() != Some(SOCKETS)
        {
            assert!(Instant::now() < deadline, "the table of sockets was not vacuumed");
            tokio::task::yield_now().await;
        }
    }

    async fn measure_table_of_sockets(&mut self) -> i64 {
        let size = async |connection: &mut PgConnection| {
            sqlx::query_scalar("select pg_relation_size('presence_sessions')")
                .fetch_one(connection)
                .await
        };
        self.lab.with_connection(size).await.unwrap()
    }

    async fn come_and_go_with_vacuum(&self) {
        self.write(0..MANY, CONNECTED).await;
        self.write(0..MANY, SocketState::Disconnected).await;
        self.vacuum_until_turn_of_sockets().await;
    }
}

#[tokio::test]
async fn should_give_the_room_of_deleted_rows_to_others() {
    let mut crowd = Crowd::open().await;
    crowd.come_and_go_with_vacuum().await;
    crowd.write(0..MANY, CONNECTED).await;
    let before = crowd.measure_table_of_sockets().await;
    for _ in 0..5 {
        crowd.come_and_go_with_vacuum().await;
    }
    crowd.write(0..MANY, CONNECTED).await;
    let after = crowd.measure_table_of_sockets().await;
    assert!(before > 0 && after < 2 * before, "{before} bytes grew to {after}");
}

#[tokio::test]
async fn should_vacuum_a_table_once_enough_of_it_has_changed() {
    let crowd = Crowd::open().await;
    crowd.write(0..1_000, CONNECTED).await;
    let mut seen = HashSet::new();
    // What the migrations changed is over after a turn each.
    while let Some(table) = crowd.lab.store().vacuum_one_changed_table().await.unwrap() {
        assert_ne!(table, SOCKETS);
        assert!(seen.insert(table.clone()), "{table} had its turn");
    }
    crowd.write(1_000..1_001, CONNECTED).await;
    crowd.vacuum_until_turn_of_sockets().await;
}

#[tokio::test]
async fn should_vacuum_the_embedded_database_by_itself() {
    let server = TestServer::start_with(&[("RUST_LOG", "info,owlpost=debug")]);
    if server.database_url().is_some() {
        return;
    }
    let harry = server.student("harry").await;
    let report = |_| server.api.report(&harry, json!({ "title": "One of many" }));
    stream::iter(0..1_100).map(report).buffer_unordered(16).for_each(|_| async {}).await;
    server.wait_for_log("vacuumed a table that had changed").await;
}
