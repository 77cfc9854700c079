//! STOMP in the packets of Socket.IO, so that its clients live by the same rules: what they are told to be, how they come
//! back, what is written down of what they hear.
//!
//! A client has one history, in which each event stands once and in order. STOMP tells a client of its past for each
//! subscription, one after the other. So everything is subscribed to at a time at which its past is asked for, what comes is
//! kept until the past of each is told, and then handed on in the order of the log: an event that is out of order on its own
//! subscription, or comes twice on one, is handed on as it came, for the judge to see.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use owlpost_testkit::open_websocket_at_path;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

const STOMP_PATH: &str = "/ws";
/// What says that a client is there, and wants to know that the server is.
const HEART_BEAT: &str = "heart-beat:100,100";
/// A client that has been silent for so long says something when it hears something.
const BEAT: Duration = Duration::from_millis(200);
/// Destinations whose past can be told, besides those of incidents.
const LASTING: [&str; 3] = ["/topic/incidents", "/user/queue/notifications", "/user/queue/account"];
const ESCALATIONS: &str = "/topic/escalations";
/// Others that a client of Socket.IO hears without asking.
const PASSING: [&str; 4] = ["/topic/presence", COUNTS, "/user/queue/replies", "/user/queue/errors"];
const NIL: &str = "00000000-0000-0000-0000-000000000000";
/// What says once how many are there, to whoever hears only what changes.
const COUNTS: &str = "/app/presence";

/// The last of them, whose receipt is behind everything that the others were told.
const BARRIER: &str = PASSING[3];

/// A frame of the server.
struct ServerFrame {
    command: String,
    headers: HashMap<String, String>,
    body: String,
}

/// One connection of STOMP. It is dialled when the client says who it is, since that stands in its first frame.
#[derive(Debug)]
pub struct StompWire {
    address: SocketAddr,
    receive_buffer_bytes: Option<u32>,
    socket: Option<Box<WebSocketStream<TcpStream>>>,
    /// What came and was not asked for yet.
    packets: VecDeque<String>,
    past: Past,
    /// When the client last gave a sign of life.
    spoke_at: Instant,
}

/// What was told of the past, until it is told of every destination.
#[derive(Debug, Default)]
struct Past {
    /// Destinations that have yet to be told.
    untold: HashSet<String>,
    /// Of the last of them it was told just now.
    is_told: bool,
    /// By position; what came for several destinations is there once.
    events: Vec<(i64, String, Value)>,
    /// What is out of order on one subscription.
    astray: Vec<(i64, String, Value)>,
    /// Where the client was, and what the replays reach to.
    from: Option<String>,
    to: i64,
    /// Whether the past of each was whole.
    is_complete: bool,
    /// Whether the client is to hear what is for the feed alone.
    hears_feed: bool,
    /// What was heard last at each destination: what comes again, or before it, is told to the judge.
    heard: HashMap<String, i64>,
    /// Positions that were handed on.
    told: HashSet<i64>,
}

impl StompWire {
    pub(super) fn new(address: SocketAddr, receive_buffer_bytes: Option<u32>) -> Self {
        let (packets, past) = (VecDeque::new(), Past::default());
        Self {
            address,
            receive_buffer_bytes,
            socket: None,
            packets,
            past,
            spoke_at: Instant::now(),
        }
    }

    /// The next packet; `None` at the end of the connection. Safe to cancel.
    pub(super) async fn receive_next_engine_packet(&mut self) -> Option<String> {
        loop {
            if let Some(packet) = self.packets.pop_front() {
                return Some(packet);
            }
            match self.socket.as_mut()?.next().await {
                Some(Ok(Message::Text(text))) => {
                    if self.spoke_at.elapsed() >= BEAT {
                        self.packets.push_back("2".to_owned());
                    }
                    self.read_frames_of_server(&text);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    fn read_frames_of_server(&mut self, text: &str) {
        for frame in text.split('\0').filter_map(parse_frame_of_server) {
            match frame.command.as_str() {
                "MESSAGE" => self.read_message_of_server(&frame),
                // Whoever asked for something while the database was away comes back; whoever is told to go does not.
                "ERROR" => {
                    let body: Value = serde_json::from_str(&frame.body).unwrap_or_default();
                    let end = if body["code"] == "UNAVAILABLE" { "1" } else { "41" };
                    self.packets.push_back(end.to_owned());
                }
                "RECEIPT" => {
                    self.past.note_name_as_told(BARRIER);
                    self.packets.extend(self.past.take_packets_in_order());
                }
                _ => {}
            }
        }
    }

    fn read_message_of_server(&mut self, frame: &ServerFrame) {
        let header = |name: &str| frame.headers.get(name).map(String::as_str).unwrap_or_default();
        let name = header("event").replacen('.', ":", 1);
        let payload: Value = serde_json::from_str(&frame.body).unwrap_or_default();
        let correlation = header("correlation-id");
        if !correlation.is_empty() {
            let answer = write_answer_of_call(&name, payload);
            self.packets.push_back(format!("43{correlation}{}", json!([answer])));
            return;
        }
        let destination = header("subscription");
        if name == "events:resumed" {
            self.past.note_destination_as_told(destination, &payload);
        } else if let Ok(position) = header("event-id").parse() {
            self.past.add_event_of_destination(destination, (position, name, payload));
        } else {
            let name = if destination == COUNTS { "presence:counts" } else { &name };
            self.packets.push_back(format!("42{}", json!([name, payload])));
        }
        self.packets.extend(self.past.take_packets_in_order());
    }

    pub(super) async fn send_one_engine_packet(&mut self, packet: &str) -> Result<()> {
        if let Some(auth) = packet.strip_prefix("40") {
            return self.connect_to_endpoint_with_auth(&serde_json::from_str(auth)?).await;
        }
        let frame = match packet {
            "3" => "\n".to_owned(),
            "41" => "DISCONNECT\n\n\0".to_owned(),
            event => write_event_as_send(event.strip_prefix("42").context("an event")?)?,
        };
        self.spoke_at = Instant::now();
        let socket = self.socket.as_mut().context("not connected yet")?;
        Ok(socket.send(Message::Text(frame.into())).await?)
    }

    async fn connect_to_endpoint_with_auth(&mut self, auth: &Value) -> Result<()> {
        let token = auth["token"].as_str().unwrap_or_default();
        let mut socket =
            open_websocket_at_path(self.address, STOMP_PATH, self.receive_buffer_bytes).await?;
        let connect = format!("CONNECT\naccept-version:1.2\n{HEART_BEAT}\ntoken:{token}\n\n\0");
        socket.send(Message::Text(connect.into())).await?;
        let answer = loop {
            match socket.next().await.context("no answer to CONNECT")?? {
                Message::Text(text) if text.as_str() != "\n" => break text,
                Message::Close(_) => bail!("closed before it was let in"),
                _ => {}
            }
        };
        let frame = parse_frame_of_server(answer.trim_end_matches('\0')).context("a frame")?;
        if frame.command == "ERROR" {
            let body: Value = serde_json::from_str(&frame.body)?;
            // Whoever has as many connections as may be comes back.
            if body["code"] == "CONFLICT" {
                bail!("refused: {}", frame.body);
            }
            self.packets.push_back(format!("44{}", frame.body));
            return Ok(());
        }
        let header = |name: &str| frame.headers.get(name).cloned().unwrap_or_default();
        let acknowledged = json!({
            "socketId": header("session"),
            "user": { "id": header("user-id"), "email": header("user-name") },
            "lastEventId": header("last-event-id"),
        });
        let event = json!(["connection:acknowledged", acknowledged, header("last-event-id")]);
        self.packets.extend(["40{}".to_owned(), format!("42{event}")]);
        let after = auth["lastEventId"].as_str();
        let subscribing = self.past.begin_past_of_subscriptions(auth, token, after);
        let after = after.map_or_else(|| header("last-event-id"), str::to_owned);
        for destination in subscribing {
            let is_passing = PASSING.contains(&destination.as_str());
            // The receipt of the last: what other subscriptions missed while the past of one was told comes before it.
            let asked = if is_passing {
                format!("receipt:{destination}\n").repeat(usize::from(destination == BARRIER))
            } else {
                format!("last-event-id:{after}\n")
            };
            let ids = format!("id:{destination}\ndestination:{destination}");
            socket.send(Message::Text(format!("SUBSCRIBE\n{ids}\n{asked}\n\0").into())).await?;
        }
        self.socket = Some(Box::new(socket));
        Ok(())
    }
}

impl Past {
    /// What a client listens to that is to hear what it is owed.
    fn begin_past_of_subscriptions(
        &mut self,
        auth: &Value,
        token: &str,
        after: Option<&str>,
    ) -> Vec<String> {
        let rooms: Vec<&str> =
            auth["room"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        self.hears_feed = rooms.contains(&"incidents");
        let incidents = rooms.iter().filter_map(|room| room.strip_prefix("incident:"));
        let mut lasting: Vec<String> = LASTING.map(str::to_owned).to_vec();
        lasting.extend(incidents.map(|id| format!("/topic/incident/{id}")));
        let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token);
        if claims.is_ok_and(|claims| claims.claims["role"] == "AUROR") {
            lasting.push(ESCALATIONS.to_owned());
        }
        self.untold = lasting.iter().cloned().chain([BARRIER.to_owned()]).collect();
        self.from = after.map(str::to_owned);
        self.is_complete = true;
        lasting.into_iter().chain(PASSING.map(str::to_owned)).collect()
    }

    fn note_destination_as_told(&mut self, destination: &str, report: &Value) {
        self.note_name_as_told(destination);
        let to = report["to"].as_str().and_then(|to| to.parse().ok()).unwrap_or(0);
        self.to = self.to.max(to);
        self.is_complete &= report["complete"] == true;
    }

    fn note_name_as_told(&mut self, name: &str) {
        self.is_told |= self.untold.remove(name) && self.untold.is_empty();
    }

    fn add_event_of_destination(&mut self, destination: &str, event: (i64, String, Value)) {
        let position = event.0;
        let before = self.heard.insert(destination.to_owned(), position);
        if before.is_some_and(|before| before >= position) {
            // Out of order, or twice on one subscription: for the judge to see.
            self.astray.push(event);
            return;
        }
        // The destination of the feed has what is for everybody, and what is for the feed alone.
        let is_of_feed = destination == "/topic/incidents" && event.1 == "incident:updated";
        if is_of_feed && !self.hears_feed {
            return;
        }
        if self.told.insert(position) {
            self.events.push(event);
        }
    }

    /// Packets of what can be handed on: nothing until the past of every destination is told.
    fn take_packets_in_order(&mut self) -> Vec<String> {
        let astray = self.astray.drain(..).map(write_event_as_packet).collect::<Vec<_>>();
        if !self.untold.is_empty() {
            return astray;
        }
        let mut events = std::mem::take(&mut self.events);
        events.sort_by_key(|(position, ..)| *position);
        let mut packets = astray;
        if std::mem::take(&mut self.is_told) {
            let past = events.partition_point(|(position, ..)| *position <= self.to);
            let live = events.split_off(past);
            packets.extend(events.drain(..).map(write_event_as_packet));
            if let Some(from) = &self.from {
                let (to, complete) = (self.to.to_string(), self.is_complete);
                let report = json!({ "from": from, "to": to, "count": past, "complete": complete });
                packets.push(format!("42{}", json!(["events:resumed", report])));
            }
            events = live;
        }
        packets.extend(events.into_iter().map(write_event_as_packet));
        packets
    }
}

fn write_event_as_packet((position, name, payload): (i64, String, Value)) -> String {
    format!("42{}", json!([name, payload, position.to_string()]))
}

fn write_answer_of_call(name: &str, payload: Value) -> Value {
    if name == "error" {
        return json!({ "ok": false, "error": payload });
    }
    let mut answer = payload;
    answer["ok"] = json!(true);
    answer
}

/// `event` is `id["name",payload]`, with or without the id.
fn write_event_as_send(event: &str) -> Result<String> {
    let digits = event.len() - event.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (id, json) = event.split_at(digits);
    let (name, payload): (String, Value) = serde_json::from_str(json)?;
    // Whoever joins a room wants to hear it, too; the answer to the call is then behind that.
    let room = payload["room"].as_str().filter(|_| name == "room:join");
    // The one that a fault is for would end the connection, as a subscription that fails does.
    let incident = room.and_then(|room| room.strip_prefix("incident:")).filter(|id| *id != NIL);
    let subscribe = incident.map(|incident| {
        let destination = format!("/topic/incident/{incident}");
        format!("SUBSCRIBE\nid:{destination} again\ndestination:{destination}\n\n\0")
    });
    let name = name.replacen(':', ".", 1);
    let correlation = if id.is_empty() { String::new() } else { format!("correlation-id:{id}\n") };
    let send = format!("SEND\ndestination:/app/{name}\n{correlation}\n{payload}\0");
    Ok(subscribe.unwrap_or_default() + &send)
}

fn parse_frame_of_server(text: &str) -> Option<ServerFrame> {
    let (head, body) = text.trim_start_matches('\n').split_once("\n\n")?;
    let mut lines = head.split('\n');
    let command = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(ServerFrame { command, headers, body: body.to_owned() })
}
