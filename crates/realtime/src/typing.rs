//! Who types where. True now or worthless: kept in memory, ended by silence.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use owlpost_domain::{
    DomainError, EventName, IncidentId, LoggedEvent, Result, Topic, UserId,
    payload::PresenceTyping, presence::PresenceTransition,
};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::Notify;

use crate::{Frame, Realtime, Session, session::SessionId};

/// How late after its time a silence is noticed.
const SILENCE_RESOLUTION: Duration = Duration::from_millis(50);

struct Typist {
    name: String,
    /// The tab that typed last.
    session: SessionId,
    silent_at: Instant,
}

/// People typing, each per incident. Bounded by the sessions: one can type only where it views.
#[derive(Default)]
pub struct TypingTable {
    typists: Mutex<HashMap<(IncidentId, UserId), Typist>>,
    begun: Notify,
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

impl Realtime {
    /// Notes that the session types; the room hears of it once.
    pub fn start_typing_in_incident(&self, session: &Session, incident: IncidentId) -> Result<()> {
        if session.viewed_incident() != Some(incident) {
            return Err(DomainError::Forbidden("Join the room of this incident first"));
        }
        let user = session.user();
        let typist = Typist {
            name: user.name.clone(),
            session: session.id,
            silent_at: Instant::now() + self.0.config.typing_timeout,
        };
        let known = self.0.typing.typists.lock().insert((incident, user.id), typist);
        if known.is_none() {
            self.0.typing.begun.notify_one();
            self.broadcast_typing_to_room(incident, user.id, &user.name, true);
        }
        Ok(())
    }

    /// Notes that the session's user types no more; the room hears of it if it knew.
    pub fn stop_typing_in_incident(&self, session: &Session, incident: IncidentId) {
        self.stop_typing_of_user(session.user().id, incident);
    }

    fn stop_typing_of_user(&self, user: UserId, incident: IncidentId) {
        let known = self.0.typing.typists.lock().remove(&(incident, user));
        if let Some(typist) = known {
            self.broadcast_typing_to_room(incident, user, &typist.name, false);
        }
    }

    /// The session leaves: what it was typing has ended, what another tab types goes on.
    pub(crate) fn stop_typing_of_session(&self, session: &Session) {
        let Some(incident) = session.viewed_incident() else { return };
        let user = session.user().id;
        let own = self
            .0
            .typing
            .typists
            .lock()
            .get(&(incident, user))
            .is_some_and(|typist| typist.session == session.id);
        if own {
            self.stop_typing_of_user(user, incident);
        }
    }

    /// The node they typed on died, and with it what it knew of their typing.
    pub(crate) fn stop_typing_of_swept_people(&self, swept: &[PresenceTransition]) {
        for transition in swept {
            if let PresenceTransition::LeftRoom(user, Topic::Incident(incident)) = *transition
                && let Some(user) = self.0.directory.find_online_user_by_id(user)
            {
                self.broadcast_typing_to_room(incident, user.id, &user.name, false);
            }
        }
    }

    /// A comment ends its author's typing, on the node where they type.
    pub(crate) fn stop_typing_of_comment_author(&self, event: &LoggedEvent) {
        if self.0.typing.typists.lock().is_empty() {
            return;
        }
        match serde_json::from_str::<CommentAuthor>(&event.payload) {
            Ok(comment) => self.stop_typing_of_user(comment.author.id, comment.incident_id),
            Err(error) => tracing::error!(%error, "a comment event cannot be read"),
        }
    }

    pub(crate) async fn expire_typing_until_stop(&self) {
        loop {
            if self.0.typing.typists.lock().is_empty() {
                self.0.typing.begun.notified().await;
            }
            tokio::time::sleep(SILENCE_RESOLUTION).await;
            let now = Instant::now();
            let silent: Vec<_> = {
                let mut typists = self.0.typing.typists.lock();
                typists.extract_if(|_, typist| typist.silent_at <= now).collect()
            };
            for ((incident, user), typist) in silent {
                self.broadcast_typing_to_room(incident, user, &typist.name, false);
            }
        }
    }

    fn broadcast_typing_to_room(
        &self,
        incident: IncidentId,
        user: UserId,
        name: &str,
        is_typing: bool,
    ) {
        let payload = PresenceTyping {
            user_id: user,
            user_name: name.to_owned(),
            incident_id: incident,
            is_typing,
        };
        let frame = Frame::from_payload(EventName::PresenceTyping, &payload);
        self.broadcast_ephemeral_to_cluster(frame, Topic::Incident(incident), Some(user));
    }

    /// Delivers here, and asks the other nodes to do the same.
    pub(crate) fn broadcast_ephemeral_to_cluster(
        &self,
        frame: Arc<Frame>,
        topic: Topic,
        except: Option<UserId>,
    ) {
        self.0.bus.send_ephemeral_to_nodes(&frame, topic, except);
        self.deliver_frame_to_topic(frame, topic, except);
    }
}

impl TypingTable {
    /// People typing on this node, for the metrics.
    pub fn count_current_typists_here(&self) -> usize {
        self.typists.lock().len()
    }
}
