//! What waits for one session: what is held back during its replay, and what its transport had no room for.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use crate::{
    RealtimeConfig,
    delivery::{
        frame::Frame,
        transport::{Reply, SendOutcome, Transport},
    },
};

/// Where frames go.
pub(crate) trait FrameWay {
    /// As [`Transport::try_send_frame`].
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome;
}

impl<T: Transport> FrameWay for T {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        Transport::try_send_frame(self, frame)
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Written, held for later, or of no use any more.
    Done,
    /// Something waits: it must be offered again when the transport is writable.
    Waiting,
    /// More waits than may: the session must be closed.
    Overflow,
    /// The connection is no more: the session is over, should nobody have said so yet.
    Gone,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum State {
    /// A replay is under way: everything new waits behind it.
    Replaying,
    /// Frames pass.
    Live,
    /// The session is over.
    Closed,
}

/// Something on its way to one client.
pub(crate) enum Outgoing {
    /// Shared with every other session that gets it.
    Frame(Arc<Frame>),
    /// For this client alone.
    Reply(Arc<dyn Reply>),
}

impl Outgoing {
    fn try_send_to_transport(&self, to: &dyn FrameWay) -> SendOutcome {
        match self {
            Self::Frame(frame) => to.try_send_frame(frame),
            Self::Reply(reply) => reply.try_send_reply(),
        }
    }

    fn byte_len(&self) -> usize {
        match self {
            Self::Frame(frame) => frame.payload.len(),
            Self::Reply(reply) => reply.byte_len(),
        }
    }

    fn position(&self) -> Option<i64> {
        match self {
            Self::Frame(frame) => frame.position,
            Self::Reply(_) => None,
        }
    }
}

/// How much may wait: whichever is reached first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutboxLimit {
    /// Frames and replies.
    pub frames: usize,
    /// Bytes of their payloads. One slow session alone keeps them alive, once everybody else has written them.
    pub bytes: usize,
}

impl OutboxLimit {
    pub(crate) const fn from_config(config: &RealtimeConfig) -> Self {
        Self { frames: config.send_queue_frames, bytes: config.send_queue_bytes }
    }
}

/// A bounded queue of pointers to what waits.
pub(crate) struct Outbox {
    state: State,
    waiting: VecDeque<Outgoing>,
    /// How many of those that wait came before the replay that is under way: they pass.
    passing: usize,
    waiting_bytes: usize,
    /// Frames and bytes of a replay that is still being written: bounded by itself, and not the reader's fault.
    replay: OutboxLimit,
    /// Who is to begin another one then.
    replay_written: Option<Waker>,
    /// When the first waiting frame last changed.
    moved_at: Option<Instant>,
    limit: OutboxLimit,
    /// Positions up to here were the replay's. One of them can still be on its way from the follower when the
    /// replay ends: it counts a position as delivered before the fan-out reaches every session.
    replayed_through: i64,
}

impl Outbox {
    /// An outbox that holds everything back until [`Self::start_live_after_replay`].
    pub(crate) const fn new(limit: OutboxLimit) -> Self {
        Self {
            state: State::Replaying,
            waiting: VecDeque::new(),
            passing: 0,
            waiting_bytes: 0,
            replay: OutboxLimit { frames: 0, bytes: 0 },
            replay_written: None,
            moved_at: None,
            limit,
            replayed_through: -1,
        }
    }

    /// Delivers a frame in order.
    pub(crate) fn queue_frame_in_order(
        &mut self,
        frame: &Arc<Frame>,
        to: &dyn FrameWay,
    ) -> Delivery {
        if frame.position.is_some_and(|position| position <= self.replayed_through) {
            return Delivery::Done;
        }
        self.send_or_hold_outgoing(|| to.try_send_frame(frame), || Outgoing::Frame(frame.clone()))
    }

    /// Delivers a reply behind everything that waits.
    pub(crate) fn queue_reply_in_order(&mut self, reply: Arc<dyn Reply>) -> Delivery {
        let sent = reply.clone();
        self.send_or_hold_outgoing(|| sent.try_send_reply(), || Outgoing::Reply(reply))
    }

    fn send_or_hold_outgoing(
        &mut self,
        send: impl FnOnce() -> SendOutcome,
        hold: impl FnOnce() -> Outgoing,
    ) -> Delivery {
        match self.state {
            State::Closed => return Delivery::Done,
            State::Live if self.waiting.is_empty() => match send() {
                SendOutcome::Sent | SendOutcome::Unheard => return Delivery::Done,
                SendOutcome::Closed => {
                    self.close_outbox_and_forget();
                    return Delivery::Gone;
                }
                SendOutcome::Full => self.moved_at = Some(Instant::now()),
            },
            State::Live | State::Replaying => {}
        }
        let outgoing = hold();
        let bytes = self.waiting_bytes + outgoing.byte_len();
        if self.waiting.len() >= self.limit.frames + self.replay.frames
            || bytes > self.limit.bytes + self.replay.bytes
        {
            self.close_outbox_and_forget();
            return Delivery::Overflow;
        }
        self.waiting.push_back(outgoing);
        self.waiting_bytes = bytes;
        if self.state == State::Live { Delivery::Waiting } else { Delivery::Done }
    }

    /// Ends the hold: `replay` goes first, then what was held, without what the replay already had (positions up
    /// to `through`).
    pub(crate) fn start_live_after_replay(
        &mut self,
        replay: Vec<Arc<Frame>>,
        through: i64,
        to: &dyn FrameWay,
    ) -> Delivery {
        if self.state == State::Closed {
            return Delivery::Done;
        }
        let bytes_of = |waiting: &VecDeque<Outgoing>| waiting.iter().map(Outgoing::byte_len).sum();
        let replay = replay.into_iter().map(Outgoing::Frame).collect();
        let held = std::mem::replace(&mut self.waiting, replay);
        self.replay = OutboxLimit { frames: self.waiting.len(), bytes: bytes_of(&self.waiting) };
        self.waiting.extend(held.into_iter().filter(|o| o.position().is_none_or(|p| p > through)));
        self.waiting_bytes = bytes_of(&self.waiting);
        self.state = State::Live;
        self.replayed_through = through;
        self.moved_at = Some(Instant::now());
        self.retry_waiting_in_order(to)
    }

    /// Ready when the last replay is written, or nothing is written any more: replays are not counted against the reader, so
    /// there is one at a time.
    pub(crate) fn poll_until_replay_written(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.state == State::Closed || self.replay.frames == 0 {
            return Poll::Ready(());
        }
        self.replay_written = Some(cx.waker().clone());
        Poll::Pending
    }

    fn note_replay_as_written(&mut self) {
        self.replay = OutboxLimit { frames: 0, bytes: 0 };
        if let Some(waker) = self.replay_written.take() {
            waker.wake();
        }
    }

    /// Holds back what comes from now on, until [`Self::go_live_behind_replies`]. What waits already goes on.
    pub(crate) fn hold_frames_behind_waiting(&mut self) {
        if self.state == State::Live {
            self.state = State::Replaying;
            self.passing = self.waiting.len();
        }
    }

    /// Ends such a hold: these go behind what waited before it, and in front of what it held.
    pub(crate) fn go_live_behind_replies(
        &mut self,
        replies: Vec<Arc<dyn Reply>>,
        to: &dyn FrameWay,
    ) -> Delivery {
        if self.state != State::Replaying {
            return Delivery::Done;
        }
        let held = self.waiting.split_off(self.passing);
        let bytes = replies.iter().map(|reply| reply.byte_len()).sum();
        self.replay = OutboxLimit { frames: replies.len(), bytes };
        self.waiting.extend(replies.into_iter().map(Outgoing::Reply));
        self.waiting.extend(held);
        self.waiting_bytes += bytes;
        self.passing = 0;
        self.state = State::Live;
        self.moved_at = self.moved_at.or_else(|| Some(Instant::now()));
        self.retry_waiting_in_order(to)
    }

    /// Hands over as much of what waits as the transport takes, and as may pass.
    pub(crate) fn retry_waiting_in_order(&mut self, to: &dyn FrameWay) -> Delivery {
        while let Some(outgoing) = self.waiting.front() {
            if self.state == State::Replaying && self.passing == 0 {
                // Nobody is to blame for what is held.
                self.moved_at = None;
                return Delivery::Done;
            }
            match outgoing.try_send_to_transport(to) {
                SendOutcome::Sent | SendOutcome::Unheard => {
                    self.waiting_bytes -= outgoing.byte_len();
                    self.waiting.pop_front();
                    self.passing = self.passing.saturating_sub(1);
                    self.moved_at = Some(Instant::now());
                }
                SendOutcome::Full => return Delivery::Waiting,
                SendOutcome::Closed => {
                    self.close_outbox_and_forget();
                    return Delivery::Gone;
                }
            }
        }
        self.waiting.shrink_to_fit();
        self.moved_at = None;
        self.note_replay_as_written();
        Delivery::Done
    }

    /// When the head of the queue last moved; `None` while nothing waits.
    pub(crate) const fn stalled_since(&self) -> Option<Instant> {
        self.moved_at
    }

    /// The session is over: nothing passes any more, nothing is kept.
    pub(crate) fn close_outbox_and_forget(&mut self) {
        self.state = State::Closed;
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
        self.moved_at = None;
        self.note_replay_as_written();
    }
}

#[cfg(test)]
mod tests;
