//! Leaves that wait a moment before they are announced: a page that is reloaded is back at once, and others shall not
//! see its person leave and join. Only the announcement waits. The database and the directory are right immediately.

use std::{collections::HashMap, sync::Arc, time::Instant};

use owlpost_domain::{IncidentId, User, recoveries::LEAVE_PAUSE};

use crate::presence::view::{PresenceTransition, SeenTransition};

/// A leave that waits.
struct Departure {
    due: Instant,
    /// Who leaves, where that is known.
    user: Option<Arc<User>>,
}

/// Leaves not announced yet. Bounded by the people who were there a moment ago.
#[derive(Default)]
pub(crate) struct PresenceDepartures {
    waiting: HashMap<PresenceTransition, Departure>,
}

impl PresenceDepartures {
    /// Takes a transition in. True when it is to be announced at once: it is neither a leave, which waits, nor the
    /// return of somebody whose leave nobody has heard of.
    pub(crate) fn admit_transition_for_announcement(
        &mut self,
        (transition, user): &SeenTransition,
        now: Instant,
    ) -> bool {
        let leave = match *transition {
            PresenceTransition::Offline(_) | PresenceTransition::LeftRoom(..) => {
                let departure = Departure { due: now + LEAVE_PAUSE, user: user.clone() };
                self.waiting.insert(*transition, departure);
                return false;
            }
            PresenceTransition::Changed(_) => return false,
            PresenceTransition::Online(user) => PresenceTransition::Offline(user),
            PresenceTransition::EnteredRoom(user, room) => PresenceTransition::LeftRoom(user, room),
        };
        self.waiting.remove(&leave).is_none()
    }

    /// When the next leave is due.
    pub(crate) fn find_time_of_next(&self) -> Option<Instant> {
        self.waiting.values().map(|departure| departure.due).min()
    }

    /// Who has left the room of an incident, and is still there for all who were told of them.
    pub(crate) fn list_departing_from_incident(&self, incident: IncidentId) -> Vec<Arc<User>> {
        let leaves = self.waiting.iter();
        let of_room = leaves.filter(|(leave, _)| {
            matches!(leave, PresenceTransition::LeftRoom(_, room) if *room == incident)
        });
        of_room.filter_map(|(_, departure)| departure.user.clone()).collect()
    }

    /// Leaves whose time has come; of one moment, rooms before the whole castle.
    pub(crate) fn take_leaves_due_at(&mut self, now: Instant) -> Vec<SeenTransition> {
        let mut due: Vec<_> =
            self.waiting.extract_if(|_, departure| departure.due <= now).collect();
        due.sort_by_key(|(leave, departure)| {
            (departure.due, matches!(leave, PresenceTransition::Offline(_)))
        });
        due.into_iter().map(|(leave, _)| (leave, None)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn should_forget_a_leave_when_its_person_returns() {
        let mut departures = PresenceDepartures::default();
        let (user, room, now) = (Uuid::new_v4(), Uuid::new_v4(), Instant::now());
        let mut admit =
            |transition| departures.admit_transition_for_announcement(&(transition, None), now);
        assert!(!admit(PresenceTransition::LeftRoom(user, room)));
        assert!(!admit(PresenceTransition::Offline(user)));
        assert!(!admit(PresenceTransition::Online(user)));
        assert!(admit(PresenceTransition::Online(user)), "nobody heard of a second leave");
        let due = departures.take_leaves_due_at(now + LEAVE_PAUSE);
        assert_eq!(due, [(PresenceTransition::LeftRoom(user, room), None)]);
        assert_eq!(departures.find_time_of_next(), None);
    }

    #[test]
    fn should_announce_leaves_after_their_time_and_rooms_first() {
        let mut departures = PresenceDepartures::default();
        let (user, room, now) = (Uuid::new_v4(), Uuid::new_v4(), Instant::now());
        for leave in [PresenceTransition::Offline(user), PresenceTransition::LeftRoom(user, room)] {
            departures.admit_transition_for_announcement(&(leave, None), now);
        }
        let almost = now + LEAVE_PAUSE - Duration::from_millis(1);
        assert!(departures.take_leaves_due_at(almost).is_empty());
        let due = departures.take_leaves_due_at(now + LEAVE_PAUSE);
        let leaves: Vec<_> = due.into_iter().map(|(leave, _)| leave).collect();
        assert_eq!(
            leaves,
            [PresenceTransition::LeftRoom(user, room), PresenceTransition::Offline(user)]
        );
    }
}
