//! From a frame to every session that listens to its topics, and what comes of sessions that cannot keep up.

use std::{sync::Arc, time::Duration};

use owlpost_domain::{Topic, UserId};

use super::{
    backlog::{Backlog, BacklogNews},
    frame::{Addressed, Frame},
    outbox::Delivery,
    registry::Registry,
    transport::{CloseReason, Reply},
};
use crate::{Session, SessionEnd, metrics};

/// Listeners that a fan-out delivers to between two pauses.
const LISTENERS_AT_ONCE: usize = 32;
/// How late a session is found to be too slow, at most.
const LONGEST_LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Delivers frames to the sessions of this node. Nothing in it waits for a client.
pub(crate) struct Dispatcher {
    /// Who listens to what.
    pub(crate) registry: Registry,
    backlog: Arc<Backlog>,
    slow_consumer_timeout: Duration,
}

impl Dispatcher {
    pub(crate) fn new(slow_consumer_timeout: Duration) -> Self {
        Self { registry: Registry::default(), backlog: Arc::default(), slow_consumer_timeout }
    }

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
            self.registry.collect_listeners_of_topic(*topic, &mut listeners);
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

    /// Delivers a frame to one session.
    pub(crate) fn send_frame_to_session(&self, session: &Arc<Session>, frame: &Arc<Frame>) {
        let delivery = session.deliver_frames_to_session(std::iter::once(frame));
        self.act_on_session_delivery(session, delivery);
    }

    /// Delivers a reply to one session, behind the frames that wait for it.
    pub(crate) fn send_reply_to_session(&self, session: &Arc<Session>, reply: Arc<dyn Reply>) {
        let delivery = session.deliver_reply_to_session(reply);
        self.act_on_session_delivery(session, delivery);
    }

    /// Writes the replay of a session and what it held back, and lets new frames pass.
    pub(crate) fn start_session_after_replay(
        &self,
        session: &Arc<Session>,
        replay: Vec<Arc<Frame>>,
        through: i64,
    ) {
        let delivery = session.start_session_after_replay(replay, through);
        self.act_on_session_delivery(session, delivery);
    }

    /// Ends the hold of a session that was live: writes these, then what was held back, and lets new frames pass.
    pub(crate) fn go_live_behind_replies(
        &self,
        session: &Arc<Session>,
        replies: Vec<Arc<dyn Reply>>,
    ) {
        let delivery = session.go_live_behind_replies(replies);
        self.act_on_session_delivery(session, delivery);
    }

    fn act_on_session_delivery(&self, session: &Arc<Session>, delivery: Delivery) {
        match delivery {
            Delivery::Done => {}
            Delivery::Waiting => self.backlog.watch_transport_of_session(session),
            Delivery::Overflow => {
                self.close_session_with_reason(session, CloseReason::SlowConsumer)
            }
            Delivery::Gone => {
                self.forget_session_after_close(session, SessionEnd::Lost);
            }
        }
    }

    /// Offers what waits to transports that are writable again, and ends sessions that take nothing for too long.
    pub(crate) async fn pump_backlog_until_stop(&self) {
        let pause = (self.slow_consumer_timeout / 8).min(LONGEST_LOOK_PAUSE);
        loop {
            match self.backlog.wait_for_backlog_news(pause).await {
                BacklogNews::Writable(sessions) => {
                    self.offer_to_writable_sessions(sessions);
                }
                BacklogNews::Waiting(sessions) => {
                    let timeout = self.slow_consumer_timeout;
                    for session in sessions.iter().filter(|s| s.has_stalled_for_longer(timeout)) {
                        self.close_session_with_reason(session, CloseReason::SlowConsumer);
                    }
                }
            }
            // A transport that says it is writable and takes nothing must not keep the others from their turn.
            tokio::task::yield_now().await;
        }
    }

    fn offer_to_writable_sessions(&self, sessions: Vec<Arc<Session>>) {
        for session in sessions {
            self.backlog.release_session_before_offer(&session);
            let delivery = session.retry_waiting_with_transport();
            self.act_on_session_delivery(&session, delivery);
        }
    }

    /// Ends a session because the server wants it to.
    pub(crate) fn close_session_with_reason(&self, session: &Arc<Session>, reason: CloseReason) {
        if self.forget_session_after_close(session, reason.end_of_session()) {
            metrics::count_session_closed_by_server(reason.as_str());
            session.close_transport_with_reason(reason);
        }
    }

    /// Ends every session.
    pub(crate) fn close_every_session_with(&self, reason: CloseReason) {
        for session in self.registry.list_all_live_sessions() {
            self.close_session_with_reason(&session, reason);
        }
    }

    /// Takes note that a session is over: its observer hears of it, and it listens to nothing. True for the first to
    /// say so.
    pub(crate) fn forget_session_after_close(
        &self,
        session: &Arc<Session>,
        end: SessionEnd,
    ) -> bool {
        if !session.mark_session_as_closed(end) {
            return false;
        }
        session.tell_observer_of_end();
        self.registry.unregister_session_from_all(session);
        self.backlog.release_session_before_offer(session);
        true
    }
}

/// Once for a fan-out, not for each part of it: finding a counter costs as much as some deliveries.
fn count_deliveries_of_frames(frames: &[Addressed], deliveries: &[u64]) {
    for (addressed, count) in frames.iter().zip(deliveries) {
        metrics::count_event_deliveries_by_name(addressed.frame.name, *count);
    }
}

#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
