//! A broker of the smallest kind, built from the same frames, exchange and subscriptions as the gateway: what is sent to a
//! destination is heard by whoever subscribed to it. It is what the specifications of `@stomp/stompjs` want to talk to.
//!
//! ```sh
//! cargo run --release -p owlpost-stomp --example echo_broker -- 127.0.0.1:15674
//! ```

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{StatusCode, header};
use owlpost_carrier::{
    CarriedPipe, Listener, Outgoing, Pipe,
    beat::Stopped,
    websocket::{
        Bounds, CloseCode, Message,
        connection::{EndOfClient, Received as Heard},
        handshake::{
            accept_handshake_of_websocket, carry_connection_of_upgrade,
            choose_first_offered_subprotocol,
        },
    },
};
use owlpost_stomp::protocol::{
    encoder::{
        FrameWriter, append_header_in_version, encode_error_of_connection, encode_receipt_of_frame,
    },
    exchange::{Exchange, Received, Request as Asked},
    frame::Headers,
    heart_beat::HeartBeat,
    subscriptions::{MessageContent, NewSubscription, Subscriptions},
    version::Version,
};
use parking_lot::Mutex;

/// The specifications send messages of a megabyte.
const FRAME_BYTES: usize = 4 * 1024 * 1024;
const QUEUE_ENTRIES: usize = 256;
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(5);
/// The specifications want signs of life within the second.
const OWN_BEAT: HeartBeat = HeartBeat { gives_ms: 1000, wants_ms: 1000 };
/// Headers of a `SEND` that are not for those who hear it.
const OWN_HEADERS: [&str; 4] = ["destination", "receipt", "transaction", "content-length"];

/// Everybody who is connected.
type Broker = Arc<Mutex<Vec<Weak<Client>>>>;

struct Client {
    broker: Broker,
    pipe: Arc<Pipe>,
    exchange: Mutex<Exchange>,
    subscriptions: Mutex<Option<Subscriptions<String>>>,
}

impl Client {
    fn send_bytes_to_client(&self, bytes: Bytes) {
        let is_text = std::str::from_utf8(&bytes).is_ok();
        let entry = if is_text { Outgoing::Text(bytes) } else { Outgoing::Binary(bytes) };
        if self.pipe.put_within_limit_of_pipe(entry).is_err() {
            self.pipe.break_pipe_without_farewell();
        }
    }

    fn close_client_with_error(&self, version: Version, message: &str, receipt: Option<&str>) {
        let error = encode_error_of_connection(version, message, receipt, "{}");
        self.pipe.close_pipe_with_farewell(Some(&Outgoing::Text(error)), CloseCode::Protocol);
    }

    fn admit_client_by_login(
        &self,
        exchange: &mut Exchange,
        version: Option<Version>,
        heart_beat: HeartBeat,
        headers: &Headers,
    ) {
        let Some(version) = version else {
            return self.close_client_with_error(Version::V10, "No version that both speak", None);
        };
        if headers.find_value_by_name("login") != Some("guest")
            || headers.find_value_by_name("passcode") != Some("guest")
        {
            return self.close_client_with_error(version, "Access refused", None);
        }
        let connected = FrameWriter::new(Version::V10, "CONNECTED")
            .header("version", version.as_str())
            .header("heart-beat", &OWN_BEAT.to_header());
        self.send_bytes_to_client(connected.end_frame_without_body());
        *self.subscriptions.lock() = Some(Subscriptions::new(version));
        exchange.accept_client_in_version(version);
        let pipe = self.pipe.clone();
        tokio::spawn(async move {
            let agreed = OWN_BEAT.agree_beat_with_client(heart_beat);
            if agreed.keep_beat_with_client(&pipe).await == Stopped::Silent {
                pipe.break_pipe_without_farewell();
            }
        });
    }

    /// Works on what a client asks for; an error ends the connection.
    fn work_on_request_of_client(&self, received: Received) -> Result<(), &'static str> {
        let Received { request, headers, .. } = received;
        match request {
            Asked::Send { destination, body } => {
                publish_message_to_all(&self.broker, &destination, &headers, &body);
            }
            Asked::Subscribe { id, destination, ack } => {
                let mut subscriptions = self.subscriptions.lock();
                let known = subscriptions.as_mut().ok_or("Not connected")?;
                let key = known.draw_key_of_subscription(id.as_deref(), &destination);
                known.add_subscription_with_key(NewSubscription {
                    key: key.map_err(|_| "This subscription is not possible")?,
                    id,
                    written: destination.clone(),
                    destination,
                    ack,
                    after_position: i64::MIN,
                    is_begun: true,
                });
            }
            Asked::Unsubscribe(name) => {
                let mut subscriptions = self.subscriptions.lock();
                let known = subscriptions.as_mut().ok_or("Not connected")?;
                known.remove_subscription_by_name(&name).ok_or("No such subscription")?;
            }
            Asked::Connect { .. } | Asked::Acknowledge { .. } | Asked::Nothing => {}
            Asked::Disconnect => {}
        }
        let subscriptions = self.subscriptions.lock();
        let version = subscriptions.as_ref().map_or(Version::V10, Subscriptions::version);
        if let Some(receipt) = headers.find_value_by_name("receipt") {
            self.send_bytes_to_client(encode_receipt_of_frame(version, receipt));
        }
        Ok(())
    }
}

fn publish_message_to_all(broker: &Broker, destination: &str, headers: &Headers, body: &[u8]) {
    let clients: Vec<_> = broker.lock().iter().filter_map(Weak::upgrade).collect();
    for client in clients {
        let mut subscriptions = client.subscriptions.lock();
        let Some(known) = subscriptions.as_mut() else { continue };
        let mut tail = Vec::new();
        for (name, value) in headers.iter().filter(|(name, _)| !OWN_HEADERS.contains(name)) {
            append_header_in_version(known.version(), name, value, &mut tail);
        }
        tail.extend_from_slice(format!("content-length:{}\n\n", body.len()).as_bytes());
        tail.extend_from_slice(body);
        tail.push(0);
        let content = MessageContent { tail: &tail.into(), origin: "e", subject: None };
        let mut written =
            known.write_messages_to_matching(content, |heard| heard.destination == destination);
        if let Some(entry) = written.take_entry_for_pipe() {
            client.send_bytes_to_client(entry.parts().concat().into());
            known.note_messages_as_sent(written);
        }
    }
}

impl Listener for Client {
    fn bounds(&self) -> Bounds {
        Bounds { frame_bytes: FRAME_BYTES, message_bytes: FRAME_BYTES }
    }

    fn receive_message(self: &Arc<Self>, message: Message) -> Result<Heard, CloseCode> {
        self.pipe.note_client_as_heard();
        let mut exchange = self.exchange.lock();
        match message {
            Message::Text(text) => exchange.add_bytes_of_client(text.as_bytes()),
            Message::Binary(bytes) => exchange.add_bytes_of_client(&bytes),
        }
        loop {
            let received = match exchange.next_request_of_client() {
                Ok(None) => return Ok(Heard::GoOn),
                Ok(Some(received)) => received,
                Err(fault) => {
                    let receipt = fault.receipt.as_deref();
                    self.close_client_with_error(Version::V10, fault.bad.message, receipt);
                    return Ok(Heard::GoOn);
                }
            };
            match received.request {
                Asked::Connect { version, heart_beat } => {
                    let headers = &received.headers;
                    self.admit_client_by_login(&mut exchange, version, heart_beat, headers);
                }
                _ => {
                    let receipt =
                        received.headers.find_value_by_name("receipt").map(ToOwned::to_owned);
                    if let Err(message) = self.work_on_request_of_client(received) {
                        let receipt = receipt.as_deref();
                        self.close_client_with_error(Version::V10, message, receipt);
                    }
                }
            }
        }
    }

    fn note_end_of_client(&self, _: EndOfClient) {
        self.pipe.close_pipe_with_farewell(None, CloseCode::Normal);
    }
}

async fn connect_client_to_broker(State(broker): State<Broker>, mut request: Request) -> Response {
    let mut accepted = match accept_handshake_of_websocket(request.headers()) {
        Ok(headers) => headers,
        Err(refusal) => return refusal.describe_refusal_of_request().into_response(),
    };
    if let Some(chosen) = choose_first_offered_subprotocol(request.headers()) {
        accepted.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    let pipe = Pipe::with_capacity(QUEUE_ENTRIES);
    let client = Arc::new(Client {
        broker: broker.clone(),
        pipe: pipe.clone(),
        exchange: Mutex::new(Exchange::with_limit_of_bytes(FRAME_BYTES)),
        subscriptions: Mutex::new(None),
    });
    let mut clients = broker.lock();
    clients.retain(|known| known.strong_count() > 0);
    clients.push(Arc::downgrade(&client));
    let upgrade = hyper::upgrade::on(&mut request);
    carry_connection_of_upgrade(upgrade, UPGRADE_TIMEOUT, CarriedPipe::new(pipe, client));
    (StatusCode::SWITCHING_PROTOCOLS, accepted).into_response()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:15674".to_owned());
    let router = Router::new().route("/ws", get(connect_client_to_broker));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router.with_state(Broker::default())).await
}
