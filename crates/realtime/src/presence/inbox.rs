//! What the presence task is told, over a bounded channel. Past the bound news of other nodes are dropped, and a reading
//! of the database, which contains all of them, is requested instead.

use std::sync::Arc;

use owlpost_domain::{
    IncidentId, User, UserId,
    presence::{PresenceChange, PresenceGroup},
};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::{Frame, Session, presence::entrance::RoomEntrance};

/// News waiting for the task. Past the bound a reading replaces them.
const WAITING_NEWS: usize = 1_024;

/// What the task is told.
pub(crate) enum PresenceNews {
    /// A group of another node, or a sweep.
    Group(PresenceGroup),
    /// A group of this node's own sockets.
    OwnGroup { group: PresenceGroup, changes: Vec<PresenceChange>, applied: oneshot::Sender<()> },
    /// A user as the log tells them; `None` when deleted.
    UserChange { user_id: UserId, user: Option<User> },
    /// A session that is to know who is in the room it enters.
    Entrance(RoomEntrance),
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

    /// For the task, once.
    pub(crate) fn take_receiver_of_task(&self) -> Option<mpsc::Receiver<PresenceNews>> {
        self.receiver.lock().take()
    }

    /// Resolves when the database is to be read.
    pub(crate) async fn wait_for_requested_reading(&self) {
        self.reading_wanted.notified().await;
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
            crate::metrics::count_presence_news_dropped();
            self.request_reading_of_presence();
        }
    }

    /// Resolves when the session listens to the room of the incident: with what its client is to be told, unless it is live and
    /// was told at once. `believed` are the viewers that the client knows of.
    pub(crate) async fn enter_room_and_tell(
        &self,
        session: &Arc<Session>,
        incident: IncidentId,
        believed: &[UserId],
        is_live: bool,
    ) -> Vec<Arc<Frame>> {
        let (told, telling) = oneshot::channel();
        let believed = believed.iter().copied().collect();
        let entrance = RoomEntrance { session: session.clone(), incident, believed, told, is_live };
        // Errors mean that the node stops, and its sessions end.
        let _ = self.sender.send(PresenceNews::Entrance(entrance)).await;
        telling.await.unwrap_or_default()
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

#[cfg(test)]
mod tests;
