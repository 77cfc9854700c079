//! Telling people who came and went, at a cost that grows with people and not with people squared.
//!
//! Each `presence:join` goes to everyone, so N people arriving at once would cost N² messages. Single announcements
//! have a budget of deliveries per second; past it they are left out, and the next `presence:counts` (at most two a
//! second) says `truncated: true`, which tells a client that keeps a list to refetch it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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
        departures::PresenceDepartures,
        directory::PresenceDirectory,
        view::{PresenceTransition, SeenTransition},
    },
};

/// Least time between two `presence:counts`.
const COUNTS_PAUSE: Duration = Duration::from_millis(500);

/// Deliveries that announcements may still cost.
struct DeliveryBudget {
    per_second: f64,
    deliveries: f64,
    refilled_at: Instant,
}

impl DeliveryBudget {
    fn spend_budget_on_deliveries(&mut self, deliveries: usize, now: Instant) -> bool {
        let earned = now.duration_since(self.refilled_at).as_secs_f64() * self.per_second;
        self.deliveries = (self.deliveries + earned).min(self.per_second);
        self.refilled_at = now;
        #[allow(clippy::cast_precision_loss)]
        let cost = deliveries as f64;
        // A full purse pays for anything: a node with more clients than budget still announces now and then.
        if self.deliveries < cost && self.deliveries < self.per_second {
            return false;
        }
        self.deliveries -= cost;
        true
    }
}

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
        let per_second = f64::from(per_second);
        Self {
            dispatcher,
            counts,
            budget: DeliveryBudget { per_second, deliveries: per_second, refilled_at: now },
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
            self.counts_allowed_at = now + COUNTS_PAUSE;
            self.dispatcher.deliver_frame_to_topic(frame, Topic::Everyone, None);
        }
    }

    /// Those of one topic that follow each other are written together.
    fn announce_transitions_within_budget(&mut self, transitions: &[SeenTransition], now: Instant) {
        for same in transitions.chunk_by(|(one, _), (next, _)| one.topic() == next.topic()) {
            let topic = same[0].0.topic();
            // Counted, not collected: when thousands arrive, most announcements end here.
            let deliveries = self.dispatcher.registry.count_listeners_of_topic(topic);
            let affordable = same.iter().filter(|_| {
                let affordable = self.budget.spend_budget_on_deliveries(deliveries, now);
                if !affordable {
                    self.truncated = true;
                    metrics::count_presence_announcement_left_out();
                }
                affordable
            });
            let frames: Vec<_> = affordable.filter_map(address_frame_of_transition).collect();
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
