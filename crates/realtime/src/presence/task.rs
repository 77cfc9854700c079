//! The one task that owns the view of presence and tells what changes, so that what is announced has one order.
//!
//! Others send it news over a bounded channel. Past the bound news of other nodes are dropped, and a reading of the
//! database, which contains all of them, is requested instead.

use std::{pin::Pin, time::Instant};

use owlpost_domain::{
    Result, User, UserId,
    presence::{PresenceChange, PresenceGroup, PresenceReading},
};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::{
    Realtime,
    presence::{
        announcer::PresenceAnnouncements,
        view::{PresenceTransition, PresenceView, ReadingTicket, SeenTransition},
    },
};

/// News waiting for the task. Past the bound a reading replaces them.
const WAITING_NEWS: usize = 1_024;

/// What the task is told.
enum PresenceNews {
    /// A group of another node, or a sweep.
    Group(PresenceGroup),
    /// A group of this node's own sockets.
    OwnGroup { group: PresenceGroup, changes: Vec<PresenceChange>, applied: oneshot::Sender<()> },
    /// A user as the log tells them; `None` when deleted.
    UserChange { user_id: UserId, user: Option<User> },
}

/// The way to the presence task.
pub(crate) struct PresenceInbox {
    sender: mpsc::Sender<PresenceNews>,
    receiver: Mutex<Option<mpsc::Receiver<PresenceNews>>>,
    reading_wanted: Notify,
}

impl PresenceInbox {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_NEWS);
        Self { sender, receiver: Mutex::new(Some(receiver)), reading_wanted: Notify::new() }
    }

    /// Has the database read soon: something about presence may be unknown here.
    pub(crate) fn request_reading_of_presence(&self) {
        self.reading_wanted.notify_one();
    }

    /// Passes the states of a group on. When the task is behind, a reading tells them.
    pub(crate) fn offer_group_of_node(&self, group: PresenceGroup) {
        self.offer_news_or_reading(PresenceNews::Group(group));
    }

    /// Shows a user's new name or role at once, or forgets them when they were deleted (`None`). Must be called in
    /// the order of the log; it does not block.
    pub(crate) fn offer_change_of_user(&self, user_id: UserId, user: Option<&User>) {
        self.offer_news_or_reading(PresenceNews::UserChange { user_id, user: user.cloned() });
    }

    fn offer_news_or_reading(&self, news: PresenceNews) {
        if self.sender.try_send(news).is_err() {
            metrics::counter!("owlpost_presence_news_dropped_total").increment(1);
            self.request_reading_of_presence();
        }
    }

    /// Resolves when this node's own group is shown, so that whoever waits for the commit finds it in the directory.
    pub(crate) async fn show_own_group_of_node(
        &self,
        group: PresenceGroup,
        changes: Vec<PresenceChange>,
    ) {
        let (applied, shown) = oneshot::channel();
        if self.sender.send(PresenceNews::OwnGroup { group, changes, applied }).await.is_ok() {
            // An error means that the node stops, and nobody reads the directory any more.
            let _ = shown.await;
        }
    }
}

/// A reading of the database that is under way.
type RunningReading = Pin<Box<dyn Future<Output = Result<PresenceReading>> + Send>>;

/// What the task owns.
pub(crate) struct PresenceTask {
    core: Realtime,
    view: PresenceView,
    announcements: PresenceAnnouncements,
    reading: Option<(ReadingTicket, RunningReading)>,
}

impl PresenceTask {
    pub(crate) fn new(core: Realtime) -> Self {
        let per_second = core.0.config.presence_fanout_per_second;
        Self {
            core,
            view: PresenceView::default(),
            announcements: PresenceAnnouncements::new(per_second, Instant::now()),
            reading: None,
        }
    }

    /// Reads the database, so that the node does not begin with nobody.
    pub(crate) async fn load_view_before_start(&mut self) -> Result<()> {
        let ticket = self.view.begin_reading_of_cluster();
        let reading = self.core.read_presence_with_timeout().await?;
        self.apply_reading_and_announce(ticket, reading);
        Ok(())
    }

    pub(crate) async fn keep_presence_until_stop(mut self) {
        let core = self.core.clone();
        let inbox = &core.0.presence_inbox;
        let Some(mut news) = inbox.receiver.lock().take() else { return };
        loop {
            let due = self.announcements.find_time_of_next();
            tokio::select! {
                news = news.recv() => match news {
                    Some(news) => self.apply_news_to_view(news),
                    None => return,
                },
                () = inbox.reading_wanted.notified(), if self.reading.is_none() => {
                    self.start_reading_of_database();
                }
                (ticket, reading) = wait_for_running_reading(&mut self.reading) => {
                    self.reading = None;
                    match reading {
                        Ok(reading) => self.apply_reading_and_announce(ticket, reading),
                        // The lease requests the next one.
                        Err(error) => tracing::warn!(%error, "presence could not be read"),
                    }
                }
                () = wait_until_moment_if(due) => {}
            }
            self.announcements.flush_announcements_due_at(&self.core, Instant::now());
        }
    }

    fn apply_news_to_view(&mut self, news: PresenceNews) {
        match news {
            PresenceNews::Group(group) => {
                let transitions = self.view.apply_group_to_view(group);
                self.show_and_announce_transitions(transitions);
            }
            PresenceNews::OwnGroup { group, changes, applied } => {
                let transitions = self.view.apply_own_group_to_view(group, &changes);
                self.show_and_announce_transitions(transitions);
                // Nobody waits when the writer was stopped.
                let _ = applied.send(());
            }
            PresenceNews::UserChange { user_id, user } => {
                let transitions = self.view.apply_user_change_to_view(user_id, user);
                self.show_and_announce_transitions(transitions);
            }
        }
    }

    fn start_reading_of_database(&mut self) {
        let ticket = self.view.begin_reading_of_cluster();
        let core = self.core.clone();
        let reading = Box::pin(async move { core.read_presence_with_timeout().await });
        self.reading = Some((ticket, reading));
    }

    fn apply_reading_and_announce(&mut self, ticket: ReadingTicket, reading: PresenceReading) {
        let outcome = self.view.apply_reading_to_view(ticket, reading);
        if outcome.lacks_number || outcome.lacks_own_sockets {
            tracing::warn!(
                "presence in the database lacks this node's sockets: they are written again"
            );
            self.core.write_every_socket_again();
        }
        if outcome.lacks_number {
            // A sweep draws a number for the next reading also when there is nobody to write.
            self.core.0.presence_writer.request_sweep_of_dead_nodes();
        } else {
            self.core.0.health.presence_reading.note_success_of_task();
        }
        self.show_and_announce_transitions(outcome.transitions);
    }

    fn show_and_announce_transitions(&mut self, transitions: Vec<SeenTransition>) {
        self.core.0.directory.apply_transitions_to_directory(&transitions);
        for (transition, _) in &transitions {
            if let PresenceTransition::LeftRoom(user, incident) = *transition {
                self.core.end_remote_typing_of_user(user, incident);
            }
        }
        self.announcements.announce_transitions_or_wait(&self.core, transitions, Instant::now());
    }
}

impl Realtime {
    async fn read_presence_with_timeout(&self) -> Result<PresenceReading> {
        let reading = self.0.store.read_presence_of_cluster(self.0.node_id);
        self.wait_for_presence_statement(reading).await
    }
}

async fn wait_for_running_reading(
    running: &mut Option<(ReadingTicket, RunningReading)>,
) -> (ReadingTicket, Result<PresenceReading>) {
    match running {
        Some((ticket, reading)) => (*ticket, reading.await),
        None => std::future::pending().await,
    }
}

async fn wait_until_moment_if(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
