//! One connection of one user: who it is, what it listens to, and what waits for it.

use std::{
    future::poll_fn,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    task::Waker,
};

use chrono::DateTime;
use owlpost_domain::{
    IncidentId, Topic, User,
    access_token::{TokenBasis, VerifiedToken},
    presence::SocketState,
    recovery::{PidHash, RecoveryChange, RecoveryStep},
};
use parking_lot::RwLock;
use uuid::Uuid;

use super::{
    frame::Frame,
    outbox::{Delivery, FrameWay, Outbox, OutboxLimit},
    transport::{CloseReason, Reply, SendOutcome, Transport},
};
use crate::sync::{AtomicBool, Mutex};

/// Identifies a session within this process.
pub(crate) type SessionId = u64;

/// What a gateway asks for when a client has proved who it is.
pub struct SessionRequest {
    /// Who it is.
    pub user: User,
    /// Its token.
    pub access: VerifiedToken,
    /// Names the connection in the database. No other connection may ever have the same.
    pub socket_id: String,
    /// The way to the client.
    pub transport: Arc<dyn Transport>,
    /// Whether the connection is somebody being there.
    pub counts_as_presence: bool,
    /// Incidents whose rooms it may be in at a time. With one, entering a room leaves the one before.
    pub most_incidents: usize,
    /// The client has this connection no more, and comes back for it: should it still seem to live, it is broken off.
    pub takes_over: Option<PidHash>,
}

/// Whether a client may want its connection back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// Nobody wanted it to end, or the server wants the client back.
    Lost,
    /// One of both sides has said that this is the end.
    OnPurpose,
}

/// What is kept of a connection that its client can recover.
struct SessionRecovery {
    pid: PidHash,
    /// What the client knows its connection as, which can be older than this one.
    socket_id: String,
    /// Whether the database knows that it is this session's.
    begun: AtomicBool,
}

/// What follows from the end of a session: told once, while its topics are still known.
pub(crate) trait SessionObserver: Send + Sync + 'static {
    /// Must not block.
    fn note_end_of_session(&self, session: &Session);
    /// The client has proved that it has a notification. Must not block.
    fn note_notification_as_delivered(&self, id: Uuid);
}

/// The way to the client of a session, on which notifications ask for a proof.
struct ProvedWay<'a> {
    transport: &'a dyn Transport,
    observer: &'a Arc<dyn SessionObserver>,
    /// What a tool has was not delivered to its owner.
    leads_to_person: bool,
}

impl FrameWay for ProvedWay<'_> {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        let sent = self.transport.try_send_frame(frame);
        if let Some(notification) = frame.notification
            && sent == SendOutcome::Sent
            && self.leads_to_person
        {
            let observer = self.observer.clone();
            self.transport.call_when_client_has_all(Box::new(move || {
                observer.note_notification_as_delivered(notification.id);
            }));
        }
        sent
    }
}

/// One connection of one user: its topics, its outbox and its transport.
pub struct Session {
    /// Within this process.
    pub id: SessionId,
    /// Names the connection in the database; new for each.
    pub socket_id: String,
    /// Whether this connection is somebody being there (a Socket.IO client) or only reading (SSE).
    pub counts_as_presence: bool,
    /// Incidents whose rooms it may be in at a time.
    pub(crate) most_incidents: usize,
    /// Whether a person, not a tool of theirs, is at the other end; never changes.
    is_of_person: bool,
    user: RwLock<Arc<User>>,
    transport: Arc<dyn Transport>,
    outbox: Mutex<Outbox>,
    observer: Arc<dyn SessionObserver>,
    /// Topics this session is registered under, in the order in which it entered them; only the registry changes them.
    pub(crate) topics: Mutex<Vec<Topic>>,
    /// Unix seconds.
    expires_at: AtomicI64,
    /// What its token is good through.
    basis: RwLock<TokenBasis>,
    pub(crate) expiry_announced: AtomicBool,
    /// Whether its client was told by events who is in the room that it views.
    pub(crate) viewers_were_told: AtomicBool,
    in_backlog: AtomicBool,
    closed: AtomicBool,
    ended_on_purpose: AtomicBool,
    recovery: OnceLock<Box<SessionRecovery>>,
    /// The connection its client came back for. Few have one, so it is kept elsewhere.
    takes_over: Option<Box<PidHash>>,
}

impl Session {
    pub(crate) fn new(
        id: SessionId,
        request: SessionRequest,
        observer: Arc<dyn SessionObserver>,
        queue_limit: OutboxLimit,
    ) -> Self {
        Self {
            id,
            socket_id: request.socket_id,
            counts_as_presence: request.counts_as_presence,
            most_incidents: request.most_incidents,
            is_of_person: request.access.basis.authority.is_person(),
            user: RwLock::new(Arc::new(request.user)),
            transport: request.transport,
            outbox: Mutex::new(Outbox::new(queue_limit)),
            observer,
            topics: Mutex::new(Vec::new()),
            expires_at: AtomicI64::new(request.access.expires_at.timestamp()),
            basis: RwLock::new(request.access.basis),
            expiry_announced: AtomicBool::new(false),
            viewers_were_told: AtomicBool::new(false),
            in_backlog: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            ended_on_purpose: AtomicBool::new(false),
            recovery: OnceLock::new(),
            takes_over: request.takes_over.map(Box::new),
        }
    }

    fn way(&self) -> ProvedWay<'_> {
        ProvedWay {
            transport: &*self.transport,
            observer: &self.observer,
            leads_to_person: self.is_of_person,
        }
    }

    /// True for the caller who must put the session in the backlog: it is in there once.
    pub(crate) fn enter_backlog_if_outside(&self) -> bool {
        !self.in_backlog.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn leave_backlog_before_offer(&self) {
        self.in_backlog.store(false, Ordering::Release);
    }

    pub(crate) fn wake_when_transport_writable(&self, waker: &Waker) {
        self.transport.wake_when_writable(waker);
    }

    /// Who it is, as the database has them.
    pub fn user(&self) -> Arc<User> {
        self.user.read().clone()
    }

    pub(crate) fn replace_user_of_session(&self, user: User) {
        *self.user.write() = Arc::new(user);
    }

    /// Whether a person, not a tool of theirs, is at the other end.
    pub(crate) const fn is_of_person(&self) -> bool {
        self.is_of_person
    }

    /// When its token expires, in Unix seconds.
    pub fn expires_at(&self) -> i64 {
        self.expires_at.load(Ordering::Relaxed)
    }

    /// Its token, as the last one that was given.
    pub fn access(&self) -> VerifiedToken {
        VerifiedToken {
            user_id: self.user.read().id,
            expires_at: DateTime::from_timestamp(self.expires_at(), 0).unwrap_or_default(),
            basis: *self.basis.read(),
        }
    }

    pub(crate) fn renew_access_of_session(&self, access: &VerifiedToken) {
        *self.basis.write() = access.basis;
        self.expires_at.store(access.expires_at.timestamp(), Ordering::Relaxed);
        self.expiry_announced.store(false, Ordering::Relaxed);
    }

    /// The incident it views: of those whose rooms it is in, the one it entered last.
    pub fn viewed_incident(&self) -> Option<IncidentId> {
        self.topics.lock().iter().rev().find_map(find_incident_of_topic)
    }

    /// Every incident whose room it is in.
    pub(crate) fn incidents(&self) -> Vec<IncidentId> {
        self.topics.lock().iter().filter_map(find_incident_of_topic).collect()
    }

    /// Every topic it listens to.
    pub fn topics(&self) -> Vec<Topic> {
        self.topics.lock().clone()
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// What the last of them came to; once the session is over, nothing further is delivered.
    pub(crate) fn deliver_frames_to_session<'a>(
        &self,
        frames: impl Iterator<Item = &'a Arc<Frame>>,
    ) -> Delivery {
        let mut outbox = self.outbox.lock();
        let mut last = Delivery::Done;
        for frame in frames {
            last = outbox.queue_frame_in_order(frame, &self.way());
            if matches!(last, Delivery::Overflow | Delivery::Gone) {
                break;
            }
        }
        last
    }

    pub(crate) fn deliver_reply_to_session(&self, reply: Arc<dyn Reply>) -> Delivery {
        self.outbox.lock().queue_reply_in_order(reply)
    }

    pub(crate) fn start_session_after_replay(
        &self,
        replay: Vec<Arc<Frame>>,
        through: i64,
    ) -> Delivery {
        self.outbox.lock().start_live_after_replay(replay, through, &self.way())
    }

    /// Resolves when the last replay is written, or the session is over.
    pub(crate) async fn wait_until_replay_written(&self) {
        poll_fn(|cx| self.outbox.lock().poll_until_replay_written(cx)).await;
    }

    pub(crate) fn hold_frames_behind_waiting(&self) {
        self.outbox.lock().hold_frames_behind_waiting();
    }

    pub(crate) fn go_live_behind_replies(&self, replies: Vec<Arc<dyn Reply>>) -> Delivery {
        self.outbox.lock().go_live_behind_replies(replies, &self.way())
    }

    pub(crate) fn retry_waiting_with_transport(&self) -> Delivery {
        self.outbox.lock().retry_waiting_in_order(&self.way())
    }

    pub(crate) fn has_stalled_for_longer(&self, than: std::time::Duration) -> bool {
        self.outbox.lock().stalled_since().is_some_and(|since| since.elapsed() > than)
    }

    /// Marks it over; true for the one caller who did.
    pub(crate) fn mark_session_as_closed(&self, end: SessionEnd) -> bool {
        let first = !self.closed.swap(true, Ordering::AcqRel);
        if first {
            self.ended_on_purpose.store(end == SessionEnd::OnPurpose, Ordering::Release);
            self.outbox.lock().close_outbox_and_forget();
        }
        first
    }

    // --- recovery ------------------------------------------------------------------------------------------

    /// Lets the client recover the connection by this `pid`, as the one it knows by `socket_id`.
    pub(crate) fn keep_session_for_recovery(&self, pid: PidHash, socket_id: String) {
        let recovery = SessionRecovery { pid, socket_id, begun: AtomicBool::new(false) };
        // Once for each session.
        let _ = self.recovery.set(Box::new(recovery));
    }

    pub(crate) fn is_kept_for_recovery(&self) -> bool {
        self.recovery.get().is_some()
    }

    /// Whether its client knows the session by this `pid`, or came back for that connection a moment ago.
    pub(crate) fn is_claimed_by_pid(&self, pid: PidHash) -> bool {
        let kept = self.recovery.get().map(|recovery| recovery.pid);
        kept.or(self.takes_over.as_deref().copied()) == Some(pid)
    }

    /// Takes note that the database knows.
    pub(crate) fn note_recovery_as_begun(&self) {
        if let Some(recovery) = self.recovery.get() {
            recovery.begun.store(true, Ordering::Release);
        }
    }

    /// What a state of its socket means for the recovery, if it can be recovered.
    pub(crate) fn describe_recovery_in_state(&self, state: SocketState) -> Option<RecoveryChange> {
        let recovery = self.recovery.get()?;
        let step = match state {
            SocketState::Connected { .. } if recovery.begun.load(Ordering::Acquire) => {
                RecoveryStep::Moved
            }
            SocketState::Connected { .. } => RecoveryStep::Begun,
            SocketState::Disconnected if self.ended_on_purpose.load(Ordering::Acquire) => {
                RecoveryStep::Ended
            }
            SocketState::Disconnected => RecoveryStep::Lost,
        };
        let is_room = |topic: &Topic| matches!(topic, Topic::Feed | Topic::Incident(_));
        Some(RecoveryChange {
            pid: recovery.pid,
            step,
            socket_id: recovery.socket_id.clone(),
            rooms: self.topics.lock().iter().copied().filter(is_room).collect(),
            session_number: self.id,
        })
    }

    pub(crate) fn tell_observer_of_end(&self) {
        self.observer.note_end_of_session(self);
    }

    pub(crate) fn close_transport_with_reason(&self, reason: CloseReason) {
        self.transport.close_with_reason(reason);
    }
}

const fn find_incident_of_topic(topic: &Topic) -> Option<IncidentId> {
    match topic {
        Topic::Incident(id) => Some(*id),
        Topic::Everyone | Topic::Feed | Topic::User(_) | Topic::Role(_) => None,
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}
