//! Leaves that wait a moment before they are announced: a page that is reloaded is back at once, and others shall not
//! see its person leave and join. Only the announcement waits. The database and the directory are right immediately.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::presence::view::{PresenceTransition, SeenTransition};

/// How long a leave waits: well below the second in which presence is right.
const RELOAD_TIME: Duration = Duration::from_millis(400);

/// Leaves not announced yet. Bounded by the people who were there a moment ago.
#[derive(Default)]
pub(crate) struct PresenceDepartures {
    waiting: HashMap<PresenceTransition, Instant>,
}

impl PresenceDepartures {
    /// Takes a transition in. True when it is to be announced at once: it is neither a leave, which waits, nor the
    /// return of somebody whose leave nobody has heard of.
    pub(crate) fn admit_transition_for_announcement(
        &mut self,
        transition: PresenceTransition,
        now: Instant,
    ) -> bool {
        let leave = match transition {
            PresenceTransition::Offline(_) | PresenceTransition::LeftRoom(..) => {
                self.waiting.insert(transition, now + RELOAD_TIME);
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
        self.waiting.values().min().copied()
    }

    /// Leaves whose time has come; of one moment, rooms before the whole castle.
    pub(crate) fn take_leaves_due_at(&mut self, now: Instant) -> Vec<SeenTransition> {
        let mut due: Vec<_> = self.waiting.extract_if(|_, at| *at <= now).collect();
        due.sort_by_key(|(leave, at)| (*at, matches!(leave, PresenceTransition::Offline(_))));
        due.into_iter().map(|(leave, _)| (leave, None)).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn should_forget_a_leave_when_its_person_returns() {
        let mut departures = PresenceDepartures::default();
        let (user, room, now) = (Uuid::new_v4(), Uuid::new_v4(), Instant::now());
        let mut admit = |transition| departures.admit_transition_for_announcement(transition, now);
        assert!(!admit(PresenceTransition::LeftRoom(user, room)));
        assert!(!admit(PresenceTransition::Offline(user)));
        assert!(!admit(PresenceTransition::Online(user)));
        assert!(admit(PresenceTransition::Online(user)), "nobody heard of a second leave");
        let due = departures.take_leaves_due_at(now + RELOAD_TIME);
        assert_eq!(due, [(PresenceTransition::LeftRoom(user, room), None)]);
        assert_eq!(departures.find_time_of_next(), None);
    }

    #[test]
    fn should_announce_leaves_after_their_time_and_rooms_first() {
        let mut departures = PresenceDepartures::default();
        let (user, room, now) = (Uuid::new_v4(), Uuid::new_v4(), Instant::now());
        for leave in [PresenceTransition::Offline(user), PresenceTransition::LeftRoom(user, room)] {
            departures.admit_transition_for_announcement(leave, now);
        }
        let almost = now + RELOAD_TIME - Duration::from_millis(1);
        assert!(departures.take_leaves_due_at(almost).is_empty());
        let due = departures.take_leaves_due_at(now + RELOAD_TIME);
        let leaves: Vec<_> = due.into_iter().map(|(leave, _)| leave).collect();
        assert_eq!(
            leaves,
            [PresenceTransition::LeftRoom(user, room), PresenceTransition::Offline(user)]
        );
    }
}
