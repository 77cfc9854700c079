//! The order of delivery, without clock and without IO: which event is next, what is missing, and when a missing
//! position may be passed over.
//!
//! Events come in any order and more than once. They leave by position, each once, none before all that could still
//! appear below it. Who drives this reads the log, lists the transactions that are writing to it, and keeps the time.

use std::collections::{BTreeMap, HashSet};

/// What became of a gap when the writers that could fill it were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GapVerdict {
    /// Nothing is missing before the next event.
    Filled,
    /// A transaction that was open when the gap was first looked at still is.
    Open,
    /// Nobody can fill it any more: the positions were rolled back, and the events behind them are next.
    PassedOver,
}

/// Missing positions right behind the delivered one, and who may still fill them.
#[derive(Debug)]
struct Gap {
    position: i64,
    open_writers: HashSet<String>,
}

/// Events waiting for their turn, and the position up to which everything is settled.
#[derive(Debug)]
pub(crate) struct LogOrder<E> {
    delivered: i64,
    buffered: BTreeMap<i64, E>,
    capacity: usize,
    has_dropped: bool,
    gap: Option<Gap>,
}

impl<E> LogOrder<E> {
    /// An order in which everything up to `delivered` is settled, with room for `capacity` events that must wait.
    pub(crate) const fn new(delivered: i64, capacity: usize) -> Self {
        Self { delivered, buffered: BTreeMap::new(), capacity, has_dropped: false, gap: None }
    }

    /// Everything up to here has been popped, or was passed over and cannot appear any more.
    pub(crate) const fn delivered(&self) -> i64 {
        self.delivered
    }

    /// Whether events wait for one that is missing, or for their turn.
    pub(crate) fn has_buffered_events(&self) -> bool {
        !self.buffered.is_empty()
    }

    /// Buffers an event until its turn. Of two copies the first stays. When the buffer is full, the event that is
    /// furthest from its turn gives way and must be read from the log later: the next one always finds room, or a gap
    /// could never be filled.
    pub(crate) fn buffer_event_at_position(&mut self, position: i64, event: E) {
        if position <= self.delivered || self.buffered.contains_key(&position) {
            return;
        }
        if self.buffered.len() >= self.capacity {
            self.has_dropped = true;
            match self.buffered.last_entry() {
                Some(furthest) if *furthest.key() > position => drop(furthest.remove()),
                _ => return,
            }
        }
        self.buffered.insert(position, event);
    }

    /// True once after events gave way: they are in the log and nowhere else here.
    pub(crate) const fn take_need_of_reading(&mut self) -> bool {
        std::mem::replace(&mut self.has_dropped, false)
    }

    /// Whether the next position is here.
    pub(crate) fn has_event_in_turn(&self) -> bool {
        self.buffered.contains_key(&(self.delivered + 1))
    }

    /// Takes out up to `limit` events whose turn it is, as long as each fits to the first, and counts them delivered.
    pub(crate) fn pop_next_contiguous_batch(
        &mut self,
        limit: usize,
        fits: impl Fn(&E, &E) -> bool,
    ) -> Vec<E> {
        let mut batch: Vec<E> = Vec::new();
        while batch.len() < limit
            && let Some(next) = self.buffered.first_entry()
            && *next.key() == self.delivered + 1
            && batch.first().is_none_or(|first| fits(first, next.get()))
        {
            batch.push(next.remove());
            self.delivered += 1;
        }
        batch
    }

    /// The first missing position that others wait behind.
    pub(crate) fn find_first_missing_position(&self) -> Option<i64> {
        let (first, _) = self.buffered.first_key_value()?;
        (*first > self.delivered + 1).then_some(self.delivered + 1)
    }

    /// The last position of the gap that [`Self::find_first_missing_position`] begins.
    pub(crate) fn find_end_of_gap(&self) -> Option<i64> {
        self.find_first_missing_position()?;
        self.buffered.first_key_value().map(|(first, _)| first - 1)
    }

    /// Judges the gap by the transactions that were `writing` to the log. They must have been listed after the gap
    /// was found, and the log read after that with its events buffered here: what none of the writers holds is in the
    /// log by then, or never. A writer that came later cannot have drawn a position that is behind delivered events.
    pub(crate) fn judge_gap_by_writers(&mut self, writing: HashSet<String>) -> GapVerdict {
        let Some(position) = self.find_first_missing_position() else {
            self.gap = None;
            return GapVerdict::Filled;
        };
        let open_writers = match self.gap.take().filter(|gap| gap.position == position) {
            Some(gap) => gap.open_writers.into_iter().filter(|w| writing.contains(w)).collect(),
            None => writing,
        };
        if open_writers.is_empty() {
            self.pass_over_settled_gap();
            return GapVerdict::PassedOver;
        }
        self.gap = Some(Gap { position, open_writers });
        GapVerdict::Open
    }

    /// Passes over the gap. Call it when nothing can appear in it any more: every writer has ended, or its positions
    /// were fenced and the log was read after that.
    pub(crate) fn pass_over_settled_gap(&mut self) {
        if let Some(end) = self.find_end_of_gap() {
            self.delivered = end;
        }
        self.gap = None;
    }

    /// Forgets everything and goes on after `position`, which may be lower: another history has begun.
    pub(crate) fn restart_order_after_position(&mut self, position: i64) {
        *self = Self::new(position, self.capacity);
    }
}

#[cfg(test)]
mod tests;
