//! The one table of server events, topics (who is entitled to one), and one row of the log in memory.

mod delivery_span;
mod foreign;

use std::{fmt, str::FromStr, sync::Arc};

use serde::Serialize;
use ts_rs::{Config, ExportError, TS};
use utoipa::openapi::Ref;

pub use self::{
    delivery_span::{DeliverySpan, TRACES},
    foreign::UnknownName,
};
use crate::{
    DomainError, IncidentId, Role, UserId,
    named_schema::{NamedSchemas, refer_to_named_schema},
    payload,
};

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

/// What an event says. Its type names the event, so that no event can carry what another one says.
pub trait EventPayload: Serialize {
    /// The event.
    const EVENT: EventName;
}

/// Makes everything that is said of an event in more than one place out of one table: its name, its kind, who gets
/// it in words, and the type of its payload (none for events that no client receives).
macro_rules! server_events {
    ($(
        $(#[$doc:meta])*
        $variant:ident($($payload:ty)?) = $text:literal, $kind:ident, to $audience:literal;
    )+) => {
        /// Every event the server sends, named once here for the whole product.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventName {
            $($(#[$doc])* $variant,)+
            /// An event of a newer version, found in the log or on the bus: it passes through as it is.
            Unknown(UnknownName),
        }

        impl EventName {
            /// Every event of this version, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ Self::Unknown(name) => name.as_str() }
            }

            /// What becomes of it when nobody listens.
            pub const fn kind(self) -> EventKind {
                match self { $(Self::$variant => EventKind::$kind,)+ Self::Unknown(_) => EventKind::Durable }
            }

            /// Who receives it, for the documents.
            pub const fn audience_in_words(self) -> &'static str {
                match self { $(Self::$variant => $audience,)+ Self::Unknown(_) => "whoever its version says" }
            }

            /// The event of this name, known to this version or not.
            pub fn from_wire(text: &str) -> Self {
                match text { $($text => Self::$variant,)+ _ => Self::Unknown(UnknownName::from_text(text)) }
            }

            /// A reference to the schema of its payload as the server writes it. The schema itself, and what it refers
            /// to, is added to `found`. There is none for events that no client receives.
            pub(crate) fn refer_to_payload_schema(self, found: &mut NamedSchemas) -> Option<Ref> {
                match self {
                    $(Self::$variant => server_events!(@schema found $($payload)?),)+
                    Self::Unknown(_) => None,
                }
            }

            /// The TypeScript name of the type of its payload. There is none for events that no client receives.
            pub fn name_of_payload_type(self, config: &Config) -> Option<String> {
                match self {
                    $(Self::$variant => server_events!(@name config $($payload)?),)+
                    Self::Unknown(_) => None,
                }
            }

            /// Writes the TypeScript type of every payload, and of what they refer to.
            pub fn export_payload_types_to(config: &Config) -> Result<(), ExportError> {
                $($(<$payload as TS>::export_all(config)?;)?)+
                Ok(())
            }
        }

        $($(impl EventPayload for $payload {
            const EVENT: EventName = EventName::$variant;
        })?)+
    };
    (@schema $found:ident $payload:ty) => { Some(refer_to_named_schema::<$payload>($found)) };
    (@schema $found:ident) => { None };
    (@name $config:ident $payload:ty) => { Some(<$payload as TS>::name($config)) };
    (@name $config:ident) => { None };
}

server_events! {
    /// An incident was reported.
    IncidentCreated(payload::IncidentCreated) = "incident:created", Durable, to "everyone, the actor too";
    /// Fields of an incident changed.
    IncidentUpdated(payload::IncidentUpdated) = "incident:updated", Durable,
        to "room incident:<id> and room incidents";
    /// An incident was resolved.
    IncidentResolved(payload::IncidentResolved) = "incident:resolved", Durable, to "everyone, the actor too";
    /// Somebody commented.
    CommentCreated(payload::CommentCreated) = "comment:created", Durable, to "room incident:<id>";
    /// A comment was deleted.
    CommentDeleted(payload::CommentDeleted) = "comment:deleted", Durable, to "room incident:<id>";
    /// A notification for one person.
    NotificationNew(payload::NotificationNew) = "notification:new", Durable, to "every socket of the user";
    /// A person read a notification, or all of them, in one of their tabs.
    NotificationRead(payload::NotificationRead) = "notification:read", Durable, to "every socket of the user";
    /// A person dismissed a notification in one of their tabs.
    NotificationDeleted(payload::NotificationDeleted) = "notification:deleted", Durable,
        to "every socket of the user";
    /// Somebody said of an incident: I have it.
    IncidentAcknowledged(payload::IncidentAcknowledged) = "incident:acknowledged", Durable,
        to "everyone, the actor too";
    /// The next people were told of a critical incident that nobody has.
    EscalationStep(payload::EscalationStep) = "escalation:step", Durable,
        to "room incident:<id> and every Auror";
    /// An incident became critical.
    EscalationCritical(payload::EscalationCritical) = "escalation:critical", Durable, to "every Auror";
    /// A person's own name, address or role changed.
    UserUpdated(payload::UserUpdated) = "user:updated", Durable, to "every socket of the user";
    /// A person came online, or began to view an incident.
    PresenceJoin(payload::PresenceJoin) = "presence:join", Ephemeral,
        to "everyone but that user, or with room: the others in it";
    /// A person went offline, or stopped viewing an incident.
    PresenceLeave(payload::PresenceLeave) = "presence:leave", Ephemeral,
        to "everyone but that user, or with room: the others in it";
    /// A person types a comment, or stopped.
    PresenceTyping(payload::PresenceTyping) = "presence:typing", Ephemeral,
        to "room incident:<id> but not the typist";
    /// Who was reached of those who were told of an incident.
    IncidentReceipts(payload::IncidentReceipts) = "incident:receipts", Ephemeral,
        to "room incident:<id>, at most twice a second";
    /// How many distinct people are online.
    PresenceCounts(payload::PresenceCounts) = "presence:counts", Ephemeral,
        to "everyone, at most twice a second; and each socket once after its replay";
    /// The connection is accepted and its presence committed.
    ConnectionAcknowledged(payload::ConnectionAcknowledged) = "connection:acknowledged", Personal, to "that socket";
    /// The replay after a reconnect is over.
    EventsResumed(payload::EventsResumed) = "events:resumed", Personal, to "that socket";
    /// Something this socket asked for failed.
    Error(payload::ErrorPayload) = "error", Personal, to "that socket";
    /// A user's name, address or role changed, or the user was deleted.
    UserChanged() = "user:changed", Internal, to "nobody";
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
    /// Whether its name or a part of its audience is of a newer version.
    pub is_foreign: bool,
    /// For traces.
    pub delivery: DeliverySpan,
}

impl LoggedEvent {
    /// An event as the log and the bus have it, in texts; `payload` is a JSON object that has its `eventId`. Topics
    /// of a newer version reach nobody here: whoever listens to one is connected to a node that knows it.
    pub fn from_texts(position: i64, name: &str, audience: &[String], payload: Arc<str>) -> Self {
        let name = EventName::from_wire(name);
        let known: Arc<[Topic]> = audience
            .iter()
            .filter_map(|topic| {
                topic.parse().map_err(|_| foreign::log_unknown_topic_kind(topic)).ok()
            })
            .collect();
        let is_foreign = matches!(name, EventName::Unknown(_)) || known.len() < audience.len();
        let delivery = DeliverySpan::default();
        Self { position, name, audience: known, payload, committed_at: None, is_foreign, delivery }
    }
}

/// A change that is committed, with the events that tell of it.
#[derive(Debug)]
#[must_use = "its events are told to nobody unless they are published"]
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
