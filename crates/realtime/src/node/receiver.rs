//! The node as the other nodes see it.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::{
    cluster::{bus::MessageReceiver, message::Message},
    known_incidents::KnownIncidents,
    log::feed::LogFeed,
    presence::inbox::PresenceInbox,
    receipts::ReceiptAnnouncer,
    typing::TypingTable,
};

/// Hands messages to what they concern.
pub(super) struct NodeReceiver {
    pub(super) feed: Arc<LogFeed>,
    pub(super) typing: Arc<TypingTable>,
    pub(super) presence: Arc<PresenceInbox>,
    pub(super) receipts: Arc<ReceiptAnnouncer>,
    pub(super) known_incidents: Arc<KnownIncidents>,
    pub(super) consoles: broadcast::Sender<Arc<str>>,
}

impl MessageReceiver for NodeReceiver {
    fn receive_message(&self, message: Message) {
        match message {
            Message::Heartbeat => {}
            Message::Events(events) => {
                self.known_incidents.note_how_long_node_is_alone(None);
                let events = events.into_iter().map(Into::into).collect();
                self.feed.receive_events_in_any_order(events);
            }
            Message::Receipts(incidents) => self.receipts.announce_receipts_at_node(&incidents),
            Message::Typing(typing) => self.typing.apply_typing_of_node(typing.into()),
            // Nobody may listen.
            Message::Console(text) => drop(self.consoles.send(text.into())),
            Message::PresenceGroup(group) => self.presence.offer_group_of_node(group),
        }
    }

    fn note_connection(&self) {
        // What was said while nobody listened is in the log and in the database.
        self.feed.request_reading_of_log();
        self.presence.request_reading_of_presence();
    }
}
