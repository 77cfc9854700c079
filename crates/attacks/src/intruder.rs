//! A Socket.IO client by websocket that also writes what no client should.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use owlpost_testkit::open_websocket_over_tcp;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// For whatever must happen in the end on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What came over a websocket.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// A packet of the engine.
    Text(String),
    /// An attachment.
    Bytes(Vec<u8>),
    /// The connection is over.
    End,
}

/// One Engine.IO session by websocket, in which anything can be written.
#[derive(Debug)]
pub struct Intruder {
    stream: WebSocketStream<TcpStream>,
    asked: u64,
}

impl Intruder {
    /// Begins a session of the engine, and enters nothing.
    pub async fn open_session_of_engine(address: SocketAddr) -> Result<Self> {
        let opening = open_websocket_over_tcp(address, "EIO=4&transport=websocket", None);
        let stream = timeout(DEADLINE, opening).await??;
        let mut intruder = Self { stream, asked: 0 };
        match intruder.receive_next_from_server().await? {
            Received::Text(open) if open.starts_with('0') => Ok(intruder),
            other => bail!("no open packet, but {other:?}"),
        }
    }

    /// Enters with what a client says of itself; the answer of a server that refuses is the inner error.
    pub async fn try_entering_with_auth(
        address: SocketAddr,
        auth: &Value,
    ) -> Result<Result<Self, Value>> {
        let mut intruder = Self::open_session_of_engine(address).await?;
        intruder.send_text_to_server(&format!("40{auth}")).await?;
        loop {
            match intruder.receive_next_from_server().await? {
                Received::Text(text) if text.starts_with("40") => return Ok(Ok(intruder)),
                Received::Text(text) if text.starts_with("44") => {
                    return Ok(Err(serde_json::from_str(&text[2..])?));
                }
                Received::End => bail!("hung up instead of an answer"),
                _ => {}
            }
        }
    }

    /// Enters as somebody whose token is good.
    pub async fn enter_with_good_token(address: SocketAddr, token: &str) -> Result<Self> {
        let entered = Self::try_entering_with_auth(address, &json!({ "token": token })).await?;
        entered.map_err(|refused| anyhow::anyhow!("refused: {refused}"))
    }

    /// Sends a text message. Fails when the server has hung up.
    pub async fn send_text_to_server(&mut self, text: &str) -> Result<()> {
        Ok(timeout(DEADLINE, self.stream.send(Message::text(text))).await??)
    }

    /// Sends a binary message.
    pub async fn send_bytes_to_server(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(timeout(DEADLINE, self.stream.send(Message::binary(bytes.to_vec()))).await??)
    }

    /// Writes bytes as they are, whatever they mean.
    pub async fn write_raw_bytes_to_server(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(timeout(DEADLINE, self.stream.get_mut().write_all(bytes)).await??)
    }

    /// What comes next; pings of the engine are answered.
    pub async fn receive_next_from_server(&mut self) -> Result<Received> {
        loop {
            let next = timeout(DEADLINE, self.stream.next()).await.context("nothing came")?;
            match next {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    // Whoever has hung up meanwhile is found out by the next look.
                    let _ = self.send_text_to_server("3").await;
                }
                Some(Ok(Message::Text(text))) => return Ok(Received::Text(text.to_string())),
                Some(Ok(Message::Binary(bytes))) => return Ok(Received::Bytes(bytes.to_vec())),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(Received::End),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Sends an event; its acknowledgement, and what else came before it.
    pub async fn emit_event_for_ack(&mut self, name: &str, payload: &Value) -> Result<Value> {
        self.emit_values_for_ack(&json!([name, payload])).await
    }

    /// Sends an event of any values.
    pub async fn emit_values_for_ack(&mut self, values: &Value) -> Result<Value> {
        self.asked += 1;
        let begins = format!("43{}[", self.asked);
        self.send_text_to_server(&format!("42{}{values}", self.asked)).await?;
        loop {
            match self.receive_next_from_server().await? {
                Received::Text(text) if text.starts_with(&begins) => {
                    let values: Vec<Value> = serde_json::from_str(&text[begins.len() - 1..])?;
                    return values.into_iter().next().context("an empty acknowledgement");
                }
                Received::End => bail!("hung up instead of an acknowledgement"),
                _ => {}
            }
        }
    }

    /// The same, and it must be refused; the code.
    pub async fn expect_event_is_refused(&mut self, name: &str, payload: &Value) -> Result<String> {
        let answer = self.emit_event_for_ack(name, payload).await?;
        ensure!(answer["ok"] == false, "{name} {payload} was answered {answer}");
        Ok(answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether the connection still works: an event is answered, and a hang-up is told from it.
    pub async fn is_still_being_answered(&mut self) -> Result<bool> {
        let id = 900_000_000 + self.asked;
        self.asked += 1;
        if self
            .send_text_to_server(&format!(r#"42{id}["room:join",{{"room":"incidents"}}]"#))
            .await
            .is_err()
        {
            return Ok(false);
        }
        loop {
            match self.receive_next_from_server().await? {
                Received::Text(text) if text.starts_with(&format!("43{id}")) => return Ok(true),
                Received::End => return Ok(false),
                _ => {}
            }
        }
    }

    /// Everything up to the end, of the namespace or of the connection, which must come.
    pub async fn receive_texts_until_end(&mut self) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        let receiving = async {
            loop {
                match self.receive_next_from_server().await? {
                    Received::Text(text) if text == "41" => return Ok(()),
                    Received::Text(text) => texts.push(text),
                    Received::Bytes(_) => {}
                    Received::End => return anyhow::Ok(()),
                }
            }
        };
        timeout(DEADLINE, receiving).await.context("no end came")??;
        Ok(texts)
    }
}
