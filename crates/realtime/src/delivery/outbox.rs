//! What waits for one session: frames held back during its replay, and frames its transport had no room for.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use crate::{
    delivery::frame::Frame,
    delivery::transport::{SendOutcome, Transport},
};

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Written, held for later, or of no use any more.
    Done,
    /// Frames wait: the backlog must offer them again.
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

/// How much may wait: whichever is reached first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutboxLimit {
    /// Frames.
    pub frames: usize,
    /// Bytes of their payloads. One slow session alone keeps them alive, once everybody else has written them.
    pub bytes: usize,
}

/// A bounded queue of pointers to shared frames.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: State,
    waiting: VecDeque<Arc<Frame>>,
    waiting_bytes: usize,
    /// Frames and bytes of a replay that is still being written: bounded by itself, and not the reader's fault.
    replay: OutboxLimit,
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
            waiting_bytes: 0,
            replay: OutboxLimit { frames: 0, bytes: 0 },
            moved_at: None,
            limit,
            replayed_through: -1,
        }
    }

    /// Delivers a frame in order.
    pub(crate) fn queue_frame_in_order(
        &mut self,
        frame: &Arc<Frame>,
        to: &dyn Transport,
    ) -> Delivery {
        if frame.position.is_some_and(|position| position <= self.replayed_through) {
            return Delivery::Done;
        }
        match self.state {
            State::Closed => return Delivery::Done,
            State::Live if self.waiting.is_empty() => match to.try_send_frame(frame) {
                SendOutcome::Sent => return Delivery::Done,
                SendOutcome::Closed => {
                    self.close_outbox_and_forget();
                    return Delivery::Gone;
                }
                SendOutcome::Full => self.moved_at = Some(Instant::now()),
            },
            State::Live | State::Replaying => {}
        }
        let bytes = self.waiting_bytes + frame.payload.len();
        if self.waiting.len() >= self.limit.frames + self.replay.frames
            || bytes > self.limit.bytes + self.replay.bytes
        {
            self.close_outbox_and_forget();
            return Delivery::Overflow;
        }
        self.waiting.push_back(frame.clone());
        self.waiting_bytes = bytes;
        if self.state == State::Live { Delivery::Waiting } else { Delivery::Done }
    }

    /// Ends the hold: `replay` goes first, then what was held, without what the replay already had (positions up
    /// to `through`).
    pub(crate) fn start_live_after_replay(
        &mut self,
        replay: Vec<Arc<Frame>>,
        through: i64,
        to: &dyn Transport,
    ) -> Delivery {
        if self.state == State::Closed {
            return Delivery::Done;
        }
        let bytes_of = |frames: &VecDeque<Arc<Frame>>| frames.iter().map(|f| f.payload.len()).sum();
        let held = std::mem::replace(&mut self.waiting, replay.into());
        self.replay = OutboxLimit { frames: self.waiting.len(), bytes: bytes_of(&self.waiting) };
        self.waiting.extend(held.into_iter().filter(|f| f.position.is_none_or(|p| p > through)));
        self.waiting_bytes = bytes_of(&self.waiting);
        self.state = State::Live;
        self.replayed_through = through;
        self.moved_at = Some(Instant::now());
        self.retry_waiting_frames_in_order(to)
    }

    /// Hands over as many waiting frames as the transport takes.
    pub(crate) fn retry_waiting_frames_in_order(&mut self, to: &dyn Transport) -> Delivery {
        while let Some(frame) = self.waiting.front() {
            match to.try_send_frame(frame) {
                SendOutcome::Sent => {
                    self.waiting_bytes -= frame.payload.len();
                    self.waiting.pop_front();
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
        self.replay = OutboxLimit { frames: 0, bytes: 0 };
        self.moved_at = None;
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
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use owlpost_domain::EventName;

    use super::*;
    use crate::delivery::transport::CloseReason;

    /// Has room for this many frames.
    struct Room(AtomicUsize);

    impl Transport for Room {
        fn try_send_frame(&self, _: &Frame) -> SendOutcome {
            let taken =
                self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            if taken.is_ok() { SendOutcome::Sent } else { SendOutcome::Full }
        }

        fn close_with_reason(&self, _: CloseReason) {}
    }

    fn frame_of_bytes(bytes: usize) -> Arc<Frame> {
        Frame::from_json_text(EventName::IncidentCreated, "x".repeat(bytes).into())
    }

    #[test]
    fn should_overflow_past_either_bound_and_not_at_it() {
        let none = Room(AtomicUsize::new(0));
        for (limit, at_it, past_it) in [
            (OutboxLimit { frames: 2, bytes: 1_000 }, vec![1, 1], 1),
            (OutboxLimit { frames: 10, bytes: 100 }, vec![60, 40], 1),
        ] {
            let mut outbox = Outbox::new(limit);
            outbox.start_live_after_replay(Vec::new(), 0, &none);
            for bytes in at_it {
                let frame = frame_of_bytes(bytes);
                assert_eq!(outbox.queue_frame_in_order(&frame, &none), Delivery::Waiting);
            }
            let frame = frame_of_bytes(past_it);
            assert_eq!(outbox.queue_frame_in_order(&frame, &none), Delivery::Overflow);
        }
    }

    #[test]
    fn should_drop_what_the_replay_had_when_it_arrives_after_the_start() {
        let event =
            owlpost_domain::LoggedEvent::from_texts(7, "incident:created", &[], "{}".into());
        let frame = Frame::from_logged_event(&event);
        let room = Room(AtomicUsize::new(10));
        let mut outbox = Outbox::new(OutboxLimit { frames: 10, bytes: 100 });
        outbox.start_live_after_replay(vec![frame.clone()], 7, &room);
        assert_eq!(outbox.queue_frame_in_order(&frame, &room), Delivery::Done);
        assert_eq!(room.0.load(Ordering::Relaxed), 9, "sent once, by the replay");
    }

    #[test]
    fn should_not_count_a_replay_against_its_reader() {
        let room = Room(AtomicUsize::new(0));
        let mut outbox = Outbox::new(OutboxLimit { frames: 1, bytes: 10 });
        let replay = vec![frame_of_bytes(50), frame_of_bytes(50)];
        assert_eq!(outbox.start_live_after_replay(replay, 0, &room), Delivery::Waiting);
        assert_eq!(outbox.queue_frame_in_order(&frame_of_bytes(10), &room), Delivery::Waiting);
        room.0.store(3, Ordering::Relaxed);
        assert_eq!(outbox.retry_waiting_frames_in_order(&room), Delivery::Done);
        assert_eq!(outbox.queue_frame_in_order(&frame_of_bytes(10), &room), Delivery::Waiting);
        assert_eq!(outbox.queue_frame_in_order(&frame_of_bytes(1), &room), Delivery::Overflow);
    }
}
