//! Presence changes, written in groups: while one group commits, the next gathers.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use owlpost_domain::{
    DomainError, Result,
    presence::{PresenceChange, SocketState},
};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, oneshot},
    time::MissedTickBehavior,
};

use crate::{Realtime, Session, metrics};

/// Changes of one group: bounds the time its transaction holds the line.
const GROUP_CHANGES: usize = 2_000;
/// From one group to the next, at least. A change alone is written at once; in a storm of thousands, groups of
/// hundreds cost the database a fraction of what groups of ten would.
const GROUP_PAUSE: Duration = Duration::from_millis(2);
/// Sockets of dead nodes swept at a time.
pub(crate) const SWEEP_SOCKETS: u32 = 2_000;
/// Pause after a failure of the database.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

struct Pending {
    change: PresenceChange,
    waiting: Vec<oneshot::Sender<()>>,
}

/// What is written next.
struct Group {
    changes: Vec<Pending>,
    settling: Vec<oneshot::Sender<()>>,
    sweep: bool,
}

#[derive(Default)]
struct Queue {
    /// The newest wish of each socket. Bounded by the sockets: those there are and those just gone.
    pending: HashMap<String, Pending>,
    settling: Vec<oneshot::Sender<()>>,
    sweep_wanted: bool,
    writing: bool,
}

/// The queue before the database.
#[derive(Default)]
pub(crate) struct PresenceWriter {
    queue: Mutex<Queue>,
    arrived: Notify,
}

impl PresenceWriter {
    /// Resolves when the change is committed, or fails after `limit`; the change is tried on all the same.
    pub(crate) async fn write_change_and_wait(
        &self,
        session: &Session,
        state: SocketState,
        limit: Duration,
    ) -> Result<()> {
        let (answer, committed) = oneshot::channel();
        self.put_change_in_queue(session, state, Some(answer));
        tokio::time::timeout(limit, committed)
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

    fn put_change_in_queue(
        &self,
        session: &Session,
        state: SocketState,
        answer: Option<oneshot::Sender<()>>,
    ) {
        let user_id = session.user().id;
        let change = PresenceChange { socket_id: session.socket_id.clone(), user_id, state };
        let mut queue = self.queue.lock();
        // A socket that is gone never comes back under the same id: a late wish must not revive it.
        if session.is_closed() && state != SocketState::Disconnected {
            return;
        }
        match queue.pending.entry(session.socket_id.clone()) {
            Entry::Occupied(mut known) => {
                known.get_mut().change = change;
                known.get_mut().waiting.extend(answer);
            }
            Entry::Vacant(free) => {
                let waiting = answer.into_iter().collect();
                free.insert(Pending { change, waiting });
            }
        }
        self.arrived.notify_one();
    }

    fn take_next_group_out(&self) -> Option<Group> {
        let mut queue = self.queue.lock();
        if queue.pending.is_empty() && queue.settling.is_empty() && !queue.sweep_wanted {
            queue.writing = false;
            return None;
        }
        queue.writing = true;
        let changes: Vec<Pending> = if queue.pending.len() <= GROUP_CHANGES {
            std::mem::take(&mut queue.pending).into_values().collect()
        } else {
            let some: Vec<_> = queue.pending.keys().take(GROUP_CHANGES).cloned().collect();
            some.iter().filter_map(|socket| queue.pending.remove(socket)).collect()
        };
        // Whoever waits for all of it to settle goes with the last group.
        let settling =
            if queue.pending.is_empty() { std::mem::take(&mut queue.settling) } else { Vec::new() };
        Some(Group { changes, settling, sweep: std::mem::take(&mut queue.sweep_wanted) })
    }

    /// A sweep is not put back: the next renewal of the lease asks for it again.
    fn put_group_back_after_failure(&self, group: Group) {
        let mut queue = self.queue.lock();
        queue.settling.extend(group.settling.into_iter().filter(|waiting| !waiting.is_closed()));
        for mut old in group.changes {
            old.waiting.retain(|waiting| !waiting.is_closed());
            match queue.pending.entry(old.change.socket_id.clone()) {
                Entry::Occupied(mut newer) => newer.get_mut().waiting.append(&mut old.waiting),
                Entry::Vacant(free) => {
                    free.insert(old);
                }
            }
        }
    }

    /// Changes not yet written, for the metrics.
    pub(crate) fn count_changes_not_written(&self) -> usize {
        self.queue.lock().pending.len()
    }
}

impl Realtime {
    /// Resolves when every presence change received so far is committed, so that a read sees it.
    pub async fn settle_presence_changes_now(&self) -> Result<()> {
        let settled = {
            let mut queue = self.0.presence_writer.queue.lock();
            if queue.pending.is_empty() && !queue.sweep_wanted && !queue.writing {
                return Ok(());
            }
            let (answer, settled) = oneshot::channel();
            queue.settling.push(answer);
            settled
        };
        self.0.presence_writer.arrived.notify_one();
        let limit = self.0.store.config().statement_timeout;
        tokio::time::timeout(limit, settled)
            .await?
            .map_err(|closed| DomainError::Unavailable(Box::new(closed)))
    }

    pub(crate) async fn write_presence_until_stop(&self) {
        let mut pauses = tokio::time::interval(GROUP_PAUSE);
        pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Some(group) = self.0.presence_writer.take_next_group_out() else {
                self.0.presence_writer.arrived.notified().await;
                continue;
            };
            match self.write_presence_group_once(&group).await {
                Ok(()) => {
                    self.0.health.presence_writer.note_success_of_task();
                    let waiting = group.changes.into_iter().flat_map(|pending| pending.waiting);
                    // Nobody waits any more: they gave up, which is theirs to say.
                    for answer in waiting.chain(group.settling) {
                        let _ = answer.send(());
                    }
                }
                Err(error) => {
                    let changes = group.changes.len();
                    tracing::warn!(%error, changes, "presence not written; trying again");
                    self.0.presence_writer.put_group_back_after_failure(group);
                    // It may have committed, and its answer was lost: then others know what this node does not.
                    self.0.presence_inbox.request_reading_of_presence();
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
            pauses.tick().await;
        }
    }

    async fn write_presence_group_once(&self, group: &Group) -> Result<()> {
        if !group.changes.is_empty() {
            let changes: Vec<_> = group.changes.iter().map(|p| p.change.clone()).collect();
            let write = self.0.store.apply_presence_changes_group(self.0.node_id, &changes);
            let written = self.wait_for_presence_statement(write).await?;
            metrics::observe_presence_group_size(changes.len());
            self.0.bus.send_presence_to_nodes(&written);
            self.0.presence_inbox.show_own_group_of_node(written, changes).await;
        }
        if group.sweep {
            let sweep = self.0.store.sweep_sockets_of_dead_nodes(SWEEP_SOCKETS);
            if let Some(swept) = self.wait_for_presence_statement(sweep).await? {
                let people = swept.people.len();
                tracing::warn!(people, "swept the sockets of a node that died");
                self.0.bus.send_presence_to_nodes(&swept);
                self.0.presence_inbox.offer_group_of_node(swept);
                // There may be more of them.
                self.0.presence_writer.request_sweep_of_dead_nodes();
            }
        }
        Ok(())
    }

    /// Bounds a statement from this side: a database that neither answers nor refuses would hold the task for ever.
    pub(crate) async fn wait_for_presence_statement<T>(
        &self,
        statement: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::time::timeout(self.0.store.config().statement_timeout, statement).await?
    }
}
