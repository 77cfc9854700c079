//! The rules of a bounded queue between many who put and one who takes, without its lock.
//!
//! Whoever locks it wakes whom it names outside of the lock, which the woken may need at once.

use std::{collections::VecDeque, task::Waker};

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Entries go in and out.
    Open,
    /// Over, but what was queued may still be written.
    Closing,
    /// Over, and nothing is written any more.
    Broken,
}

/// What there was to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// As much as was wanted: there may be more.
    Enough,
    /// All there was, perhaps nothing: the waker is called when there is more.
    All,
    /// All there will ever be: say goodbye behind it.
    Last,
    /// Nothing, ever: hang up.
    Broken,
}

/// Why nothing was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many wait as may.
    Full,
    /// The connection is over.
    Closed,
}

/// What waits for a client, who takes it, and who could not put more.
#[derive(Debug)]
pub struct Queue<T> {
    entries: VecDeque<T>,
    /// Places promised to entries that are yet to come.
    reserved: usize,
    phase: Phase,
    /// The task that takes.
    taker: Option<Waker>,
    /// It found nothing, and is to be woken by the next that comes.
    starved: bool,
    /// Whoever found the queue full, and is to be woken when there is room.
    refused: Option<Waker>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            reserved: 0,
            phase: Phase::Open,
            taker: None,
            starved: false,
            refused: None,
        }
    }
}

impl<T> Queue<T> {
    /// Where the connection is in its life.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Entries it has memory for.
    pub fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Places promised.
    pub fn reserved(&self) -> usize {
        self.reserved
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    // --- what goes in --------------------------------------------------------------------------------------

    /// Whether fewer wait, or are promised a place, than may.
    pub fn has_room_within_limit(&self, limit: usize) -> bool {
        self.entries.len() + self.reserved < limit
    }

    /// Why nothing can be put, if so.
    pub fn refuse_entry_beyond_limit(&self, limit: usize) -> Result<(), Refused> {
        if self.phase != Phase::Open {
            return Err(Refused::Closed);
        }
        if self.has_room_within_limit(limit) { Ok(()) } else { Err(Refused::Full) }
    }

    /// Puts an entry behind all others; whom to wake.
    pub fn put_entry_at_end(&mut self, entry: T) -> Option<Waker> {
        self.entries.push_back(entry);
        self.taker_if_starved()
    }

    /// Puts an entry in front of all others, for a taker that could not use it.
    pub fn put_entry_in_front(&mut self, entry: T) {
        if self.phase != Phase::Broken {
            self.entries.push_front(entry);
        }
    }

    /// Promises a place.
    pub fn reserve_place_in_queue(&mut self) {
        self.reserved += 1;
    }

    /// Ends a promise, with what it was for; whom to wake, also when nothing was put there: the last words may have
    /// waited for this place.
    pub fn fill_reserved_place_with(&mut self, entry: Option<T>) -> Option<Waker> {
        self.reserved -= 1;
        if self.phase != Phase::Broken {
            self.entries.extend(entry);
        }
        self.taker_if_starved()
    }

    /// Remembers the waker when there is no room; false when there is, or the connection is over.
    pub fn remember_waker_of_refused(&mut self, waker: &Waker, limit: usize) -> bool {
        let must_wait = self.phase == Phase::Open && !self.has_room_within_limit(limit);
        if must_wait {
            self.refused = Some(waker.clone());
        }
        must_wait
    }

    // --- what comes out ------------------------------------------------------------------------------------

    /// Hands `take` one after the other until it wants no more, and remembers the waker when nothing is left.
    pub fn take_entries_or_register(
        &mut self,
        waker: &Waker,
        mut take: impl FnMut(T) -> bool,
    ) -> Taken {
        if self.phase == Phase::Broken {
            return Taken::Broken;
        }
        while let Some(entry) = self.entries.pop_front() {
            if !take(entry) {
                // It may get stuck with what it has, and then only the end of the session is to wake it.
                self.remember_waker_of_busy(waker);
                return Taken::Enough;
            }
        }
        // Nearly all connections are idle nearly always: an empty queue keeps no memory.
        self.entries = VecDeque::new();
        if self.phase == Phase::Closing && self.reserved == 0 {
            return Taken::Last;
        }
        self.remember_waker_of_starving(waker);
        Taken::All
    }

    /// The first that waits.
    pub fn take_first_entry(&mut self) -> Option<T> {
        self.entries.pop_front()
    }

    /// Whoever found the queue full, once half of it is free, not for each place: whoever waits has more than one thing
    /// to put there.
    pub fn take_refused_if_roomy(&mut self, limit: usize) -> Option<Waker> {
        let is_roomy = self.phase != Phase::Open || self.has_room_within_limit(limit.div_ceil(2));
        if is_roomy { self.refused.take() } else { None }
    }

    /// The taker is to be woken by the next that comes.
    pub fn remember_waker_of_starving(&mut self, waker: &Waker) {
        self.starved = true;
        self.remember_waker_of_busy(waker);
    }

    /// The taker is not to be woken by what comes, but by the end of the connection.
    pub fn remember_waker_of_busy(&mut self, waker: &Waker) {
        match &mut self.taker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Forgets a taker that takes no more.
    pub fn forget_taker_of_queue(&mut self) {
        self.starved = false;
        self.taker = None;
    }

    /// The taker, which is to look again whatever it waits for.
    pub fn take_taker_of_queue(&mut self) -> Option<Waker> {
        self.taker.take()
    }

    fn taker_if_starved(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.starved) { self.taker.clone() } else { None }
    }

    // --- how it ends ---------------------------------------------------------------------------------------

    /// Ends the life of the connection, unless it is broken already. Both are to be woken, whatever they wait for: the
    /// taker may be stuck with a client that does not read.
    pub fn end_life_of_queue(&mut self, phase: Phase) -> [Option<Waker>; 2] {
        if self.phase == Phase::Broken {
            return [None, None];
        }
        self.phase = phase;
        if phase == Phase::Broken {
            self.entries = VecDeque::new();
        }
        [self.taker.take(), self.refused.take()]
    }
}

/// Wakes whoever is to be woken. Not to be called under a lock that they may need.
#[inline]
pub fn wake_tasks_outside_lock(tasks: impl IntoIterator<Item = Option<Waker>>) {
    tasks.into_iter().flatten().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_hold_as_many_as_may_wait_with_those_that_are_promised() {
        let mut queue = Queue::default();
        queue.put_entry_at_end(1);
        queue.reserve_place_in_queue();
        assert_eq!(queue.refuse_entry_beyond_limit(2), Err(Refused::Full));
        assert_eq!(queue.refuse_entry_beyond_limit(3), Ok(()));
        queue.fill_reserved_place_with(None);
        assert_eq!(queue.refuse_entry_beyond_limit(2), Ok(()));
        queue.end_life_of_queue(Phase::Closing);
        assert_eq!(queue.refuse_entry_beyond_limit(2), Err(Refused::Closed));
    }

    #[test]
    fn should_say_goodbye_behind_the_last_that_was_promised() {
        let (mut queue, waker) = (Queue::default(), Waker::noop());
        queue.reserve_place_in_queue();
        queue.end_life_of_queue(Phase::Closing);
        assert_eq!(queue.take_entries_or_register(waker, |_| true), Taken::All);
        assert!(queue.fill_reserved_place_with(Some("last")).is_some());
        let mut taken = Vec::new();
        assert_eq!(
            queue.take_entries_or_register(waker, |entry| {
                taken.push(entry);
                true
            }),
            Taken::Last
        );
        assert_eq!(taken, ["last"]);
    }

    #[test]
    fn should_forget_everything_when_it_breaks() {
        let mut queue = Queue::default();
        queue.put_entry_at_end(1);
        queue.end_life_of_queue(Phase::Broken);
        queue.put_entry_in_front(0);
        assert!(queue.is_empty());
        assert_eq!(queue.take_entries_or_register(Waker::noop(), |_| true), Taken::Broken);
        queue.end_life_of_queue(Phase::Closing);
        assert_eq!(queue.phase(), Phase::Broken);
    }
}
