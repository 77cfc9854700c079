//! The newest events, who is writing to the log, and the fence.

use sqlx::FromRow;

use super::{
    EventRow,
    history::{LogExtent, TAIL_QUERY, acquire_log_fence_lock},
};
use crate::{LoggedEvent, Result, Store};

/// How long the fence waits for transactions that are committing, in milliseconds. Others that want to commit wait
/// behind it meanwhile.
const FENCE_PATIENCE_MS: u32 = 500;

/// The end of the log as one statement saw it.
#[derive(Debug)]
pub struct LogTail {
    /// What the log reaches from and to.
    pub extent: LogExtent,
    /// The events asked for, oldest first.
    pub events: Vec<LoggedEvent>,
}

/// A transaction that holds a position of the log open, for the log line that names it.
#[derive(Debug, Clone, FromRow)]
pub struct LogWriter {
    /// Identity of the transaction, never used twice at the same time.
    pub transaction: String,
    /// Process of the database server; none for a transaction that was prepared (two-phase commit).
    pub pid: Option<i32>,
    /// Role in the database.
    pub user_name: Option<String>,
    /// `application_name` of its connection.
    pub application: Option<String>,
    /// What it does: `active`, `idle in transaction`.
    pub state: Option<String>,
    /// Seconds since the transaction began.
    pub open_seconds: Option<f64>,
}

#[derive(FromRow)]
struct TailRow {
    #[sqlx(flatten)]
    extent: LogExtent,
    position: Option<i64>,
    name: Option<String>,
    audience: Option<Vec<String>>,
    payload: Option<String>,
}

impl TailRow {
    fn into_logged_event(self) -> Option<LoggedEvent> {
        let row = EventRow {
            position: self.position?,
            name: self.name?,
            audience: self.audience?,
            payload: self.payload?,
        };
        Some(row.into())
    }
}

/// Transactions with the lock that writing to the log takes before the position is drawn and holds to their end.
const OPEN_WRITERS: &str = "from pg_locks
     where locktype = 'relation' and relation = 'event_log'::regclass and mode = 'RowExclusiveLock'
       and database = (select oid from pg_database where datname = current_database())
       and pg_locks.pid is distinct from pg_backend_pid()";

impl Store {
    /// The extent of the log and up to `limit` events from position `first` on, of one snapshot, whoever may see them.
    pub async fn read_log_tail_from(&self, first: i64, limit: u32) -> Result<LogTail> {
        let rows: Vec<TailRow> = sqlx::query_as(TAIL_QUERY)
            .bind(first)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        let Some(extent) = rows.first().map(|row| row.extent) else {
            return Err(sqlx::Error::RowNotFound.into());
        };
        let events = rows.into_iter().filter_map(TailRow::into_logged_event).collect();
        Ok(LogTail { extent, events })
    }

    /// Transactions that are writing to the log at this moment: a position that is missing now can only still appear
    /// from one of these.
    pub async fn list_open_log_writers(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select virtualtransaction {OPEN_WRITERS}"
        )))
        .fetch_all(&self.pool)
        .await?)
    }

    /// The same with what is known of them, at most 10, the oldest first.
    pub async fn describe_open_log_writers(&self) -> Result<Vec<LogWriter>> {
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "select transaction, pid, usename::text as user_name, application_name as application, state,
                    extract(epoch from clock_timestamp() - xact_start)::float8 as open_seconds
             from (select virtualtransaction as transaction, pid {OPEN_WRITERS}) writers
             left join pg_stat_activity using (pid)
             order by xact_start limit 10"
        )))
        .fetch_all(&self.pool)
        .await?)
    }

    /// Settles every position up to `position`: a transaction that holds one of them and commits later takes new ones
    /// at the end of the log. `Unavailable` while a transaction is in the middle of its commit; try again then.
    pub async fn fence_log_through_position(&self, position: i64) -> Result<()> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        sqlx::query("select set_config('lock_timeout', $1, true)")
            .bind(format!("{FENCE_PATIENCE_MS}ms"))
            .execute(&mut *transaction)
            .await?;
        acquire_log_fence_lock(&mut transaction).await?;
        sqlx::query(
            "select setval('event_log_fence', greatest($1, (select last_value from event_log_fence)))",
        )
        .bind(position)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit_transaction_within_limit().await?)
    }
}
