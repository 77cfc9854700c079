//! Names of events, topics (who is entitled to one), and one row of the log in memory.

use std::{fmt, str::FromStr, sync::Arc};

use crate::{DomainError, IncidentId, Role, UserId};

macro_rules! event_names {
    ($($(#[$doc:meta])* $variant:ident = $text:literal $kind:ident),+ $(,)?) => {
        /// Every event the server sends, named once here for the whole product.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventName { $($(#[$doc])* $variant),+ }
        impl EventName {
            /// Every event, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The name on the wire.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text),+ } }
            /// What becomes of it when nobody listens.
            pub const fn kind(self) -> EventKind { match self { $(Self::$variant => EventKind::$kind),+ } }
        }
        impl FromStr for EventName {
            type Err = DomainError;
            fn from_str(text: &str) -> Result<Self, DomainError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(DomainError::internal_error_from_cause(format!("unknown event name {text}"))),
                }
            }
        }
    };
}

/// What becomes of an event when nobody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// In the log, with a position; replayed to who was away.
    Durable,
    /// True now or worthless; never logged.
    Ephemeral,
    /// Said to one socket about itself.
    Personal,
    /// Said by the servers to each other through the log; never to a client.
    Internal,
}

event_names! {
    /// An incident was reported.
    IncidentCreated = "incident:created" Durable,
    /// Fields of an incident changed.
    IncidentUpdated = "incident:updated" Durable,
    /// An incident was resolved.
    IncidentResolved = "incident:resolved" Durable,
    /// Somebody commented.
    CommentCreated = "comment:created" Durable,
    /// A comment was deleted.
    CommentDeleted = "comment:deleted" Durable,
    /// A notification for one person.
    NotificationNew = "notification:new" Durable,
    /// A person read a notification, or all of them, in one of their tabs.
    NotificationRead = "notification:read" Durable,
    /// A person dismissed a notification in one of their tabs.
    NotificationDeleted = "notification:deleted" Durable,
    /// An incident became critical.
    EscalationCritical = "escalation:critical" Durable,
    /// A person came online, or began to view an incident.
    PresenceJoin = "presence:join" Ephemeral,
    /// A person went offline, or stopped viewing an incident.
    PresenceLeave = "presence:leave" Ephemeral,
    /// A person types a comment, or stopped.
    PresenceTyping = "presence:typing" Ephemeral,
    /// How many distinct people are online.
    PresenceCounts = "presence:counts" Ephemeral,
    /// The connection is accepted and its presence committed.
    ConnectionAcknowledged = "connection:acknowledged" Personal,
    /// The replay after a reconnect is over.
    EventsResumed = "events:resumed" Personal,
    /// Something this socket asked for failed.
    Error = "error" Personal,
    /// A user's name, address or role changed, or the user was deleted.
    UserChanged = "user:changed" Internal,
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who is entitled to an event. Written as the room of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Every connected client.
    Everyone,
    /// Clients that joined the feed room `incidents`.
    Feed,
    /// Clients viewing one incident.
    Incident(IncidentId),
    /// Every client of one user.
    User(UserId),
    /// Every client of the users of one role.
    Role(Role),
}

/// Name of the feed room.
pub const FEED_ROOM: &str = "incidents";

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Feed => f.write_str(FEED_ROOM),
            Self::Incident(id) => write!(f, "incident:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Role(role) => write!(f, "role:{role}"),
        }
    }
}

impl FromStr for Topic {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        let unknown = || DomainError::invalid_field_value("room", "no such room");
        match text.split_once(':') {
            None if text == FEED_ROOM => Ok(Self::Feed),
            None if text == "everyone" => Ok(Self::Everyone),
            Some(("incident", id)) => Ok(Self::Incident(id.parse().map_err(|_| unknown())?)),
            Some(("user", id)) => Ok(Self::User(id.parse().map_err(|_| unknown())?)),
            Some(("role", role)) => Ok(Self::Role(role.parse().map_err(|_| unknown())?)),
            _ => Err(unknown()),
        }
    }
}

/// An event as committed to the log, ready to be sent: its payload is serialised once, `eventId` included.
#[derive(Debug, Clone)]
pub struct LoggedEvent {
    /// Position in the log.
    pub position: i64,
    /// What happened.
    pub name: EventName,
    /// Who is entitled to it.
    pub audience: Arc<[Topic]>,
    /// JSON object of the payload, with `eventId`.
    pub payload: Arc<str>,
    /// When the server that committed it had the commit confirmed; `None` for one read back from the log.
    pub committed_at: Option<std::time::Instant>,
}

/// A change that is committed, with the events that tell of it.
#[derive(Debug)]
pub struct Committed<T> {
    /// What the caller asked for.
    pub value: T,
    /// To be published, in log order. Empty when nothing changed or the answer is an earlier one again.
    pub events: Vec<LoggedEvent>,
}

impl<T> Committed<T> {
    /// A change that tells nobody.
    pub const fn without_events(value: T) -> Self {
        Self { value, events: Vec::new() }
    }
}
