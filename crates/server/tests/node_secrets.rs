//! Nodes on one database that sign with different secrets.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::Duration;

use support::{DEADLINE, DomainLab, TestServer};
use uuid::Uuid;

const OTHER_SECRET: &str = "another-secret-of-more-than-32-characters";
const GAUGE: &str = "owlpost_nodes_with_other_secret ";

#[tokio::test]
async fn should_count_live_nodes_with_another_secret_and_no_others() {
    let mut lab = DomainLab::open().await;
    let own = lab.store().tokens().fingerprint_of_own_secret().unwrap();
    lab.with_connection(async |connection| {
        // Of another secret, of another secret but dead, of ours, and of a version that does not say.
        for (fingerprint, lease) in [
            (Some("another"), "1 minute"),
            (Some("another"), "-1 minute"),
            (Some(&*own), "1 minute"),
            (None, "1 minute"),
        ] {
            sqlx::query("insert into presence_nodes values ($1, now() + $2::text::interval, $3)")
                .bind(Uuid::new_v4())
                .bind(lease)
                .bind(fingerprint)
                .execute(&mut *connection)
                .await
                .unwrap();
        }
    })
    .await;
    let (node, lease) = (Uuid::new_v4(), Duration::from_secs(30));
    let first = lab.store().renew_presence_node_lease(node, lease).await.unwrap();
    assert_eq!((first.was_held, first.nodes_with_other_secret), (false, 1));
    let second = lab.store().renew_presence_node_lease(node, lease).await.unwrap();
    assert_eq!((second.was_held, second.nodes_with_other_secret), (true, 1));
    assert_eq!(lab.store().count_nodes_with_other_secret().await.unwrap(), 1);
    lab.run("delete from presence_nodes where secret_fingerprint = 'another'").await;
    let third = lab.store().renew_presence_node_lease(node, lease).await.unwrap();
    assert_eq!((third.was_held, third.nodes_with_other_secret), (true, 0));
}

async fn wait_for_gauge(server: &TestServer, value: u32) {
    let line = format!("{GAUGE}{value}");
    let shown = async {
        loop {
            let metrics = server.api.send(server.api.request("GET", "/metrics")).await.expect(200);
            if metrics.text.lines().any(|shown| shown == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, shown).await.unwrap_or_else(|_| panic!("never {line}"));
}

#[tokio::test]
async fn should_say_so_on_both_nodes_and_in_the_doctor_until_the_secret_is_the_same() {
    if support::TestDatabase::create().url().is_none() {
        // An embedded database is of one node.
        return;
    }
    let often = ("PRESENCE_TIMEOUT", "6000");
    let server = TestServer::start_with(&[often]);
    wait_for_gauge(&server, 0).await;
    let mut stranger = server.start_second_node(&[often, ("JWT_SECRET", OTHER_SECRET)]);
    wait_for_gauge(&server, 1).await;
    wait_for_gauge(&stranger, 1).await;
    server.wait_for_log("another JWT_SECRET").await;
    let output = server.command().args(["doctor"]).output().unwrap();
    let findings = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && findings.contains("another JWT_SECRET"), "{findings}");
    stranger.stop();
    wait_for_gauge(&server, 0).await;
    server.wait_for_log("the same JWT_SECRET again").await;
}
