//! Telling people who came and went, at a cost that grows with people and not with people squared.
//!
//! Each `presence:join` goes to everyone, so N people arriving at once would cost N² messages. Single announcements
//! have a budget of deliveries per second; those of a group that are past it are left out, and the next `presence:counts`
//! (at most two a second) says `truncated: true`, which tells a client that keeps a list to refetch it.

use std::{sync::Arc, time::Instant};

use owlpost_domain::{
    IncidentId, Topic, User,
    payload::{PresenceCounts, PresenceJoin, PresenceLeave},
};
use parking_lot::Mutex;

use crate::{
    Frame,
    delivery::{dispatcher::Dispatcher, frame::Addressed},
    metrics,
    presence::{
        budget::DeliveryBudget,
        departures::PresenceDepartures,
        directory::PresenceDirectory,
        view::{PresenceTransition, SeenTransition},
    },
};

/// What the presence task has to announce: leaves that wait, the budget, and counts that changed.
pub(crate) struct PresenceAnnouncements {
    dispatcher: Arc<Dispatcher>,
    counts: Arc<PresenceCounter>,
    budget: DeliveryBudget,
    departures: PresenceDepartures,
    counts_changed: bool,
    truncated: bool,
    counts_allowed_at: Instant,
}

impl PresenceAnnouncements {
    /// Announcements that may cost `per_second` deliveries.
    pub(crate) fn new(
        dispatcher: Arc<Dispatcher>,
        counts: Arc<PresenceCounter>,
        per_second: u32,
        now: Instant,
    ) -> Self {
        Self {
            dispatcher,
            counts,
            budget: DeliveryBudget::new(per_second, now),
            departures: PresenceDepartures::default(),
            counts_changed: false,
            truncated: false,
            counts_allowed_at: now,
        }
    }

    /// Announces what is new; leaves wait, and those who return before their leave was told are not told at all.
    pub(crate) fn announce_transitions_or_wait(
        &mut self,
        transitions: Vec<SeenTransition>,
        now: Instant,
    ) {
        let announced: Vec<_> = transitions
            .into_iter()
            .filter(|seen| {
                self.counts_changed |= matches!(seen.0.topic(), Topic::Everyone);
                self.departures.admit_transition_for_announcement(seen, now)
            })
            .collect();
        self.announce_transitions_within_budget(&announced, now);
    }

    /// Who is in the room of an incident as far as its listeners were told.
    pub(crate) fn list_viewers_as_announced(
        &self,
        directory: &PresenceDirectory,
        incident: IncidentId,
    ) -> Vec<User> {
        let mut viewers = directory.list_viewers_of_incident(incident);
        let departing = self.departures.list_departing_from_incident(incident);
        viewers.extend(departing.iter().map(|user| User::clone(user)));
        viewers
    }

    /// When something waits for its time, which that is.
    pub(crate) fn find_time_of_next(&self) -> Option<Instant> {
        let counts = (self.counts_changed || self.truncated).then_some(self.counts_allowed_at);
        counts.into_iter().chain(self.departures.find_time_of_next()).min()
    }

    /// Announces the leaves and the counts whose time has come.
    pub(crate) fn flush_announcements_due_at(&mut self, now: Instant) {
        let leaves = self.departures.take_leaves_due_at(now);
        self.announce_transitions_within_budget(&leaves, now);
        if (self.counts_changed || self.truncated) && self.counts_allowed_at <= now {
            let frame = self.counts.build_frame_of_counts(self.truncated);
            self.counts_changed = false;
            self.truncated = false;
            let listeners = self.dispatcher.registry.count_listeners_of_topic(Topic::Everyone);
            self.counts_allowed_at = now + self.budget.find_pause_after_counts(listeners);
            self.dispatcher.deliver_frame_to_topic(frame, Topic::Everyone, None);
        }
    }

    /// Those of one topic that follow each other are written together.
    fn announce_transitions_within_budget(&mut self, transitions: &[SeenTransition], now: Instant) {
        for same in transitions.chunk_by(|(one, _), (next, _)| one.topic() == next.topic()) {
            let topic = same[0].0.topic();
            // Counted, not collected: when thousands arrive, most announcements end here.
            let listeners = self.dispatcher.registry.count_listeners_of_topic(topic);
            // Whoever is about to be told to refetch everybody finds them there.
            let is_told_by_counts = self.truncated && topic == Topic::Everyone;
            if is_told_by_counts
                || !self.budget.pay_for_all_announcements(same.len(), listeners, now)
            {
                self.truncated = true;
                metrics::count_presence_announcements_left_out(same.len());
                continue;
            }
            let frames: Vec<_> = same.iter().filter_map(address_frame_of_transition).collect();
            self.dispatcher.deliver_frames_to_topics(&frames, &[topic]);
        }
    }
}

/// How many people are online, as an event.
pub(crate) struct PresenceCounter {
    directory: Arc<PresenceDirectory>,
    /// The counts for those who connect, made once for each change.
    newcomers: Mutex<Option<(u64, Arc<Frame>)>>,
}

impl PresenceCounter {
    pub(crate) fn new(directory: Arc<PresenceDirectory>) -> Self {
        Self { directory, newcomers: Mutex::default() }
    }

    /// The counts for somebody who connects. In a storm thousands ask between two changes: counting for each of them
    /// would be users squared.
    pub(crate) fn build_newcomer_counts_frame(&self) -> Arc<Frame> {
        let version = self.directory.version_of_current_view();
        let mut last = self.newcomers.lock();
        match &*last {
            Some((counted, frame)) if *counted == version => frame.clone(),
            _ => {
                let frame = self.build_frame_of_counts(false);
                *last = Some((version, frame.clone()));
                frame
            }
        }
    }

    fn build_frame_of_counts(&self, truncated: bool) -> Arc<Frame> {
        let by_role = self.directory.count_online_users_by_role();
        let payload = PresenceCounts { total: by_role.total(), by_role, truncated };
        Frame::from_payload_for_topic(&payload, Topic::Everyone)
    }
}

/// Who comes or goes is told to all others; a join of somebody who is not known to nobody.
fn address_frame_of_transition((transition, user): &SeenTransition) -> Option<Addressed> {
    let user_id = transition.user_id();
    let topic = transition.topic();
    let room = (topic != Topic::Everyone).then(|| topic.to_string());
    let frame = match transition {
        PresenceTransition::Online(_) | PresenceTransition::EnteredRoom(..) => {
            let user = User::clone(user.as_deref()?);
            Frame::from_payload_for_topic(&PresenceJoin { user_id, user, room }, topic)
        }
        PresenceTransition::Offline(_) | PresenceTransition::LeftRoom(..) => {
            Frame::from_payload_for_topic(&PresenceLeave { user_id, room }, topic)
        }
        // The counts by role tell of it.
        PresenceTransition::Changed(_) => return None,
    };
    Some(Addressed { frame, except: Some(user_id) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fakes::{
        session::{make_user_with_name, open_session_with_topics},
        transport::FakeTransport,
    };

    const NEVER: Duration = Duration::from_secs(3600);

    fn arrivals_of_people(count: usize) -> Vec<SeenTransition> {
        let people = (0..count).map(|number| make_user_with_name(&format!("Pupil {number}")));
        people.map(|user| (PresenceTransition::Online(user.id), Some(Arc::new(user)))).collect()
    }

    /// What listeners hear of arrivals for a budget of ten deliveries.
    fn announcements_to_listeners(
        count: usize,
        now: Instant,
    ) -> (PresenceAnnouncements, Arc<FakeTransport>) {
        let dispatcher = Arc::new(Dispatcher::new(NEVER));
        let transport = FakeTransport::with_room_of_frames(1_000);
        for number in 0..count {
            let user = make_user_with_name(&format!("Listener {number}"));
            open_session_with_topics(&dispatcher, &user, &transport, &[]);
        }
        let counter = Arc::new(PresenceCounter::new(Arc::default()));
        (PresenceAnnouncements::new(dispatcher, counter, 10, now), transport)
    }

    #[test]
    fn should_announce_a_group_whole_or_leave_it_to_the_counts() {
        let now = Instant::now();
        let (mut announcements, transport) = announcements_to_listeners(3, now);
        let heard = || transport.written().len();
        announcements.announce_transitions_or_wait(arrivals_of_people(2), now);
        assert_eq!(heard(), 6);
        announcements.announce_transitions_or_wait(arrivals_of_people(2), now);
        assert_eq!(heard(), 6, "six deliveries are more than the four that are left");
        announcements.announce_transitions_or_wait(arrivals_of_people(1), now);
        assert_eq!(heard(), 6, "three are not, but the counts are about to tell of everybody");
        announcements.flush_announcements_due_at(now);
        let written = transport.written();
        assert_eq!(written.len(), 9);
        assert!(written[6..].iter().all(|counts| counts.contains("\"truncated\":true")));
        announcements.announce_transitions_or_wait(arrivals_of_people(1), now);
        assert_eq!(heard(), 12);
    }
}
