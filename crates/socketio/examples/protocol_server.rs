//! A Socket.IO server in one file: socketioxide on the engine of this workspace, with JSON as every client sends it.
//!
//! `cargo run --release -p owlpost-socketio --example protocol_server [protocol|client]`
//!
//! It has what the test suites of others ask of a server: `protocol`, the default, is for the suite of the Socket.IO
//! protocol, version 5; `client` is for the tests of `socket.io-client`. `PORT` and `SOCKET_IO_PATH` change where it
//! listens, which is always on loopback.
//!
//! Three things differ from a server on the library's own engine: names of events that are written with escapes
//! ([`build_router_of_server`]), clients that must be let in before they may send much ([`find_session_of_socket`]), and
//! answers to a CONNECT that are not the library's ([`answer_connect_with_recovery`]).

use std::{collections::VecDeque, error::Error, fmt, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{Extension, Router, extract::Request, middleware::map_request, serve::ListenerExt as _};
use bytes::Bytes;
use chrono::Utc;
use engineioxide::{SessionHandle, TextRewrite};
use owlpost_socketio::event_names::make_packet_text_readable;
use parking_lot::Mutex;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
    ser::SerializeTuple as _,
};
use serde_json::{Map, Value, json};
use socketioxide::{
    ProtocolVersion, SocketIo,
    extract::{AckSender, Data, SocketRef, TryData},
    handler::ConnectHandler as _,
};
use tokio::net::TcpListener;
use uuid::Uuid;

/// Connections that can be recovered; of more, the oldest are forgotten.
const MOST_RECOVERABLE: usize = 1000;

/// Bounds and times of a server, and what it has.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Where clients look for it.
    pub path: String,
    /// From one ping to the next.
    pub ping_interval: Duration,
    /// The longest wait for the answer to a ping.
    pub ping_timeout: Duration,
    /// The longest that a client may take to enter a namespace.
    pub connect_timeout: Duration,
    /// What a request that begins a session waits before it is looked at.
    pub opening_delay: Duration,
    /// What is asked of it.
    pub suite: Suite,
}

/// The tests that a server has hooks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Of the Socket.IO protocol, version 5.
    Protocol,
    /// Of `socket.io-client`.
    Client,
}

impl From<Suite> for ServerOptions {
    /// The times that each suite expects.
    fn from(suite: Suite) -> Self {
        // Tests of timeouts need a server that does not answer at once.
        let [ping_interval, ping_timeout, opening_delay] = match suite {
            Suite::Protocol => [300, 200, 0],
            Suite::Client => [2000, 20_000, 10],
        }
        .map(Duration::from_millis);
        let (path, connect_timeout) = ("/socket.io".to_owned(), Duration::from_secs(1));
        Self { path, ping_interval, ping_timeout, connect_timeout, opening_delay, suite }
    }
}

/// A router with the server in it, to be merged with others or served as it is. Must be called within the runtime.
pub fn build_router_of_server(options: &ServerOptions) -> Router {
    let (service, io) = SocketIo::builder()
        .req_path(options.path.clone())
        .ping_interval(options.ping_interval)
        .ping_timeout(options.ping_timeout)
        .connect_timeout(options.connect_timeout)
        .max_payload(1_000_000)
        .build_svc();
    match options.suite {
        Suite::Protocol => add_namespaces_of_protocol(&io),
        Suite::Client => add_namespaces_of_client(&io),
    }
    let delay = options.opening_delay;
    let wait = move |request: Request| async move {
        let begins_session = !request.uri().query().unwrap_or_default().contains("sid=");
        if begins_session && !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        request
    };
    Router::new()
        .route_service(&format!("{}/", options.path), service)
        // The engine takes it from the request that begins a session.
        .layer(Extension(TextRewrite(make_packet_text_readable)))
        .layer(map_request(wait))
}

/// The session of the engine below a socket. Until it is let in, a client may send no more than a handshake takes.
fn find_session_of_socket(socket: &SocketRef) -> &SessionHandle {
    let session = socket.req_parts().extensions.get::<SessionHandle>();
    session.expect("the engine puts one there")
}

// --- the suite of the protocol -------------------------------------------------------------------------------------

fn add_namespaces_of_protocol(io: &SocketIo) {
    for namespace in ["/", "/custom"] {
        io.ns(namespace, async |socket: SocketRef, TryData(auth): TryData<Value>| {
            find_session_of_socket(&socket).lift_limits_after_admission();
            let _ = socket.emit("auth", &auth.unwrap_or_else(|_| json!({})));
            socket.on("message", async |socket: SocketRef, Data(sent): Data<Arguments>| {
                let _ = socket.emit("message-back", &sent);
            });
            socket.on("message-with-ack", async |Data(sent): Data<Arguments>, ack: AckSender| {
                let _ = ack.send(&sent);
            });
        });
    }
}

// --- the tests of socket.io-client ---------------------------------------------------------------------------------

fn add_namespaces_of_client(io: &SocketIo) {
    let connections = Arc::new(Mutex::new(VecDeque::new()));
    let admit = async |socket: SocketRef| {
        let query = read_query_of_handshake(&socket);
        if query.contains_key("fail") {
            return Err("Auth failed (main namespace)");
        }
        if socket.protocol() == ProtocolVersion::V5 {
            find_session_of_socket(&socket).withhold_next_reserved_message();
        }
        Ok(())
    };
    let enter = async move |socket: SocketRef, TryData(auth): TryData<Value>| {
        let id = answer_connect_with_recovery(&socket, &auth.unwrap_or_default(), &connections);
        register_events_of_main(&socket);
        answer_requests_for_id(&socket, id);
    };
    io.ns("/", enter.with(admit));
    for namespace in ["/timeout_socket", "/valid", "/asd"] {
        io.ns(namespace, async |_: SocketRef| {});
    }
    io.ns("/foo", async |socket: SocketRef| {
        let id = socket.id.to_string();
        answer_requests_for_id(&socket, id);
    });
    io.ns("/abc", async |socket: SocketRef, TryData(auth): TryData<Value>| {
        let _ = socket.emit("handshake", &describe_handshake_of_socket(&socket, auth.ok()));
    });
    let refuse = async |_: SocketRef| Err::<(), _>("Auth failed (custom namespace)");
    io.ns("/no", (async |_: SocketRef| {}).with(refuse));
}

/// A connection that its client can come back to.
struct Recoverable {
    /// Known to its client only.
    pid: String,
    socket_id: String,
}

/// Tells the client that it is connected, with what it needs to come back by itself; gives the id it has. The library's
/// own answer, which has no `pid`, was withheld: nothing else may be sent to the session between that and this, which
/// one thread and a middleware that does not wait see to.
fn answer_connect_with_recovery(
    socket: &SocketRef,
    auth: &Value,
    connections: &Mutex<VecDeque<Recoverable>>,
) -> String {
    let session = find_session_of_socket(socket);
    session.lift_limits_after_admission();
    if socket.protocol() != ProtocolVersion::V5 {
        return socket.id.to_string();
    }
    let mut connections = connections.lock();
    let known = auth["pid"].as_str().and_then(|pid| connections.iter().find(|one| one.pid == pid));
    let (pid, socket_id) = match known {
        Some(known) => (known.pid.clone(), known.socket_id.clone()),
        None => {
            let (pid, socket_id) = (Uuid::new_v4().to_string(), socket.id.to_string());
            connections.truncate(MOST_RECOVERABLE - 1);
            connections.push_front(Recoverable { pid: pid.clone(), socket_id: socket_id.clone() });
            (pid, socket_id)
        }
    };
    let packet = format!("0{}", json!({ "sid": socket_id, "pid": pid }));
    // The queue of a new session has room, unless it is over.
    let _ = session.send_encoded_text_to_client(packet.into());
    socket_id
}

fn read_query_of_handshake(socket: &SocketRef) -> Map<String, Value> {
    let query = socket.req_parts().uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), value.into())).collect()
}

fn describe_handshake_of_socket(socket: &SocketRef, auth: Option<Value>) -> Value {
    json!({ "query": read_query_of_handshake(socket), "auth": auth.unwrap_or_else(|| json!({})) })
}

fn answer_requests_for_id(socket: &SocketRef, id: String) {
    socket.on("getId", async move |ack: AckSender| {
        let _ = ack.send(&id);
    });
}

fn register_events_of_main(socket: &SocketRef) {
    socket.on("hi", async |socket: SocketRef| {
        // A client that can recover tells the last text behind an event when it comes back.
        let _ = socket.emit("hi", &["0"]);
    });
    socket.on("echo", async |Data(sent): Data<Arguments>, ack: AckSender| {
        let _ = ack.send(&sent);
    });
    socket.on("ack", async |socket: SocketRef| {
        let Ok(answer) = socket.emit_with_ack::<_, (u32, Value)>("ack", &Arguments::NONE) else {
            return;
        };
        if let Ok((5, Value::Object(_))) = answer.await {
            let _ = socket.emit("got it", &Arguments::NONE);
        }
    });
    socket.on("getAckDate", async |ack: AckSender| {
        let _ = ack.send(&Utc::now());
    });
    socket.on("getDate", async |socket: SocketRef| {
        let _ = socket.emit("takeDate", &Utc::now());
    });
    socket.on("getDateObj", async |socket: SocketRef| {
        let _ = socket.emit("takeDateObj", &json!({ "date": Utc::now() }));
    });
    socket.on("getUtf8", async |socket: SocketRef| {
        for text in ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"]
        {
            let _ = socket.emit("takeUtf8", text);
        }
    });
    socket.on("false", async |socket: SocketRef| {
        let _ = socket.emit("false", &false);
    });
    socket.on("getHandshake", async |socket: SocketRef, ack: AckSender| {
        let _ = ack.send(&describe_handshake_of_socket(&socket, None));
    });
    register_events_with_attachments(socket);
}

/// Events that are answered with bytes, or when they came with some.
fn register_events_with_attachments(socket: &SocketRef) {
    socket.on("doge", async move |socket: SocketRef| {
        let _ = socket.emit("doge", &Bytes::from_static(b"asdfasdf"));
    });
    for (event, answer) in [("buffa", "buffack"), ("jsonbuff", "jsonbuff-ack")] {
        socket.on(event, async move |socket: SocketRef, Data(sent): Data<Arguments>| {
            if sent.0.iter().any(Argument::has_bytes) {
                let _ = socket.emit(answer, &Arguments::NONE);
            }
        });
    }
    // The one before it has the bytes.
    socket.on("abuff2", async |socket: SocketRef| {
        let _ = socket.emit("abuff2-ack", &Arguments::NONE);
    });
}

// --- arguments of any kind -----------------------------------------------------------------------------------------

/// All arguments of an event or an acknowledgement: a tuple is all of them for the library, a list is the first.
#[derive(Debug)]
struct Arguments(Vec<Argument>);

impl Arguments {
    const NONE: Self = Self(Vec::new());
}

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|argument| tuple.serialize_element(argument))?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Neither the library nor JSON counts them.
        match deserializer.deserialize_tuple(0, ArgumentVisitor)? {
            Argument::List(arguments) => Ok(Self(arguments)),
            other => Ok(Self(vec![other])),
        }
    }
}

/// JSON, or bytes in place of any of its values. `serde_json::Value` would turn bytes into lists of numbers.
#[derive(Debug)]
enum Argument {
    Plain(Value),
    Bytes(Bytes),
    List(Vec<Argument>),
    Fields(Vec<(String, Argument)>),
}

impl Argument {
    fn has_bytes(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Bytes(_) => true,
            Self::List(values) => values.iter().any(Self::has_bytes),
            Self::Fields(fields) => fields.iter().any(|(_, value)| value.has_bytes()),
        }
    }
}

impl Serialize for Argument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(values) => values.serialize(serializer),
            Self::Fields(fields) => serializer.collect_map(fields.iter().map(|(k, v)| (k, v))),
        }
    }
}

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ArgumentVisitor)
    }
}

struct ArgumentVisitor;

macro_rules! visit_plain_values {
    ($($visit:ident: $kind:ty),+) => {
        $(fn $visit<E>(self, value: $kind) -> Result<Argument, E> {
            Ok(Argument::Plain(value.into()))
        })+
    };
}

impl<'de> Visitor<'de> for ArgumentVisitor {
    type Value = Argument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON or bytes")
    }

    fn visit_unit<E>(self) -> Result<Argument, E> {
        Ok(Argument::Plain(Value::Null))
    }

    visit_plain_values! { visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Argument, E> {
        Ok(Argument::Bytes(bytes.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Argument, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Argument::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Argument, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = pairs.next_entry()? {
            fields.push(field);
        }
        Ok(Argument::Fields(fields))
    }
}

/// One thread is enough for tests, and [`answer_connect_with_recovery`] relies on it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (suite, port) = match std::env::args().nth(1).as_deref() {
        Some("client") => (Suite::Client, 3210),
        _ => (Suite::Protocol, 3000),
    };
    let mut options = ServerOptions::from(suite);
    options.path = std::env::var("SOCKET_IO_PATH").unwrap_or(options.path);
    let port = std::env::var("PORT").ok().map_or(Ok(port), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    // Packets are small and shall leave at once.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, build_router_of_server(&options)).await?;
    Ok(())
}
