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

/// Somebody who types in an incident: in tabs of this node, on other nodes, or both. They type until the last has ended.
struct Typist {
    name: String,
    /// Each until it is silent. Bounded by the sessions of one person.
    tabs: Vec<(SessionId, Instant)>,
    /// Until when another node has said so.
    elsewhere_until: Option<Instant>,
    /// When the other nodes are told next that it goes on here.
    repeat_at: Instant,
}

impl Typist {
    fn has_ended(&self) -> bool {
        self.tabs.is_empty() && self.elsewhere_until.is_none()
    }
}

/// What other nodes and the room are told after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// It went on as before.
    Nothing,
    /// It has ended here, and goes on elsewhere.
    EndedHere,
    /// It has ended, and the last who typed did so here.
    Ended,
    /// It has ended on another node, which tells the others.
    EndedElsewhere,
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
        let (begins, begins_here) = {
            let mut typists = self.typists.lock();
            let entry = typists.entry((incident, user.id));
            let begins = matches!(entry, Entry::Vacant(_));
            let typist = entry.or_insert_with(|| Typist {
                name: user.name.clone(),
                tabs: Vec::new(),
                elsewhere_until: None,
                repeat_at: now,
            });
            let begins_here = typist.tabs.is_empty();
            if begins_here {
                typist.repeat_at = now + self.typing_repeat_time();
            }
            typist.tabs.retain(|(tab, _)| *tab != session.id);
            typist.tabs.push((session.id, now + self.timeout));
            (begins, begins_here)
        };
        let typing = describe_typing_of_user(incident, user.id, &user.name, true);
        if begins_here {
            self.begun.notify_one();
            self.bus.send_typing_to_nodes(&typing);
        }
        if begins {
            self.deliver_typing_to_room(&typing);
        }
        Ok(())
    }

    /// The session types no more, or leaves the incident: what another tab types goes on.
    pub(crate) fn stop_typing_of_session(&self, session: &Session, incident: IncidentId) {
        self.change_typing_of_user(session.user().id, incident, |typist| {
            let before = typist.tabs.len();
            typist.tabs.retain(|(tab, _)| *tab != session.id);
            match (before > typist.tabs.len(), typist.tabs.is_empty()) {
                (true, true) if typist.elsewhere_until.is_some() => News::EndedHere,
                (true, true) => News::Ended,
                _ => News::Nothing,
            }
        });
    }

    /// Changes what is known of a typist, and tells of it.
    fn change_typing_of_user(
        &self,
        user: UserId,
        incident: IncidentId,
        change: impl FnOnce(&mut Typist) -> News,
    ) {
        let (news, name) = {
            let mut typists = self.typists.lock();
            let Entry::Occupied(mut typist) = typists.entry((incident, user)) else { return };
            let news = change(typist.get_mut());
            let name = typist.get().name.clone();
            if typist.get().has_ended() {
                typist.remove();
            }
            (news, name)
        };
        self.tell_news_of_typist(incident, user, &name, news);
    }

    fn tell_news_of_typist(&self, incident: IncidentId, user: UserId, name: &str, news: News) {
        let typing = describe_typing_of_user(incident, user, name, false);
        if matches!(news, News::EndedHere | News::Ended) {
            self.bus.send_typing_to_nodes(&typing);
        }
        if matches!(news, News::Ended | News::EndedElsewhere) {
            self.deliver_typing_to_room(&typing);
        }
    }

    /// The other node says so, or the person has left the room by what all nodes know.
    pub(crate) fn end_remote_typing_of_user(&self, user: UserId, incident: IncidentId) {
        self.change_typing_of_user(user, incident, |typist| {
            let was_there = typist.elsewhere_until.take().is_some();
            if was_there && typist.tabs.is_empty() {
                return News::EndedElsewhere;
            }
            // The others shall hear that it goes on here: at once.
            typist.repeat_at = Instant::now();
            News::Nothing
        });
    }

    /// Shows what another node tells. It ends by this node's clock unless it is repeated: the other node may die, or
    /// its messages may be lost.
    pub(crate) fn apply_typing_of_node(&self, typing: PresenceTyping) {
        if !typing.is_typing {
            self.end_remote_typing_of_user(typing.user_id, typing.incident_id);
            return;
        }
        let until = Instant::now() + self.timeout + REMOTE_MARGIN;
        let begins = {
            let mut typists = self.typists.lock();
            let entry = typists.entry((typing.incident_id, typing.user_id));
            let begins = matches!(entry, Entry::Vacant(_));
            let typist = entry.or_insert_with(|| Typist {
                name: typing.user_name.clone(),
                tabs: Vec::new(),
                elsewhere_until: None,
                repeat_at: until,
            });
            typist.elsewhere_until = Some(until);
            begins
        };
        if begins {
            self.begun.notify_one();
            self.deliver_typing_to_room(&typing);
        }
    }

    /// Tells a session that has just entered the incident who types there already.
    pub(crate) fn tell_newcomer_of_typists(&self, session: &Arc<Session>, incident: IncidentId) {
        let newcomer = session.user().id;
        let typing: Vec<PresenceTyping> = {
            let typists = self.typists.lock();
            let others =
                typists.iter().filter(|((place, user), _)| *place == incident && *user != newcomer);
            others
                .map(|((_, user), typist)| {
                    describe_typing_of_user(incident, *user, &typist.name, true)
                })
                .collect()
        };
        for typing in typing {
            let frame = Frame::from_payload_for_topic(&typing, Topic::Incident(incident));
            self.dispatcher.send_frame_to_session(session, &frame);
        }
    }

    /// A comment ends its author's typing.
    pub(crate) fn stop_typing_of_comment_author(&self, event: &LoggedEvent) {
        if self.typists.lock().is_empty() {
            return;
        }
        match serde_json::from_str::<CommentAuthor>(&event.payload) {
            Ok(comment) => {
                // Every node hears of the comment by itself.
                self.change_typing_of_user(comment.author.id, comment.incident_id, |typist| {
                    typist.tabs.clear();
                    typist.elsewhere_until = None;
                    News::EndedElsewhere
                });
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
        let (mut told, mut repeated) = (Vec::new(), Vec::new());
        self.typists.lock().retain(|(incident, user), typist| {
            let was_here = !typist.tabs.is_empty();
            typist.tabs.retain(|(_, silent_at)| *silent_at > now);
            typist.elsewhere_until = typist.elsewhere_until.filter(|until| *until > now);
            let ends_here = was_here && typist.tabs.is_empty();
            if typist.has_ended() {
                let news = if was_here { News::Ended } else { News::EndedElsewhere };
                told.push((*incident, *user, typist.name.clone(), news));
            } else if ends_here {
                told.push((*incident, *user, typist.name.clone(), News::EndedHere));
            } else if was_here && typist.repeat_at <= now {
                typist.repeat_at = now + repeat_time;
                repeated.push(describe_typing_of_user(*incident, *user, &typist.name, true));
            }
            !typist.has_ended()
        });
        for typing in repeated {
            self.bus.send_typing_to_nodes(&typing);
        }
        for (incident, user, name, news) in told {
            self.tell_news_of_typist(incident, user, &name, news);
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
        typists.values().filter(|typist| !typist.tabs.is_empty()).count()
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
