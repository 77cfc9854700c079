//! Whole servers, with the bounds of the product: the engine, the library, the parsers and what our handlers are
//! given. Whatever a client sends, its session goes on or is over, and others notice nothing.

use std::{future::ready, sync::Arc};

use axum::{Extension, Router, body::Body};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use engineioxide::TextRewrite;
use http::{Method, Request, StatusCode};
use owlpost_fuzzing::FuzzTarget;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use socketioxide::{extract::SocketRef, socket::Socket};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use super::{EngineMessage, read_messages_of_input, replace_what_needs_an_escape};
use crate::{
    config::SocketIoConfig,
    event_names::make_packet_text_readable,
    gateway::{JSON_PATH, MSGPACK_PATH, build_server_without_namespaces},
    received_event::ReceivedEvent,
    transport::find_session_of_engine,
    wire::WireFormat,
};

/// Turns given to tasks of the library before something counts as not done.
const TURNS: usize = 1000;
/// Bytes of a message, at most, as the product has it.
const MOST_BYTES: usize = 64_000;
const PROBE: &str = "probe";

/// What the handlers of all sockets were called with.
#[derive(Default)]
struct Seen {
    /// Whether the next socket is let in, so that its client may send more than a stranger.
    lets_in: bool,
    events: Vec<(String, Result<Json, String>)>,
    came: usize,
    gone: usize,
}

/// Who sends.
#[derive(Debug, Clone, Copy)]
struct Client {
    protocol: u8,
    is_known: bool,
}

struct Server {
    runtime: Runtime,
    router: Router,
    path: &'static str,
    format: WireFormat,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    fn with_format(format: WireFormat) -> Self {
        let path = match format {
            WireFormat::Json => JSON_PATH,
            WireFormat::MsgPack => MSGPACK_PATH,
        };
        let seen = Arc::new(Mutex::new(Seen::default()));
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let guard = runtime.enter();
        let config = SocketIoConfig::default();
        let (service, io) = build_server_without_namespaces(MOST_BYTES, &config, path, format);
        let sees = seen.clone();
        io.ns("/", move |socket: SocketRef| {
            let (events, gone) = (sees.clone(), sees.clone());
            let mut seen = sees.lock();
            seen.came += 1;
            if seen.lets_in {
                find_session_of_engine(&socket).expect("a session").lift_limits_after_admission();
            }
            drop(seen);
            Socket::on_fallback(&socket, move |event: ReceivedEvent| {
                let name =
                    event.0.call.map_or_else(|name| name, |call| call.as_event_name().to_owned());
                events.lock().events.push((name, event.0.payload));
                ready(())
            });
            socket.on_disconnect(move || {
                gone.lock().gone += 1;
                ready(())
            });
            ready(())
        });
        drop(guard);
        let router = Router::new()
            .route_service(&format!("{path}/"), service)
            .layer(Extension(TextRewrite(make_packet_text_readable)));
        Self { runtime, router, path, format, seen }
    }

    async fn request_engine_by_polling(
        &self,
        method: Method,
        query: &str,
        body: String,
    ) -> (StatusCode, Vec<u8>) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/?transport=polling&{query}", self.path))
            .body(Body::from(body))
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        (status, body.to_vec())
    }

    async fn wait_until_handlers_saw(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        for _ in 0..TURNS {
            if is_so(&self.seen.lock()) {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("never came: {what}");
    }

    fn encode_packet_for_engine(&self, kind: u8, event: Option<(&str, &Json)>) -> EngineMessage {
        match (self.format, event) {
            (WireFormat::Json, None) => EngineMessage::Text(kind.to_string()),
            (WireFormat::Json, Some(event)) => {
                EngineMessage::Text(format!("{kind}{}", json!(event)))
            }
            (WireFormat::MsgPack, event) => EngineMessage::Bytes(
                rmp_serde::to_vec_named(&json!({ "type": kind, "data": event, "nsp": "/" }))
                    .expect("writing to memory"),
            ),
        }
    }

    /// One client, from beginning to end.
    async fn serve_client_that_sends(&self, client: Client, messages: &[EngineMessage]) {
        let Client { protocol, is_known } = client;
        *self.seen.lock() = Seen { lets_in: is_known, ..Seen::default() };
        let begin = format!("EIO={protocol}");
        let (status, opened) =
            self.request_engine_by_polling(Method::GET, &begin, String::new()).await;
        assert_eq!(status, StatusCode::OK);
        let opened = String::from_utf8(opened).expect("text");
        let sid = opened.split("\"sid\":\"").nth(1).and_then(|text| text.split('"').next());
        let query = format!("EIO={protocol}&sid={}", sid.expect("a session"));
        let post = |messages: &[EngineMessage]| {
            let body = write_messages_as_payload(protocol, messages);
            self.request_engine_by_polling(Method::POST, &query, body)
        };
        if protocol == 4 {
            let (status, _) = post(&[self.encode_packet_for_engine(0, None)]).await;
            assert_eq!(status, StatusCode::OK);
        }
        self.wait_until_handlers_saw("the socket", |seen| seen.came == 1).await;

        let (status, _) = post(messages).await;
        let probe = (PROBE, &json!({ "alive": true }));
        let (probed, _) = post(&[self.encode_packet_for_engine(2, Some(probe))]).await;
        let seen = std::mem::take(&mut self.seen.lock().events);
        let alive = seen.last().is_some_and(|(name, _)| name == PROBE);
        if alive {
            assert_eq!((status, probed), (StatusCode::OK, StatusCode::OK));
            assert_eq!(
                seen.last().and_then(|(_, payload)| payload.clone().ok()),
                Some(probe.1.clone())
            );
        }
        assert!(seen.len() <= messages.len() + 1, "{} events", seen.len());
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            assert!(!is_known && seen.is_empty(), "only a stranger may not send as much");
        } else {
            check_events_by_oracle(self.format, messages, &seen);
        }
        let (_, _) = self
            .request_engine_by_polling(Method::POST, &query, write_end_of_session(protocol))
            .await;
        self.wait_until_handlers_saw("the end of the socket", |seen| seen.gone == 1).await;
        let (status, _) = post(&[self.encode_packet_for_engine(1, None)]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "the session is over");
    }
}

fn write_end_of_session(protocol: u8) -> String {
    if protocol == 3 { "1:1".to_owned() } else { "1".to_owned() }
}

fn write_messages_as_payload(protocol: u8, messages: &[EngineMessage]) -> String {
    let packets = messages.iter().map(|message| match message {
        EngineMessage::Text(text) => format!("4{text}"),
        EngineMessage::Bytes(bytes) if protocol == 3 => format!("b4{}", STANDARD.encode(bytes)),
        EngineMessage::Bytes(bytes) => format!("b{}", STANDARD.encode(bytes)),
    });
    if protocol == 3 {
        packets.map(|packet| format!("{}:{packet}", packet.encode_utf16().count())).collect()
    } else {
        packets.collect::<Vec<_>>().join("\x1e")
    }
}

/// The events of texts that are plain event packets are those serde_json reads in them, in their order.
fn check_events_by_oracle(
    format: WireFormat,
    messages: &[EngineMessage],
    seen: &[(String, Result<Json, String>)],
) {
    let plain: Option<Vec<(String, Option<Json>)>> = messages
        .iter()
        .map(|message| match message {
            EngineMessage::Text(text) if format == WireFormat::Json => {
                read_plain_event_of_text(text)
            }
            _ => None,
        })
        .collect();
    let Some(plain) = plain else { return };
    // The last one is the probe.
    let seen = seen[..seen.len().saturating_sub(1)].iter().cloned();
    let seen = seen.map(|(name, payload)| (name, payload.ok()));
    assert_eq!(seen.collect::<Vec<_>>(), plain);
}

/// Its name, and its payload if it has one.
fn read_plain_event_of_text(text: &str) -> Option<(String, Option<Json>)> {
    let json = text.strip_prefix('2')?;
    let values: Vec<Json> = serde_json::from_str(json).ok().filter(|_| !json.contains('\x1e'))?;
    Some((replace_what_needs_an_escape(values.first()?.as_str()?), values.get(1).cloned()))
}

fn check_server_by_clients(format: WireFormat) -> impl Fn(&[u8]) {
    let server = Server::with_format(format);
    move |input| {
        let Some((first, rest)) = input.split_first() else { return };
        let client =
            Client { protocol: if *first == b'3' { 3 } else { 4 }, is_known: *first != b's' };
        let messages = read_messages_of_input(rest);
        server.runtime.block_on(server.serve_client_that_sends(client, &messages));
    }
}

#[test]
fn should_survive_every_client_of_the_json_server() {
    FuzzTarget::new("socketio-json-server")
        .with_seeded_inputs(500)
        .check_each_fuzzed_input(check_server_by_clients(WireFormat::Json));
}

#[test]
fn should_survive_every_client_of_the_msgpack_server() {
    FuzzTarget::new("socketio-msgpack-server")
        .with_seeded_inputs(500)
        .check_each_fuzzed_input(check_server_by_clients(WireFormat::MsgPack));
}
