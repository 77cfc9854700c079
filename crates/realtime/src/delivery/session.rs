//! One connection of one user: who it is, what it listens to, and what waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Waker,
};

use chrono::{DateTime, Utc};
use owlpost_domain::{IncidentId, Topic, User};
use parking_lot::RwLock;

use super::{
    frame::Frame,
    outbox::{Delivery, Outbox, OutboxLimit},
    transport::{CloseReason, Reply, Transport},
};
use crate::sync::{AtomicBool, Mutex};

/// Identifies a session within this process.
pub(crate) type SessionId = u64;

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

/// What follows from the end of a session: told once, while its topics are still known.
pub(crate) trait SessionObserver: Send + Sync + 'static {
    /// Must not block.
    fn note_end_of_session(&self, session: &Session);
}

/// One connection of one user: its topics, its outbox and its transport.
pub struct Session {
    /// Within this process.
    pub id: SessionId,
    /// What the client knows its connection as. A secret of that client: never told to others, never logged.
    pub socket_id: String,
    /// Whether this connection is somebody being there (a Socket.IO client) or only reading (SSE).
    pub counts_as_presence: bool,
    user: RwLock<Arc<User>>,
    transport: Arc<dyn Transport>,
    outbox: Mutex<Outbox>,
    observer: Arc<dyn SessionObserver>,
    /// Topics this session is registered under; only the registry changes them.
    pub(crate) topics: Mutex<Vec<Topic>>,
    /// Unix seconds.
    expires_at: AtomicI64,
    pub(crate) expiry_announced: AtomicBool,
    in_backlog: AtomicBool,
    closed: AtomicBool,
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
            user: RwLock::new(Arc::new(request.user)),
            transport: request.transport,
            outbox: Mutex::new(Outbox::new(queue_limit)),
            observer,
            topics: Mutex::new(Vec::new()),
            expires_at: AtomicI64::new(request.expires_at.timestamp()),
            expiry_announced: AtomicBool::new(false),
            in_backlog: AtomicBool::new(false),
            closed: AtomicBool::new(false),
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

    /// When its token expires, in Unix seconds.
    pub fn expires_at(&self) -> i64 {
        self.expires_at.load(Ordering::Relaxed)
    }

    pub(crate) fn extend_expiry_of_session(&self, expires_at: DateTime<Utc>) {
        self.expires_at.store(expires_at.timestamp(), Ordering::Relaxed);
        self.expiry_announced.store(false, Ordering::Relaxed);
    }

    /// The incident it views.
    pub fn viewed_incident(&self) -> Option<IncidentId> {
        self.topics.lock().iter().find_map(|topic| match topic {
            Topic::Incident(id) => Some(*id),
            _ => None,
        })
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
            last = outbox.queue_frame_in_order(frame, &*self.transport);
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
        self.outbox.lock().start_live_after_replay(replay, through, &*self.transport)
    }

    pub(crate) fn retry_waiting_with_transport(&self) -> Delivery {
        self.outbox.lock().retry_waiting_in_order(&*self.transport)
    }

    pub(crate) fn has_stalled_for_longer(&self, than: std::time::Duration) -> bool {
        self.outbox.lock().stalled_since().is_some_and(|since| since.elapsed() > than)
    }

    /// Marks it over; true for the one caller who did.
    pub(crate) fn mark_session_as_closed(&self) -> bool {
        let first = !self.closed.swap(true, Ordering::AcqRel);
        if first {
            self.outbox.lock().close_outbox_and_forget();
        }
        first
    }

    pub(crate) fn tell_observer_of_end(&self) {
        self.observer.note_end_of_session(self);
    }

    pub(crate) fn close_transport_with_reason(&self, reason: CloseReason) {
        self.transport.close_with_reason(reason);
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}
