//! A webhook reaches nothing behind the server's wall, and holds nothing up.

#![allow(clippy::unwrap_used)]

use owlpost_testkit::{DEADLINE, WebhookReceiver};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::wait_for_outlet;
use crate::support::{Person, TestServer};

async fn create_webhook(server: &TestServer, auror: &Person, url: &str) -> String {
    let body = json!({ "name": "Daily Prophet", "url": url });
    let webhook = server.api.post("/api/webhooks", auror, body).await.expect(201).json;
    format!("webhook:{}", webhook["id"].as_str().unwrap())
}

async fn wait_for_error(server: &TestServer, auror: &Person, outlet: &str) -> String {
    let outlet =
        wait_for_outlet(server, auror, outlet, |outlet| !outlet["lastError"].is_null()).await;
    outlet["lastError"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn should_call_no_address_of_this_machine_or_its_networks() {
    let receiver = WebhookReceiver::start_receiver_on_loopback().await;
    let port = receiver.address.port();
    let server = TestServer::start();
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    let mut outlets = Vec::new();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://10.0.0.1/".to_owned(),
        "http://[fd00:ec2::254]/".to_owned(),
        format!("https://127.0.0.1:{port}/"),
    ] {
        outlets.push((create_webhook(&server, &auror, &url).await, url));
    }
    server.api.report(&harry, json!({ "title": "Troll" })).await;
    for (outlet, url) in &outlets {
        let error = wait_for_error(&server, &auror, outlet).await;
        assert!(error.contains("not public"), "{url}: {error}");
    }
    assert!(receiver.list_all_received_deliveries().is_empty());
}

#[tokio::test]
async fn should_follow_no_redirect() {
    let (receiver, other) = (
        WebhookReceiver::start_receiver_on_loopback().await,
        WebhookReceiver::start_receiver_on_loopback().await,
    );
    receiver.answer_calls_with_redirect(other.url());
    let server = TestServer::start_with(&[("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.1")]);
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    let outlet = create_webhook(&server, &auror, &receiver.url()).await;
    server.api.report(&harry, json!({ "title": "Troll" })).await;
    let error = wait_for_error(&server, &auror, &outlet).await;
    assert!(error.contains("307") && error.contains("redirects are not followed"), "{error}");
    assert!(other.list_all_received_deliveries().is_empty());
}

/// It answers that it has taken the event, and then never stops talking.
#[tokio::test]
async fn should_read_no_answer_without_end() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let talking = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await?;
                let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                stream.write_all(head).await?;
                let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
                loop {
                    stream.write_all(chunk.as_bytes()).await?;
                }
                #[allow(unreachable_code)]
                std::io::Result::Ok(())
            });
        }
    });
    let server = TestServer::start_with(&[("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.1")]);
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    let outlet = create_webhook(&server, &auror, &url).await;
    server.api.report(&harry, json!({ "title": "Troll" })).await;
    let taken =
        wait_for_outlet(&server, &auror, &outlet, |outlet| !outlet["deliveredAt"].is_null());
    let state = tokio::time::timeout(DEADLINE, taken).await.unwrap();
    assert_eq!(state["lastError"], Value::Null);
    talking.abort();
}

#[tokio::test]
async fn should_say_what_is_wrong_without_the_address() {
    let server = TestServer::start_with(&[("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.1")]);
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    // Nobody listens there any more.
    let port = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/services/T0/B0/hunter2");
    let outlet = create_webhook(&server, &auror, &url).await;
    server.api.report(&harry, json!({ "title": "Troll" })).await;
    let error = wait_for_error(&server, &auror, &outlet).await;
    assert!(error.contains("cannot be reached") && !error.contains("hunter2"), "{error}");
    assert!(!server.wait_until_log_is_whole().await.contains("hunter2"));
    let metrics = server.api.send(server.api.request("GET", "/metrics")).await.text;
    let failures = metrics
        .lines()
        .find(|line| line.starts_with("owlpost_outlet_failures_total{outlet=\"webhook\"}"));
    assert!(failures.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    if server.database_url().is_some() {
        let doctor = server.command().arg("doctor").output().unwrap();
        let findings = String::from_utf8_lossy(&doctor.stdout);
        let line = findings
            .lines()
            .find(|line| line.contains(&outlet))
            .unwrap_or_else(|| panic!("{findings}"));
        assert!(line.starts_with("note  outlets") && line.contains("cannot be reached"), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}
