//! The engine alone: a server that echoes whatever its clients send. Read this first to use the engine without
//! Socket.IO.
//!
//! ```text
//! PORT=3000 cargo run --release -p engineioxide --example echo_server
//! ```
//!
//! Three things make a server: an [`EngineIoConfig`], an [`EngineIoHandler`], which is told what happens to sessions,
//! and an [`EngineIoService`], which is put into any router of tower or hyper.
//!
//! The tests that come with the protocol and with its official client run against this server. They want to set its
//! times and bounds, so it takes them from its environment: `PORT`, `PING_INTERVAL_MS`, `PING_TIMEOUT_MS` and
//! `MAX_PAYLOAD`. With `CLIENT_HOOKS=1` it also does what the tests of the client ask of theirs: see [`hooks`].

use std::{env, sync::Arc, time::Duration};

use axum::{Router, middleware};
use bytes::Bytes;
use engineioxide::{
    DisconnectReason, Str,
    config::{EngineIoConfig, EngineIoConfigBuilder},
    handler::EngineIoHandler,
    service::{EngineIoService, NotFoundService},
};
use tokio::net::TcpListener;

/// One client. What a server keeps with each session would stand between the angle brackets.
type Socket = engineioxide::Socket<()>;

/// Is told what happens. Its methods must not wait: sending only queues.
#[derive(Debug)]
struct Echo {
    has_hooks: bool,
}

impl EngineIoHandler for Echo {
    type Data = ();

    fn on_connect(self: Arc<Self>, socket: Arc<Socket>) {
        if self.has_hooks {
            send_or_end_session(&socket, hooks::GREETING);
        }
    }

    fn on_disconnect(&self, _: Arc<Socket>, _: DisconnectReason) {
        // A server would free here what it keeps elsewhere.
    }

    fn on_message(self: &Arc<Self>, text: Str, socket: Arc<Socket>) {
        if !(self.has_hooks && hooks::answer_message_by_hook(&text, &socket)) {
            send_or_end_session(&socket, text);
        }
    }

    fn on_binary(self: &Arc<Self>, bytes: Bytes, socket: Arc<Socket>) {
        if socket.emit_binary(bytes).is_err() {
            socket.close(DisconnectReason::PacketParsingError);
        }
    }
}

/// A client that sends more than it reads fills its queue. It could be told to wait; this one is sent away.
fn send_or_end_session(socket: &Socket, text: impl Into<Str>) {
    if socket.emit(text).is_err() {
        socket.close(DisconnectReason::PacketParsingError);
    }
}

fn read_number_from_environment(name: &str, otherwise: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn read_config_from_environment() -> EngineIoConfig {
    let milliseconds =
        |name, otherwise| Duration::from_millis(read_number_from_environment(name, otherwise));
    let max_payload = read_number_from_environment("MAX_PAYLOAD", 1_000_000);
    let max_bytes = usize::try_from(max_payload).unwrap_or(usize::MAX);
    EngineIoConfigBuilder::new()
        .ping_interval(milliseconds("PING_INTERVAL_MS", 25_000))
        .ping_timeout(milliseconds("PING_TIMEOUT_MS", 20_000))
        // One bound for both transports.
        .max_payload(max_payload)
        .ws_max_message_size(max_bytes)
        // A server that knows its users lifts this bound once it has let one in.
        .max_stranger_bytes(usize::MAX)
        .build()
}

#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() -> std::io::Result<()> {
    let has_hooks = env::var("CLIENT_HOOKS").is_ok();
    let handler = Arc::new(Echo { has_hooks });
    let config = read_config_from_environment();
    let engine = EngineIoService::with_config_inner(NotFoundService, handler, config);
    let mut router = Router::new().fallback_service(engine);
    if has_hooks {
        router = router.layer(middleware::from_fn(hooks::answer_request_with_hooks));
    }
    let port = read_number_from_environment("PORT", 3000);
    // By the name its clients use: of the two addresses of this machine, both take the same.
    let listener = TcpListener::bind(format!("localhost:{port}")).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, router).await
}

/// What the tests of the official client ask of their server. No other server needs any of it.
mod hooks {
    use axum::{
        extract::Request,
        middleware::Next,
        response::{IntoResponse as _, Response},
    };
    use http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE};

    use super::{Socket, send_or_end_session};

    /// The first message of every session.
    pub(super) const GREETING: &str = "hi";

    /// Two cookies to keep and two that have expired, set when a session begins.
    const COOKIES: [&str; 4] = [
        "1=1; Max-Age=86400",
        "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
        "3=3; Max-Age=0",
        "4=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ];

    tokio::task_local! {
        /// Of the request under way. The engine calls the handler from within it when a message came by POST.
        static HEADERS: HeaderMap;
    }

    /// True when a message was one that asks for something else than itself.
    pub(super) fn answer_message_by_hook(text: &str, socket: &Socket) -> bool {
        match text {
            "give binary" => drop(socket.emit_binary(vec![0, 1, 2, 3, 4])),
            "give utf8" => send_or_end_session(socket, "пойду спать всем спокойной ночи"),
            "sendHeaders" => {
                let headers = HEADERS.try_with(write_headers_as_json).unwrap_or_default();
                send_or_end_session(socket, headers);
            }
            _ => return false,
        }
        true
    }

    /// Refuses a request that says `deny`, keeps the headers of others for the handler, and sets cookies.
    pub(super) async fn answer_request_with_hooks(request: Request, next: Next) -> Response {
        let query = request.uri().query().unwrap_or_default();
        if query.split('&').any(|pair| pair.split('=').next() == Some("deny")) {
            return (StatusCode::FORBIDDEN, r#"{"code":4,"message":"Forbidden"}"#).into_response();
        }
        let is_beginning = !query.contains("sid=");
        let headers = request.headers().clone();
        let mut response = HEADERS.scope(headers, next.run(request)).await;
        if is_beginning {
            for cookie in COOKIES {
                response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(cookie));
            }
        }
        response
    }

    /// Header values of letters, digits and signs look the same in JSON as in Rust.
    fn write_headers_as_json(headers: &HeaderMap) -> String {
        let pairs: Vec<String> =
            headers.iter().map(|(name, value)| format!("{:?}:{value:?}", name.as_str())).collect();
        format!("{{{}}}", pairs.join(","))
    }
}
