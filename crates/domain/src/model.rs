//! The nouns of the contract, in the shapes every payload and every answer uses.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

/// Identifies a user.
pub type UserId = Uuid;
/// Identifies an incident (UUID v7, so ids grow with time).
pub type IncidentId = Uuid;

/// Writes a time as RFC 3339 UTC with milliseconds, the shape of a JavaScript `toISOString()`.
pub fn serialize_time_as_utc<S: Serializer>(
    time: &DateTime<Utc>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// As [`serialize_time_as_utc`], for a time that may be absent.
pub fn serialize_optional_time_utc<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize_time_as_utc(time, to),
        None => to.serialize_none(),
    }
}

/// Declares an enumeration by the words of its values.
///
/// The words are taken as token trees: a `literal` fragment reaches the derive macros inside an invisible group, in
/// which `ToSchema` finds no literal and publishes the name of the variant instead.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:tt),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant),+
        }
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = crate::DomainError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(crate::DomainError::invalid_field_value(
                        stringify!($name).to_lowercase(),
                        concat!("must be one of", $(" ", $text),+),
                    )),
                }
            }
        }
        impl TryFrom<String> for $name {
            type Error = crate::DomainError;
            fn try_from(text: String) -> Result<Self, Self::Error> { text.parse() }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// What a user may do.
    Role {
        /// Reports, reads and comments.
        Student = "STUDENT",
        /// Also assigns, updates and resolves.
        Prefect = "PREFECT",
        /// Also hears every escalation and changes roles.
        Auror = "AUROR",
    }
}

text_enum! {
    /// How bad an incident is, in rising order.
    Severity {
        /// The default.
        Mischief = "MISCHIEF",
        /// Worth a Prefect.
        Serious = "SERIOUS",
        /// Every Auror is told.
        Critical = "CRITICAL",
    }
}

text_enum! {
    /// In which order incidents are listed.
    IncidentSort {
        /// The newest first.
        Newest = "newest",
        /// The most severe first, of these the oldest.
        Urgency = "urgency",
    }
}

text_enum! {
    /// How far the work on an incident is.
    Status {
        /// Reported.
        Open = "OPEN",
        /// Somebody is on it.
        InProgress = "IN_PROGRESS",
        /// Done.
        Resolved = "RESOLVED",
    }
}

text_enum! {
    /// Why a notification was sent.
    NotificationType {
        /// Named by `@handle` in a comment.
        Mention = "mention",
        /// Given an incident.
        Assignment = "assignment",
        /// An incident became critical.
        Escalation = "escalation",
        /// The server needs somebody: a webhook was disabled.
        System = "system",
    }
}

text_enum! {
    /// Why the next people were told of a critical incident.
    EscalationReason {
        /// None of those told has seen it.
        Unseen = "unseen",
        /// Nobody has acknowledged it.
        Unacknowledged = "unacknowledged",
    }
}

text_enum! {
    /// What kind of thing happened to an incident.
    TimelineKind {
        /// It was reported.
        Created = "created",
        /// Fields changed.
        Updated = "updated",
        /// Somebody said: I have it.
        Acknowledged = "acknowledged",
        /// It was resolved.
        Resolved = "resolved",
        /// Somebody commented.
        Commented = "commented",
        /// A comment was deleted.
        CommentDeleted = "comment_deleted",
        /// People were notified.
        Notified = "notified",
        /// A notification reached somebody's client.
        Delivered = "delivered",
        /// Somebody saw a notification.
        Seen = "seen",
        /// Somebody read a notification.
        Read = "read",
        /// The next people were told, since nobody had taken it.
        Escalated = "escalated",
        /// Somebody looked at it, from when to when.
        Viewed = "viewed",
        /// Of a newer version.
        Other = "other",
    }
}

impl TimelineKind {
    /// Whether it says what fields of the incident are from then on.
    pub(crate) const fn changes_fields_of_incident(self) -> bool {
        matches!(self, Self::Updated | Self::Acknowledged | Self::Resolved)
    }
}

/// A person, as in every payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
pub struct User {
    /// Stable id.
    pub id: Uuid,
    /// Address.
    pub email: String,
    /// Name to show.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What an `@mention` of them names: the local part of their address, or, when that was somebody's already, the
    /// same with a number.
    pub handle: String,
}

/// Servers of the version before write no handle: then it is the local part of the address, as it was there.
impl<'de> Deserialize<'de> for User {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct WrittenUser {
            id: Uuid,
            email: String,
            name: String,
            role: Role,
            handle: Option<String>,
        }
        let WrittenUser { id, email, name, role, handle } = WrittenUser::deserialize(from)?;
        let handle = handle
            .unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_ascii_lowercase());
        Ok(Self { id, email, name, role, handle })
    }
}

/// Something that happened in the castle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Stable id, UUID v7.
    pub id: Uuid,
    /// 1 to 200 characters.
    pub title: String,
    /// Up to 10,000 characters.
    #[schema(required)]
    pub description: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// How far.
    pub status: Status,
    /// Where, up to 200 characters.
    #[schema(required)]
    pub location: Option<String>,
    /// Who reported it.
    pub reported_by: User,
    /// Who works on it.
    #[schema(required)]
    pub assignee: Option<User>,
    /// When it was reported.
    #[serde(serialize_with = "serialize_time_as_utc")]
    #[ts(type = "string")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(serialize_with = "serialize_time_as_utc")]
    #[ts(type = "string")]
    pub updated_at: DateTime<Utc>,
    /// When it was resolved.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[ts(type = "string | null")]
    #[schema(required)]
    pub resolved_at: Option<DateTime<Utc>>,
    /// Who resolved it.
    #[schema(required)]
    pub resolved_by: Option<User>,
    /// How it was resolved.
    #[schema(required)]
    pub resolution: Option<String>,
    /// Who said "I have it".
    #[schema(required)]
    pub acknowledged_by: Option<User>,
    /// When they said so.
    #[serde(serialize_with = "serialize_optional_time_utc", default)]
    #[ts(type = "string | null")]
    #[schema(required)]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Grows by one with every change; send it back as `version` or `If-Match` to be told of a conflict.
    pub version: i32,
}

/// What somebody said about an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// Stable id, UUID v7.
    pub id: Uuid,
    /// The incident it belongs to.
    pub incident_id: Uuid,
    /// 1 to 10,000 characters.
    pub content: String,
    /// Who wrote it.
    pub author: User,
    /// When.
    #[serde(serialize_with = "serialize_time_as_utc")]
    #[ts(type = "string")]
    pub created_at: DateTime<Utc>,
}

/// Something a person must not miss, kept until dismissed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Stable id.
    pub id: Uuid,
    /// Why it was sent.
    #[serde(rename = "type")]
    pub kind: NotificationType,
    /// What to show.
    pub message: String,
    /// Where to go, relative to the dashboard.
    #[schema(required)]
    pub link: Option<String>,
    /// Whether the person has read it.
    pub is_read: bool,
    /// When it was sent.
    #[serde(serialize_with = "serialize_time_as_utc")]
    #[ts(type = "string")]
    pub created_at: DateTime<Utc>,
    /// When it was read.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[ts(type = "string | null")]
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
}
