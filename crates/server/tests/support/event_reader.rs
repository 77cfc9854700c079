//! Reads server-sent events.

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::DEADLINE;

/// One event of a stream.
#[derive(Debug, Clone)]
pub struct StreamedEvent {
    /// Its `id:`, if it has one.
    pub id: Option<String>,
    /// Its `event:`.
    pub name: String,
    /// Its `data:`.
    pub data: Value,
}

/// An open stream.
pub struct EventReader {
    response: Response,
    buffer: Vec<u8>,
}

impl EventReader {
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"));
        Self { response, buffer: Vec::new() }
    }

    /// The next block of lines, comments and `retry:` included; `None` at the end of the stream.
    pub async fn next_block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block = self.buffer.drain(..end + 2).collect();
                return Some(String::from_utf8(block).expect("UTF-8").trim_end().to_owned());
            }
            let chunk = tokio::time::timeout(DEADLINE, self.response.chunk()).await;
            let chunk = chunk.expect("an event within the deadline").ok().flatten()?;
            self.buffer.extend_from_slice(&chunk);
        }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next_event(&mut self) -> Option<StreamedEvent> {
        loop {
            let block = self.next_block().await?;
            let field = |name: &str| {
                block
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .map(|text| text.trim_start().to_owned())
            };
            if let Some(name) = field("event:") {
                let data = serde_json::from_str(&field("data:").expect("data")).expect("JSON");
                return Some(StreamedEvent { id: field("id:"), name, data });
            }
        }
    }

    /// The next event of this name; others are passed over.
    pub async fn next_named(&mut self, name: &str) -> StreamedEvent {
        loop {
            let event = self.next_event().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }

    /// The next durable event, whatever its name; presence and other ephemeral ones are passed over.
    pub async fn next_durable(&mut self) -> StreamedEvent {
        loop {
            let event = self.next_event().await.expect("the stream goes on");
            if event.data.get("eventId").is_some() {
                return event;
            }
        }
    }
}
