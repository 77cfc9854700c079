//! Sessions without a server.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use owlpost_domain::{
    Role, Topic, User,
    access_token::{TokenBasis, VerifiedToken},
};
use parking_lot::Mutex;
use uuid::Uuid;

use super::transport::FakeTransport;
use crate::{
    Session, SessionRequest,
    delivery::session::{SessionId, SessionObserver},
    delivery::{dispatcher::Dispatcher, outbox::OutboxLimit},
};

/// How much waits for a session of a test at most.
pub(crate) const QUEUE_LIMIT: OutboxLimit = OutboxLimit { frames: 8, bytes: 10_000 };

/// Writes down which sessions ended.
#[derive(Default)]
pub(crate) struct EndedSessions(pub(crate) Mutex<Vec<SessionId>>);

impl SessionObserver for EndedSessions {
    fn note_end_of_session(&self, session: &Session) {
        self.0.lock().push(session.id);
    }

    fn note_notification_as_delivered(&self, _: Uuid) {}
}

pub(crate) fn make_user_with_name(name: &str) -> User {
    let handle = name.to_lowercase();
    let email = format!("{handle}@hogwarts.example");
    User { id: Uuid::new_v4(), email, name: name.to_owned(), role: Role::Student, handle }
}

/// A session that is live, and listens to everyone's topic and these.
pub(crate) fn open_session_with_topics(
    dispatcher: &Dispatcher,
    user: &User,
    transport: &Arc<FakeTransport>,
    topics: &[Topic],
) -> Arc<Session> {
    let ended = Arc::new(EndedSessions::default());
    open_session_with_observer(dispatcher, user, transport, topics, ended)
}

/// The same, with somebody to be told of its end.
pub(crate) fn open_session_with_observer(
    dispatcher: &Dispatcher,
    user: &User,
    transport: &Arc<FakeTransport>,
    topics: &[Topic],
    observer: Arc<dyn SessionObserver>,
) -> Arc<Session> {
    let request = SessionRequest {
        user: user.clone(),
        access: VerifiedToken {
            user_id: user.id,
            expires_at: Utc::now() + TimeDelta::hours(1),
            basis: TokenBasis::of_person_without_login(None),
        },
        socket_id: Uuid::new_v4().to_string(),
        transport: transport.clone(),
        counts_as_presence: true,
        most_incidents: 1,
        takes_over: None,
    };
    let id = dispatcher.registry.next_session_id();
    let session = Arc::new(Session::new(id, request, observer, QUEUE_LIMIT));
    let all: Vec<Topic> = [Topic::Everyone].iter().chain(topics).copied().collect();
    dispatcher
        .registry
        .register_session_under_topics(&session, &all, usize::MAX)
        .expect("there is no limit");
    dispatcher.start_session_after_replay(&session, Vec::new(), -1);
    session
}
