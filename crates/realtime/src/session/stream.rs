//! A session read as a stream, for Server-Sent Events.

use std::sync::Arc;

use owlpost_domain::{EventName, Result, Topic, User, access_token::VerifiedToken};
use uuid::Uuid;

use crate::{
    Frame, QueueReader, QueueTransport, Session, SessionEnd, SessionRequest,
    delivery::dispatcher::Dispatcher,
    session::{opening::Sessions, recovery::Resumption},
};

/// Items between the core and the HTTP body. More waits in the session's outbox, which is bounded, too.
const STREAM_ITEMS: usize = 256;

/// One event on its way to a reader.
#[derive(Debug, Clone)]
pub struct StreamItem {
    /// The position a reader has everything up to once it has read this.
    pub id: Option<i64>,
    /// What happened.
    pub name: EventName,
    /// JSON object.
    pub payload: Arc<str>,
}

impl From<&Frame> for StreamItem {
    fn from(frame: &Frame) -> Self {
        Self { id: frame.position, name: frame.name, payload: frame.payload.clone() }
    }
}

/// A reader's events, in order. Dropping it ends the session.
pub struct EventStream {
    items: QueueReader<StreamItem>,
    session: Arc<Session>,
    dispatcher: Arc<Dispatcher>,
}

impl EventStream {
    /// The next event; `None` when the stream is over.
    pub async fn next_item_of_stream(&mut self) -> Option<StreamItem> {
        self.items.next_item_of_queue().await
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.dispatcher.forget_session_after_close(&self.session, SessionEnd::Lost);
    }
}

impl Sessions {
    /// Opens a stream of everyone's, the feed's, the user's and their role's events, and those of `rooms`; after
    /// `after`, it begins with what was missed. It ends when the token expires, the user is deleted, the reader is
    /// too slow, or the server stops.
    pub(crate) async fn open_stream_of_events(
        &self,
        user: User,
        access: VerifiedToken,
        rooms: Vec<Topic>,
        after: Option<String>,
    ) -> Result<EventStream> {
        let (transport, items) = QueueTransport::with_capacity(STREAM_ITEMS);
        let session = self.register_session_on_hold(SessionRequest {
            user,
            access,
            socket_id: Uuid::new_v4().to_string(),
            transport,
            counts_as_presence: false,
            most_incidents: 1,
            takes_over: None,
        })?;
        let dispatcher = self.dispatcher.clone();
        let stream = EventStream { items, session: session.clone(), dispatcher };
        let rooms: Vec<String> =
            rooms.iter().chain(&[Topic::Feed]).map(ToString::to_string).collect();
        let asked = Resumption { rooms, last_event_id: after, recovery: None };
        let ready = self.prepare_session_with_replay(&session, &asked).await?;
        self.start_session_after_preparation(&session, ready);
        Ok(stream)
    }
}
