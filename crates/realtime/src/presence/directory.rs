//! Who is there, for readers: kept by the presence task, read by everybody.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use owlpost_domain::{IncidentId, User, UserId, payload::RoleCounts};
use parking_lot::RwLock;

use crate::presence::view::{PresenceTransition, SeenTransition};

#[derive(Default)]
struct Shown {
    online: HashMap<UserId, Arc<User>>,
    viewers: HashMap<IncidentId, HashSet<UserId>>,
    version: u64,
}

impl Shown {
    fn apply_one_presence_transition(&mut self, (transition, user): &SeenTransition) {
        match *transition {
            PresenceTransition::Online(id) | PresenceTransition::Changed(id) => {
                if let Some(user) = user {
                    self.online.insert(id, user.clone());
                }
            }
            PresenceTransition::Offline(id) => {
                self.online.remove(&id);
            }
            PresenceTransition::EnteredRoom(id, incident) => {
                self.viewers.entry(incident).or_default().insert(id);
            }
            PresenceTransition::LeftRoom(id, incident) => {
                if let Some(viewers) = self.viewers.get_mut(&incident) {
                    viewers.remove(&id);
                    if viewers.is_empty() {
                        self.viewers.remove(&incident);
                    }
                }
            }
        }
    }
}

/// Distinct people online, and distinct people viewing each incident.
#[derive(Default)]
pub struct PresenceDirectory(RwLock<Shown>);

impl PresenceDirectory {
    /// Distinct people online, by role.
    pub fn count_online_users_by_role(&self) -> RoleCounts {
        let mut counts = RoleCounts::NONE;
        self.0.read().online.values().for_each(|user| counts.count_one_more_role(user.role));
        counts
    }

    /// Grows with every change.
    pub(crate) fn version_of_current_view(&self) -> u64 {
        self.0.read().version
    }

    /// Distinct people online, by name.
    pub fn list_online_users_sorted(&self) -> Vec<User> {
        sort_users_by_name(self.0.read().online.values())
    }

    /// Distinct people viewing an incident, by name.
    pub fn list_viewers_of_incident(&self, incident: IncidentId) -> Vec<User> {
        let shown = self.0.read();
        let viewers = shown.viewers.get(&incident).into_iter().flatten();
        sort_users_by_name(viewers.filter_map(|user| shown.online.get(user)))
    }

    /// Incidents somebody views, for the metrics.
    pub fn count_incidents_with_viewers(&self) -> usize {
        self.0.read().viewers.len()
    }

    /// Shows what the view decided; readers see all of it or nothing.
    pub(crate) fn apply_transitions_to_directory(&self, transitions: &[SeenTransition]) {
        if transitions.is_empty() {
            return;
        }
        let mut shown = self.0.write();
        shown.version += 1;
        for transition in transitions {
            shown.apply_one_presence_transition(transition);
        }
    }
}

fn sort_users_by_name<'a>(users: impl Iterator<Item = &'a Arc<User>>) -> Vec<User> {
    let mut users: Vec<User> = users.map(|user| User::clone(user)).collect();
    users.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    users
}
