//! What this node takes the cluster's presence to be. Pure: no clock, no IO, no lock.
//!
//! News come as groups (states of some people, by message) and readings (everybody, from the database), in any order
//! and with losses. Both carry the number of a group, drawn under the database's lock, so for each person the highest
//! number wins. Two things outrank numbers: the live sockets of this node, whose people are never shown offline or out
//! of the incident they view, and changes of users, which the log has told in its order.

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use owlpost_domain::{
    IncidentId, Topic, User, UserId,
    presence::{PersonPresence, PresenceChange, PresenceGroup, PresenceReading, SocketState},
};

/// Readings that a change of a user outranks: one may have begun before it, and a group may have read the user before
/// it and committed after the next.
const READINGS_OUTRANKED_BY_CHANGE: u8 = 2;

/// Something about a person that others see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PresenceTransition {
    /// First socket in the cluster.
    Online(UserId),
    /// Last socket gone.
    Offline(UserId),
    /// First socket in the room of an incident.
    EnteredRoom(UserId, IncidentId),
    /// Last socket out of the room of an incident.
    LeftRoom(UserId, IncidentId),
    /// Another name, address or role of somebody online.
    Changed(UserId),
}

impl PresenceTransition {
    /// Who it is about.
    pub(crate) const fn user_id(self) -> UserId {
        match self {
            Self::Online(user)
            | Self::Offline(user)
            | Self::EnteredRoom(user, _)
            | Self::LeftRoom(user, _)
            | Self::Changed(user) => user,
        }
    }

    /// Who is told of it.
    pub(crate) const fn topic(self) -> Topic {
        match self {
            Self::Online(_) | Self::Offline(_) | Self::Changed(_) => Topic::Everyone,
            Self::EnteredRoom(_, room) | Self::LeftRoom(_, room) => Topic::Incident(room),
        }
    }
}

/// A change of what is shown, and who it is about: known unless they are offline.
pub(crate) type SeenTransition = (PresenceTransition, Option<Arc<User>>);

/// What others see of a person; offline without a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PersonState {
    user: Option<Arc<User>>,
    incidents: BTreeSet<IncidentId>,
}

#[derive(Debug, Default)]
struct Person {
    /// The number that told last of them.
    number: i64,
    told: PersonState,
    shown: PersonState,
    /// Live sockets of this node whose rows are committed, and the incident that each views.
    own_sockets: HashMap<String, Option<IncidentId>>,
    /// Who they are, for while nobody else tells.
    own_user: Option<Arc<User>>,
}

/// A user as the log told them, `None` when deleted. It outranks older states, which readings and groups may still
/// bring.
#[derive(Debug)]
struct UserChange {
    user: Option<Arc<User>>,
    ordinal: u64,
    readings_left: u8,
}

/// What was known when a reading of the database began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadingTicket {
    highest_number: i64,
    changes_seen: u64,
}

/// What a reading came with besides transitions.
#[derive(Debug, Default)]
pub(crate) struct ReadingOutcome {
    /// What it changed.
    pub(crate) transitions: Vec<SeenTransition>,
    /// It has no number, so nothing of it was used: a group must be written before the next.
    pub(crate) lacks_number: bool,
    /// It lacks live sockets of this node: they must be written again.
    pub(crate) lacks_own_sockets: bool,
}

/// Everybody as far as this node knows.
#[derive(Debug, Default)]
pub(crate) struct PresenceView {
    people: HashMap<UserId, Person>,
    /// Number of the last reading: whoever is not in `people` was last told of by it.
    reading_number: i64,
    highest_number: i64,
    own_group_number: i64,
    user_changes: HashMap<UserId, UserChange>,
    changes_seen: u64,
}

impl PresenceView {
    /// Applies the states of a group that another node wrote, or a sweep.
    pub(crate) fn apply_group_to_view(&mut self, group: PresenceGroup) -> Vec<SeenTransition> {
        let mut transitions = Vec::new();
        self.highest_number = self.highest_number.max(group.number);
        for person in group.people {
            self.apply_person_with_number(person, group.number, &mut transitions);
        }
        transitions
    }

    /// Applies a group of this node: its sockets outrank what others tell from this moment.
    pub(crate) fn apply_own_group_to_view(
        &mut self,
        group: PresenceGroup,
        changes: &[PresenceChange],
    ) -> Vec<SeenTransition> {
        self.own_group_number = self.own_group_number.max(group.number);
        let users: HashMap<UserId, &User> =
            group.people.iter().filter_map(|p| Some((p.user_id, p.user.as_ref()?))).collect();
        for change in changes {
            let person = self.people.entry(change.user_id).or_default();
            match (change.state, users.get(&change.user_id)) {
                (SocketState::Connected { room }, Some(user)) => {
                    let incident = room.and_then(find_incident_of_topic);
                    person.own_sockets.insert(change.socket_id.clone(), incident);
                    person.own_user = Some(Arc::new(User::clone(user)));
                }
                // Somebody who was deleted meanwhile has no row.
                (SocketState::Connected { .. }, None) | (SocketState::Disconnected, _) => {
                    person.own_sockets.remove(&change.socket_id);
                }
            }
        }
        self.apply_group_to_view(group)
    }

    /// Must be called before the statement of a reading begins.
    pub(crate) const fn begin_reading_of_cluster(&self) -> ReadingTicket {
        ReadingTicket { highest_number: self.highest_number, changes_seen: self.changes_seen }
    }

    /// Makes everybody what the reading says, except those of whom a newer group told.
    pub(crate) fn apply_reading_to_view(
        &mut self,
        ticket: ReadingTicket,
        reading: PresenceReading,
    ) -> ReadingOutcome {
        let Some(number) = reading.number else {
            return ReadingOutcome { lacks_number: true, ..ReadingOutcome::default() };
        };
        if number < ticket.highest_number {
            // What was known before the reading began was committed, so the numbers went back: a dump was restored.
            // Nobody could be changed any more by numbers that are lower than those known.
            self.people.values_mut().for_each(|person| person.number = 0);
            self.highest_number = number;
            self.own_group_number = 0;
        }
        self.reading_number = number;
        self.highest_number = self.highest_number.max(number);
        let mut transitions = Vec::new();
        let mut read: HashMap<UserId, PersonPresence> =
            reading.people.into_iter().map(|person| (person.user_id, person)).collect();
        let known: Vec<UserId> = self.people.keys().copied().collect();
        for user_id in known {
            let nobody = PersonPresence { user_id, user: None, incidents: BTreeSet::new() };
            let person = read.remove(&user_id).unwrap_or(nobody);
            self.apply_person_of_reading(person, number, &mut transitions);
        }
        for person in read.into_values() {
            self.apply_person_of_reading(person, number, &mut transitions);
        }
        self.forget_outranked_user_changes(ticket);
        let own_sockets = self.count_own_sockets_committed();
        ReadingOutcome {
            transitions,
            lacks_number: false,
            lacks_own_sockets: self.own_group_number <= number && reading.own_sockets < own_sockets,
        }
    }

    /// Shows what the log told of a user, `None` when deleted. Must be called in the order of the log.
    pub(crate) fn apply_user_change_to_view(
        &mut self,
        user_id: UserId,
        user: Option<User>,
    ) -> Vec<SeenTransition> {
        self.changes_seen += 1;
        let change = UserChange {
            user: user.map(Arc::new),
            ordinal: self.changes_seen,
            readings_left: READINGS_OUTRANKED_BY_CHANGE,
        };
        self.user_changes.insert(user_id, change);
        let mut transitions = Vec::new();
        self.refresh_shown_user_state(user_id, &mut transitions);
        transitions
    }

    fn apply_person_with_number(
        &mut self,
        person: PersonPresence,
        number: i64,
        transitions: &mut Vec<SeenTransition>,
    ) {
        let known = self.people.get(&person.user_id).map_or(0, |known| known.number);
        if number > known.max(self.reading_number) {
            self.replace_told_user_state(person, number, transitions);
        } else {
            // A socket of this node may have come with it all the same.
            self.refresh_shown_user_state(person.user_id, transitions);
        }
    }

    fn apply_person_of_reading(
        &mut self,
        person: PersonPresence,
        number: i64,
        transitions: &mut Vec<SeenTransition>,
    ) {
        // An equal number is the same state or that state without a user who was deleted.
        if self.people.get(&person.user_id).is_none_or(|known| known.number <= number) {
            self.replace_told_user_state(person, number, transitions);
        }
    }

    fn replace_told_user_state(
        &mut self,
        person: PersonPresence,
        number: i64,
        transitions: &mut Vec<SeenTransition>,
    ) {
        let known = self.people.entry(person.user_id).or_default();
        known.number = number;
        known.told = PersonState { user: person.user.map(Arc::new), incidents: person.incidents };
        self.refresh_shown_user_state(person.user_id, transitions);
    }

    /// Makes what is shown of a person what is known of them, and forgets whoever is offline and has nothing to guard.
    fn refresh_shown_user_state(&mut self, user_id: UserId, transitions: &mut Vec<SeenTransition>) {
        let Some(person) = self.people.get_mut(&user_id) else { return };
        let state = person.combine_state_with_change(self.user_changes.get(&user_id));
        let before = std::mem::replace(&mut person.shown, state);
        list_transitions_between_states(user_id, &before, &person.shown, transitions);
        if person.number <= self.reading_number
            && person.own_sockets.is_empty()
            && person.shown.user.is_none()
            && person.told.user.is_none()
        {
            self.people.remove(&user_id);
        }
    }

    fn forget_outranked_user_changes(&mut self, ticket: ReadingTicket) {
        self.user_changes.retain(|_, change| {
            if change.ordinal <= ticket.changes_seen {
                change.readings_left -= 1;
            }
            change.readings_left > 0
        });
    }

    /// Rows of deleted users went with them.
    fn count_own_sockets_committed(&self) -> usize {
        let is_deleted = |id| self.user_changes.get(id).is_some_and(|change| change.user.is_none());
        self.people
            .iter()
            .filter(|(id, _)| !is_deleted(id))
            .map(|(_, person)| person.own_sockets.len())
            .sum()
    }
}

impl Person {
    fn combine_state_with_change(&self, change: Option<&UserChange>) -> PersonState {
        let mut incidents = self.told.incidents.clone();
        incidents.extend(self.own_sockets.values().flatten());
        let known = self.shown.user.as_ref().or(self.own_user.as_ref());
        let guarded = known.filter(|_| !self.own_sockets.is_empty());
        match (self.told.user.as_ref().or(guarded), change) {
            (None, _) | (Some(_), Some(UserChange { user: None, .. })) => PersonState::default(),
            (Some(_), Some(UserChange { user: Some(user), .. })) => {
                PersonState { user: Some(user.clone()), incidents }
            }
            (Some(user), None) => PersonState { user: Some(user.clone()), incidents },
        }
    }
}

const fn find_incident_of_topic(topic: Topic) -> Option<IncidentId> {
    match topic {
        Topic::Incident(id) => Some(id),
        _ => None,
    }
}

/// Rooms are left before the castle and entered after it.
fn list_transitions_between_states(
    id: UserId,
    before: &PersonState,
    after: &PersonState,
    transitions: &mut Vec<SeenTransition>,
) {
    for incident in before.incidents.difference(&after.incidents) {
        transitions.push((PresenceTransition::LeftRoom(id, *incident), before.user.clone()));
    }
    match (&before.user, &after.user) {
        (None, Some(user)) => {
            transitions.push((PresenceTransition::Online(id), Some(user.clone())))
        }
        (Some(_), None) => transitions.push((PresenceTransition::Offline(id), None)),
        (Some(old), Some(new)) if old != new => {
            transitions.push((PresenceTransition::Changed(id), Some(new.clone())));
        }
        _ => {}
    }
    for incident in after.incidents.difference(&before.incidents) {
        transitions.push((PresenceTransition::EnteredRoom(id, *incident), after.user.clone()));
    }
}
