//! One trace from a request to the last session that its event was handed to, as a collector receives it.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use support::{DEADLINE, TestServer};
use tokio::net::TcpListener;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

type Spans = Arc<Mutex<Vec<Value>>>;

/// A collector of OTLP over HTTP, as JSON: its address, and the spans it has been told.
async fn start_collector() -> (String, Spans) {
    let spans = Spans::default();
    let receive = |State(spans): State<Spans>, Json(told): Json<Value>| async move {
        for resource in told["resourceSpans"].as_array().into_iter().flatten() {
            for scope in resource["scopeSpans"].as_array().into_iter().flatten() {
                spans.lock().unwrap().extend(scope["spans"].as_array().unwrap().clone());
            }
        }
        Json(json!({}))
    };
    let router = Router::new().route("/v1/traces", post(receive)).with_state(spans.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, spans)
}

#[tokio::test]
async fn should_tell_one_trace_from_the_request_to_the_last_write() {
    let (collector, spans) = start_collector().await;
    let server = TestServer::start_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]);
    let harry = server.student("harry").await;
    let mut stream = server.api.stream("/api/events", &harry).await;
    let request = server.api.request("POST", "/api/incidents").bearer_auth(&harry.token);
    let request = request
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .json(&json!({ "title": "Traced" }));
    server.api.send(request).await.expect(201);
    stream.next_named("incident:created").await;
    let deadline = Instant::now() + DEADLINE;
    let by_name = loop {
        let of_trace: HashMap<String, Value> = spans
            .lock()
            .unwrap()
            .iter()
            .filter(|span| span["traceId"] == TRACE)
            .map(|span| (span["name"].as_str().unwrap().to_owned(), span.clone()))
            .collect();
        if of_trace.len() == 3 {
            break of_trace;
        }
        assert!(Instant::now() < deadline, "{of_trace:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let (request, commit, deliver) =
        (&by_name["POST /api/incidents"], &by_name["commit"], &by_name["deliver"]);
    assert_eq!(request["parentSpanId"], CALLER);
    assert_eq!(commit["parentSpanId"], request["spanId"]);
    assert_eq!(deliver["parentSpanId"], commit["spanId"]);
    let text = Value::from(by_name.into_values().collect::<Vec<_>>()).to_string();
    assert!(text.contains("incident:created") && !text.contains("Traced"), "{text}");
}

#[tokio::test]
async fn should_work_when_the_collector_is_away() {
    let server = TestServer::start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
    let harry = server.student("harry").await;
    server.api.report(&harry, json!({ "title": "Untold" })).await;
}
