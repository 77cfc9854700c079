//! Sessions whose transport had no room: each waits for its transport to say that it is writable, and is looked at now
//! and then in case it never does.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    task::{Wake, Waker},
    time::Duration,
};

use tokio::sync::Notify;

use crate::{Session, delivery::session::SessionId, sync::Mutex};

/// What is waited for.
pub(crate) enum BacklogNews {
    /// Their transports can be offered more.
    Writable(Vec<Arc<Session>>),
    /// Time has passed: these still wait.
    Waiting(Vec<Arc<Session>>),
}

/// Sessions with waiting frames. Each is in it once.
#[derive(Default)]
pub(crate) struct Backlog {
    waiting: Mutex<HashMap<SessionId, Arc<Session>>>,
    writable: Mutex<Vec<Arc<Session>>>,
    changed: Notify,
}

/// What a transport calls when it is writable.
struct WritableSignal {
    session: Weak<Session>,
    backlog: Arc<Backlog>,
}

impl Wake for WritableSignal {
    fn wake(self: Arc<Self>) {
        // A session that has gone has nothing to be offered.
        let Some(session) = self.session.upgrade() else { return };
        self.backlog.writable.lock().push(session);
        self.backlog.changed.notify_one();
    }
}

impl Backlog {
    /// Has the transport of the session tell when it is writable.
    pub(crate) fn watch_transport_of_session(self: &Arc<Self>, session: &Arc<Session>) {
        if !session.enter_backlog_if_outside() {
            return;
        }
        self.waiting.lock().insert(session.id, session.clone());
        // For the looks at those that stay.
        self.changed.notify_one();
        let signal = WritableSignal { session: Arc::downgrade(session), backlog: self.clone() };
        session.wake_when_transport_writable(&Waker::from(Arc::new(signal)));
    }

    /// Takes a session out before its frames are offered again, not after: one that finds no room meanwhile must find
    /// the session outside, and bring it in.
    pub(crate) fn release_session_before_offer(&self, session: &Session) {
        self.waiting.lock().remove(&session.id);
        session.leave_backlog_before_offer();
    }

    /// Those whose transports have called since this was last asked.
    pub(crate) fn take_writable_sessions(&self) -> Vec<Arc<Session>> {
        std::mem::take(&mut *self.writable.lock())
    }

    /// Resolves when a transport is writable, or `pause` has passed while any is not.
    pub(crate) async fn wait_for_backlog_news(&self, pause: Duration) -> BacklogNews {
        let mut look_at = None;
        loop {
            let writable = self.take_writable_sessions();
            if !writable.is_empty() {
                return BacklogNews::Writable(writable);
            }
            if self.waiting.lock().is_empty() {
                look_at = None;
            } else {
                look_at.get_or_insert_with(|| tokio::time::Instant::now() + pause);
            }
            let look = async {
                match look_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = look => {
                    return BacklogNews::Waiting(self.waiting.lock().values().cloned().collect());
                }
            }
        }
    }
}
