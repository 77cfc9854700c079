//! Between the signal and the stop a server is not ready, and serves: balancers have time to send nobody any more.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::{Duration, Instant};

use owlpost_testkit::WebSocketClient;
use serde_json::json;
use support::{DEADLINE, TestServer};

#[tokio::test]
async fn should_serve_everybody_until_the_delay_is_over() {
    let delay = Duration::from_secs(4);
    let mut server = TestServer::start_with(&[("SHUTDOWN_DELAY", "4s")]);
    let harry = server.student("harry").await;
    let begun = Instant::now();
    server.send_signal("TERM");
    let ask = async || server.api.send(server.api.request("GET", "/health/ready")).await;
    loop {
        let ready = ask().await;
        if ready.status == 503 {
            assert_eq!(ready.json["status"], "draining");
            break;
        }
        assert!(begun.elapsed() < delay, "ready for all of the delay");
    }
    // Whoever comes all the same is served.
    server.api.report(&harry, json!({ "title": "in the last moment" })).await;
    let address = server.api.address.strip_prefix("http://").unwrap().parse().unwrap();
    let mut late = WebSocketClient::open(address).await;
    late.send_text_to_server(&format!("40{}", json!({ "token": harry.token }))).await;
    let entered = late.receive_next_text_message().await;
    assert!(entered.starts_with("40{"), "{entered}");
    let lived = server.api.send(server.api.request("GET", "/health")).await;
    assert_eq!(lived.status, 200);
    late.read_until_connection_ends().await;
    assert_eq!(server.wait_for_exit(), Some(0));
    let took = begun.elapsed();
    assert!(took >= delay && took < delay + DEADLINE, "stopped after {took:?}");
}

#[tokio::test]
async fn should_stop_at_once_without_a_delay_and_after_a_second_signal() {
    let mut server = TestServer::start();
    let begun = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10));
    let mut server = TestServer::start_with(&[("SHUTDOWN_DELAY", "10m")]);
    server.send_signal("TERM");
    server.wait_for_log("stopping after a delay").await;
    server.send_signal("TERM");
    assert_eq!(server.wait_for_exit(), Some(1));
}
