//! Turns of password hashing: each hash takes 19 MiB and tens of milliseconds of a core.
//!
//! Everybody waits in the line of their address, and the lines are served one after the other, so that whoever makes many
//! wait makes them wait for each other. Those who come from where they usually are have lines of their own, served first;
//! strangers have every third turn.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{DomainError, Result};

/// Who wait in one line, and in all lines of strangers (and as many in those of the familiar), at most.
const LONGEST_LINE: usize = 32;
const MOST_WAITING: usize = 1_024;
/// Turns of the familiar between two of strangers, while both wait.
const FAMILIAR_TURNS: usize = 2;

/// Where somebody comes from who proves themselves, or is to be given a new password. Those who come from where the
/// person usually is are served before strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applicant {
    /// The address, as far as it is counted; none on the command line.
    pub address: Option<IpAddr>,
    /// Whether the person has lately logged in from there.
    pub is_familiar: bool,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HashingTurn {
    address: Option<IpAddr>,
    is_familiar: bool,
}

impl HashingTurn {
    /// In the line of where the applicant comes from.
    pub(crate) fn of_applicant(applicant: Applicant) -> Self {
        Self { address: applicant.address, is_familiar: applicant.is_familiar }
    }
}

/// As many wait as may.
#[derive(Debug, thiserror::Error)]
#[error("too many passwords wait to be hashed")]
struct LineIsFull;

/// Bounds how many hashes are made at the same time. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HashingTurns(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    free: usize,
    /// Of strangers, and of the familiar.
    waiting: [usize; 2],
    of_address: HashMap<HashingTurn, VecDeque<oneshot::Sender<Slot>>>,
    /// Lines in which somebody waits, in the order in which they are served.
    familiar: VecDeque<HashingTurn>,
    strange: VecDeque<HashingTurn>,
    familiar_in_row: usize,
}

/// One of the slots. Whoever drops it lets the next begin.
#[derive(Debug)]
struct Slot(Option<HashingTurns>);

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.hand_slot_to_next();
        }
    }
}

impl HashingTurns {
    /// As many at a time as given.
    pub(crate) fn new(at_a_time: usize) -> Self {
        Self(Arc::new(Mutex::new(Lines { free: at_a_time, ..Lines::default() })))
    }

    /// Runs the work on a thread that may block, when its turn has come. The turn lasts as long as the work does, also
    /// when the caller is dropped meanwhile: clients that hang up would otherwise have as many hashes made as they like.
    pub(crate) async fn run_blocking_work_in_turn<T: Send + 'static>(
        &self,
        turn: HashingTurn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let slot = self.wait_in_line_for_slot(turn).await?;
        let work_with_slot = move || {
            let result = work();
            drop(slot);
            result
        };
        let running = tokio::task::spawn_blocking(work_with_slot);
        running.await.map_err(DomainError::internal_error_from_cause)
    }

    async fn wait_in_line_for_slot(&self, turn: HashingTurn) -> Result<Slot> {
        let called = {
            let mut lines = self.0.lock();
            if lines.free > 0 {
                lines.free -= 1;
                return Ok(Slot(Some(self.clone())));
            }
            lines.enter_line_of_turn(turn)?
        };
        called.await.map_err(DomainError::internal_error_from_cause)
    }

    fn hand_slot_to_next(&self) {
        loop {
            let Some(next) = self.0.lock().take_next_in_order() else { return };
            // Outside the lock: a slot that nobody takes is dropped, and handed on.
            match next.send(Slot(Some(self.clone()))) {
                Ok(()) => return,
                Err(mut refused) => refused.0 = None,
            }
        }
    }
}

impl Lines {
    fn enter_line_of_turn(&mut self, turn: HashingTurn) -> Result<oneshot::Receiver<Slot>> {
        let line = self.of_address.entry(turn).or_default();
        // Who has gone waits no longer.
        let before = line.len();
        line.retain(|waiting| !waiting.is_closed());
        let waiting = &mut self.waiting[usize::from(turn.is_familiar)];
        *waiting -= before - line.len();
        if line.len() >= LONGEST_LINE || *waiting >= MOST_WAITING {
            return Err(DomainError::Unavailable(Box::new(LineIsFull)));
        }
        let (call, called) = oneshot::channel();
        line.push_back(call);
        *waiting += 1;
        let order = if turn.is_familiar { &mut self.familiar } else { &mut self.strange };
        if !order.contains(&turn) {
            order.push_back(turn);
        }
        Ok(called)
    }

    /// Who is next; nobody, and then the slot is free.
    fn take_next_in_order(&mut self) -> Option<oneshot::Sender<Slot>> {
        loop {
            let stranger_is_due =
                self.familiar_in_row >= FAMILIAR_TURNS && !self.strange.is_empty();
            let from_familiar = !stranger_is_due && !self.familiar.is_empty();
            let order = if from_familiar { &mut self.familiar } else { &mut self.strange };
            let Some(turn) = order.pop_front() else {
                self.free += 1;
                return None;
            };
            let line = self.of_address.get_mut(&turn);
            let next = line.and_then(VecDeque::pop_front);
            if self.of_address.get(&turn).is_some_and(|line| !line.is_empty()) {
                let order = if from_familiar { &mut self.familiar } else { &mut self.strange };
                order.push_back(turn);
            } else {
                self.of_address.remove(&turn);
            }
            if let Some(next) = next {
                self.waiting[usize::from(from_familiar)] -= 1;
                self.familiar_in_row = if from_familiar { self.familiar_in_row + 1 } else { 0 };
                return Some(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, sync::mpsc, time::Duration};

    use super::*;

    fn turn_of_host(host: u8, is_familiar: bool) -> HashingTurn {
        let address = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)));
        HashingTurn { address, is_familiar }
    }

    async fn wait_for_own_slot(turns: HashingTurns, turn: HashingTurn) -> Slot {
        turns.wait_in_line_for_slot(turn).await.expect("a slot")
    }

    #[tokio::test]
    async fn should_keep_the_turn_of_a_caller_who_is_gone_until_the_work_ends() {
        let turns = HashingTurns::new(1);
        let (begun, has_begun) = oneshot::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let caller = tokio::spawn({
            let turns = turns.clone();
            let work = move || {
                let _ = begun.send(());
                finished.recv_timeout(Duration::from_secs(60))
            };
            async move { turns.run_blocking_work_in_turn(turn_of_host(1, false), work).await }
        });
        has_begun.await.expect("the work begins");
        caller.abort();
        assert!(caller.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(turns.0.lock().free, 0, "the work goes on");
        finish.send(()).expect("the work waits");
        turns
            .run_blocking_work_in_turn(turn_of_host(1, false), || ())
            .await
            .expect("the next has its turn");
        assert_eq!(turns.0.lock().free, 1);
    }

    #[tokio::test]
    async fn should_serve_addresses_in_turn_and_the_familiar_first() {
        let turns = HashingTurns::new(1);
        let first = wait_for_own_slot(turns.clone(), turn_of_host(0, false)).await;
        let (served, mut order) = tokio::sync::mpsc::channel(8);
        // A storm of one address, then another stranger, then somebody who is at home.
        let waiting =
            [(1, false), (1, false), (1, false), (2, false), (3, true), (3, true), (3, true)];
        let mut tasks = Vec::new();
        for (place, (host, is_familiar)) in waiting.into_iter().enumerate() {
            let (their_turns, served) = (turns.clone(), served.clone());
            tasks.push(tokio::spawn(async move {
                let slot = wait_for_own_slot(their_turns, turn_of_host(host, is_familiar)).await;
                served.send(host).await.expect("somebody looks");
                drop(slot);
            }));
            while turns.0.lock().waiting.iter().sum::<usize>() <= place {
                tokio::task::yield_now().await;
            }
        }
        drop(first);
        let mut hosts = Vec::new();
        for _ in waiting {
            hosts.push(order.recv().await.expect("served"));
        }
        assert_eq!(hosts, [3, 3, 1, 3, 2, 1, 1]);
        assert!(turns.0.lock().of_address.is_empty(), "lines that are empty are forgotten");
    }

    #[tokio::test]
    async fn should_refuse_who_would_be_one_too_many_in_a_line() {
        let turns = HashingTurns::new(1);
        let held = wait_for_own_slot(turns.clone(), turn_of_host(0, false)).await;
        let mut calls = Vec::new();
        for _ in 0..LONGEST_LINE {
            calls.push(turns.0.lock().enter_line_of_turn(turn_of_host(1, false)).expect("a place"));
        }
        let one_more = turns.0.lock().enter_line_of_turn(turn_of_host(1, false));
        assert!(matches!(one_more, Err(DomainError::Unavailable(_))));
        assert!(turns.0.lock().enter_line_of_turn(turn_of_host(2, false)).is_ok(), "another line");
        // Who hangs up makes room.
        calls.clear();
        assert!(turns.0.lock().enter_line_of_turn(turn_of_host(1, false)).is_ok());
        drop(held);
        assert_eq!(turns.0.lock().free, 1, "nobody is left to be served");
    }
}
