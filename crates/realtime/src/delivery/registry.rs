//! Which sessions listen to which topic.

use std::{
    collections::HashMap,
    hash::BuildHasherDefault,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dashmap::DashMap;
use owlpost_domain::{DomainError, Result, Topic, UserId};

use super::session::{Session, SessionId};

type Listeners = HashMap<SessionId, Arc<Session>, BuildHasherDefault<IdHasher>>;

/// Session ids are consecutive: spreading them by a multiplication is enough.
#[derive(Default)]
struct IdHasher(u64);

impl std::hash::Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// The index from topics to live sessions. A topic without listeners takes no memory.
#[derive(Default)]
pub(crate) struct Registry {
    topics: DashMap<Topic, Listeners>,
    next_id: AtomicU64,
}

impl Registry {
    pub(crate) fn next_session_id(&self) -> SessionId {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Registers a new session under its topics, unless its user has `limit` sessions already.
    pub(crate) fn register_session_under_topics(
        &self,
        session: &Arc<Session>,
        topics: &[Topic],
        limit: usize,
    ) -> Result<()> {
        let user_topic = Topic::User(session.user().id);
        {
            let mut own = self.topics.entry(user_topic).or_default();
            if own.len() >= limit {
                return Err(DomainError::Conflict(format!(
                    "A user may have {limit} connections at a time"
                )));
            }
            own.insert(session.id, session.clone());
        }
        session.topics.lock().push(user_topic);
        for topic in topics {
            self.add_session_to_topic(session, *topic);
        }
        Ok(())
    }

    /// True when it was not listening before.
    pub(crate) fn add_session_to_topic(&self, session: &Arc<Session>, topic: Topic) -> bool {
        let mut topics = session.topics.lock();
        if topics.contains(&topic) || session.is_closed() {
            return false;
        }
        topics.push(topic);
        self.topics.entry(topic).or_default().insert(session.id, session.clone());
        true
    }

    /// True when it was listening before.
    pub(crate) fn remove_session_from_topic(&self, session: &Session, topic: Topic) -> bool {
        let mut topics = session.topics.lock();
        let Some(at) = topics.iter().position(|known| *known == topic) else { return false };
        topics.remove(at);
        self.forget_listener_of_topic(session.id, topic);
        true
    }

    /// Makes a topic the last one that the session has entered.
    pub(crate) fn move_topic_behind_others(&self, session: &Session, topic: Topic) {
        let mut topics = session.topics.lock();
        if let Some(at) = topics.iter().position(|known| *known == topic) {
            topics[at..].rotate_left(1);
        }
    }

    /// Removes a session from everything, leaving no empty topic behind.
    pub(crate) fn unregister_session_from_all(&self, session: &Session) {
        let topics = std::mem::take(&mut *session.topics.lock());
        for topic in topics {
            self.forget_listener_of_topic(session.id, topic);
        }
    }

    fn forget_listener_of_topic(&self, id: SessionId, topic: Topic) {
        self.topics.remove_if_mut(&topic, |_, listeners| {
            listeners.remove(&id);
            if listeners.capacity() > 64 && listeners.len() * 4 < listeners.capacity() {
                listeners.shrink_to_fit();
            }
            listeners.is_empty()
        });
    }

    /// Adds the listeners of a topic to `into`. The lock is held for the copy of pointers only, never while writing.
    pub(crate) fn collect_listeners_of_topic(&self, topic: Topic, into: &mut Vec<Arc<Session>>) {
        if let Some(listeners) = self.topics.get(&topic) {
            into.extend(listeners.values().cloned());
        }
    }

    /// How many listen to a topic.
    pub(crate) fn count_listeners_of_topic(&self, topic: Topic) -> usize {
        self.topics.get(&topic).map_or(0, |listeners| listeners.len())
    }

    /// The sessions of a user.
    pub(crate) fn list_sessions_of_user(&self, user: UserId) -> Vec<Arc<Session>> {
        let mut sessions = Vec::new();
        self.collect_listeners_of_topic(Topic::User(user), &mut sessions);
        sessions
    }

    /// Every session.
    pub(crate) fn list_all_live_sessions(&self) -> Vec<Arc<Session>> {
        let mut sessions = Vec::new();
        self.collect_listeners_of_topic(Topic::Everyone, &mut sessions);
        sessions
    }

    /// Live sessions and topics that have any, for the metrics.
    pub(crate) fn count_sessions_and_topics(&self) -> (usize, usize) {
        let sessions = self.topics.get(&Topic::Everyone).map_or(0, |all| all.len());
        (sessions, self.topics.len())
    }
}
