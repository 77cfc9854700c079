//! Engine.IO 4 on the wire: a websocket or polling, a text packet at a time. A hub of SignalR and STOMP speak in the same packets.

mod hub;
mod stomp;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, anyhow, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use owlpost_testkit::{
    ENGINE_PATH, RECORD_SEPARATOR, find_session_id_in_open, open_websocket_over_tcp,
};
use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use self::{hub::HubWire, stomp::StompWire};

/// Longest a connection may take to open.
const OPEN_TIME: Duration = Duration::from_secs(10);
/// Packets of polls that wait to be read.
const POLLED_PACKETS: usize = 64;

/// How a client talks to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireKind {
    /// A websocket from the start.
    WebSocket,
    /// HTTP long polling.
    Polling,
    /// A hub of SignalR, by websocket.
    Hub,
    /// STOMP, by websocket.
    Stomp,
}

/// One Engine.IO connection. Dropping it cuts it without a word.
#[derive(Debug)]
pub enum Wire {
    /// A websocket from the start.
    WebSocket(Box<WebSocketStream<TcpStream>>),
    /// HTTP long polling.
    Polling(PollingWire),
    /// A hub of SignalR, by websocket.
    Hub(HubWire),
    /// STOMP, by websocket.
    Stomp(Box<StompWire>),
}

/// A polling session: one task polls, packets are posted from here.
#[derive(Debug)]
pub struct PollingWire {
    http: reqwest::Client,
    url: String,
    packets: mpsc::Receiver<String>,
    poller: JoinHandle<()>,
}

impl Drop for PollingWire {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

impl Wire {
    /// Opens a connection up to and including the engine's open packet.
    pub async fn open_engine_connection_to(
        kind: WireKind,
        address: SocketAddr,
        http: &reqwest::Client,
        receive_buffer_bytes: Option<u32>,
    ) -> Result<Self> {
        let open = async {
            match kind {
                WireKind::WebSocket => {
                    open_websocket_to_server(address, receive_buffer_bytes).await
                }
                WireKind::Polling => open_polling_to_server(address, http).await,
                WireKind::Hub => Ok(Self::Hub(HubWire::new(address, receive_buffer_bytes))),
                WireKind::Stomp => {
                    Ok(Self::Stomp(Box::new(StompWire::new(address, receive_buffer_bytes))))
                }
            }
        };
        tokio::time::timeout(OPEN_TIME, open).await.context("no answer to the handshake")?
    }

    /// The next packet; `None` at the end of the connection. Safe to cancel.
    pub async fn receive_next_engine_packet(&mut self) -> Option<String> {
        match self {
            Self::WebSocket(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            },
            Self::Polling(polling) => polling.packets.recv().await,
            Self::Hub(hub) => hub.receive_next_engine_packet().await,
            Self::Stomp(stomp) => stomp.receive_next_engine_packet().await,
        }
    }

    /// Sends one packet.
    pub async fn send_one_engine_packet(&mut self, packet: String) -> Result<()> {
        match self {
            Self::Hub(hub) => hub.send_one_engine_packet(&packet).await,
            Self::Stomp(stomp) => stomp.send_one_engine_packet(&packet).await,
            Self::WebSocket(socket) => Ok(socket.send(Message::Text(packet.into())).await?),
            Self::Polling(polling) => {
                let answer = polling
                    .http
                    .post(&polling.url)
                    .header("content-type", "text/plain;charset=UTF-8")
                    .timeout(OPEN_TIME)
                    .body(packet)
                    .send()
                    .await?;
                if !answer.status().is_success() {
                    bail!("a post of a packet was answered {}", answer.status());
                }
                Ok(())
            }
        }
    }
}

async fn open_websocket_to_server(
    address: SocketAddr,
    receive_buffer_bytes: Option<u32>,
) -> Result<Wire> {
    let query = "EIO=4&transport=websocket";
    let mut socket = open_websocket_over_tcp(address, query, receive_buffer_bytes).await?;
    match socket.next().await {
        Some(Ok(Message::Text(open))) if open.starts_with('0') => {
            Ok(Wire::WebSocket(Box::new(socket)))
        }
        other => Err(anyhow!("expected the open packet, got {other:?}")),
    }
}

async fn open_polling_to_server(address: SocketAddr, http: &reqwest::Client) -> Result<Wire> {
    let base = format!("http://{address}{ENGINE_PATH}?EIO=4&transport=polling");
    let answer = http.get(&base).timeout(OPEN_TIME).send().await?.error_for_status()?;
    let open = answer.text().await?;
    let json = open.strip_prefix('0').context("expected the open packet")?;
    let sid = find_session_id_in_open(json).context("no sid in the open packet")?;
    let url = format!("{base}&sid={sid}");
    let (sender, packets) = mpsc::channel(POLLED_PACKETS);
    let poller = tokio::spawn(poll_server_until_end(http.clone(), url.clone(), sender));
    Ok(Wire::Polling(PollingWire { http: http.clone(), url, packets, poller }))
}

async fn poll_server_until_end(http: reqwest::Client, url: String, packets: mpsc::Sender<String>) {
    loop {
        let Ok(answer) = http.get(&url).send().await else { return };
        if !answer.status().is_success() {
            return;
        }
        let Ok(body) = answer.text().await else { return };
        for packet in body.split(RECORD_SEPARATOR) {
            if packets.send(packet.to_owned()).await.is_err() {
                return;
            }
        }
    }
}
