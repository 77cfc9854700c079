//! A session read as a stream, for Server-Sent Events.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use owlpost_domain::{EventName, Result, Topic, User};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    Frame, Realtime, Session, SessionRequest,
    delivery::transport::{CloseReason, SendOutcome, Transport},
};

/// Items between the core and the HTTP body. More waits in the session's outbox, which is bounded, too.
const STREAM_ITEMS: usize = 256;

/// One event on its way to a reader.
#[derive(Debug, Clone)]
pub struct StreamItem {
    /// Position in the log, when durable.
    pub id: Option<i64>,
    /// What happened.
    pub name: EventName,
    /// JSON object.
    pub payload: Arc<str>,
}

struct StreamTransport(Mutex<Option<mpsc::Sender<StreamItem>>>);

impl Transport for StreamTransport {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        let item =
            StreamItem { id: frame.position, name: frame.name, payload: frame.payload.clone() };
        match self.0.lock().as_ref().map(|sender| sender.try_send(item)) {
            Some(Ok(())) => SendOutcome::Sent,
            Some(Err(mpsc::error::TrySendError::Full(_))) => SendOutcome::Full,
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => SendOutcome::Closed,
        }
    }

    fn close_with_reason(&self, _: CloseReason) {
        *self.0.lock() = None;
    }
}

/// A reader's events, in order. Dropping it ends the session.
pub struct EventStream {
    items: mpsc::Receiver<StreamItem>,
    session: Arc<Session>,
    core: Realtime,
}

impl EventStream {
    /// The next event; `None` when the stream is over.
    pub async fn next_item_of_stream(&mut self) -> Option<StreamItem> {
        self.items.recv().await
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.core.forget_session_after_close(&self.session);
    }
}

impl Realtime {
    /// Opens a stream of everyone's, the feed's, the user's and their role's events, and those of `rooms`; after
    /// `after`, it begins with what was missed. It ends when the token expires, the user is deleted, the reader is
    /// too slow, or the server stops.
    pub async fn open_event_stream_for(
        &self,
        user: User,
        expires_at: DateTime<Utc>,
        rooms: Vec<Topic>,
        after: Option<i64>,
    ) -> Result<EventStream> {
        let (sender, items) = mpsc::channel(STREAM_ITEMS);
        let session = self.register_session_on_hold(SessionRequest {
            user,
            expires_at,
            socket_id: Uuid::new_v4().to_string(),
            transport: Arc::new(StreamTransport(Mutex::new(Some(sender)))),
            counts_as_presence: false,
        })?;
        let stream = EventStream { items, session: session.clone(), core: self.clone() };
        let rooms: Vec<String> =
            rooms.iter().chain(&[Topic::Feed]).map(ToString::to_string).collect();
        let after = after.map(|position| position.to_string());
        self.activate_session_with_replay(&session, &rooms, after.as_deref()).await?;
        Ok(stream)
    }
}
