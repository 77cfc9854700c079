//! A connection's life: accepted, acknowledged, brought up to date, renewed, closed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use owlpost_domain::{
    DomainError, ErrorCode, Result, Store, Topic,
    payload::{ConnectionAcknowledged, ErrorPayload},
    presence::SocketState,
};

use crate::{
    Frame, Session, SessionRequest,
    delivery::{
        dispatcher::Dispatcher, outbox::OutboxLimit, session::SessionObserver,
        transport::CloseReason,
    },
    log::replay::{LogReplay, ResumeRequest},
    presence::{announcer::PresenceCounter, queue::PresenceQueue},
    rooms::Rooms,
    session::user_changes::UserChanges,
    typing::TypingTable,
};

/// Opens the sessions of this node.
pub(crate) struct Sessions {
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) replay: LogReplay,
    pub(crate) counts: Arc<PresenceCounter>,
    pub(crate) user_changes: Arc<UserChanges>,
    pub(crate) observer: Arc<dyn SessionObserver>,
    pub(crate) queue_limit: OutboxLimit,
    /// Sessions of one user at most.
    pub(crate) per_user: usize,
    pub(crate) draining: AtomicBool,
}

/// What the end of a session means for what others see.
pub(crate) struct PresenceOfSessions {
    pub(crate) typing: Arc<TypingTable>,
    pub(crate) presence: Arc<PresenceQueue>,
}

impl SessionObserver for PresenceOfSessions {
    fn note_end_of_session(&self, session: &Session) {
        self.typing.stop_typing_of_session(session);
        if session.counts_as_presence {
            self.presence.request_change_without_answer(session, SocketState::Disconnected);
        }
    }
}

impl Sessions {
    /// Whether no session may be opened any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
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

    /// Enters the rooms the session asked for, commits its presence, acknowledges it, replays what it missed after
    /// `resume_after`, and lets new events pass. A room that it may not enter is answered with an `error` event, and
    /// its replay is not complete then. When something is not available the session cannot be opened: its client must
    /// come back, or it would take for complete what it was never told.
    pub(crate) async fn activate_session_with_replay(
        &self,
        session: &Arc<Session>,
        rooms: &[String],
        resume_after: Option<&str>,
    ) -> Result<()> {
        self.user_changes.refresh_user_of_session(session).await?;
        let mut first = Vec::new();
        for room in rooms {
            match self.rooms.enter_room_without_presence(session, room).await {
                Ok(_) => {}
                Err(error @ (DomainError::Unavailable(_) | DomainError::Internal(_))) => {
                    return Err(error);
                }
                Err(error) => first.push(frame_of_error_event(error.code(), &error.to_string())),
            }
        }
        if session.counts_as_presence {
            let room = session.viewed_incident().map(Topic::Incident);
            self.rooms.write_presence_in_room(session, room).await?;
        }
        // From here on every event finds the session; what was delivered before is the replay's.
        let replay = match resume_after {
            Some(after) => {
                let request = ResumeRequest {
                    after,
                    topics: &session.topics(),
                    has_all_rooms: first.is_empty(),
                };
                self.replay.prepare_replay_for_request(request).await?
            }
            None => self.replay.begin_session_without_replay(),
        };
        let acknowledged = ConnectionAcknowledged {
            socket_id: session.socket_id.clone(),
            user: (*session.user()).clone(),
            last_event_id: replay.position_before.to_string(),
        };
        first.insert(0, Frame::from_payload(&acknowledged));
        first.extend(replay.frames);
        if session.counts_as_presence {
            first.push(self.counts.build_newcomer_counts_frame());
        }
        self.dispatcher.start_session_after_replay(session, first, replay.through);
        Ok(())
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
        if verified.expires_at.timestamp() < session.expires_at() {
            return Err(DomainError::Conflict("This token expires before the current one".into()));
        }
        session.extend_expiry_of_session(verified.expires_at);
        Ok(())
    }
}

/// A failure that belongs to no request of the client, or to one that wants no answer.
pub(crate) fn frame_of_error_event(code: ErrorCode, message: &str) -> Arc<Frame> {
    let payload = ErrorPayload { code, message: message.to_owned() };
    Frame::from_payload(&payload)
}
