//! One connection of a client: what it says, from its first frame to its end.

mod speaker;
mod watch;

use std::sync::Arc;

use owlpost_admission::Place;
use owlpost_carrier::{
    Listener, Outgoing, Pipe,
    queue::Phase,
    websocket::{
        Bounds, CloseCode, Message,
        connection::{EndOfClient, Received as Heard},
    },
};
use owlpost_gateway::{
    Admission, Conversation, GatewayContext, Refusal,
    admission::authenticate_with_database_patience,
};
use owlpost_realtime::{Resumption, SessionEnd};
use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use self::speaker::Speaker;
use crate::{
    config::StompConfig,
    connect::{
        Greeting, describe_refusal_of_connect, encode_refusal_of_versions, find_token_in_headers,
    },
    peer::StompPeer,
    protocol::{
        encoder::encode_error_of_connection,
        exchange::{Exchange, Fault, Received, Request, STRANGER_BYTES},
        frame::Headers,
        heart_beat::{AgreedBeat, HeartBeat},
        subscriptions::Subscriptions,
        version::Version,
    },
};

/// Frames larger than may be, up to so many times, are read, to be answered that they are. Others end the connection.
const READ_BYTES_FACTOR: usize = 2;

/// What all connections share.
pub(crate) struct Stomp {
    pub(crate) context: GatewayContext,
    pub(crate) config: StompConfig,
}

/// How a client has come.
pub(crate) struct Opening {
    /// The token of the request that opened the connection, should `CONNECT` have none.
    pub(crate) token: Option<String>,
    /// What carries the connection, for logs and metrics.
    pub(crate) carrier: &'static str,
    /// Called once signs of life were agreed on: whatever carries the connection need not give any.
    pub(crate) beats_agreed: Box<dyn Fn() + Send + Sync>,
}

struct State {
    exchange: Exchange,
    speaker: Option<Speaker>,
    place: Option<Place>,
    /// Whether the client has said that it goes.
    is_leaving: bool,
    is_over: bool,
}

/// One connection of a client.
pub(crate) struct StompConnection {
    stomp: Arc<Stomp>,
    pipe: Arc<Pipe>,
    opening: Opening,
    state: Mutex<State>,
    /// Called when the client is let in.
    connected: Notify,
}

impl StompConnection {
    /// A connection whose client has yet to say who it is, and what watches over it.
    pub(crate) fn open_connection_of_stranger(
        stomp: &Arc<Stomp>,
        pipe: Arc<Pipe>,
        opening: Opening,
        place: Place,
    ) -> Arc<Self> {
        let most_bytes = stomp.context.limits.max_message_bytes * READ_BYTES_FACTOR;
        let connection = Arc::new(Self {
            stomp: stomp.clone(),
            pipe,
            opening,
            state: Mutex::new(State {
                exchange: Exchange::with_limit_of_bytes(most_bytes),
                speaker: None,
                place: Some(place),
                is_leaving: false,
                is_over: false,
            }),
            connected: Notify::new(),
        });
        tokio::spawn(connection.clone().watch_connection_until_end());
        connection
    }

    /// Works on what a client sent, however it is cut. To be called in the order in which it came.
    fn receive_bytes_of_client(self: &Arc<Self>, bytes: &[u8]) {
        self.pipe.note_client_as_heard();
        let mut state = self.state.lock();
        if self.pipe.phase() != Phase::Open {
            return;
        }
        state.exchange.add_bytes_of_client(bytes);
        self.work_on_frames_of_client(&mut state);
    }

    fn work_on_frames_of_client(self: &Arc<Self>, state: &mut State) {
        loop {
            match state.exchange.next_request_of_client() {
                Ok(None) => return,
                Ok(Some(received)) => {
                    state.is_leaving |= received.request == Request::Disconnect;
                    match &state.speaker {
                        Some(speaker) => speaker.work_on_request_of_client(received),
                        None => self.begin_admission_of_client(state, received),
                    }
                }
                Err(fault) => self.end_connection_after_fault(state, fault),
            }
        }
    }

    fn end_connection_after_fault(&self, state: &State, fault: Fault) {
        let Fault { bad, receipt } = fault;
        let refusal = Refusal::with_code(bad.code, bad.message.to_owned());
        match &state.speaker {
            // Behind the answers to what came before it.
            Some(speaker) => speaker.end_connection_in_turn(refusal, receipt),
            None => self.refuse_client_with_error(&refusal),
        }
    }

    /// Ends the connection of somebody who was not let in.
    fn refuse_client_with_error(&self, refusal: &Refusal) {
        let body = refusal.to_json().to_string();
        let error = encode_error_of_connection(Version::V10, &refusal.message, None, &body);
        self.close_with_last_frame(error);
    }

    fn close_with_last_frame(&self, frame: bytes::Bytes) {
        self.pipe.close_pipe_with_farewell(Some(&Outgoing::Text(frame)), CloseCode::Protocol);
    }

    fn begin_admission_of_client(self: &Arc<Self>, state: &mut State, received: Received) {
        let Request::Connect { version, heart_beat } = received.request else { return };
        let Some(version) = version else {
            state.exchange.stop_listening_to_client();
            self.close_with_last_frame(encode_refusal_of_versions());
            return;
        };
        let connection = self.clone();
        let headers = received.headers;
        tokio::spawn(async move {
            connection.admit_client_by_token(version, heart_beat, &headers).await;
        });
    }

    async fn admit_client_by_token(
        self: Arc<Self>,
        version: Version,
        heart_beat: HeartBeat,
        headers: &Headers,
    ) {
        let token = find_token_in_headers(headers).or_else(|| self.opening.token.clone());
        let store = self.stomp.context.core.store();
        let (user, access) =
            match authenticate_with_database_patience(store, token.as_deref()).await {
                Ok(known) => known,
                Err(refusal) => {
                    refusal.count_as_refused_handshake();
                    match describe_refusal_of_connect(refusal) {
                        Some(refusal) => self.refuse_client_with_error(&refusal),
                        None => self.pipe.break_pipe_without_farewell(),
                    }
                    return;
                }
            };
        let admission = Admission { user, access, resumption: Resumption::default() };
        let own = self.offer_beat_to_client(headers);
        let greeting = Greeting { version, heart_beat: own };
        let beat = own.agree_beat_with_client(heart_beat);
        match self.open_conversation_of_client(&admission, greeting, beat, headers) {
            Ok(()) => {}
            // It shall come back, to this server or to another.
            Err(error) if error.is_of_server() => self.pipe.break_pipe_without_farewell(),
            Err(error) => self.refuse_client_with_error(&Refusal::from(&error)),
        }
    }

    /// What the server says of signs of life: nothing to a client that says nothing of them.
    fn offer_beat_to_client(&self, headers: &Headers) -> HeartBeat {
        let own = headers
            .find_value_by_name("heart-beat")
            .map(|_| self.stomp.config.heart_beat.as_millis());
        let ms = own.and_then(|ms| u32::try_from(ms).ok()).unwrap_or(0);
        HeartBeat { gives_ms: ms, wants_ms: ms }
    }

    /// The session is registered before the client is told that it is connected, so that nothing that happens then is
    /// missed.
    fn open_conversation_of_client(
        self: &Arc<Self>,
        admission: &Admission,
        greeting: Greeting,
        beat: AgreedBeat,
        headers: &Headers,
    ) -> owlpost_domain::Result<()> {
        let mut state = self.state.lock();
        if state.is_over || self.pipe.phase() != Phase::Open {
            return Ok(());
        }
        let peer = Arc::new(StompPeer {
            pipe: self.pipe.clone(),
            subscriptions: Mutex::new(Subscriptions::new(greeting.version)),
            greeting,
            carrier: self.opening.carrier,
            most_incidents: self.stomp.config.most_incidents,
            goodbye_answered: self.take_leave_once_answered(),
        });
        let context = &self.stomp.context;
        let socket_id = Uuid::new_v4().simple().to_string();
        let conversation =
            Conversation::register_session_of_peer(context, admission, socket_id, peer.clone())?;
        conversation.start_work_of_conversation(Resumption::default());
        let last_event_id = headers.find_value_by_name("last-event-id").map(ToOwned::to_owned);
        state.exchange.accept_client_in_version(greeting.version);
        state.speaker = Some(Speaker { peer, conversation, last_event_id, beat });
        if beat != AgreedBeat::default() {
            (self.opening.beats_agreed)();
        }
        self.connected.notify_waiters();
        // What it has sent meanwhile.
        self.work_on_frames_of_client(&mut state);
        Ok(())
    }

    /// What to call when a client that said goodbye is answered: it closes its side, or it is closed for it.
    fn take_leave_once_answered(self: &Arc<Self>) -> Box<dyn Fn() + Send + Sync> {
        let connection = Arc::downgrade(self);
        Box::new(move || {
            let Some(connection) = connection.upgrade() else { return };
            let patience = connection.stomp.config.farewell_time;
            tokio::spawn(async move {
                let ended = connection.pipe.wait_until_pipe_ends();
                let _ = tokio::time::timeout(patience, ended).await;
                connection.end_connection_of_client(EndOfClient::Closed(Some(CloseCode::Normal)));
            });
        })
    }

    /// Ends the connection, from whichever side. Only the first call counts.
    fn end_connection_of_client(&self, end: EndOfClient) {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.is_over, true) {
            return;
        }
        state.exchange.stop_listening_to_client();
        state.place = None;
        let speaker = state.speaker.take();
        let is_leaving = state.is_leaving;
        drop(state);
        if end == EndOfClient::Violation(CloseCode::Size) && self.pipe.phase() == Phase::Open {
            self.say_that_message_was_too_large(speaker.as_ref());
        }
        match end {
            EndOfClient::Closed(code) => {
                self.pipe.close_pipe_with_farewell(None, code.unwrap_or(CloseCode::Normal));
            }
            EndOfClient::Violation(code) => self.pipe.close_pipe_with_farewell(None, code),
            EndOfClient::Lost => self.pipe.break_pipe_without_farewell(),
        }
        self.connected.notify_waiters();
        if let Some(speaker) = speaker {
            let (session_end, why) = match end {
                EndOfClient::Closed(_) => (SessionEnd::OnPurpose, "closed by the client"),
                _ if is_leaving => (SessionEnd::OnPurpose, "closed by the client"),
                EndOfClient::Violation(_) => (SessionEnd::Lost, "protocol violated"),
                EndOfClient::Lost => (SessionEnd::Lost, "connection lost"),
            };
            speaker.conversation.note_end_of_conversation(session_end, why);
        }
    }

    fn say_that_message_was_too_large(&self, speaker: Option<&Speaker>) {
        let refusal = Refusal::payload_too_large();
        match speaker {
            Some(speaker) => speaker.peer.close_peer_with_error(&refusal, None, CloseCode::Size),
            None => self.refuse_client_with_error(&refusal),
        }
    }
}

impl Listener for StompConnection {
    fn bounds(&self) -> Bounds {
        let bytes = if self.state.lock().exchange.is_connected() {
            self.stomp.context.limits.max_message_bytes * READ_BYTES_FACTOR
        } else {
            STRANGER_BYTES
        };
        Bounds { frame_bytes: bytes, message_bytes: bytes }
    }

    fn receive_message(self: &Arc<Self>, message: Message) -> Result<Heard, CloseCode> {
        match message {
            Message::Text(text) => self.receive_bytes_of_client(text.as_bytes()),
            Message::Binary(bytes) => self.receive_bytes_of_client(&bytes),
        }
        Ok(Heard::GoOn)
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        self.end_connection_of_client(end);
    }
}
