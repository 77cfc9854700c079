//! Who is there, in memory, for the whole cluster: what the database committed, kept current by the bus.
//!
//! News come by two ways, messages and readings of the database, in any order. Whatever tells first changes the view
//! and is announced; the other then changes nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use owlpost_domain::{
    IncidentId, Topic, User, UserId, payload::RoleCounts, presence::PresenceTransition,
};
use parking_lot::RwLock;

/// A change of the view, and who it is about: known unless they went.
pub(crate) type SeenTransition = (PresenceTransition, Option<Arc<User>>);

#[derive(Default)]
struct View {
    online: HashMap<UserId, Arc<User>>,
    viewers: HashMap<IncidentId, HashSet<UserId>>,
    /// Numbers the transitions, of which some may be newer than a reading that is under way.
    applied: u64,
    /// Number of each person's last transition, since the oldest reading under way began.
    changed: HashMap<UserId, u64>,
    readings: usize,
}

impl View {
    /// True when it told something new.
    fn apply_one_presence_transition(
        &mut self,
        transition: PresenceTransition,
        user: Option<&Arc<User>>,
    ) -> bool {
        match transition {
            PresenceTransition::Online(id) => {
                user.is_some_and(|user| self.online.insert(id, user.clone()).is_none())
            }
            PresenceTransition::Offline(id) => self.online.remove(&id).is_some(),
            PresenceTransition::EnteredRoom(id, Topic::Incident(incident)) => {
                self.viewers.entry(incident).or_default().insert(id)
            }
            PresenceTransition::LeftRoom(id, Topic::Incident(incident)) => {
                let Some(viewers) = self.viewers.get_mut(&incident) else { return false };
                let left = viewers.remove(&id);
                if viewers.is_empty() {
                    self.viewers.remove(&incident);
                }
                left
            }
            PresenceTransition::EnteredRoom(..) | PresenceTransition::LeftRoom(..) => false,
        }
    }

    /// What must happen for this view to be the given one, leaves first.
    fn list_transitions_to_view(&self, other: &Self) -> Vec<SeenTransition> {
        let mut transitions = Vec::new();
        for (incident, user) in self.list_viewers_missing_in(other) {
            let left = PresenceTransition::LeftRoom(user, Topic::Incident(incident));
            transitions.push((left, self.online.get(&user).cloned()));
        }
        let gone = self.online.iter().filter(|(id, _)| !other.online.contains_key(id));
        transitions
            .extend(gone.map(|(id, user)| (PresenceTransition::Offline(*id), Some(user.clone()))));
        let come = other.online.iter().filter(|(id, _)| !self.online.contains_key(id));
        transitions
            .extend(come.map(|(id, user)| (PresenceTransition::Online(*id), Some(user.clone()))));
        for (incident, user) in other.list_viewers_missing_in(self) {
            let entered = PresenceTransition::EnteredRoom(user, Topic::Incident(incident));
            transitions.push((entered, other.online.get(&user).cloned()));
        }
        transitions
    }

    fn list_viewers_missing_in(&self, other: &Self) -> Vec<(IncidentId, UserId)> {
        let in_other = |incident, user| {
            other.viewers.get(incident).is_some_and(|viewers| viewers.contains(user))
        };
        let all = self.viewers.iter().flat_map(|(incident, viewers)| {
            viewers
                .iter()
                .filter(move |user| !in_other(incident, user))
                .map(|user| (*incident, *user))
        });
        all.collect()
    }
}

/// Distinct people online, and distinct people viewing each incident.
#[derive(Default)]
pub struct PresenceDirectory(RwLock<View>);

/// A reading of the database that began when so many transitions had been applied.
pub(crate) struct Reading<'a> {
    directory: &'a PresenceDirectory,
    begun_after: u64,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut view = self.directory.0.write();
        view.readings -= 1;
        if view.readings == 0 {
            view.changed = HashMap::new();
        }
    }
}

impl PresenceDirectory {
    /// Distinct people online, by role.
    pub fn count_online_users_by_role(&self) -> RoleCounts {
        let mut counts = RoleCounts::NONE;
        self.0.read().online.values().for_each(|user| counts.count_one_more_role(user.role));
        counts
    }

    /// Changes with whoever comes or goes.
    pub(crate) fn version_of_current_view(&self) -> (u64, usize) {
        let view = self.0.read();
        (view.applied, view.online.len())
    }

    /// Distinct people online, by name.
    pub fn list_online_users_sorted(&self) -> Vec<User> {
        sort_users_by_name(self.0.read().online.values())
    }

    /// Distinct people viewing an incident, by name.
    pub fn list_viewers_of_incident(&self, incident: IncidentId) -> Vec<User> {
        let view = self.0.read();
        let viewers = view.viewers.get(&incident).into_iter().flatten();
        sort_users_by_name(viewers.filter_map(|user| view.online.get(user)))
    }

    pub(crate) fn find_online_user_by_id(&self, id: UserId) -> Option<Arc<User>> {
        self.0.read().online.get(&id).cloned()
    }

    /// To be called before the database is read for [`Self::replace_view_of_cluster`].
    pub(crate) fn begin_reading_of_cluster(&self) -> Reading<'_> {
        let mut view = self.0.write();
        view.readings += 1;
        Reading { directory: self, begun_after: view.applied }
    }

    /// Makes the view what the database said, and gives what that changed. People who came or went while it was read
    /// stay as they are: the reading may have been too early for them, and the next one is not.
    pub(crate) fn replace_view_of_cluster(
        &self,
        reading: &Reading<'_>,
        users: Vec<User>,
        rooms: &[(UserId, Topic)],
    ) -> Vec<SeenTransition> {
        let mut read = View::default();
        read.online.extend(users.into_iter().map(|user| (user.id, Arc::new(user))));
        for (user, topic) in rooms {
            if let Topic::Incident(incident) = topic {
                read.viewers.entry(*incident).or_default().insert(*user);
            }
        }
        let mut view = self.0.write();
        let mut changes = view.list_transitions_to_view(&read);
        changes.retain(|(transition, _)| {
            let last = view.changed.get(&transition.user_id());
            last.is_none_or(|number| *number <= reading.begun_after)
        });
        for (transition, user) in &changes {
            view.apply_one_presence_transition(*transition, user.as_ref());
        }
        changes
    }

    /// Applies one transition; true when it told something new. `user` must be given when somebody comes online.
    pub(crate) fn apply_transition_to_view(
        &self,
        transition: PresenceTransition,
        user: Option<&Arc<User>>,
    ) -> bool {
        let mut view = self.0.write();
        view.applied += 1;
        if view.readings > 0 {
            let number = view.applied;
            view.changed.insert(transition.user_id(), number);
        }
        view.apply_one_presence_transition(transition, user)
    }

    /// Shows a person's new name or role, if they are online. True when they are.
    pub(crate) fn update_user_when_online(&self, user: &User) -> bool {
        let mut view = self.0.write();
        match view.online.get_mut(&user.id) {
            Some(known) => {
                *known = Arc::new(user.clone());
                true
            }
            None => false,
        }
    }

    /// Incidents somebody views, for the metrics.
    pub fn count_incidents_with_viewers(&self) -> usize {
        self.0.read().viewers.len()
    }
}

fn sort_users_by_name<'a>(users: impl Iterator<Item = &'a Arc<User>>) -> Vec<User> {
    let mut users: Vec<User> = users.map(|user| User::clone(user)).collect();
    users.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    users
}
