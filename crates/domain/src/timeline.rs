//! Everything that ever happened to an incident, and what it looked like at any moment.
//!
//! The timeline is written by the database, in the transaction of the change (migration 14). What an incident was is what it was
//! reported as and every change since, so nothing but the changes is kept.

mod export;
mod past;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

pub use self::{
    export::write_timeline_as_markdown,
    past::{IncidentInPast, Moment},
};
use crate::{
    DomainError, IncidentId, Result, Store, User,
    model::{
        EscalationReason, NotificationType, TimelineKind, serialize_optional_time_utc,
        serialize_time_as_utc,
    },
    page::Page,
    policy::{Action, authorize_user_for_action},
};

/// Entries of an export.
const MOST_EXPORTED_ENTRIES: u32 = 100_000;
/// Fields that every change has, and that say nothing.
const BOOKKEEPING_FIELDS: [&str; 2] = ["version", "updatedAt"];

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldChange {
    /// Its name, as in an incident.
    pub field: String,
    /// What it was, as in an incident.
    pub from: Value,
    /// What it was then, as in an incident.
    pub to: Value,
}

/// A comment as the timeline has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineComment {
    /// Which comment.
    pub id: Uuid,
    /// What it said; null when it was deleted and is not for the reader.
    #[schema(required)]
    pub content: Option<String>,
    /// Whether it was deleted since.
    pub is_deleted: bool,
}

/// A step of an escalation as the timeline has it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineStep {
    /// Which step, from 1.
    pub step: u32,
    /// Why it was made.
    pub reason: EscalationReason,
    /// How many people were told.
    pub notified: u32,
}

/// One thing that happened to an incident.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// Its place among the others of the incident; of two, the later one has the larger number.
    #[schema(pattern = "^[0-9]+$")]
    pub id: String,
    /// What kind of thing.
    pub kind: TimelineKind,
    /// When.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub at: DateTime<Utc>,
    /// Of what lasts, when it ended; null while it lasts, and for everything else.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub until: Option<DateTime<Utc>>,
    /// Who did it, or whom it is about.
    #[schema(required)]
    pub actor: Option<User>,
    /// The position of the event that told of it.
    #[schema(required)]
    pub event_id: Option<String>,
    /// The fields that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub changes: Vec<FieldChange>,
    /// The comment it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comment: Option<TimelineComment>,
    /// What the notification was sent for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notification_type: Option<NotificationType>,
    /// Who was notified.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub people: Vec<User>,
    /// The step of the escalation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub escalation: Option<TimelineStep>,
}

#[derive(FromRow)]
struct EntryRow {
    id: i64,
    kind: String,
    actor_id: Option<Uuid>,
    happened_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    event_id: Option<i64>,
    detail: Value,
    content: Option<String>,
    author_id: Option<Uuid>,
    is_deleted: bool,
}

impl Store {
    /// What happened to an incident before the entry `before`, newest first. What deleted comments said is for those who may
    /// read it.
    pub async fn list_timeline_of_incident(
        &self,
        reader: &User,
        id: IncidentId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<TimelineEntry, i64>> {
        self.check_incident_exists_by_id(id).await?;
        let rows: Vec<EntryRow> = sqlx::query_as(
            "select entry.id, entry.kind, entry.actor_id, entry.happened_at, entry.ended_at, entry.event_id, entry.detail,
                    coalesce(comments.content, deleted.content) as content,
                    coalesce(comments.author_id, deleted.author_id) as author_id,
                    comments.id is null as is_deleted
             from incident_timeline as entry
             left join comments
                 on entry.kind in ('commented', 'comment_deleted') and comments.id = (entry.detail ->> 'commentId')::uuid
             left join deleted_comments as deleted
                 on entry.kind in ('commented', 'comment_deleted') and deleted.id = (entry.detail ->> 'commentId')::uuid
             where entry.incident_id = $1 and ($2::bigint is null or entry.id < $2)
             order by entry.id desc limit $3",
        )
        .bind(id)
        .bind(before)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await?;
        let mut page = Page::from_rows_with_one_more(rows, limit, |row: &EntryRow| row.id);
        let people = self.find_people_of_entries(&page.rows).await?;
        let mut state = match page.rows.last() {
            Some(oldest) if page.next_before.is_some() => {
                self.replay_fields_of_incident(id, Moment::Entry(oldest.id - 1)).await?
            }
            _ => Map::new(),
        };
        // From the oldest on, so that each change finds what was before it.
        let rows = std::mem::take(&mut page.rows);
        let mut entries: Vec<TimelineEntry> = rows
            .into_iter()
            .rev()
            .map(|row| describe_entry_for_reader(row, reader, &people, &mut state))
            .collect();
        entries.reverse();
        Ok(Page { rows: entries, next_before: page.next_before })
    }

    /// The whole timeline, newest first.
    pub async fn export_timeline_of_incident(
        &self,
        reader: &User,
        id: IncidentId,
    ) -> Result<Vec<TimelineEntry>> {
        let page = self.list_timeline_of_incident(reader, id, None, MOST_EXPORTED_ENTRIES).await?;
        Ok(page.rows)
    }

    async fn find_people_of_entries(&self, rows: &[EntryRow]) -> Result<HashMap<Uuid, User>> {
        let mut ids: Vec<Uuid> = rows.iter().filter_map(|row| row.actor_id).collect();
        ids.extend(rows.iter().flat_map(list_people_of_row));
        self.find_people_by_ids(&ids).await
    }
}

fn list_people_of_row(row: &EntryRow) -> Vec<Uuid> {
    let people = row.detail.get("people").and_then(Value::as_array);
    let ids = people.into_iter().flatten().filter_map(Value::as_str);
    ids.filter_map(|id| id.parse().ok()).collect()
}

fn describe_entry_for_reader(
    row: EntryRow,
    reader: &User,
    people: &HashMap<Uuid, User>,
    state: &mut Map<String, Value>,
) -> TimelineEntry {
    let kind = row.kind.parse().unwrap_or(TimelineKind::Other);
    let comment = describe_comment_for_reader(&row, reader);
    let listed = list_people_of_row(&row);
    let mut entry = TimelineEntry {
        id: row.id.to_string(),
        kind,
        at: row.happened_at,
        until: row.ended_at,
        actor: row.actor_id.and_then(|id| people.get(&id).cloned()),
        event_id: row.event_id.map(|position| position.to_string()),
        changes: Vec::new(),
        comment,
        notification_type: None,
        people: listed.iter().filter_map(|id| people.get(id).cloned()).collect(),
        escalation: None,
    };
    let Value::Object(detail) = row.detail else { return entry };
    if kind.changes_fields_of_incident() {
        entry.changes = list_changes_against_state(&detail, state);
    }
    if kind.changes_fields_of_incident() || kind == TimelineKind::Created {
        state.extend(detail);
        return entry;
    }
    let word = |field: &str| detail.get(field).and_then(Value::as_str);
    let number = |field: &str| {
        detail.get(field).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok())
    };
    entry.notification_type = word("type").and_then(|kind| kind.parse().ok());
    if let (Some(step), Some(reason)) =
        (number("step"), word("reason").and_then(|reason| reason.parse().ok()))
    {
        let notified = number("notified").unwrap_or_default();
        entry.escalation = Some(TimelineStep { step, reason, notified });
    }
    entry
}

fn list_changes_against_state(
    detail: &Map<String, Value>,
    state: &Map<String, Value>,
) -> Vec<FieldChange> {
    let told = detail.iter().filter(|(field, _)| !BOOKKEEPING_FIELDS.contains(&field.as_str()));
    told.map(|(field, to)| FieldChange {
        field: field.clone(),
        from: state.get(field).cloned().unwrap_or_default(),
        to: to.clone(),
    })
    .collect()
}

fn describe_comment_for_reader(row: &EntryRow, reader: &User) -> Option<TimelineComment> {
    let id = row.detail.get("commentId")?.as_str()?.parse().ok()?;
    let may_read = !row.is_deleted
        || row.author_id.is_some_and(|author_id| {
            authorize_user_for_action(reader, Action::ReadDeletedComment { author_id }).is_ok()
        });
    Some(TimelineComment {
        id,
        content: row.content.clone().filter(|_| may_read),
        is_deleted: row.is_deleted,
    })
}

/// The cursor of a page as clients write it.
pub fn parse_cursor_of_timeline(text: &str) -> Result<i64> {
    text.parse()
        .ok()
        .filter(|id| *id >= 0)
        .ok_or_else(|| DomainError::invalid_field_value("before", "must be the id of an entry"))
}
