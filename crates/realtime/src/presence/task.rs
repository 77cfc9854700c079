//! The one task that owns the view of presence and tells what changes, so that what is announced has one order.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use owlpost_domain::{Result, Topic, presence::PresenceReading};

use crate::{
    delivery::dispatcher::Dispatcher,
    presence::{
        announcer::PresenceAnnouncements,
        directory::PresenceDirectory,
        entrance::RoomEntrance,
        inbox::{PresenceInbox, PresenceNews},
        queue::PresenceQueue,
        store::PresenceStore,
        view::{PresenceTransition, PresenceView, ReadingTicket, SeenTransition},
    },
    task_health::TaskHealth,
    typing::TypingTable,
};

/// A reading of the database that is under way.
type RunningReading = Pin<Box<dyn Future<Output = Result<PresenceReading>> + Send>>;

/// What the task works with.
pub(crate) struct PresenceParts<S> {
    pub(crate) store: S,
    pub(crate) queue: Arc<PresenceQueue>,
    pub(crate) inbox: Arc<PresenceInbox>,
    pub(crate) directory: Arc<PresenceDirectory>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) typing: Arc<TypingTable>,
    pub(crate) health: Arc<TaskHealth>,
}

/// What the task owns.
pub(crate) struct PresenceTask<S> {
    parts: PresenceParts<S>,
    view: PresenceView,
    announcements: PresenceAnnouncements,
    reading: Option<(ReadingTicket, RunningReading)>,
}

impl<S: PresenceStore> PresenceTask<S> {
    pub(crate) fn new(parts: PresenceParts<S>, announcements: PresenceAnnouncements) -> Self {
        Self { parts, view: PresenceView::default(), announcements, reading: None }
    }

    /// Reads the database, so that the node does not begin with nobody.
    pub(crate) async fn load_view_before_start(&mut self) -> Result<()> {
        let ticket = self.view.begin_reading_of_cluster();
        let reading = self.parts.store.read_cluster().await?;
        self.apply_reading_and_announce(ticket, reading);
        Ok(())
    }

    pub(crate) async fn keep_presence_until_stop(mut self) {
        let inbox = self.parts.inbox.clone();
        let Some(mut news) = inbox.take_receiver_of_task() else { return };
        loop {
            let due = self.announcements.find_time_of_next();
            tokio::select! {
                news = news.recv() => match news {
                    Some(news) => self.apply_news_to_view(news),
                    None => return,
                },
                () = inbox.wait_for_requested_reading(), if self.reading.is_none() => {
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
            self.announcements.flush_announcements_due_at(Instant::now());
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
            PresenceNews::Entrance(entrance) => self.let_session_in_and_tell(entrance),
        }
    }

    fn let_session_in_and_tell(&self, entrance: RoomEntrance) {
        let dispatcher = &self.parts.dispatcher;
        let (session, incident) = (&entrance.session, entrance.incident);
        dispatcher.registry.add_session_to_topic(session, Topic::Incident(incident));
        session.viewers_were_told.store(true, Ordering::Release);
        let directory = &self.parts.directory;
        let announced = self.announcements.list_viewers_as_announced(directory, incident);
        let mut frames = entrance.build_frames_of_difference(announced);
        if entrance.is_live {
            for frame in frames.drain(..) {
                dispatcher.send_frame_to_session(session, &frame);
            }
        }
        // Nobody waits when the client has gone.
        let _ = entrance.told.send(frames);
    }

    fn start_reading_of_database(&mut self) {
        let ticket = self.view.begin_reading_of_cluster();
        let store = self.parts.store.clone();
        let reading = Box::pin(async move { store.read_cluster().await });
        self.reading = Some((ticket, reading));
    }

    fn apply_reading_and_announce(&mut self, ticket: ReadingTicket, reading: PresenceReading) {
        let outcome = self.view.apply_reading_to_view(ticket, reading);
        if outcome.lacks_number || outcome.lacks_own_sockets {
            tracing::warn!(
                "presence in the database lacks this node's sockets: they are written again"
            );
            let sessions = self.parts.dispatcher.registry.list_all_live_sessions();
            self.parts.queue.request_rewrite_of_sockets(&sessions);
        }
        if outcome.lacks_number {
            // A sweep draws a number for the next reading also when there is nobody to write.
            self.parts.queue.request_sweep_of_dead_nodes();
        } else {
            self.parts.health.presence_reading.note_success_of_task();
        }
        self.show_and_announce_transitions(outcome.transitions);
    }

    fn show_and_announce_transitions(&mut self, transitions: Vec<SeenTransition>) {
        self.parts.directory.apply_transitions_to_directory(&transitions);
        for (transition, _) in &transitions {
            if let PresenceTransition::LeftRoom(user, incident) = *transition {
                self.parts.typing.end_remote_typing_of_user(user, incident);
            }
        }
        self.announcements.announce_transitions_or_wait(transitions, Instant::now());
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
