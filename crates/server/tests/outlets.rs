//! Events go out: to a broker, to webhooks, each at least once and in order, whatever happens on the way.

#[path = "outlets/rabbitmq.rs"]
mod rabbitmq;
#[path = "outlets/retention.rs"]
mod retention;
#[path = "outlets/webhook_safety.rs"]
mod webhook_safety;
#[path = "outlets/webhooks.rs"]
mod webhooks;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{DEADLINE, Person, TestServer};

/// Waits until `GET /api/outlets` says of an outlet what is wanted; that is what it says then.
async fn wait_for_outlet(
    server: &TestServer,
    auror: &Person,
    name: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let list = server.api.get("/api/outlets", auror).await.expect(200).json;
        let outlets = list["outlets"].as_array().expect("a list");
        if let Some(outlet) = outlets.iter().find(|outlet| outlet["name"] == name && wanted(outlet))
        {
            return outlet.clone();
        }
        assert!(Instant::now() < deadline, "{name}: {list}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Writes comments, one after the other; what each says is its number.
async fn comment_on_incident(
    server: &TestServer,
    person: &Person,
    incident: &Value,
    numbers: std::ops::Range<u32>,
) {
    let path = format!("/api/incidents/{}/comments", incident["id"].as_str().expect("an id"));
    for number in numbers {
        let body = json!({ "content": format!("number {number}") });
        server.api.post(&path, person, body).await.expect(201);
    }
}

/// The first time each thing was told of, in the order of that; and how many were told of more than once.
fn list_first_times<'a>(ids: impl IntoIterator<Item = &'a str>) -> (Vec<u64>, usize) {
    let (mut seen, mut repeated) = (Vec::new(), 0);
    for id in ids {
        let position: u64 = id.parse().expect("a position");
        if seen.contains(&position) {
            repeated += 1;
        } else {
            seen.push(position);
        }
    }
    (seen, repeated)
}
