//! Rooms a client may enter: the feed, and one incident at a time, or a few when its protocol listens to several. It views
//! the one it entered last.

use std::sync::{Arc, atomic::Ordering};

use owlpost_domain::{
    DomainError, IncidentId, Result, Store, Topic, User, UserId, presence::SocketState,
    receipts::ReceiptChange,
};

use crate::{
    Frame, Session,
    delivery::dispatcher::Dispatcher,
    presence::{directory::PresenceDirectory, inbox::PresenceInbox, queue::PresenceQueue},
    receipts::ReceiptQueue,
    typing::TypingTable,
};

/// What somebody sees on entering a room.
#[derive(Debug)]
pub struct RoomView {
    /// The room.
    pub topic: Topic,
    /// Distinct people in it, the one who enters included; nobody for the feed, where there is no presence.
    pub viewers: Vec<User>,
}

/// How a client that enters the room of an incident learns who is in there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewersBy {
    /// It reads the [`RoomView`] that it is answered.
    Answer,
    /// It hears no answer: it is told by a `presence:join` for each, itself included, so that it can count what it hears.
    Events,
}

/// A room the session is in now, and what that changes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EnteredRoom {
    New(Topic),
    /// It was in there, and views it from now on.
    Back(Topic),
    Same(Topic),
}

impl EnteredRoom {
    const fn room(self) -> Topic {
        match self {
            Self::New(topic) | Self::Back(topic) | Self::Same(topic) => topic,
        }
    }
}

/// What a client is told of the viewers of an incident whose room it enters.
#[derive(Clone, Copy)]
enum WayIn<'a> {
    /// Nothing.
    Silent,
    /// All.
    Told,
    /// What has changed since it knew these.
    Back(&'a [UserId]),
}

/// The topic of a room clients may name; others are `FORBIDDEN`.
pub(crate) fn parse_room_open_to_clients(room: &str) -> Result<Topic> {
    const REFUSAL: &str = "This room is not open: join incident:<id> or incidents";
    if let Some(id) = room.strip_prefix("incident:") {
        let id = id
            .parse()
            .map_err(|_| DomainError::invalid_field_value("room", "must be incident:<uuid>"))?;
        return Ok(Topic::Incident(id));
    }
    match room.parse() {
        Ok(Topic::Feed) => Ok(Topic::Feed),
        _ => Err(DomainError::Forbidden(REFUSAL)),
    }
}

/// Rooms as sockets may join them: the feed, which every reader of events is in anyway, and one incident at a time.
pub(crate) async fn resolve_rooms_of_reader(store: &Store, names: &[&str]) -> Result<Vec<Topic>> {
    let mut incident = None;
    for name in names {
        match name.parse() {
            Ok(Topic::Feed) => {}
            Ok(Topic::Incident(id)) if incident.is_none_or(|other| other == id) => {
                incident = Some(id);
            }
            Ok(Topic::Incident(_)) => {
                let problem = "must name one incident at most";
                return Err(DomainError::invalid_field_value("room", problem));
            }
            Ok(Topic::Everyone | Topic::User(_) | Topic::Role(_)) | Err(_) => {
                return Err(DomainError::Forbidden("This room is not open to clients"));
            }
        }
    }
    let Some(id) = incident else { return Ok(Vec::new()) };
    store.check_incident_exists_by_id(id).await?;
    Ok(vec![Topic::Incident(id)])
}

/// Entering and leaving rooms.
pub(crate) struct Rooms {
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) typing: Arc<TypingTable>,
    pub(crate) presence: Arc<PresenceQueue>,
    /// The task that announces who comes and goes.
    pub(crate) announcements: Arc<PresenceInbox>,
    pub(crate) directory: Arc<PresenceDirectory>,
    pub(crate) receipts: Arc<ReceiptQueue>,
}

impl Rooms {
    /// Enters a room. Entering an incident leaves the one before, unless the session may be in several. The session
    /// listens before the presence is committed, so that whoever sees it there can count on it having heard.
    pub(crate) async fn join_room_with_presence(
        &self,
        session: &Arc<Session>,
        room: &str,
        viewers_by: ViewersBy,
    ) -> Result<RoomView> {
        let way = match viewers_by {
            ViewersBy::Answer => WayIn::Silent,
            ViewersBy::Events => WayIn::Told,
        };
        let (entered, _) = self.enter_room_by_way(session, room, way).await?;
        let topic = entered.room();
        if !matches!(entered, EnteredRoom::Same(_))
            && is_written_with_room(session, topic)
            && let Err(error) = self.write_presence_of_session(session).await
        {
            // Not in the room after all; the writer still knows where the socket should be.
            if matches!(entered, EnteredRoom::New(_)) {
                self.dispatcher.registry.remove_session_from_topic(session, topic);
            }
            self.presence.request_change_without_answer(session, state_of_live_socket(session));
            return Err(error);
        }
        if let Topic::Incident(incident_id) = topic
            && session.counts_as_presence
        {
            let user_id = session.user().id;
            self.receipts
                .note_receipt_change_of_client(ReceiptChange::Viewed { user_id, incident_id });
        }
        let viewers = match topic {
            Topic::Incident(id) => self.directory.list_viewers_of_incident(id),
            _ => Vec::new(),
        };
        Ok(RoomView { topic, viewers })
    }

    /// Makes the session listen to a room; the caller writes its presence. The incident before is left, unless the session
    /// may be in several.
    pub(crate) async fn enter_room_without_presence(
        &self,
        session: &Arc<Session>,
        room: &str,
    ) -> Result<()> {
        self.enter_room_by_way(session, room, WayIn::Silent).await.map(drop)
    }

    /// The same for a client that was in there and knows of these viewers: what it is to be told before anything else.
    pub(crate) async fn return_to_room_without_presence(
        &self,
        session: &Arc<Session>,
        room: Topic,
        believed: Option<&[UserId]>,
    ) -> Result<Vec<Arc<Frame>>> {
        let way = believed.map_or(WayIn::Silent, WayIn::Back);
        Ok(self.enter_room_by_way(session, &room.to_string(), way).await?.1)
    }

    async fn enter_room_by_way(
        &self,
        session: &Arc<Session>,
        room: &str,
        way: WayIn<'_>,
    ) -> Result<(EnteredRoom, Vec<Arc<Frame>>)> {
        let topic = parse_room_open_to_clients(room)?;
        let registry = &self.dispatcher.registry;
        let Topic::Incident(id) = topic else {
            let is_new = registry.add_session_to_topic(session, topic);
            let entered = if is_new { EnteredRoom::New(topic) } else { EnteredRoom::Same(topic) };
            return Ok((entered, Vec::new()));
        };
        let before = session.viewed_incident();
        let is_same = before == Some(id);
        if is_same || session.topics().contains(&topic) {
            registry.move_topic_behind_others(session, topic);
            if !(is_same && session.viewers_were_told.load(Ordering::Acquire)) {
                self.listen_to_room_by_way(session, id, way).await;
            }
            let entered = if is_same { EnteredRoom::Same(topic) } else { EnteredRoom::Back(topic) };
            return Ok((entered, Vec::new()));
        }
        self.store.check_incident_exists_by_id(id).await?;
        if session.most_incidents > 1 {
            refuse_incident_beyond_limit(session)?;
        } else if let Some(before) = before {
            self.typing.stop_typing_of_session(session, before);
            registry.remove_session_from_topic(session, Topic::Incident(before));
        }
        session.viewers_were_told.store(false, Ordering::Release);
        let frames = self.listen_to_room_by_way(session, id, way).await;
        self.typing.tell_newcomer_of_typists(session, id);
        Ok((EnteredRoom::New(topic), frames))
    }

    async fn listen_to_room_by_way(
        &self,
        session: &Arc<Session>,
        id: IncidentId,
        way: WayIn<'_>,
    ) -> Vec<Arc<Frame>> {
        let (believed, is_live) = match way {
            WayIn::Silent => {
                self.dispatcher.registry.add_session_to_topic(session, Topic::Incident(id));
                return Vec::new();
            }
            WayIn::Told => (&[][..], true),
            WayIn::Back(believed) => (believed, false),
        };
        self.announcements.enter_room_and_tell(session, id, believed, is_live).await
    }

    /// Leaves a room. Leaving one that it is not in changes nothing.
    pub(crate) async fn leave_room_with_presence(
        &self,
        session: &Arc<Session>,
        room: &str,
    ) -> Result<()> {
        let topic = parse_room_open_to_clients(room)?;
        if let Topic::Incident(incident) = topic {
            self.typing.stop_typing_of_session(session, incident);
        }
        let left = self.dispatcher.registry.remove_session_from_topic(session, topic);
        if left && is_written_with_room(session, topic) {
            self.write_presence_of_session(session).await?;
        }
        Ok(())
    }

    /// Leaves rooms whose presence is not written yet.
    pub(crate) fn leave_rooms_without_presence(&self, session: &Session, rooms: &[Topic]) {
        for room in rooms {
            self.dispatcher.registry.remove_session_from_topic(session, *room);
        }
    }

    /// Resolves when everybody can know that the session is there and what it views, and when the database knows what its
    /// client comes back to.
    pub(crate) async fn write_presence_of_session(&self, session: &Session) -> Result<()> {
        self.presence.write_change_and_wait(session, state_of_live_socket(session)).await
    }
}

fn refuse_incident_beyond_limit(session: &Session) -> Result<()> {
    let most = session.most_incidents;
    if session.incidents().len() < most {
        return Ok(());
    }
    Err(DomainError::Conflict(format!(
        "A connection may be in the rooms of {most} incidents at a time"
    )))
}

/// Whether the database must know that a session is in this room: others see who views an incident, and a client that
/// recovers must find every room it was told to be in.
fn is_written_with_room(session: &Session, room: Topic) -> bool {
    session.counts_as_presence && (room != Topic::Feed || session.is_kept_for_recovery())
}

fn state_of_live_socket(session: &Session) -> SocketState {
    SocketState::Connected { room: session.viewed_incident().map(Topic::Incident) }
}
