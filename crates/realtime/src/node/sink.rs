//! The node as the follower of the log sees it.

use std::sync::Arc;

use owlpost_domain::{EventName, LoggedEvent, Topic};

use crate::{
    Frame,
    delivery::{dispatcher::Dispatcher, frame::Addressed, transport::CloseReason},
    known_incidents::KnownIncidents,
    log::source::LogSink,
    receipts::ReceiptAnnouncer,
    session::user_changes::UserChanges,
    task_health::TaskHealth,
    typing::TypingTable,
};

/// With so many sessions, a fan-out keeps every core busy for milliseconds.
const CROWD_SESSIONS: usize = 256;

/// Hands events to what they concern.
pub(super) struct NodeSink {
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) typing: Arc<TypingTable>,
    pub(super) user_changes: Arc<UserChanges>,
    pub(super) receipts: Arc<ReceiptAnnouncer>,
    pub(super) known_incidents: Arc<KnownIncidents>,
    pub(super) health: Arc<TaskHealth>,
}

impl LogSink for NodeSink {
    fn has_crowd(&self) -> bool {
        self.dispatcher.registry.count_listeners_of_topic(Topic::Everyone) >= CROWD_SESSIONS
    }

    async fn deliver_batch(&self, batch: &[LoggedEvent]) {
        let Some(first) = batch.first() else { return };
        self.known_incidents.forget_incidents_of_events(batch);
        if first.name == EventName::UserChanged {
            // It is alone in its batch, and no client's.
            self.user_changes.apply_user_change_event(first);
            return;
        }
        for comment in batch.iter().filter(|event| event.name == EventName::CommentCreated) {
            self.typing.stop_typing_of_comment_author(comment);
        }
        let address = |event| Addressed { frame: Frame::from_logged_event(event), except: None };
        let frames: Vec<_> = batch.iter().map(address).collect();
        let told: Vec<_> = frames
            .iter()
            .filter_map(|addressed| addressed.frame.notification?.incident_id)
            .collect();
        self.receipts.announce_receipts_at_node(&told);
        let spans: Vec<_> =
            batch.iter().filter_map(|event| event.delivery.take_span_of_delivery()).collect();
        self.dispatcher.fan_out_frames_to_topics(&frames, &first.audience).await;
        drop(spans);
    }

    fn note_reading(&self) {
        self.health.log_follower.note_success_of_task();
    }

    fn end_every_session(&self) {
        self.dispatcher.close_every_session_with(CloseReason::Unavailable);
    }
}
