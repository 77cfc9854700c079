//! The event log: writing with the change, reading for catch-up and resume.
//!
//! Positions come from a sequence, so two transactions can commit out of position order. Readers that must miss
//! nothing (see `owlpost-realtime`'s follower) treat a missing position as open until every transaction that was
//! writing to the log when they noticed has ended; [`Store::list_open_log_writers`] tells which these are.

use std::{collections::HashMap, sync::Arc, time::Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::{Committed, DomainError, EventName, LoggedEvent, Result, Store, Topic};

/// Positions of one epoch: far more than one database will ever write before it is next restored, and small enough
/// that two million epochs stay exact in a JavaScript number.
const EPOCH_STEP: i64 = 1 << 32;

/// What a resume asks: of whom, after which position, through which, at most how many.
pub const RESUME_QUERY: &str =
    "select position, name, audience, payload::text as payload from event_log
     where position > $1 and position <= $2 and audience && $3
     order by position limit $4";

/// Events of one change, gathered until the change is certain.
#[derive(Debug, Default)]
pub(crate) struct EventDrafts {
    pub(crate) names: Vec<&'static str>,
    pub(crate) audiences: Vec<String>,
    pub(crate) payloads: Vec<String>,
    parsed: Vec<(EventName, Arc<[Topic]>)>,
}

impl EventDrafts {
    pub(crate) fn draft_event_for_audience<T: Serialize>(
        &mut self,
        name: EventName,
        audience: &[Topic],
        payload: &T,
    ) -> Result<()> {
        let topics: Vec<String> = audience.iter().map(ToString::to_string).collect();
        self.names.push(name.as_str());
        self.audiences.push(topics.join(" "));
        self.payloads.push(serde_json::to_string(payload)?);
        self.parsed.push((name, audience.into()));
        Ok(())
    }

    /// Writes all drafts in one statement. Call it last: from here to the commit the log waits for this transaction.
    pub(crate) async fn append_drafts_to_log(
        self,
        connection: &mut PgConnection,
    ) -> Result<Vec<LoggedEvent>> {
        if self.names.is_empty() {
            return Ok(Vec::new());
        }
        let positions = sqlx::query_scalar::<_, i64>(
            "insert into event_log (name, audience, payload)
             select name, string_to_array(audience, ' '), payload::json
             from unnest($1::text[], $2::text[], $3::text[]) with ordinality as draft (name, audience, payload, ord)
             order by ord
             returning position",
        )
        .bind(&self.names)
        .bind(&self.audiences)
        .bind(&self.payloads)
        .fetch_all(connection)
        .await?;
        Ok(self.into_logged_events(positions))
    }

    /// The drafts as events of the log, at the positions they were given.
    pub(crate) fn into_logged_events(self, positions: Vec<i64>) -> Vec<LoggedEvent> {
        let drafts = self.parsed.into_iter().zip(self.payloads);
        positions
            .into_iter()
            .zip(drafts)
            .map(|(position, ((name, audience), payload))| LoggedEvent {
                position,
                name,
                audience,
                payload: add_event_id_to_payload(&payload, position),
                committed_at: None,
            })
            .collect()
    }
}

/// Puts `eventId` into a JSON object, as text: the payload is never parsed again after it was first written.
fn add_event_id_to_payload(payload: &str, position: i64) -> Arc<str> {
    let body = payload.trim_end().strip_suffix('}').unwrap_or(payload);
    let comma = if body.trim_end().ends_with('{') { "" } else { "," };
    format!("{body}{comma}\"eventId\":\"{position}\"}}").into()
}

/// Marks the moment of the commit, for the delivery latency.
pub(crate) fn stamp_events_after_commit<T>(value: T, mut events: Vec<LoggedEvent>) -> Committed<T> {
    let now = Instant::now();
    events.iter_mut().for_each(|event| event.committed_at = Some(now));
    Committed { value, events }
}

#[derive(FromRow)]
struct EventRow {
    position: i64,
    name: String,
    audience: Vec<String>,
    payload: String,
}

impl TryFrom<EventRow> for LoggedEvent {
    type Error = DomainError;

    fn try_from(row: EventRow) -> Result<Self> {
        Ok(Self {
            position: row.position,
            name: row.name.parse()?,
            audience: row.audience.iter().map(|topic| topic.parse()).collect::<Result<_>>()?,
            payload: add_event_id_to_payload(&row.payload, row.position),
            committed_at: None,
        })
    }
}

/// What the log reaches from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct LogExtent {
    /// Positions below belong to a history that ended with a restore.
    pub epoch_start: i64,
    /// Everything up to here may be gone.
    pub trimmed_through: i64,
    /// The newest committed position; `epoch_start - 1` while there is none.
    pub last_position: i64,
}

impl LogExtent {
    /// Whether a reader that has everything up to `position` can be brought up to date from the log alone.
    pub const fn can_resume_after_position(&self, position: i64) -> bool {
        position >= self.trimmed_through
            && position >= self.epoch_start - 1
            && position <= self.last_position
    }
}

impl Store {
    /// What the log reaches from and to, as of now.
    pub async fn read_log_extent_now(&self) -> Result<LogExtent> {
        Ok(sqlx::query_as(
            "select epoch_start, trimmed_through,
                    greatest(epoch_start - 1, trimmed_through, coalesce((select max(position) from event_log), 0))
                        as last_position
             from event_log_state",
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Committed events after `after`, oldest first, whoever may see them.
    pub async fn read_events_after_position(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>> {
        let rows = sqlx::query_as::<_, EventRow>(
            "select position, name, audience, payload::text as payload from event_log
             where position > $1 order by position limit $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// When the events at these positions were committed; those no longer in the log are left out.
    pub async fn read_event_times_by_position(
        &self,
        positions: &[i64],
    ) -> Result<HashMap<i64, DateTime<Utc>>> {
        let times: Vec<(i64, DateTime<Utc>)> =
            sqlx::query_as("select position, created_at from event_log where position = any($1)")
                .bind(positions)
                .fetch_all(&self.pool)
                .await?;
        Ok(times.into_iter().collect())
    }

    /// Events in `(after, through]` that any of `topics` is entitled to, oldest first. Its cost is that of the gap.
    pub async fn read_entitled_events_between(
        &self,
        after: i64,
        through: i64,
        topics: &[Topic],
        limit: u32,
    ) -> Result<Vec<LoggedEvent>> {
        let topics: Vec<String> = topics.iter().map(ToString::to_string).collect();
        let rows = sqlx::query_as::<_, EventRow>(RESUME_QUERY)
            .bind(after)
            .bind(through)
            .bind(topics)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Transactions that are writing to the log at this moment: a position that is missing now can only still appear
    /// from one of these. The lock is taken before the position is drawn and held to the end of the transaction.
    pub async fn list_open_log_writers(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(
            "select virtualtransaction from pg_locks
             where locktype = 'relation' and relation = 'event_log'::regclass and mode = 'RowExclusiveLock'
               and database = (select oid from pg_database where datname = current_database())
               and pid <> pg_backend_pid()",
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Starts a new epoch when this is not the database the log was begun on: a restored backup has lost positions
    /// that clients have seen, and will hand them out again for other events. A promoted standby may have, too.
    pub(crate) async fn begin_epoch_after_restore(&self) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        let (recorded, current): (Option<String>, String) = sqlx::query_as(
            "select lineage,
                    (select system_identifier from pg_control_system())::text
                    || ':' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
                    || ':' || (select oid from pg_database where datname = current_database())::text
             from event_log_state for update",
        )
        .fetch_one(&mut *transaction)
        .await?;
        if recorded.as_ref() == Some(&current) {
            return Ok(());
        }
        if recorded.is_some() {
            advance_log_to_new_epoch(&mut transaction).await?;
            tracing::warn!(
                "the database was restored or promoted: a new epoch of the event log begins"
            );
        }
        sqlx::query("update event_log_state set lineage = $1")
            .bind(current)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// A name for this database and its history: nodes of the same cluster share it.
    pub async fn read_database_lineage_name(&self) -> Result<String> {
        let lineage: Option<String> =
            sqlx::query_scalar("select lineage from event_log_state").fetch_one(&self.pool).await?;
        Ok(lineage.unwrap_or_default())
    }

    /// Starts a new epoch by hand, for a restore the database cannot notice (a copied data directory).
    pub async fn begin_new_log_epoch(&self) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        advance_log_to_new_epoch(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }
}

async fn advance_log_to_new_epoch(connection: &mut PgConnection) -> Result<()> {
    let epoch_start: i64 = sqlx::query_scalar(
        "update event_log_state
         set epoch_start = (greatest(epoch_start, (select coalesce(max(position), 0) from event_log)) / $1 + 1) * $1
         returning epoch_start",
    )
    .bind(EPOCH_STEP)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query("select setval(pg_get_serial_sequence('event_log', 'position'), $1, false)")
        .bind(epoch_start)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_add_the_event_id_as_last_field() {
        assert_eq!(
            &*add_event_id_to_payload(r#"{"a":{"b":1}}"#, 7),
            r#"{"a":{"b":1},"eventId":"7"}"#
        );
        assert_eq!(&*add_event_id_to_payload("{}", 7), r#"{"eventId":"7"}"#);
    }

    #[test]
    fn should_resume_only_within_the_epoch_and_after_the_trim() {
        let extent = LogExtent { epoch_start: 100, trimmed_through: 120, last_position: 150 };
        let answers = [98, 99, 119, 120, 150, 151].map(|p| extent.can_resume_after_position(p));
        assert_eq!(answers, [false, false, false, true, true, false]);
    }
}
