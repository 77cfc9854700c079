//! A connection's life: accepted, acknowledged, brought up to date, renewed, closed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use owlpost_domain::{
    DomainError, Door, ErrorCode, Result, Scope, Store, Topic, UserId,
    authority::authorize_token_for_door,
    payload::{ConnectionAcknowledged, ErrorPayload},
    presence::SocketState,
    receipts::ReceiptChange,
    recovery::{KeptConnection, Pid, PidHash},
};
use uuid::Uuid;

use crate::{
    Frame, Session, SessionRequest,
    delivery::{
        dispatcher::Dispatcher, outbox::OutboxLimit, session::SessionObserver,
        transport::CloseReason,
    },
    log::replay::{LogReplay, Replay, ResumeRequest},
    presence::{announcer::PresenceCounter, queue::PresenceQueue},
    receipts::ReceiptQueue,
    rooms::Rooms,
    session::{
        recovery::{Recoveries, Resumption},
        user_changes::UserChanges,
    },
    typing::TypingTable,
};

/// Opens the sessions of this node.
pub(crate) struct Sessions {
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) replay: LogReplay,
    pub(crate) recoveries: Recoveries,
    pub(crate) counts: Arc<PresenceCounter>,
    pub(crate) user_changes: Arc<UserChanges>,
    pub(crate) observer: Arc<dyn SessionObserver>,
    pub(crate) queue_limit: OutboxLimit,
    /// Sessions of one user at most.
    pub(crate) per_user: usize,
    pub(crate) draining: AtomicBool,
    pub(crate) stop_is_announced: AtomicBool,
}

/// A session that can begin: its gateway tells the client so, and starts it then.
#[derive(Debug)]
pub struct PreparedSession {
    /// What the client knows its connection as; that of the one it had before when it is recovered.
    pub socket_id: String,
    /// What it comes back with, when it can recover.
    pub pid: Option<Pid>,
    /// Whether the client is where it was, and nothing it missed is missing from what is sent now.
    pub is_recovered: bool,
    frames: Vec<Arc<Frame>>,
    through: i64,
}

/// What became of the rooms of a session that opens.
#[derive(Default)]
struct Entrance {
    /// For the client: rooms that it asked for and may not enter.
    refusals: Vec<Arc<Frame>>,
    /// Rooms it did not ask for, in which it was before.
    recovered: Vec<Topic>,
    /// Who has come and gone in there meanwhile, for a client that knows the others.
    viewers: Vec<Arc<Frame>>,
}

/// What the end of a session means for what others see.
pub(crate) struct PresenceOfSessions {
    pub(crate) typing: Arc<TypingTable>,
    pub(crate) presence: Arc<PresenceQueue>,
    pub(crate) receipts: Arc<ReceiptQueue>,
}

impl PresenceOfSessions {
    pub(crate) fn from_rooms_of_node(rooms: &Rooms) -> Self {
        Self {
            typing: rooms.typing.clone(),
            presence: rooms.presence.clone(),
            receipts: rooms.receipts.clone(),
        }
    }
}

impl SessionObserver for PresenceOfSessions {
    fn note_end_of_session(&self, session: &Session) {
        for incident in session.incidents() {
            self.typing.stop_typing_of_session(session, incident);
        }
        if session.counts_as_presence {
            self.presence.request_change_without_answer(session, SocketState::Disconnected);
        }
    }

    fn note_notification_as_delivered(&self, id: Uuid) {
        self.receipts.note_receipt_change_of_client(ReceiptChange::Delivered(id));
    }
}

impl Sessions {
    /// Whether no session may be opened any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Whether sessions will soon be let in no more.
    pub(crate) fn is_stop_announced(&self) -> bool {
        self.stop_is_announced.load(Ordering::Acquire) || self.is_draining()
    }

    /// Says so to whoever asks for the node's readiness. Sessions are let in as before.
    pub(crate) fn announce_stop_to_balancers(&self) {
        self.stop_is_announced.store(true, Ordering::Release);
    }

    /// Lets no session in any more, and ends those that there are.
    pub(crate) fn drain_all_live_sessions(&self) {
        self.draining.store(true, Ordering::Release);
        self.dispatcher.close_every_session_with(CloseReason::ServerShutdown);
    }

    /// Registers a session that receives nothing yet: what is delivered from now on waits behind its replay.
    pub(crate) fn register_session_on_hold(&self, request: SessionRequest) -> Result<Arc<Session>> {
        if self.is_draining() {
            return Err(DomainError::Unavailable("the server is stopping".into()));
        }
        if let Some(pid) = request.takes_over {
            self.break_off_superseded_sessions(request.user.id, pid);
        }
        let role = request.user.role;
        let session = Arc::new(Session::new(
            self.dispatcher.registry.next_session_id(),
            request,
            self.observer.clone(),
            self.queue_limit,
        ));
        let topics = [Topic::Everyone, Topic::Role(role)];
        self.dispatcher.registry.register_session_under_topics(&session, &topics, self.per_user)?;
        if self.is_draining() {
            self.dispatcher.close_session_with_reason(&session, CloseReason::ServerShutdown);
        }
        Ok(session)
    }

    /// Enters the rooms that the client asked for or was in, finds what it missed, and commits its presence. A room that
    /// it asked for and may not enter is answered with an `error` event, and its replay is not complete then. When
    /// something is not available the session cannot be opened: its client must come back, or it would take for complete
    /// what it was never told.
    pub(crate) async fn prepare_session_with_replay(
        &self,
        session: &Arc<Session>,
        asked: &Resumption,
    ) -> Result<PreparedSession> {
        self.user_changes.refresh_user_of_session(session).await?;
        let kept = self.recoveries.find_connection_of_user(session.user().id, asked).await?;
        let mut entrance = self.enter_rooms_of_client(session, asked, kept.as_ref()).await?;
        // From here on every event finds the session; what was delivered before is the replay's.
        let mut replay = self.find_what_client_missed(session, asked, &kept, &entrance).await?;
        let is_recovered = kept.as_ref().is_some_and(|kept| {
            replay.complete && kept.rooms.iter().all(|room| session.topics().contains(room))
        });
        if !is_recovered {
            // A client that is not told that it is recovered begins anew, and enters what it wants to be in.
            self.rooms.leave_rooms_without_presence(session, &entrance.recovered);
            entrance.viewers.clear();
            if asked.last_event_id.is_none() {
                replay = self.replay.begin_session_without_replay();
            }
        }
        let kept = kept.filter(|_| is_recovered);
        let pid = self.recoveries.keep_session_for_client(session, asked, kept.as_ref());
        if session.counts_as_presence {
            self.rooms.write_presence_of_session(session).await?;
            session.note_recovery_as_begun();
        }
        let socket_id = kept.map_or_else(|| session.socket_id.clone(), |kept| kept.socket_id);
        let frames = self.build_first_frames_of_session(session, &socket_id, entrance, &replay);
        Ok(PreparedSession { socket_id, pid, is_recovered, frames, through: replay.through })
    }

    async fn enter_rooms_of_client(
        &self,
        session: &Arc<Session>,
        asked: &Resumption,
        kept: Option<&KeptConnection>,
    ) -> Result<Entrance> {
        let mut entrance = Entrance::default();
        for room in &asked.rooms {
            match self.rooms.enter_room_without_presence(session, room).await {
                Ok(()) => {}
                Err(error) if error.is_of_server() => return Err(error),
                Err(error) => {
                    entrance.refusals.push(frame_of_error_event(error.code(), &error.to_string()));
                }
            }
        }
        let was_in = kept.filter(|_| asked.rooms.is_empty()).map_or(&[][..], |kept| &kept.rooms);
        for room in was_in {
            let believed = kept.and_then(|kept| kept.viewers.as_deref());
            match self.rooms.return_to_room_without_presence(session, *room, believed).await {
                Ok(viewers) => {
                    entrance.recovered.push(*room);
                    entrance.viewers.extend(viewers);
                }
                Err(error) if error.is_of_server() => return Err(error),
                Err(error) => tracing::debug!(%error, "a room cannot be entered any more"),
            }
        }
        Ok(entrance)
    }

    async fn find_what_client_missed(
        &self,
        session: &Session,
        asked: &Resumption,
        kept: &Option<KeptConnection>,
        entrance: &Entrance,
    ) -> Result<Replay> {
        let offset = asked.recovery.as_ref().and_then(|recovery| recovery.offset.as_deref());
        let after = asked.last_event_id.as_deref().or(offset.filter(|_| kept.is_some()));
        let Some(after) = after else { return Ok(self.replay.begin_session_without_replay()) };
        let topics = &session.topics();
        let has_all_rooms = entrance.refusals.is_empty();
        let request = ResumeRequest { after, topics, has_all_rooms, wanted: &|_| true };
        self.replay.prepare_replay_for_request(request).await
    }

    /// What is sent before anything new.
    fn build_first_frames_of_session(
        &self,
        session: &Session,
        socket_id: &str,
        entrance: Entrance,
        replay: &Replay,
    ) -> Vec<Arc<Frame>> {
        let acknowledged = ConnectionAcknowledged {
            socket_id: socket_id.to_owned(),
            user: (*session.user()).clone(),
            last_event_id: replay.position_before.to_string(),
        };
        let mut first =
            vec![Frame::from_payload_at_position(&acknowledged, replay.position_before)];
        first.extend(entrance.refusals);
        first.extend(replay.frames.iter().cloned());
        first.extend(entrance.viewers);
        if session.counts_as_presence {
            first.push(self.counts.build_newcomer_counts_frame());
        }
        first
    }

    /// Writes what comes first, and lets new events pass.
    pub(crate) fn start_session_after_preparation(
        &self,
        session: &Arc<Session>,
        ready: PreparedSession,
    ) {
        self.dispatcher.start_session_after_replay(session, ready.frames, ready.through);
    }

    /// A client that comes back for its connection is not there any more: at once, so that what is left of it neither
    /// takes a place nor hears what the client will be told.
    fn break_off_superseded_sessions(&self, user: UserId, pid: PidHash) {
        for session in self.dispatcher.registry.list_sessions_of_user(user) {
            if session.is_claimed_by_pid(pid) {
                self.dispatcher.close_session_with_reason(&session, CloseReason::Superseded);
            }
        }
    }

    /// Gives the session a newer token of the same user.
    pub(crate) async fn renew_session_with_token(
        &self,
        session: &Arc<Session>,
        token: &str,
    ) -> Result<()> {
        let (user, verified) = self.store.authenticate_user_by_token(token).await?;
        if user.id != session.user().id {
            return Err(DomainError::Forbidden("This token belongs to another user"));
        }
        authorize_token_for_door(verified.basis.authority, Door::OfScope(Scope::Events))?;
        if verified.basis.authority.is_person() != session.access().basis.authority.is_person() {
            return Err(DomainError::Forbidden(
                "A person's connection is not renewed with an API token, nor a tool's with a person's",
            ));
        }
        if verified.expires_at.timestamp() < session.expires_at() {
            return Err(DomainError::Conflict("This token expires before the current one".into()));
        }
        session.renew_access_of_session(&verified);
        // What ended it meanwhile found the token before.
        self.user_changes.refresh_user_of_session(session).await?;
        Ok(())
    }
}

/// A failure that belongs to no request of the client, or to one that wants no answer.
pub(crate) fn frame_of_error_event(code: ErrorCode, message: &str) -> Arc<Frame> {
    let payload = ErrorPayload { code, message: message.to_owned() };
    Frame::from_payload(&payload)
}
