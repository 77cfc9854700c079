//! The clock of this process, in the precision of the database.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// The current time in microseconds, as Postgres keeps it: what is answered equals what is read back later.
pub(crate) fn current_time_for_storage() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
}
