//! What somebody missed: events in a range of positions that they are entitled to. Every query looks at a bounded
//! number of rows, whoever they are for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::EventRow;
use crate::{LoggedEvent, Result, Store, Topic};

/// What a resume asks: of whom, after which position, through which, at most how many.
pub const RESUME_QUERY: &str =
    "select position, name, audience, payload::text as payload from event_log
     where position > $1 and position <= $2 and audience && $3
     order by position limit $4";

/// Where a window of so many rows ends: after which position, through which, rows.
pub const WINDOW_QUERY: &str = "select position from event_log where position > $1 and position <= $2 order by position offset $3 limit 1";

impl Store {
    /// Events in `(after, through]` that any of `topics` is entitled to, oldest first. It looks at every row of the
    /// range: bound it before, by its length or with [`Self::find_end_of_window`].
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
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The position of the row that is `rows` rows after `after`, when there are as many through `through`: a range
    /// that ends there has that many.
    pub async fn find_end_of_window(
        &self,
        after: i64,
        through: i64,
        rows: u32,
    ) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar(WINDOW_QUERY)
            .bind(after)
            .bind(through)
            .bind(i64::from(rows.saturating_sub(1)))
            .fetch_optional(&self.pool)
            .await?)
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
}
