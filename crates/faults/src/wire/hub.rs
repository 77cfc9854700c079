//! A hub of SignalR in the packets of Socket.IO, so that its clients live by the same rules: what they are told to be, how
//! they come back, what is written down of what they hear.

use std::{collections::VecDeque, net::SocketAddr};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use owlpost_testkit::{RECORD_SEPARATOR, open_websocket_at_path};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message},
};

const HUB_PATH: &str = "/hub/incidents";
const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}";
const PING: &str = "{\"type\":6}";
/// Kinds of messages of the hub.
const INVOCATION: u64 = 1;
const COMPLETION: u64 = 3;
const PING_KIND: u64 = 6;
const CLOSE: u64 = 7;

/// One connection to the hub. It is dialled when the client says who it is, since that stands in its address.
#[derive(Debug)]
pub struct HubWire {
    address: SocketAddr,
    receive_buffer_bytes: Option<u32>,
    socket: Option<Box<WebSocketStream<TcpStream>>>,
    /// What came and was not asked for yet.
    packets: VecDeque<String>,
}

impl HubWire {
    pub(super) const fn new(address: SocketAddr, receive_buffer_bytes: Option<u32>) -> Self {
        Self { address, receive_buffer_bytes, socket: None, packets: VecDeque::new() }
    }

    /// The next packet; `None` at the end of the connection. Safe to cancel.
    pub(super) async fn receive_next_engine_packet(&mut self) -> Option<String> {
        loop {
            if let Some(packet) = self.packets.pop_front() {
                return Some(packet);
            }
            match self.socket.as_mut()?.next().await {
                Some(Ok(Message::Text(text))) => self.read_messages_of_hub(&text)?,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// `None` when the hub says that the connection is over, and wants the client back.
    fn read_messages_of_hub(&mut self, text: &str) -> Option<()> {
        for message in text.split(RECORD_SEPARATOR).filter(|message| !message.is_empty()) {
            let message: Value = serde_json::from_str(message).unwrap_or_default();
            match message["type"].as_u64() {
                Some(INVOCATION) => self.packets.push_back(write_event_as_packet(&message)),
                Some(COMPLETION) => self.packets.push_back(write_answer_as_packet(&message)),
                // A client gives signs of life by itself, about as often.
                Some(PING_KIND) => self.packets.push_back("2".to_owned()),
                Some(CLOSE) if message["allowReconnect"] == true => return None,
                Some(CLOSE) => self.packets.push_back("41".to_owned()),
                _ => {}
            }
        }
        Some(())
    }

    pub(super) async fn send_one_engine_packet(&mut self, packet: &str) -> Result<()> {
        if let Some(auth) = packet.strip_prefix("40") {
            return self.connect_to_hub_with_auth(&serde_json::from_str(auth)?).await;
        }
        let message = match packet {
            "3" => PING.to_owned(),
            "41" => json!({ "type": CLOSE }).to_string(),
            event => write_event_as_invocation(event.strip_prefix("42").context("an event")?)?,
        };
        let socket = self.socket.as_mut().context("not connected yet")?;
        Ok(socket.send(Message::Text(format!("{message}{RECORD_SEPARATOR}").into())).await?)
    }

    async fn connect_to_hub_with_auth(&mut self, auth: &Value) -> Result<()> {
        let text = |name| auth[name].as_str().unwrap_or_default();
        let mut path = format!("{HUB_PATH}?access_token={}", text("token"));
        if let Some(position) = auth["lastEventId"].as_str() {
            path.push_str(&format!("&lastEventId={position}"));
        }
        for room in auth["room"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            path.push_str(&format!("&room={room}"));
        }
        let opened = open_websocket_at_path(self.address, &path, self.receive_buffer_bytes).await;
        let mut socket = match opened {
            Ok(socket) => socket,
            Err(Error::Http(refusal)) if refusal.status() == 401 => {
                self.packets.push_back("44{}".to_owned());
                return Ok(());
            }
            Err(error) => bail!(error),
        };
        // Behind the handshake a sign of life: only a client that gives some can be missed.
        let opening = format!("{HANDSHAKE}{RECORD_SEPARATOR}{PING}{RECORD_SEPARATOR}");
        socket.send(Message::Text(opening.into())).await?;
        let answer = socket.next().await.context("no answer to the handshake")??.into_text()?;
        let (first, rest) = answer.split_once(RECORD_SEPARATOR).context("a whole answer")?;
        if first != "{}" {
            bail!("the handshake was answered {first}");
        }
        self.packets.push_back("40{}".to_owned());
        // What comes with it is read like anything else; the end shows at the next look.
        let _ = self.read_messages_of_hub(rest);
        self.socket = Some(Box::new(socket));
        Ok(())
    }
}

/// `IncidentCreated` as `incident:created`, with its position behind the payload, as a client that can recover hears it.
fn write_event_as_packet(message: &Value) -> String {
    let target = message["target"].as_str().unwrap_or_default();
    let mut name = String::new();
    for letter in target.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push(':');
        }
        name.push(letter.to_ascii_lowercase());
    }
    let payload = &message["arguments"][0];
    let field = if name == "connection:acknowledged" { "lastEventId" } else { "eventId" };
    let event = match &payload[field] {
        Value::Null => json!([name, payload]),
        position => json!([name, payload, position]),
    };
    format!("42{event}")
}

fn write_answer_as_packet(message: &Value) -> String {
    let id = message["invocationId"].as_str().unwrap_or_default();
    let answer = match message["error"].as_str() {
        None => {
            let mut answer = message["result"].as_object().cloned().unwrap_or_default();
            answer.insert("ok".to_owned(), Value::Bool(true));
            Value::Object(answer)
        }
        Some(error) => {
            let words = error.split_once("HubException: ").map_or(error, |(_, words)| words);
            let (code, text) = words.split_once(": ").unwrap_or(("", words));
            json!({ "ok": false, "error": { "code": code, "message": text } })
        }
    };
    format!("43{id}{}", json!([answer]))
}

/// `event` is `id["name",payload]`, with or without the id.
fn write_event_as_invocation(event: &str) -> Result<String> {
    let digits = event.len() - event.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (id, json) = event.split_at(digits);
    let values: Vec<Value> = serde_json::from_str(json)?;
    let method = match values.first().and_then(Value::as_str).unwrap_or_default() {
        "authenticate" => "Authenticate",
        "room:join" => "JoinRoom",
        "room:leave" => "LeaveRoom",
        "typing:start" => "StartTyping",
        "typing:stop" => "StopTyping",
        "notification:mark_read" => "MarkNotificationRead",
        other => other,
    };
    let mut call = json!({ "type": INVOCATION, "target": method, "arguments": values[1..] });
    if !id.is_empty() {
        call["invocationId"] = json!(id);
    }
    Ok(call.to_string())
}
