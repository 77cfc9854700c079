//! What an incident looked like at a moment: its fields, its comments, and who was looking.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::{FromRow, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    DomainError, Incident, IncidentId, Result, Store, User,
    model::serialize_time_as_utc,
    policy::{Action, authorize_user_for_action},
    rows::user_json,
};

/// Comments an answer has at most; the newest of that moment.
const MOST_COMMENTS: i64 = 1_000;

/// Up to where the past is looked at, that included.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// A time, to the millisecond.
    Time(DateTime<Utc>),
    /// An event of the log.
    Event(i64),
    /// An entry of the timeline.
    Entry(i64),
}

/// A comment as it was.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentInPast {
    /// Stable id.
    pub id: Uuid,
    /// What it said; null when it was deleted since and is not for the reader.
    #[schema(required)]
    pub content: Option<String>,
    /// Who wrote it.
    pub author: User,
    /// When.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub created_at: DateTime<Utc>,
    /// Whether it was deleted since.
    pub is_deleted_since: bool,
}

/// An incident as it was.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentInPast {
    /// The moment.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub time: DateTime<Utc>,
    /// The incident.
    pub incident: Incident,
    /// Its comments, oldest first; of more than 1,000 the newest.
    pub comments: Vec<CommentInPast>,
    /// How many comments there were.
    pub comments_count: i64,
    /// Who was looking at it, each once.
    pub viewers: Vec<User>,
}

#[derive(FromRow)]
struct StateRow {
    happened_at: DateTime<Utc>,
    detail: Value,
}

#[derive(FromRow)]
struct CommentRow {
    id: Uuid,
    content: String,
    author: Json<User>,
    author_id: Uuid,
    created_at: DateTime<Utc>,
    is_deleted_since: bool,
    number: i64,
}

/// Entries up to a moment: `$2` is its time, `$3` its event, `$4` its entry; two of them are null. Times are compared as clients
/// are told them.
macro_rules! until_moment {
    ($table:literal) => {
        concat!(
            "($2::timestamptz is null or date_trunc('milliseconds', ",
            $table,
            ".happened_at) <= $2)
             and ($3::bigint is null or ",
            $table,
            ".event_id <= $3)
             and ($4::bigint is null or ",
            $table,
            ".id <= $4)"
        )
    };
}

impl Moment {
    const fn to_bounds(self) -> (Option<DateTime<Utc>>, Option<i64>, Option<i64>) {
        match self {
            Self::Time(time) => (Some(time), None, None),
            Self::Event(position) => (None, Some(position), None),
            Self::Entry(id) => (None, None, Some(id)),
        }
    }
}

impl Store {
    /// The incident, its comments and its viewers at a moment. What comments said that were deleted since is for those who
    /// may read it. `NotFound` for a moment before it was reported.
    pub async fn show_incident_at_moment(
        &self,
        reader: &User,
        id: IncidentId,
        moment: Moment,
    ) -> Result<IncidentInPast> {
        let rows = self.list_states_until_moment(id, moment).await?;
        let newest = rows.iter().map(|row| row.happened_at).max();
        let fields = fold_states_into_fields(rows);
        if !fields.contains_key("id") {
            return Err(DomainError::NotFound("Incident"));
        }
        let incident: Incident = serde_json::from_value(Value::Object(fields))?;
        let (comments, comments_count) = self.list_comments_at_moment(reader, id, moment).await?;
        let time = match moment {
            Moment::Time(time) => time,
            Moment::Event(position) => self
                .find_time_of_event(id, position)
                .await?
                .or(newest)
                .unwrap_or(incident.created_at),
            Moment::Entry(_) => newest.unwrap_or(incident.created_at),
        };
        let viewers = self.list_viewers_at_time(id, time).await?;
        Ok(IncidentInPast { time, incident, comments, comments_count, viewers })
    }

    /// The fields of an incident as they were; empty before it was reported.
    pub(super) async fn replay_fields_of_incident(
        &self,
        id: IncidentId,
        moment: Moment,
    ) -> Result<Map<String, Value>> {
        Ok(fold_states_into_fields(self.list_states_until_moment(id, moment).await?))
    }

    async fn list_states_until_moment(
        &self,
        id: IncidentId,
        moment: Moment,
    ) -> Result<Vec<StateRow>> {
        let (time, event, entry) = moment.to_bounds();
        // What was written without an event is of before there was a timeline: it comes before every event.
        Ok(sqlx::query_as(concat!(
            "select entry.happened_at, entry.detail from incident_timeline as entry
             where entry.incident_id = $1 and entry.kind in ('created', 'updated', 'acknowledged', 'resolved')
               and (entry.event_id is null and $3 is not null or ",
            until_moment!("entry"),
            ") order by entry.event_id nulls first, entry.id"
        ))
        .bind(id)
        .bind(time)
        .bind(event)
        .bind(entry)
        .fetch_all(&self.pool)
        .await?)
    }

    async fn list_comments_at_moment(
        &self,
        reader: &User,
        id: IncidentId,
        moment: Moment,
    ) -> Result<(Vec<CommentInPast>, i64)> {
        let (time, event, entry) = moment.to_bounds();
        let rows: Vec<CommentRow> = sqlx::query_as(concat!(
            "with written as (
                 select (entry.detail ->> 'commentId')::uuid as id from incident_timeline as entry
                 where entry.incident_id = $1 and entry.kind = 'commented' and (entry.event_id is null and $3 is not null or ",
            until_moment!("entry"),
            ") except
                 select (entry.detail ->> 'commentId')::uuid from incident_timeline as entry
                 where entry.incident_id = $1 and entry.kind = 'comment_deleted' and ",
            until_moment!("entry"),
            "),
             known as (
                 select id, content, author_id, created_at, false as is_deleted_since from comments where incident_id = $1
                 union all
                 select id, content, author_id, created_at, true from deleted_comments where incident_id = $1)
             select known.*, row_number() over (order by known.id) as number,
                    ",
            user_json!("u"),
            " as author
             from known join written on written.id = known.id join users u on u.id = known.author_id
             order by known.id desc limit $5"
        ))
        .bind(id)
        .bind(time)
        .bind(event)
        .bind(entry)
        .bind(MOST_COMMENTS)
        .fetch_all(&self.pool)
        .await?;
        let count = rows.first().map_or(0, |newest| newest.number);
        let comments = rows.into_iter().rev().map(|row| row.into_comment_for_reader(reader));
        Ok((comments.collect(), count))
    }

    async fn find_time_of_event(
        &self,
        id: IncidentId,
        position: i64,
    ) -> Result<Option<DateTime<Utc>>> {
        // Of its own events the timeline knows the time when the log has none of them any more.
        Ok(sqlx::query_scalar(
            "select coalesce(
                 (select happened_at from incident_timeline where incident_id = $1 and event_id = $2 limit 1),
                 (select created_at from event_log where position = $2))",
        )
        .bind(id)
        .bind(position)
        .fetch_one(&self.pool)
        .await?)
    }

    async fn list_viewers_at_time(&self, id: IncidentId, time: DateTime<Utc>) -> Result<Vec<User>> {
        let viewers: Vec<Json<User>> = sqlx::query_scalar(concat!(
            "select ",
            user_json!("u"),
            "
             from users u
             where u.id in (
                 select actor_id from incident_timeline
                 where incident_id = $1 and kind = 'viewed' and date_trunc('milliseconds', happened_at) <= $2
                   and (ended_at is null or ended_at > $2))
             order by u.name, u.id",
        ))
        .bind(id)
        .bind(time)
        .fetch_all(&self.pool)
        .await?;
        Ok(viewers.into_iter().map(|viewer| viewer.0).collect())
    }
}

impl CommentRow {
    fn into_comment_for_reader(self, reader: &User) -> CommentInPast {
        let action = Action::ReadDeletedComment { author_id: self.author_id };
        let may_read = !self.is_deleted_since || authorize_user_for_action(reader, action).is_ok();
        CommentInPast {
            id: self.id,
            content: may_read.then_some(self.content),
            author: self.author.0,
            created_at: self.created_at,
            is_deleted_since: self.is_deleted_since,
        }
    }
}

fn fold_states_into_fields(rows: Vec<StateRow>) -> Map<String, Value> {
    let mut fields = Map::new();
    for row in rows {
        if let Value::Object(detail) = row.detail {
            fields.extend(detail);
        }
    }
    fields
}
