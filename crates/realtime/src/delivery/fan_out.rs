//! From a frame to every session that listens to its topics.

use std::sync::Arc;

use owlpost_domain::{Topic, UserId};

use super::{
    frame::{Addressed, Frame},
    outbox::Delivery,
    transport::CloseReason,
};
use crate::{Realtime, Session, metrics};

/// Listeners that a fan-out delivers to between two pauses.
const LISTENERS_AT_ONCE: usize = 32;

impl Realtime {
    /// Delivers frames in order to every listener of any of these topics, each once. A listener gets all of them at
    /// one time, so that its transport writes them together: single writes are most of what a delivery costs.
    pub(crate) fn deliver_frames_to_topics(&self, frames: &[Addressed], topics: &[Topic]) {
        let mut deliveries = vec![0; frames.len()];
        let listeners = self.collect_listeners_of_topics(topics);
        self.deliver_frames_to_sessions(frames, &listeners, &mut deliveries);
        count_deliveries_of_frames(frames, &deliveries);
    }

    /// The same with pauses in which transports write what they got, while it is fresh in the processor's caches.
    pub(crate) async fn fan_out_frames_to_topics(&self, frames: &[Addressed], topics: &[Topic]) {
        let mut deliveries = vec![0; frames.len()];
        for some in self.collect_listeners_of_topics(topics).chunks(LISTENERS_AT_ONCE) {
            self.deliver_frames_to_sessions(frames, some, &mut deliveries);
            tokio::task::yield_now().await;
        }
        count_deliveries_of_frames(frames, &deliveries);
    }

    fn collect_listeners_of_topics(&self, topics: &[Topic]) -> Vec<Arc<Session>> {
        let mut listeners = Vec::new();
        for topic in topics {
            self.0.registry.collect_listeners_of_topic(*topic, &mut listeners);
        }
        if topics.len() > 1 {
            listeners.sort_unstable_by_key(|session| session.id);
            listeners.dedup_by_key(|session| session.id);
        }
        listeners
    }

    /// Adds to `deliveries` how many got each frame.
    fn deliver_frames_to_sessions(
        &self,
        frames: &[Addressed],
        sessions: &[Arc<Session>],
        deliveries: &mut [u64],
    ) {
        let somebody_excepted = frames.iter().any(|addressed| addressed.except.is_some());
        for session in sessions {
            let user = somebody_excepted.then(|| session.user().id);
            let theirs = frames.iter().zip(&mut *deliveries).filter_map(|(addressed, count)| {
                if user.is_some() && addressed.except == user {
                    return None;
                }
                *count += 1;
                Some(&addressed.frame)
            });
            let delivery = session.deliver_frames_to_session(theirs);
            self.act_on_session_delivery(session, delivery);
        }
    }

    /// Delivers one frame to every listener of a topic, but not to `except`.
    pub(crate) fn deliver_frame_to_topic(
        &self,
        frame: Arc<Frame>,
        topic: Topic,
        except: Option<UserId>,
    ) {
        self.deliver_frames_to_topics(&[Addressed { frame, except }], &[topic]);
    }

    /// Delivers a frame to one session, and acts on what that came to.
    pub(crate) fn send_frame_to_session(&self, session: &Arc<Session>, frame: &Arc<Frame>) {
        let delivery = session.deliver_frames_to_session(std::iter::once(frame));
        self.act_on_session_delivery(session, delivery);
    }

    pub(crate) fn act_on_session_delivery(&self, session: &Arc<Session>, delivery: Delivery) {
        match delivery {
            Delivery::Done => {}
            Delivery::Waiting => self.0.backlog.add_session_to_backlog(session),
            Delivery::Overflow => {
                self.close_session_with_reason(session, CloseReason::SlowConsumer)
            }
            Delivery::Gone => {
                self.forget_session_after_close(session);
            }
        }
    }
}

/// Once for a fan-out, not for each part of it: finding a counter costs as much as some deliveries.
fn count_deliveries_of_frames(frames: &[Addressed], deliveries: &[u64]) {
    for (addressed, count) in frames.iter().zip(deliveries) {
        metrics::count_event_deliveries_by_name(addressed.frame.name, *count);
    }
}
