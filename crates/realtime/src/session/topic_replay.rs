//! What a session that is live missed of some of its topics, in order with what happens meanwhile.

use std::sync::Arc;

use owlpost_domain::{Result, Topic};

use crate::{
    Frame, Reply, Session,
    delivery::dispatcher::Dispatcher,
    log::replay::{ResumeRequest, WantedEvents},
    session::opening::Sessions,
};

/// What a session that is live wants to be told of the past.
#[derive(Clone, Copy)]
pub struct TopicReplay<'a> {
    /// The position its client has everything up to, as it wrote it.
    pub after: &'a str,
    /// Topics that the session listens to.
    pub topics: &'a [Topic],
    /// Which events of these topics it wants.
    pub wanted: &'a WantedEvents<'a>,
}

/// What was found.
#[derive(Debug)]
pub struct MissedFrames {
    /// Events in the order of the log, and `events:resumed` behind them.
    pub frames: Vec<Arc<Frame>>,
    /// The position up to which nothing is missing. Events up to here that were live meanwhile are held, and follow.
    pub through: i64,
}

/// A session that gets nothing new until this is dropped.
struct HeldSession<'a> {
    session: &'a Arc<Session>,
    dispatcher: &'a Dispatcher,
    replies: Vec<Arc<dyn Reply>>,
}

impl Drop for HeldSession<'_> {
    fn drop(&mut self) {
        let replies = std::mem::take(&mut self.replies);
        self.dispatcher.go_live_behind_replies(self.session, replies);
    }
}

impl Sessions {
    /// Writes what the session missed behind what waits for it, and in front of everything that is delivered from now on.
    /// `write` makes replies of what was found. There is one such replay at a time: the one before must be written first.
    pub(crate) async fn replay_topics_into_session(
        &self,
        session: &Arc<Session>,
        asked: TopicReplay<'_>,
        write: impl FnOnce(MissedFrames) -> Vec<Arc<dyn Reply>> + Send,
    ) -> Result<()> {
        session.wait_until_replay_written().await;
        let mut held = HeldSession::hold_session_for_replay(session, &self.dispatcher);
        // From here on every event finds the session held; what was delivered before is the replay's.
        let listens_to = session.topics();
        let request = ResumeRequest {
            after: asked.after,
            topics: asked.topics,
            has_all_rooms: asked.topics.iter().all(|topic| listens_to.contains(topic)),
            wanted: asked.wanted,
        };
        let replay = self.replay.prepare_replay_for_request(request).await?;
        // Then what its other topics have up to there is held, and comes before any later answer: who has asked for the past of all
        // its topics, and has an answer to something asked behind that, has heard all up to there.
        self.replay.wait_for_live_events_through(replay.through).await?;
        held.replies = write(MissedFrames { frames: replay.frames, through: replay.through });
        Ok(())
    }
}

impl<'a> HeldSession<'a> {
    fn hold_session_for_replay(session: &'a Arc<Session>, dispatcher: &'a Dispatcher) -> Self {
        session.hold_frames_behind_waiting();
        Self { session, dispatcher, replies: Vec::new() }
    }
}
