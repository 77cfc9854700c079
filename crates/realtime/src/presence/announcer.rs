//! Telling people who came and went, at a cost that grows with people and not with people squared.
//!
//! Each `presence:join` goes to everyone, so N people arriving at once would cost N² messages. Single announcements
//! have a budget of deliveries per second; past it they are left out, and the next `presence:counts` (at most two a
//! second) says `truncated: true`, which tells a client that keeps a list to refetch it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use owlpost_domain::{
    EventName, Topic, User, UserId,
    payload::{PresenceCounts, PresenceJoin, PresenceLeave},
    presence::PresenceTransition,
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Frame, Realtime, delivery::frame::Addressed, metrics, presence::view::SeenTransition};

/// Least time between two `presence:counts`.
const COUNTS_PAUSE: Duration = Duration::from_millis(500);
/// A role may change without anybody coming or going.
const COUNTS_REUSE: Duration = Duration::from_millis(100);

struct Budget {
    deliveries: f64,
    refilled_at: Instant,
}

/// The budget of announcements, and whether the counts have changed.
pub struct PresenceAnnouncer {
    per_second: f64,
    budget: Mutex<Budget>,
    counts_changed: Notify,
    truncated: AtomicBool,
    last_counts: Mutex<Option<MadeCounts>>,
}

/// The counts for those who connect, made once for all of a group.
struct MadeCounts {
    view: (u64, usize),
    made_at: Instant,
    frame: Arc<Frame>,
}

impl PresenceAnnouncer {
    pub(crate) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            budget: Mutex::new(Budget { deliveries: per_second, refilled_at: Instant::now() }),
            counts_changed: Notify::new(),
            truncated: AtomicBool::new(false),
            last_counts: Mutex::new(None),
        }
    }

    fn spend_budget_on_deliveries(&self, deliveries: usize) -> bool {
        let mut budget = self.budget.lock();
        let now = Instant::now();
        let earned = now.duration_since(budget.refilled_at).as_secs_f64() * self.per_second;
        budget.deliveries = (budget.deliveries + earned).min(self.per_second);
        budget.refilled_at = now;
        #[allow(clippy::cast_precision_loss)]
        let cost = deliveries as f64;
        // A full purse pays for anything once: a node with more clients than budget still announces now and then.
        if budget.deliveries < cost && budget.deliveries < self.per_second {
            return false;
        }
        budget.deliveries -= cost;
        true
    }

    pub(crate) fn request_counts_after_change(&self) {
        self.counts_changed.notify_one();
    }
}

impl Realtime {
    /// Shows what this node's own group changed, here and on the other nodes.
    pub(crate) fn apply_own_presence_transitions(
        &self,
        transitions: &[PresenceTransition],
        users: &HashMap<UserId, Arc<User>>,
    ) {
        if transitions.is_empty() {
            return;
        }
        let user_of = |id: UserId| {
            users.get(&id).cloned().or_else(|| self.0.directory.find_online_user_by_id(id))
        };
        let shown: Vec<_> = transitions.iter().map(|t| (*t, user_of(t.user_id()))).collect();
        self.0.bus.send_presence_to_nodes(&shown);
        self.show_presence_transitions_here(shown);
    }

    /// Updates the directory, and announces what is new to it, on this node.
    pub(crate) fn show_presence_transitions_here(&self, mut transitions: Vec<SeenTransition>) {
        transitions.retain(|(transition, user)| {
            self.0.directory.apply_transition_to_view(*transition, user.as_ref())
        });
        self.announce_presence_changes_here(transitions);
    }

    pub(crate) fn announce_presence_changes_here(&self, changes: Vec<SeenTransition>) {
        let mut counts_changed = false;
        let departures = &self.0.departures;
        let announced = changes.into_iter().filter(|(transition, _)| {
            counts_changed |= matches!(
                transition,
                PresenceTransition::Online(_) | PresenceTransition::Offline(_)
            );
            !departures.cancel_leave_by_return(*transition)
                && !departures.hold_leave_for_moment(*transition)
        });
        self.announce_presence_transitions_now(announced.collect());
        if counts_changed || self.0.announcer.truncated.load(Ordering::Relaxed) {
            self.0.announcer.request_counts_after_change();
        }
    }

    /// Those of one topic that follow each other are written together.
    pub(crate) fn announce_presence_transitions_now(&self, transitions: Vec<SeenTransition>) {
        for same in transitions.chunk_by(|(one, _), (next, _)| one.topic() == next.topic()) {
            let topic = same[0].0.topic();
            // Counted, not collected: when thousands arrive, most announcements end here.
            let deliveries = self.0.registry.count_listeners_of_topic(topic);
            let affordable = same.iter().filter(|_| {
                let affordable = self.0.announcer.spend_budget_on_deliveries(deliveries);
                if !affordable {
                    self.0.announcer.truncated.store(true, Ordering::Relaxed);
                    metrics::count_presence_announcement_left_out();
                }
                affordable
            });
            let frames: Vec<_> = affordable.filter_map(address_frame_of_transition).collect();
            self.deliver_frames_to_topics(&frames, &[topic]);
        }
    }

    /// The counts for somebody who connects. In a storm thousands ask between two changes: counting for each of them
    /// would be users squared.
    pub(crate) fn frame_of_presence_counts(&self) -> Arc<Frame> {
        let view = self.0.directory.version_of_current_view();
        let mut last = self.0.announcer.last_counts.lock();
        match &*last {
            Some(made) if made.view == view && made.made_at.elapsed() < COUNTS_REUSE => {
                made.frame.clone()
            }
            _ => {
                let frame = self.build_frame_of_counts(false);
                *last = Some(MadeCounts { view, made_at: Instant::now(), frame: frame.clone() });
                frame
            }
        }
    }

    fn build_frame_of_counts(&self, truncated: bool) -> Arc<Frame> {
        let by_role = self.0.directory.count_online_users_by_role();
        let payload = PresenceCounts { total: by_role.total(), by_role, truncated };
        Frame::from_payload(EventName::PresenceCounts, &payload)
    }

    pub(crate) async fn announce_counts_until_stop(&self) {
        loop {
            self.0.announcer.counts_changed.notified().await;
            let truncated = self.0.announcer.truncated.swap(false, Ordering::Relaxed);
            let frame = self.build_frame_of_counts(truncated);
            self.deliver_frame_to_topic(frame, Topic::Everyone, None);
            tokio::time::sleep(COUNTS_PAUSE).await;
        }
    }
}

/// Who comes or goes is told to all others; a join of somebody unknown by now to nobody.
fn address_frame_of_transition((transition, user): &SeenTransition) -> Option<Addressed> {
    let user_id = transition.user_id();
    let room = match transition.topic() {
        Topic::Everyone => None,
        topic => Some(topic.to_string()),
    };
    let frame = match transition {
        PresenceTransition::Online(_) | PresenceTransition::EnteredRoom(..) => {
            let user = User::clone(user.as_deref()?);
            Frame::from_payload(EventName::PresenceJoin, &PresenceJoin { user_id, user, room })
        }
        PresenceTransition::Offline(_) | PresenceTransition::LeftRoom(..) => {
            Frame::from_payload(EventName::PresenceLeave, &PresenceLeave { user_id, room })
        }
    };
    Some(Addressed { frame, except: Some(user_id) })
}
