//! Presence changes of this node's sockets that wait to be written, and whoever waits for that.

use std::{
    collections::{HashMap, HashSet, VecDeque, hash_map::Entry},
    time::Duration,
};

use owlpost_domain::{
    DomainError, Result, Topic,
    presence::{PresenceChange, SocketState},
    recovery::{PidHash, RecoveryChange, RecoveryStep},
};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use crate::Session;

/// Changes of one group: bounds the time its transaction holds the line. In a storm, a group of hundreds would have nobody ready
/// until all of them are written, and then all at once: groups of this size keep both the database and the node at work.
const GROUP_CHANGES: usize = 64;

/// How many times their patience people stand in line at most, while it moves: with the usual 3 s as long as clients wait for their
/// connection (20 s with Socket.IO's).
const MOST_PATIENCES_IN_LINE: u32 = 7;

struct Pending {
    change: PresenceChange,
    waiting: Vec<oneshot::Sender<()>>,
}

/// What is written next.
pub(crate) struct QueuedGroup {
    changes: Vec<Pending>,
    settling: Vec<oneshot::Sender<()>>,
    /// Sockets of dead nodes are to be swept as well.
    pub(crate) sweep: bool,
}

impl QueuedGroup {
    /// The changes, each socket's last.
    pub(crate) fn changes(&self) -> Vec<PresenceChange> {
        self.changes.iter().map(|pending| pending.change.clone()).collect()
    }

    /// How many changes it has.
    pub(crate) const fn len(&self) -> usize {
        self.changes.len()
    }

    /// Tells everybody who waits for it.
    fn answer_all_who_wait(self) {
        let waiting = self.changes.into_iter().flat_map(|pending| pending.waiting);
        for answer in waiting.chain(self.settling) {
            // Nobody waits any more: they gave up, which is theirs to say.
            let _ = answer.send(());
        }
    }
}

#[derive(Default)]
struct Waiting {
    /// The newest wish of each socket. Bounded by the sockets: those there are and those just gone.
    pending: HashMap<String, Pending>,
    /// The same sockets, those first that have waited longest: in a storm nobody is passed over until their patience ends.
    order: VecDeque<String>,
    settling: Vec<oneshot::Sender<()>>,
    /// Connections that ended on purpose, while the database still keeps them to be recovered.
    ended: HashSet<PidHash>,
    sweep_wanted: bool,
    writing: bool,
    /// When a group was committed last.
    committed_at: Option<Instant>,
}

/// The queue before the database.
pub(crate) struct PresenceQueue {
    queue: Mutex<Waiting>,
    arrived: Notify,
    patience: Duration,
}

impl PresenceQueue {
    /// An empty queue. Nobody waits longer than `patience` while no change is committed.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { queue: Mutex::default(), arrived: Notify::new(), patience }
    }

    /// Resolves when the change is committed, or fails when that takes too long; it is tried on all the same. A long line that moves
    /// is worth waiting in: all before this change are written before it, and none that came later.
    pub(crate) async fn write_change_and_wait(
        &self,
        session: &Session,
        state: SocketState,
    ) -> Result<()> {
        let (answer, committed) = oneshot::channel();
        self.put_change_in_queue(session, state, Some(answer));
        self.wait_in_line_for_answer(committed).await
    }

    async fn wait_in_line_for_answer(&self, mut answer: oneshot::Receiver<()>) -> Result<()> {
        let begun = Instant::now();
        let mut until = begun + self.patience;
        loop {
            let timed_out = match tokio::time::timeout_at(until, &mut answer).await {
                Ok(answered) => {
                    return answered.map_err(|closed| DomainError::Unavailable(Box::new(closed)));
                }
                Err(timed_out) => timed_out,
            };
            let moved_at = self.queue.lock().committed_at.map_or(begun, |at| at.max(begun));
            let later =
                (moved_at + self.patience).min(begun + MOST_PATIENCES_IN_LINE * self.patience);
            if later <= until {
                return Err(timed_out.into());
            }
            until = later;
        }
    }

    /// Resolves when every presence change received so far is committed, so that a read sees it.
    pub(crate) async fn settle_all_queued_changes(&self) -> Result<()> {
        let settled = {
            let mut queue = self.queue.lock();
            if queue.pending.is_empty() && !queue.sweep_wanted && !queue.writing {
                return Ok(());
            }
            let (answer, settled) = oneshot::channel();
            queue.settling.push(answer);
            settled
        };
        self.arrived.notify_one();
        self.wait_for_answer_with_patience(settled).await
    }

    async fn wait_for_answer_with_patience(&self, answer: oneshot::Receiver<()>) -> Result<()> {
        tokio::time::timeout(self.patience, answer)
            .await?
            .map_err(|closed| DomainError::Unavailable(Box::new(closed)))
    }

    pub(crate) fn request_change_without_answer(&self, session: &Session, state: SocketState) {
        self.put_change_in_queue(session, state, None);
    }

    /// Asks for sockets of dead nodes to be swept. Here, so that all this node tells of presence has one order.
    pub(crate) fn request_sweep_of_dead_nodes(&self) {
        self.queue.lock().sweep_wanted = true;
        self.arrived.notify_one();
    }

    /// Writes these sockets as they are: the database has lost them.
    pub(crate) fn request_rewrite_of_sockets(&self, sessions: &[std::sync::Arc<Session>]) {
        for session in sessions.iter().filter(|session| session.counts_as_presence) {
            let room = session.viewed_incident().map(Topic::Incident);
            self.request_change_without_answer(session, SocketState::Connected { room });
        }
    }

    /// Whether a connection ended on purpose, which the database does not know yet.
    pub(crate) fn has_ended_on_purpose(&self, pid: PidHash) -> bool {
        self.queue.lock().ended.contains(&pid)
    }

    fn put_change_in_queue(
        &self,
        session: &Session,
        state: SocketState,
        answer: Option<oneshot::Sender<()>>,
    ) {
        let user_id = session.user().id;
        let mut queue = self.queue.lock();
        // A socket that is gone never comes back under the same id: a late wish must not revive it.
        if session.is_closed() && state != SocketState::Disconnected {
            return;
        }
        let recovery = session.describe_recovery_in_state(state);
        queue.ended.extend(find_pid_of_end(recovery.as_ref()));
        let socket_id = session.socket_id.clone();
        let change = PresenceChange { socket_id, user_id, state, recovery };
        match queue.pending.entry(session.socket_id.clone()) {
            Entry::Occupied(mut known) => {
                known.get_mut().change = change;
                known.get_mut().waiting.extend(answer);
            }
            Entry::Vacant(free) => {
                let waiting = answer.into_iter().collect();
                free.insert(Pending { change, waiting });
                queue.order.push_back(session.socket_id.clone());
            }
        }
        self.arrived.notify_one();
    }

    /// Resolves when there is something to write.
    pub(crate) async fn take_group_when_ready(&self) -> QueuedGroup {
        loop {
            if let Some(group) = self.take_next_group_out() {
                return group;
            }
            self.arrived.notified().await;
        }
    }

    fn take_next_group_out(&self) -> Option<QueuedGroup> {
        let mut queue = self.queue.lock();
        if queue.pending.is_empty() && queue.settling.is_empty() && !queue.sweep_wanted {
            queue.writing = false;
            return None;
        }
        queue.writing = true;
        let longest = queue.order.len().min(GROUP_CHANGES);
        let sockets: Vec<_> = queue.order.drain(..longest).collect();
        let changes: Vec<Pending> =
            sockets.iter().filter_map(|socket| queue.pending.remove(socket)).collect();
        // Whoever waits for all of it to settle goes with the last group.
        let settling =
            if queue.pending.is_empty() { std::mem::take(&mut queue.settling) } else { Vec::new() };
        Some(QueuedGroup { changes, settling, sweep: std::mem::take(&mut queue.sweep_wanted) })
    }

    /// Tells everybody who waits for a group that it is committed.
    pub(crate) fn answer_group_after_commit(&self, group: QueuedGroup) {
        {
            let mut queue = self.queue.lock();
            queue.committed_at = Some(Instant::now());
            for pending in &group.changes {
                if let Some(pid) = find_pid_of_end(pending.change.recovery.as_ref()) {
                    queue.ended.remove(&pid);
                }
            }
        }
        group.answer_all_who_wait();
    }

    /// A sweep is not put back: the next renewal of the lease asks for it again.
    pub(crate) fn put_group_back_after_failure(&self, group: QueuedGroup) {
        let mut queue = self.queue.lock();
        queue.settling.extend(group.settling.into_iter().filter(|waiting| !waiting.is_closed()));
        for mut old in group.changes.into_iter().rev() {
            old.waiting.retain(|waiting| !waiting.is_closed());
            let socket = old.change.socket_id.clone();
            match queue.pending.entry(socket.clone()) {
                Entry::Occupied(mut newer) => newer.get_mut().waiting.append(&mut old.waiting),
                Entry::Vacant(free) => {
                    free.insert(old);
                    queue.order.push_front(socket);
                }
            }
        }
    }

    /// Changes not yet written, for the metrics.
    pub(crate) fn count_changes_not_written(&self) -> usize {
        self.queue.lock().pending.len()
    }
}

fn find_pid_of_end(recovery: Option<&RecoveryChange>) -> Option<PidHash> {
    recovery.filter(|recovery| recovery.step == RecoveryStep::Ended).map(|recovery| recovery.pid)
}

#[cfg(test)]
mod tests;
