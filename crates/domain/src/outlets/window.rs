//! A stretch of the log as outlets read it: every event, whoever is entitled to it, and when it was written.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::{LoggedEvent, Result, Store, event_log::EventRow};

/// An event and when it was written.
#[derive(Debug, Clone)]
pub struct LogRecord {
    /// The event.
    pub event: LoggedEvent,
    /// When the transaction of its change began.
    pub written_at: DateTime<Utc>,
}

/// Positions whose events are not in the log any more, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogGap {
    /// The first.
    pub from: i64,
    /// The last.
    pub to: i64,
}

/// What comes after a position.
#[derive(Debug, Clone)]
pub struct LogWindow {
    /// What the log has lost in front of the events.
    pub gap: Option<LogGap>,
    /// The oldest events after the position, in order.
    pub records: Vec<LogRecord>,
    /// Whoever has the events of this window has everything up to here.
    pub through: i64,
}

#[derive(FromRow)]
struct WindowRow {
    trimmed_through: i64,
    position: Option<i64>,
    name: Option<String>,
    audience: Option<Vec<String>>,
    payload: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

impl WindowRow {
    fn into_log_record(self) -> Option<LogRecord> {
        let row = EventRow {
            position: self.position?,
            name: self.name?,
            audience: self.audience?,
            payload: self.payload?,
        };
        Some(LogRecord { event: row.into(), written_at: self.created_at? })
    }
}

impl Store {
    /// The oldest events in `(after, through]`, at most `limit`, and what was trimmed before them, of one snapshot. Nothing
    /// may appear at `through` or below any more.
    pub async fn read_log_window_between(
        &self,
        after: i64,
        through: i64,
        limit: u32,
    ) -> Result<LogWindow> {
        let rows: Vec<WindowRow> = sqlx::query_as(
            "select state.trimmed_through, event.* from event_log_state state
             left join lateral (
                 select position, name, audience, payload::text as payload, created_at from event_log
                 where position > $1 and position <= $2 order by position limit $3) event on true
             order by event.position",
        )
        .bind(after)
        .bind(through)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        let Some(trimmed) = rows.first().map(|row| row.trimmed_through) else {
            return Err(sqlx::Error::RowNotFound.into());
        };
        let gap = (trimmed > after).then_some(LogGap { from: after + 1, to: trimmed });
        let records: Vec<_> = rows.into_iter().filter_map(WindowRow::into_log_record).collect();
        let is_full = records.len() >= limit as usize;
        let last = records.last().map(|record| record.event.position).filter(|_| is_full);
        Ok(LogWindow { gap, records, through: last.unwrap_or(through.max(trimmed)) })
    }
}
