//! Who types where. True now or worthless: kept in memory, ended by silence.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use owlpost_domain::{
    DomainError, IncidentId, LoggedEvent, Result, Topic, UserId, payload::PresenceTyping,
};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::Notify;

use crate::{
    Frame, Session, cluster::bus::Bus, delivery::dispatcher::Dispatcher,
    delivery::session::SessionId,
};

/// How late after its time a silence is noticed.
const SILENCE_RESOLUTION: Duration = Duration::from_millis(50);
/// How much longer than a typist of this node one of another node may be silent: their node ends it, but it may die.
const REMOTE_MARGIN: Duration = Duration::from_secs(1);

/// Where somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TypingPlace {
    /// In a tab of this node, the one that typed last.
    Here(SessionId),
    /// On another node, which repeats it while it goes on.
    OtherNode,
}

struct Typist {
    name: String,
    place: TypingPlace,
    silent_at: Instant,
    /// When the other nodes are told next that it goes on.
    repeat_at: Instant,
}

/// People typing, each per incident, on this node and on others. Bounded by the sessions of the cluster: one can type
/// only where it is.
pub(crate) struct TypingTable {
    typists: Mutex<HashMap<(IncidentId, UserId), Typist>>,
    begun: Notify,
    dispatcher: Arc<Dispatcher>,
    bus: Arc<Bus>,
    timeout: Duration,
}

/// What the end of a typist's typing needs of a comment's payload.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommentAuthor {
    incident_id: IncidentId,
    author: AuthorId,
}

#[derive(Deserialize)]
struct AuthorId {
    id: UserId,
}

impl TypingTable {
    /// An empty table. Who says nothing for `timeout` types no more.
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, bus: Arc<Bus>, timeout: Duration) -> Self {
        Self { typists: Mutex::default(), begun: Notify::new(), dispatcher, bus, timeout }
    }

    /// Notes that the session types; the room hears of it once.
    pub(crate) fn start_typing_in_incident(
        &self,
        session: &Session,
        incident: IncidentId,
    ) -> Result<()> {
        if !session.topics.lock().contains(&Topic::Incident(incident)) {
            return Err(DomainError::Forbidden("Join the room of this incident first"));
        }
        let user = session.user();
        let now = Instant::now();
        let mut typists = self.typists.lock();
        let known = typists.get(&(incident, user.id)).map(|known| (known.place, known.repeat_at));
        let known_here = known.filter(|(place, _)| *place != TypingPlace::OtherNode);
        let typist = Typist {
            name: user.name.clone(),
            place: TypingPlace::Here(session.id),
            silent_at: now + self.timeout,
            repeat_at: known_here.map_or(now + self.typing_repeat_time(), |(_, at)| at),
        };
        typists.insert((incident, user.id), typist);
        drop(typists);
        let typing = describe_typing_of_user(incident, user.id, &user.name, true);
        if known_here.is_none() {
            self.begun.notify_one();
            self.bus.send_typing_to_nodes(&typing);
        }
        if known.is_none() {
            self.deliver_typing_to_room(&typing);
        }
        Ok(())
    }

    /// Notes that the session's user types no more; the room hears of it if it knew.
    pub(crate) fn stop_typing_in_incident(&self, session: &Session, incident: IncidentId) {
        let is_here = |typist: &Typist| typist.place != TypingPlace::OtherNode;
        self.stop_typing_of_user_if(session.user().id, incident, is_here);
    }

    fn stop_typing_of_user_if(
        &self,
        user: UserId,
        incident: IncidentId,
        condition: impl FnOnce(&Typist) -> bool,
    ) {
        let ended = match self.typists.lock().entry((incident, user)) {
            Entry::Occupied(typist) if condition(typist.get()) => Some(typist.remove()),
            Entry::Occupied(_) | Entry::Vacant(_) => None,
        };
        if let Some(typist) = ended {
            self.announce_end_of_typing(incident, user, &typist);
        }
    }

    /// What another node ends, it tells by itself.
    fn announce_end_of_typing(&self, incident: IncidentId, user: UserId, typist: &Typist) {
        let typing = describe_typing_of_user(incident, user, &typist.name, false);
        if typist.place != TypingPlace::OtherNode {
            self.bus.send_typing_to_nodes(&typing);
        }
        self.deliver_typing_to_room(&typing);
    }

    /// The session leaves an incident: what it was typing there has ended, what another tab types goes on.
    pub(crate) fn stop_typing_of_session(&self, session: &Session, incident: IncidentId) {
        let is_own = |typist: &Typist| typist.place == TypingPlace::Here(session.id);
        self.stop_typing_of_user_if(session.user().id, incident, is_own);
    }

    /// The other node says so, or the person has left the room by what all nodes know.
    pub(crate) fn end_remote_typing_of_user(&self, user: UserId, incident: IncidentId) {
        let is_there = |typist: &Typist| typist.place == TypingPlace::OtherNode;
        self.stop_typing_of_user_if(user, incident, is_there);
    }

    /// Shows what another node tells. It ends by this node's clock unless it is repeated: the other node may die, or
    /// its messages may be lost.
    pub(crate) fn apply_typing_of_node(&self, typing: PresenceTyping) {
        let key = (typing.incident_id, typing.user_id);
        if !typing.is_typing {
            self.end_remote_typing_of_user(typing.user_id, typing.incident_id);
            return;
        }
        let silent_at = Instant::now() + self.timeout + REMOTE_MARGIN;
        match self.typists.lock().entry(key) {
            Entry::Occupied(mut known) => {
                if known.get().place == TypingPlace::OtherNode {
                    known.get_mut().silent_at = silent_at;
                }
                return;
            }
            Entry::Vacant(free) => {
                let name = typing.user_name.clone();
                let place = TypingPlace::OtherNode;
                free.insert(Typist { name, place, silent_at, repeat_at: silent_at });
            }
        }
        self.begun.notify_one();
        self.deliver_typing_to_room(&typing);
    }

    /// A comment ends its author's typing.
    pub(crate) fn stop_typing_of_comment_author(&self, event: &LoggedEvent) {
        if self.typists.lock().is_empty() {
            return;
        }
        match serde_json::from_str::<CommentAuthor>(&event.payload) {
            Ok(comment) => {
                self.stop_typing_of_user_if(comment.author.id, comment.incident_id, |_| true);
            }
            Err(error) => tracing::error!(%error, "a comment event cannot be read"),
        }
    }

    pub(crate) async fn expire_typing_until_stop(&self) {
        loop {
            if self.typists.lock().is_empty() {
                self.begun.notified().await;
            }
            tokio::time::sleep(SILENCE_RESOLUTION).await;
            self.end_and_repeat_typing_at(Instant::now());
        }
    }

    fn end_and_repeat_typing_at(&self, now: Instant) {
        let repeat_time = self.typing_repeat_time();
        let (silent, repeated) = {
            let mut typists = self.typists.lock();
            let silent: Vec<_> = typists.extract_if(|_, typist| typist.silent_at <= now).collect();
            let mut repeated = Vec::new();
            for ((incident, user), typist) in typists.iter_mut() {
                if typist.place != TypingPlace::OtherNode && typist.repeat_at <= now {
                    typist.repeat_at = now + repeat_time;
                    repeated.push(describe_typing_of_user(*incident, *user, &typist.name, true));
                }
            }
            (silent, repeated)
        };
        for typing in repeated {
            self.bus.send_typing_to_nodes(&typing);
        }
        for ((incident, user), typist) in silent {
            self.announce_end_of_typing(incident, user, &typist);
        }
    }

    fn typing_repeat_time(&self) -> Duration {
        self.timeout / 2
    }

    fn deliver_typing_to_room(&self, typing: &PresenceTyping) {
        let room = Topic::Incident(typing.incident_id);
        let frame = Frame::from_payload_for_topic(typing, room);
        self.dispatcher.deliver_frame_to_topic(frame, room, Some(typing.user_id));
    }

    /// People typing on this node, for the metrics.
    pub(crate) fn count_typists_of_node(&self) -> usize {
        let typists = self.typists.lock();
        typists.values().filter(|typist| typist.place != TypingPlace::OtherNode).count()
    }
}

fn describe_typing_of_user(
    incident_id: IncidentId,
    user_id: UserId,
    name: &str,
    is_typing: bool,
) -> PresenceTyping {
    PresenceTyping { user_id, user_name: name.to_owned(), incident_id, is_typing }
}

#[cfg(test)]
mod tests;
