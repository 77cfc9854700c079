//! A connection's life: accepted, acknowledged, brought up to date, renewed, closed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use owlpost_domain::{
    DomainError, ErrorCode, EventName, Result, Topic, User,
    payload::{ConnectionAcknowledged, ErrorPayload},
    presence::SocketState,
};

use crate::{
    Frame, Realtime, Session,
    delivery::outbox::OutboxLimit,
    delivery::transport::{CloseReason, Transport},
    log::replay::ResumeRequest,
    metrics,
};

/// What a gateway asks for when a client has proved who it is.
pub struct SessionRequest {
    /// Who it is.
    pub user: User,
    /// When its token expires.
    pub expires_at: DateTime<Utc>,
    /// What the client knows its connection as; for the client alone.
    pub socket_id: String,
    /// The way to the client.
    pub transport: Arc<dyn Transport>,
    /// Whether the connection is somebody being there.
    pub counts_as_presence: bool,
}

impl Realtime {
    /// Registers a session that receives nothing yet: what is delivered from now on waits behind its replay.
    pub fn register_session_on_hold(&self, request: SessionRequest) -> Result<Arc<Session>> {
        if self.is_draining() {
            return Err(DomainError::Unavailable("the server is stopping".into()));
        }
        let role = request.user.role;
        let session = Arc::new(Session::new(
            self.0.registry.next_session_id(),
            request.socket_id,
            request.user,
            request.expires_at,
            request.transport,
            request.counts_as_presence,
            OutboxLimit {
                frames: self.0.config.send_queue_frames,
                bytes: self.0.config.send_queue_bytes,
            },
        ));
        let limit = self.0.config.sessions_per_user;
        let topics = [Topic::Everyone, Topic::Role(role)];
        self.0.registry.register_session_under_topics(&session, &topics, limit)?;
        if self.is_draining() {
            self.close_session_with_reason(&session, CloseReason::ServerShutdown);
        }
        Ok(session)
    }

    /// Enters the rooms the session asked for, commits its presence, acknowledges it, replays what it missed after
    /// `resume_after`, and lets new events pass. A room that it may not enter is answered with an `error` event, and
    /// its replay is not complete then. When something is not available the session cannot be opened: its client must
    /// come back, or it would take for complete what it was never told.
    pub async fn activate_session_with_replay(
        &self,
        session: &Arc<Session>,
        rooms: &[String],
        resume_after: Option<&str>,
    ) -> Result<()> {
        self.refresh_user_of_session(session).await?;
        let mut first = Vec::new();
        for room in rooms {
            match self.enter_room_without_presence(session, room).await {
                Ok(_) => {}
                Err(error @ (DomainError::Unavailable(_) | DomainError::Internal(_))) => {
                    return Err(error);
                }
                Err(error) => first.push(frame_of_domain_error(&error)),
            }
        }
        if session.counts_as_presence {
            let room = session.viewed_incident().map(Topic::Incident);
            self.write_presence_of_session(session, room).await?;
        }
        // From here on every event finds the session; what was delivered before is the replay's.
        let replay = match resume_after {
            Some(after) => {
                let request = ResumeRequest {
                    after,
                    topics: &session.topics(),
                    has_all_rooms: first.is_empty(),
                };
                self.0.replay.prepare_replay_for_request(request).await?
            }
            None => self.0.replay.begin_session_without_replay(),
        };
        let acknowledged = ConnectionAcknowledged {
            socket_id: session.socket_id.clone(),
            user: (*session.user()).clone(),
            last_event_id: replay.position_before.to_string(),
        };
        first.insert(0, Frame::from_payload(EventName::ConnectionAcknowledged, &acknowledged));
        first.extend(replay.frames);
        if session.counts_as_presence {
            first.push(self.frame_of_presence_counts());
        }
        let delivery = session.start_session_after_replay(first, replay.through);
        self.act_on_session_delivery(session, delivery);
        Ok(())
    }

    /// Gives the session a newer token of the same user.
    pub async fn renew_session_with_token(
        &self,
        session: &Arc<Session>,
        token: &str,
    ) -> Result<()> {
        let (user, verified) = self.0.store.authenticate_user_by_token(token).await?;
        if user.id != session.user().id {
            return Err(DomainError::Forbidden("This token belongs to another user"));
        }
        if verified.expires_at.timestamp() < session.expires_at() {
            return Err(DomainError::Conflict("This token expires before the current one".into()));
        }
        session.extend_expiry_of_session(verified.expires_at);
        Ok(())
    }

    /// Ends a session because the server wants it to.
    pub fn close_session_with_reason(&self, session: &Arc<Session>, reason: CloseReason) {
        if self.forget_session_after_close(session) {
            metrics::count_session_closed_by_server(reason);
            session.close_transport_with_reason(reason);
        }
    }

    /// Takes note that a session is over: presence, typing and topics follow. True for the first to say so.
    pub fn forget_session_after_close(&self, session: &Arc<Session>) -> bool {
        if !session.mark_session_as_closed() {
            return false;
        }
        self.stop_typing_of_session(session);
        self.0.registry.unregister_session_from_all(session);
        if session.counts_as_presence {
            self.0
                .presence_writer
                .request_change_without_answer(session, SocketState::Disconnected);
        }
        true
    }

    /// Tells one session of a failure that belongs to no request of it.
    pub fn send_error_to_session(&self, session: &Arc<Session>, code: ErrorCode, message: &str) {
        let payload = ErrorPayload { code, message: message.to_owned() };
        self.send_frame_to_session(session, &Frame::from_payload(EventName::Error, &payload));
    }
}

fn frame_of_domain_error(error: &DomainError) -> Arc<Frame> {
    let payload = ErrorPayload { code: error.code(), message: error.to_string() };
    Frame::from_payload(EventName::Error, &payload)
}
