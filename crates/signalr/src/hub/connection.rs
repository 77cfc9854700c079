//! One connection of a client: from its negotiation to its end. What its client says is read in `dialogue`.

mod watch;

use std::{sync::Arc, time::Instant};

use owlpost_admission::Place;
use owlpost_carrier::{
    ConnectionSecret, Listener, Pipe,
    websocket::{
        Bounds, CloseCode, Message,
        connection::{EndOfClient, Received},
    },
};
use owlpost_domain::{User, UserId};
use owlpost_gateway::{Admission, Conversation};
use owlpost_realtime::SessionEnd;
use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Hub, dialogue::Dialogue, streams::Streams};
use crate::{admit::Visitor, hub_carrier::HubCarrier, peer::HubPeer};

/// Why a carrier does not get a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It has one of this kind, which is one request for as long as it lives.
    CarriedAlready,
    /// It has one of another kind.
    AnotherTransport,
    /// The connection is over.
    Over,
    /// As many are connected as may be, of all clients or of this address.
    NoPlace,
}

/// What a connection keeps under its lock.
pub(crate) struct State {
    carrier: Option<HubCarrier>,
    place: Option<Place>,
    pub(crate) dialogue: Dialogue,
    polls: Polls,
    /// What the last request was proven with.
    token: Option<Box<str>>,
}

impl State {
    pub(crate) const fn carrier(&self) -> Option<HubCarrier> {
        self.carrier
    }
}

/// The polls of a connection that is carried by them.
struct Polls {
    waiting: usize,
    last_ended_at: Instant,
}

/// One connection of a client.
pub(crate) struct HubConnection {
    pub(crate) hub: Arc<Hub>,
    /// What the client proves itself with.
    pub(crate) secret: ConnectionSecret,
    /// What others may know it by.
    pub(crate) public_id: String,
    pub(crate) user_id: UserId,
    pub(crate) pipe: Arc<Pipe>,
    pub(crate) state: Mutex<State>,
    pub(crate) streams: Streams,
    /// Called when the handshake is over.
    pub(crate) handshake_ended: Notify,
    /// Called when the connection is over for its client, too.
    left: Notify,
}

impl HubConnection {
    /// A connection that nothing carries yet.
    pub(crate) fn from_visitor(hub: &Arc<Hub>, visitor: &Visitor) -> Arc<Self> {
        let admission = Admission {
            user: visitor.user.clone(),
            access: visitor.access,
            resumption: visitor.wishes.clone(),
        };
        Arc::new(Self {
            hub: hub.clone(),
            secret: ConnectionSecret::draw_from_random_bits(),
            public_id: Uuid::new_v4().simple().to_string(),
            user_id: visitor.user.id,
            pipe: Pipe::with_capacity(hub.config.queue_entries),
            state: Mutex::new(State {
                carrier: None,
                place: None,
                dialogue: Dialogue::new(admission),
                polls: Polls { waiting: 0, last_ended_at: Instant::now() },
                token: None,
            }),
            streams: Streams::default(),
            handshake_ended: Notify::new(),
            left: Notify::new(),
        })
    }

    /// What carries it; `None` when nothing has come yet.
    pub(crate) fn carrier(&self) -> Option<HubCarrier> {
        self.state.lock().carrier
    }

    /// What its client and the core have to say to each other, once the handshake is over.
    fn find_conversation_of_speaker(&self) -> Option<Arc<Conversation<HubPeer>>> {
        let state = self.state.lock();
        state.dialogue.speaker().map(|speaker| speaker.conversation.clone())
    }

    /// Gives the connection to what has come for it. True when nothing had before.
    pub(crate) fn take_up_by_carrier(
        self: &Arc<Self>,
        carrier: HubCarrier,
        visitor: &Visitor,
    ) -> Result<bool, NotTaken> {
        let mut state = self.state.lock();
        match state.carrier {
            Some(known) if known != carrier => return Err(NotTaken::AnotherTransport),
            // Also when it is over: the client has yet to fetch why.
            Some(HubCarrier::LongPolling) => return Ok(false),
            Some(_) => return Err(NotTaken::CarriedAlready),
            None if matches!(state.dialogue, Dialogue::Over) => return Err(NotTaken::Over),
            None => {}
        }
        let places = &self.hub.context.places;
        state.place =
            Some(places.take_place_for_guest(visitor.address).map_err(|_| NotTaken::NoPlace)?);
        state.carrier = Some(carrier);
        state.dialogue.replace_wishes_of_client(&visitor.wishes);
        drop(state);
        self.hub.connections.note_connection_as_taken(&self.secret);
        tokio::spawn(self.clone().watch_connection_until_end(carrier));
        Ok(true)
    }

    /// Whose the session is, if its requests were proven with this token when it was good.
    pub(crate) fn find_user_proven_by_token(&self, token: &str) -> Option<User> {
        let is_known = self.state.lock().token.as_deref() == Some(token);
        let conversation = self.find_conversation_of_speaker().filter(|_| is_known)?;
        Some(conversation.caller().session.user().as_ref().clone())
    }

    fn remember_token_of_request(&self, token: &str) {
        let known = &mut self.state.lock().token;
        // A client polls with the same one again and again.
        if known.as_deref() != Some(token) {
            *known = Some(token.into());
        }
    }

    /// Remembers the token of a request, and gives it to the session if it is the newer one. Should the database be away, the
    /// next request does.
    pub(crate) async fn renew_session_by_visitor(&self, visitor: &Visitor) {
        self.remember_token_of_request(&visitor.token);
        let Some(conversation) = self.find_conversation_of_speaker() else { return };
        let caller = conversation.caller();
        if visitor.access.expires_at.timestamp() <= caller.session.expires_at() {
            return;
        }
        let renewed = caller.core.renew_session_with_token(&caller.session, &visitor.token).await;
        if let Err(error) = renewed {
            tracing::debug!(%error, "a session was not renewed by a request");
        }
    }

    /// Counts a poll until what it gives back is dropped.
    pub(crate) fn count_poll_while_waiting(self: &Arc<Self>) -> WaitingPoll {
        self.state.lock().polls.waiting += 1;
        WaitingPoll(self.clone())
    }

    /// Works on the body of a request, in the order in which the requests came.
    pub(crate) fn receive_body_of_request(self: &Arc<Self>, bytes: &[u8]) {
        if self.receive_bytes_of_client(bytes) == Received::GoOn {
            return;
        }
        match self.carrier() {
            // A request that says so follows, and finds the connection.
            Some(HubCarrier::LongPolling) => {
                self.pipe.close_pipe_with_farewell(None, CloseCode::Normal);
            }
            _ => self.end_connection_of_client(EndOfClient::Closed(Some(CloseCode::Normal))),
        }
    }

    /// Ends the connection, from whichever side. Only the first call counts.
    pub(crate) fn end_connection_of_client(&self, end: EndOfClient) {
        self.hub.connections.remove_connection_by_secret(&self.secret);
        let mut state = self.state.lock();
        let dialogue = std::mem::replace(&mut state.dialogue, Dialogue::Over);
        state.place = None;
        drop(state);
        match end {
            EndOfClient::Closed(code) => {
                self.pipe.close_pipe_with_farewell(None, code.unwrap_or(CloseCode::Normal));
            }
            EndOfClient::Violation(code) => self.pipe.close_pipe_with_farewell(None, code),
            EndOfClient::Lost => self.pipe.break_pipe_without_farewell(),
        }
        self.streams.stop_all_running_streams();
        self.left.notify_waiters();
        if let Some(speaker) = dialogue.speaker() {
            let (session_end, why) = match end {
                EndOfClient::Closed(_) => (SessionEnd::OnPurpose, "closed by the client"),
                EndOfClient::Violation(_) => (SessionEnd::Lost, "protocol violated"),
                EndOfClient::Lost => (SessionEnd::Lost, "connection lost"),
            };
            speaker.conversation.note_end_of_conversation(session_end, why);
        }
    }
}

/// A poll that waits. A connection without one for too long is over.
pub(crate) struct WaitingPoll(Arc<HubConnection>);

impl Drop for WaitingPoll {
    fn drop(&mut self) {
        let polls = &mut self.0.state.lock().polls;
        polls.waiting -= 1;
        polls.last_ended_at = Instant::now();
    }
}

impl Listener for HubConnection {
    fn bounds(&self) -> Bounds {
        let bytes = self.hub.config.max_request_bytes;
        Bounds { frame_bytes: bytes, message_bytes: bytes }
    }

    fn receive_message(self: &Arc<Self>, message: Message) -> Result<Received, CloseCode> {
        Ok(match message {
            Message::Text(text) => self.receive_bytes_of_client(text.as_bytes()),
            Message::Binary(bytes) => self.receive_bytes_of_client(&bytes),
        })
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        self.end_connection_of_client(end);
    }
}
