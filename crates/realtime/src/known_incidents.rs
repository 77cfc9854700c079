//! What this node knows of incidents without asking the database: that nobody has changed them since it read them.
//!
//! A node knows that only while it is alone, because then every change comes by it: what it commits itself it forgets
//! before it answers, and what it reads in the log before it tells of it. What is changed by hand, without an event, is
//! noticed when a memory is over.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use owlpost_domain::{Committed, EventName, IncidentId, LoggedEvent, Result};
use parking_lot::Mutex;
use serde::Deserialize;

/// Incidents that are remembered; one more, and all are forgotten.
const MOST_REMEMBERED: usize = 10_000;
/// How long.
const MEMORY_TIME: Duration = Duration::from_secs(60);

/// What the entity tag of an incident is of, as far as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncidentState {
    /// Of its fields.
    pub version: i32,
    /// How many it has.
    pub comments_count: i64,
}

/// The moment before a reading of the database.
#[derive(Debug, Clone, Copy)]
pub struct ReadingMark {
    changes: u64,
    begun_at: Instant,
}

/// The memory of a node.
#[derive(Debug, Default)]
pub struct KnownIncidents(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// Nobody else can have changed anything up to here.
    alone_until: Option<Instant>,
    /// Others may be there that cannot be seen until then.
    blind_until: Option<Instant>,
    /// So that a reading knows whether something was changed meanwhile.
    changes: u64,
    states: HashMap<IncidentId, (IncidentState, Instant)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    incident_id: IncidentId,
}

impl KnownIncidents {
    /// To be called before the database is asked.
    pub fn begin_reading_of_database(&self) -> ReadingMark {
        ReadingMark { changes: self.0.lock().changes, begun_at: Instant::now() }
    }

    /// Whether a reading that was begun `within` that time would give the same again, whatever it was of.
    pub fn has_nothing_changed_since(&self, mark: ReadingMark, within: Duration) -> bool {
        let memory = self.0.lock();
        memory.knows_it_is_alone()
            && memory.changes == mark.changes
            && mark.begun_at.elapsed() < within
    }

    /// Remembers what a reading gave, unless something was changed since it began.
    pub fn remember_state_of_incident(
        &self,
        id: IncidentId,
        state: IncidentState,
        mark: ReadingMark,
    ) {
        let mut memory = self.0.lock();
        if !memory.knows_it_is_alone() || memory.changes != mark.changes {
            return;
        }
        if memory.states.len() >= MOST_REMEMBERED {
            memory.states.clear();
        }
        memory.states.insert(id, (state, mark.begun_at));
    }

    /// What the incident is like at this moment; `None` when only the database knows.
    pub fn find_state_of_incident(&self, id: IncidentId) -> Option<IncidentState> {
        let memory = self.0.lock();
        let (state, read_at) = memory.states.get(&id).copied()?;
        (memory.knows_it_is_alone() && read_at.elapsed() < MEMORY_TIME).then_some(state)
    }

    /// To be called before anybody is answered or told. What became of a change that failed is not known, nor is what one did
    /// that has no events to tell of it.
    pub(crate) fn forget_incidents_of_change<T>(&self, change: &Result<Committed<T>>) {
        match change {
            Ok(Committed { events, .. }) if !events.is_empty() => {
                self.forget_incidents_of_events(events);
            }
            _ => self.0.lock().forget_every_known_incident(),
        }
    }

    /// What they tell of is forgotten before they are told.
    pub(crate) fn forget_incidents_of_events(&self, events: &[LoggedEvent]) {
        let mut memory = self.0.lock();
        memory.changes += 1;
        for event in events {
            if memory.states.is_empty() {
                return;
            }
            match event.name {
                EventName::IncidentUpdated
                | EventName::IncidentResolved
                | EventName::IncidentAcknowledged
                | EventName::CommentCreated
                | EventName::CommentDeleted => match serde_json::from_str(&event.payload) {
                    Ok(About { incident_id }) => drop(memory.states.remove(&incident_id)),
                    Err(_) => memory.states.clear(),
                },
                EventName::Unknown(_) => memory.states.clear(),
                _ => {}
            }
        }
    }

    /// Every change comes by this node until then; with none, others may change something, and nothing is known. What was
    /// known is forgotten when there was a moment between.
    pub(crate) fn note_how_long_node_is_alone(&self, until: Option<Instant>) {
        let mut memory = self.0.lock();
        if !memory.knows_it_is_alone() || until.is_none() {
            memory.forget_every_known_incident();
        }
        memory.alone_until = until;
    }

    /// The leases of all nodes were lost, as after a crash of Postgres: until then each claims its own again, and whoever has not
    /// yet is not seen.
    pub(crate) fn note_loss_of_leases(&self, until: Instant) {
        let mut memory = self.0.lock();
        memory.blind_until = Some(until);
        memory.forget_every_known_incident();
    }
}

impl Memory {
    fn knows_it_is_alone(&self) -> bool {
        let now = Instant::now();
        self.alone_until.is_some_and(|until| now < until)
            && self.blind_until.is_none_or(|until| until <= now)
    }

    fn forget_every_known_incident(&mut self) {
        self.changes += 1;
        self.states.clear();
    }
}

#[cfg(test)]
mod tests {
    use owlpost_domain::Topic;
    use uuid::Uuid;

    use super::*;

    const STATE: IncidentState = IncidentState { version: 3, comments_count: 12 };

    fn build_memory_of_lone_node() -> KnownIncidents {
        let known = KnownIncidents::default();
        known.note_how_long_node_is_alone(Some(Instant::now() + MEMORY_TIME));
        known
    }

    fn remember_incident_as_read(known: &KnownIncidents, id: IncidentId) {
        known.remember_state_of_incident(id, STATE, known.begin_reading_of_database());
    }

    fn event_with_payload(name: EventName, payload: &str) -> LoggedEvent {
        LoggedEvent::from_texts(1, name.as_str(), &[Topic::Feed.to_string()], payload.into())
    }

    #[test]
    fn should_forget_what_an_event_is_about_and_nothing_else() {
        let known = build_memory_of_lone_node();
        let (changed, other) = (Uuid::now_v7(), Uuid::now_v7());
        let about = format!(r#"{{"incidentId":"{changed}"}}"#);
        for name in [
            EventName::IncidentUpdated,
            EventName::IncidentResolved,
            EventName::IncidentAcknowledged,
            EventName::CommentCreated,
            EventName::CommentDeleted,
        ] {
            [changed, other].iter().for_each(|id| remember_incident_as_read(&known, *id));
            known.forget_incidents_of_events(&[event_with_payload(name, &about)]);
            assert_eq!(known.find_state_of_incident(changed), None, "{name}");
            assert_eq!(known.find_state_of_incident(other), Some(STATE), "{name}");
        }
        let step = event_with_payload(EventName::EscalationStep, &about);
        remember_incident_as_read(&known, changed);
        known.forget_incidents_of_events(&[step]);
        assert_eq!(known.find_state_of_incident(changed), Some(STATE));
    }

    #[test]
    fn should_forget_everything_for_an_event_that_it_cannot_read() {
        let known = build_memory_of_lone_node();
        let id = Uuid::now_v7();
        for (name, payload) in
            [(EventName::CommentCreated, "{}"), (EventName::from_wire("a:b"), "{}")]
        {
            remember_incident_as_read(&known, id);
            known.forget_incidents_of_events(&[event_with_payload(name, payload)]);
            assert_eq!(known.find_state_of_incident(id), None, "{name}");
        }
    }

    #[test]
    fn should_not_remember_what_was_read_while_something_changed() {
        let known = build_memory_of_lone_node();
        let id = Uuid::now_v7();
        let mark = known.begin_reading_of_database();
        known.forget_incidents_of_events(&[]);
        known.remember_state_of_incident(id, STATE, mark);
        assert_eq!(known.find_state_of_incident(id), None);
    }

    #[test]
    fn should_know_nothing_beside_other_nodes() {
        let known = build_memory_of_lone_node();
        let id = Uuid::now_v7();
        remember_incident_as_read(&known, id);
        known.note_how_long_node_is_alone(None);
        assert_eq!(known.find_state_of_incident(id), None);
        remember_incident_as_read(&known, id);
        assert_eq!(known.find_state_of_incident(id), None);
        known.note_how_long_node_is_alone(Some(Instant::now() + MEMORY_TIME));
        assert_eq!(known.find_state_of_incident(id), None);
    }

    #[test]
    fn should_know_nothing_while_others_cannot_be_seen() {
        let known = build_memory_of_lone_node();
        let id = Uuid::now_v7();
        remember_incident_as_read(&known, id);
        known.note_loss_of_leases(Instant::now() + MEMORY_TIME);
        known.note_how_long_node_is_alone(Some(Instant::now() + MEMORY_TIME));
        remember_incident_as_read(&known, id);
        assert_eq!(known.find_state_of_incident(id), None);
        known.note_loss_of_leases(Instant::now());
        assert_eq!(known.find_state_of_incident(id), None);
        remember_incident_as_read(&known, id);
        assert_eq!(known.find_state_of_incident(id), Some(STATE));
    }

    #[test]
    fn should_know_nothing_past_the_time_it_is_alone() {
        let known = build_memory_of_lone_node();
        let id = Uuid::now_v7();
        remember_incident_as_read(&known, id);
        known.note_how_long_node_is_alone(Some(Instant::now() + MEMORY_TIME));
        assert_eq!(known.find_state_of_incident(id), Some(STATE), "it still is");
        let mark = known.begin_reading_of_database();
        known.note_how_long_node_is_alone(Some(Instant::now()));
        assert_eq!(known.find_state_of_incident(id), None);
        known.note_how_long_node_is_alone(Some(Instant::now() + MEMORY_TIME));
        assert_eq!(known.find_state_of_incident(id), None, "others may have changed it meanwhile");
        assert!(!known.has_nothing_changed_since(mark, MEMORY_TIME));
    }

    #[test]
    fn should_remember_no_more_than_its_bound() {
        let known = build_memory_of_lone_node();
        let ids: Vec<_> = (0..=MOST_REMEMBERED).map(|_| Uuid::now_v7()).collect();
        ids[..MOST_REMEMBERED].iter().for_each(|id| remember_incident_as_read(&known, *id));
        assert_eq!(known.find_state_of_incident(ids[0]), Some(STATE));
        remember_incident_as_read(&known, ids[MOST_REMEMBERED]);
        assert_eq!(known.0.lock().states.len(), 1);
    }

    #[test]
    fn should_know_whether_anything_changed_since_a_reading() {
        let known = build_memory_of_lone_node();
        let mark = known.begin_reading_of_database();
        assert!(known.has_nothing_changed_since(mark, MEMORY_TIME));
        assert!(!known.has_nothing_changed_since(mark, Duration::ZERO));
        known.note_how_long_node_is_alone(None);
        assert!(!known.has_nothing_changed_since(known.begin_reading_of_database(), MEMORY_TIME));
        known.note_how_long_node_is_alone(Some(Instant::now() + MEMORY_TIME));
        assert!(!known.has_nothing_changed_since(mark, MEMORY_TIME));
    }

    #[test]
    fn should_not_trust_its_memory_for_longer_than_its_time() {
        let known = build_memory_of_lone_node();
        let id = Uuid::now_v7();
        let mut mark = known.begin_reading_of_database();
        mark.begun_at = Instant::now().checked_sub(MEMORY_TIME).expect("a machine that is up");
        known.remember_state_of_incident(id, STATE, mark);
        assert_eq!(known.find_state_of_incident(id), None);
    }
}
