//! What each event says: the payloads of the contract, field for field.
//!
//! Durable payloads also carry `eventId` on the wire; the log adds it when the position is known
//! (see [`crate::event_log`]), and the generated TypeScript type [`Durable`] says so.

use chrono::{DateTime, Utc};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{
    Comment, EscalationReason, Incident, NotificationType, Role, Severity, Status, User,
    serialize_optional_time_utc, serialize_time_as_utc,
};

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, TS, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty),+ }
    )+};
}

/// What every durable payload carries beside its own fields.
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Durable {
    /// Position in the event log, a decimal string; give it back as `lastEventId` to resume after it.
    #[schema(pattern = "^[0-9]+$")]
    pub event_id: String,
}

payloads! {
    /// `incident:created`
    IncidentCreated {
        /// The incident as reported.
        incident: Incident,
        /// Who reported it.
        created_by: User,
    }
    /// `incident:updated`
    IncidentUpdated {
        /// Which incident.
        incident_id: Uuid,
        /// Only fields whose value changed, with their new values.
        changes: IncidentChanges,
        /// Who changed it.
        updated_by: User,
    }
    /// `incident:resolved`
    IncidentResolved {
        /// Which incident.
        incident_id: Uuid,
        /// Who resolved it.
        resolved_by: User,
        /// How; empty when nobody said.
        resolution: String,
    }
    /// `comment:created`
    CommentCreated {
        /// The comment.
        comment: Comment,
        /// The incident it belongs to.
        incident_id: Uuid,
        /// Who wrote it.
        author: User,
    }
    /// `comment:deleted`
    CommentDeleted {
        /// Which comment.
        comment_id: Uuid,
        /// The incident it belonged to.
        incident_id: Uuid,
    }
    /// `notification:deleted`
    NotificationDeleted {
        /// Which notification.
        id: Uuid,
        /// How many are unread now.
        #[ts(type = "number")]
        unread_count: i64,
    }
    /// `escalation:critical`
    EscalationCritical {
        /// Which incident.
        incident_id: Uuid,
        /// The incident as it is now.
        incident: Incident,
        /// Who made it critical.
        escalated_by: User,
    }
    /// `incident:acknowledged`
    IncidentAcknowledged {
        /// Which incident.
        incident_id: Uuid,
        /// Who has it.
        acknowledged_by: User,
        /// When they said so.
        #[serde(serialize_with = "serialize_time_as_utc")]
        #[ts(type = "string")]
        acknowledged_at: DateTime<Utc>,
    }
    /// `escalation:step`
    EscalationStep {
        /// Which incident.
        incident_id: Uuid,
        /// Which step it is, from 1.
        step: u32,
        /// Why it was made.
        reason: EscalationReason,
        /// How many people were told.
        notified: u32,
        /// When the next step is due, if nobody acknowledges; null after the last.
        #[serde(serialize_with = "serialize_optional_time_utc")]
        #[ts(type = "string | null")]
        #[schema(required)]
        next_at: Option<DateTime<Utc>>,
    }
    /// What became of what one person was told of an incident.
    PersonReached {
        /// Who.
        user: User,
        /// When their client proved that it had it; null while nothing proves it.
        #[serde(serialize_with = "serialize_optional_time_utc")]
        #[ts(type = "string | null")]
        #[schema(required)]
        delivered_at: Option<DateTime<Utc>>,
        /// When they saw it.
        #[serde(serialize_with = "serialize_optional_time_utc")]
        #[ts(type = "string | null")]
        #[schema(required)]
        seen_at: Option<DateTime<Utc>>,
    }
    /// `incident:receipts`
    IncidentReceipts {
        /// Which incident.
        incident_id: Uuid,
        /// How many people were told of it.
        told: u32,
        /// To how many it was delivered.
        delivered: u32,
        /// How many have seen it.
        seen: u32,
        /// 1 when somebody has acknowledged it, else 0.
        acknowledged: u32,
        /// Those who were told, at most 50, the unseen first.
        people: Vec<PersonReached>,
    }
    /// `user:updated`
    UserUpdated {
        /// The person as they are now.
        user: User,
    }
    /// `presence:typing`
    PresenceTyping {
        /// Who types.
        user_id: Uuid,
        /// Their name, also when they stop.
        user_name: String,
        /// Where.
        incident_id: Uuid,
        /// Whether they type now.
        is_typing: bool,
    }
    /// Distinct people online, by role.
    #[derive(Copy, PartialEq, Eq)]
    RoleCounts {
        /// Students online.
        #[serde(rename = "STUDENT")]
        student: u32,
        /// Prefects online.
        #[serde(rename = "PREFECT")]
        prefect: u32,
        /// Aurors online.
        #[serde(rename = "AUROR")]
        auror: u32,
    }
    /// `connection:acknowledged`
    ConnectionAcknowledged {
        /// This socket's own id.
        socket_id: String,
        /// Who the server takes the client for.
        user: User,
        /// The newest position of the log at this moment.
        last_event_id: String,
    }
    /// `events:resumed`
    EventsResumed {
        /// The position the client gave.
        from: String,
        /// The position it is at now.
        to: String,
        /// How many events were replayed.
        count: u32,
        /// False: the log does not reach back that far (or the gap is too large); refetch.
        complete: bool,
    }
    /// `error`
    ErrorPayload {
        /// Stable code.
        code: crate::ErrorCode,
        /// For people.
        message: String,
    }
}

/// `notification:read`: one notification (`id`) or all of them (`all`).
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRead {
    /// Which notification, unless all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(nullable = false)]
    pub id: Option<Uuid>,
    /// All of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub all: bool,
    /// When.
    #[serde(serialize_with = "serialize_time_as_utc")]
    #[ts(type = "string")]
    pub read_at: DateTime<Utc>,
    /// How many are unread now.
    #[ts(type = "number")]
    pub unread_count: i64,
}

/// `notification:new`
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationNew {
    /// Stable id.
    pub id: Uuid,
    /// Why.
    #[serde(rename = "type")]
    pub kind: NotificationType,
    /// What to show.
    pub message: String,
    /// Where to go.
    pub link: String,
    /// When.
    #[serde(serialize_with = "serialize_time_as_utc")]
    #[ts(type = "string")]
    pub created_at: DateTime<Utc>,
}

/// `presence:join`
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceJoin {
    /// Who.
    pub user_id: Uuid,
    /// Who, whole.
    pub user: User,
    /// The room they entered; absent when they came online.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(nullable = false)]
    pub room: Option<String>,
}

/// `presence:leave`
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceLeave {
    /// Who.
    pub user_id: Uuid,
    /// The room they left; absent when they went offline.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(nullable = false)]
    pub room: Option<String>,
}

/// `presence:counts`
#[derive(Debug, Clone, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceCounts {
    /// Distinct people online.
    pub total: u32,
    /// The same by role.
    pub by_role: RoleCounts,
    /// Present and true when so many came or went that `presence:join` and `presence:leave` were left out: a client
    /// that keeps a list of people refetches it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub truncated: bool,
}

/// Fields of an incident that changed, with their new values; fields that did not change are absent.
// The outer `Option` says whether the field changed, the inner one whether it is null now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentChanges {
    /// New title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// New description.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub description: Option<Option<String>>,
    /// New severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(nullable = false)]
    pub severity: Option<Severity>,
    /// New status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(nullable = false)]
    pub status: Option<Status>,
    /// New location.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub location: Option<Option<String>>,
    /// New assignee.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub assignee: Option<Option<User>>,
    /// Set when it was resolved, null when it was reopened.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_changed_time_value"
    )]
    #[ts(optional, type = "string | null")]
    pub resolved_at: Option<Option<DateTime<Utc>>>,
    /// Who resolved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub resolved_by: Option<Option<User>>,
    /// How it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string | null")]
    pub resolution: Option<Option<String>>,
    /// Who said "I have it".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub acknowledged_by: Option<Option<User>>,
    /// When they said so, null when nobody has it any more.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_changed_time_value"
    )]
    #[ts(optional, type = "string | null")]
    pub acknowledged_at: Option<Option<DateTime<Utc>>>,
    /// Always: when.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_optional_time_utc"
    )]
    #[ts(optional, type = "string")]
    #[schema(required, nullable = false)]
    pub updated_at: Option<DateTime<Utc>>,
    /// Always: the version this change made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(required, nullable = false)]
    pub version: Option<i32>,
}

fn serialize_changed_time_value<S: serde::Serializer>(
    time: &Option<Option<DateTime<Utc>>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    serialize_optional_time_utc(&time.flatten(), to)
}

impl IncidentChanges {
    /// Whether no field a person can set has changed.
    pub fn is_empty(&self) -> bool {
        Self { updated_at: None, version: None, ..self.clone() } == Self::default()
    }
}

/// How many of each role a set of users holds.
impl RoleCounts {
    /// Nobody.
    pub const NONE: Self = Self { student: 0, prefect: 0, auror: 0 };

    /// Everybody, whatever their role.
    pub const fn total(&self) -> u32 {
        self.student + self.prefect + self.auror
    }

    /// Counts one more of a role.
    pub const fn count_one_more_role(&mut self, role: Role) {
        match role {
            Role::Student => self.student += 1,
            Role::Prefect => self.prefect += 1,
            Role::Auror => self.auror += 1,
        }
    }
}
