//! Leaves that wait a moment before they are announced: a page that is reloaded is back at once, and others shall not
//! see its person leave and join. Only the announcement waits. The database and the directory are right immediately.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use owlpost_domain::presence::PresenceTransition;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Realtime, presence::view::SeenTransition};

/// How long a leave waits: well below the second in which presence is right.
const RELOAD_TIME: Duration = Duration::from_millis(400);
/// How late after its time a leave is announced.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// Leaves not announced yet. Bounded by the people who were there a moment ago.
#[derive(Default)]
pub struct PresenceDepartures {
    waiting: Mutex<HashMap<PresenceTransition, Instant>>,
    arrived: Notify,
}

impl PresenceDepartures {
    /// Keeps a leave for its time. True when the transition is one, and so is not to be announced now.
    pub(crate) fn hold_leave_for_moment(&self, transition: PresenceTransition) -> bool {
        match transition {
            PresenceTransition::Offline(_) | PresenceTransition::LeftRoom(..) => {
                self.waiting.lock().insert(transition, Instant::now() + RELOAD_TIME);
                self.arrived.notify_one();
                true
            }
            PresenceTransition::Online(_) | PresenceTransition::EnteredRoom(..) => false,
        }
    }

    /// True when the transition undoes a leave nobody has heard of: then there is nothing to announce.
    pub(crate) fn cancel_leave_by_return(&self, transition: PresenceTransition) -> bool {
        let leave = match transition {
            PresenceTransition::Online(user) => PresenceTransition::Offline(user),
            PresenceTransition::EnteredRoom(user, room) => PresenceTransition::LeftRoom(user, room),
            PresenceTransition::Offline(_) | PresenceTransition::LeftRoom(..) => return false,
        };
        self.waiting.lock().remove(&leave).is_some()
    }

    /// Leaves whose time has come; of one moment, rooms before the whole castle.
    fn take_leaves_due_now(&self) -> Vec<SeenTransition> {
        let now = Instant::now();
        let mut due: Vec<_> = self.waiting.lock().extract_if(|_, at| *at <= now).collect();
        due.sort_by_key(|(leave, at)| (*at, matches!(leave, PresenceTransition::Offline(_))));
        due.into_iter().map(|(leave, _)| (leave, None)).collect()
    }
}

impl Realtime {
    pub(crate) async fn announce_departures_until_stop(&self) {
        let departures = &self.0.departures;
        loop {
            if departures.waiting.lock().is_empty() {
                departures.arrived.notified().await;
            }
            tokio::time::sleep(LOOK_PAUSE).await;
            self.announce_presence_transitions_now(departures.take_leaves_due_now());
        }
    }
}

#[cfg(test)]
mod tests {
    use owlpost_domain::Topic;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn should_forget_a_leave_when_its_person_returns() {
        let departures = PresenceDepartures::default();
        let (user, room) = (Uuid::new_v4(), Topic::Incident(Uuid::new_v4()));
        assert!(departures.hold_leave_for_moment(PresenceTransition::LeftRoom(user, room)));
        assert!(departures.hold_leave_for_moment(PresenceTransition::Offline(user)));
        assert!(departures.cancel_leave_by_return(PresenceTransition::Online(user)));
        assert!(!departures.cancel_leave_by_return(PresenceTransition::Online(user)));
        assert!(!departures.hold_leave_for_moment(PresenceTransition::Online(user)));
        assert_eq!(departures.waiting.lock().len(), 1, "the room was not entered again");
    }
}
