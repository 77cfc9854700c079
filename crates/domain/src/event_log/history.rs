//! Which log this is. A restored backup or a promoted standby gives positions out again that clients have seen under
//! another meaning; then a new epoch begins, far beyond all positions of the one before.

use sqlx::{FromRow, PgConnection};

use crate::{Result, Store};

/// Positions of one epoch: far more than one database will ever write before it is next restored, and small enough
/// that two million epochs stay exact in a JavaScript number.
const EPOCH_STEP: i64 = 1 << 32;

/// Key of the advisory lock that all who commit to the log share, and who moves its fence or its epoch takes alone.
const LOG_FENCE_LOCK: i64 = 0x6f77_6c70_6f73_7402;

/// What a log is recognised by: the history of the cluster (its identifier, the timeline, the database), which a
/// restore elsewhere and a promotion change, and the table (oid and file), which a restore in place changes.
macro_rules! current_identity {
    () => {
        "(select case when pg_is_in_recovery() then 'standby' else
                     (select system_identifier from pg_control_system())::text
                     || ':' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
                     || ':' || (select oid from pg_database where datname = current_database())::text
                 end as current_lineage,
                 'event_log'::regclass::oid || ':' || coalesce(pg_relation_filenode('event_log'), 0)
                     as current_table) identity"
    };
}

/// The state of the log, and whether it is as its epoch began, in one row.
macro_rules! extent_query {
    () => {
        concat!(
            "select epoch_start, trimmed_through,
                    greatest(epoch_start - 1, trimmed_through, coalesce((select max(position) from event_log), 0))
                        as last_position,
                    coalesce(lineage = current_lineage and table_identity = current_table, false) as is_as_begun
             from event_log_state, ",
            current_identity!()
        )
    };
}

const EXTENT_QUERY: &str = extent_query!();

/// The end of the log: from which position, at most how many events. One row at least, with the extent.
pub const TAIL_QUERY: &str = concat!(
    "select extent.*, event.* from (",
    extent_query!(),
    ") extent
     left join lateral (
         select position, name, audience, payload::text as payload from event_log
         where position >= $1 order by position limit $2) event on true
     order by event.position"
);

/// What the log reaches from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct LogExtent {
    /// Positions below belong to a history that ended with a restore.
    pub epoch_start: i64,
    /// Everything up to here may be gone.
    pub trimmed_through: i64,
    /// The newest committed position; `epoch_start - 1` while there is none.
    pub last_position: i64,
    /// Whether this is the database and the table that the epoch began on. False after a restore or a promotion,
    /// until somebody begins a new epoch.
    pub is_as_begun: bool,
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
    /// What the log reaches from and to.
    pub async fn read_log_extent_state(&self) -> Result<LogExtent> {
        Ok(sqlx::query_as(EXTENT_QUERY).fetch_one(&self.pool).await?)
    }

    /// A name for this database that all its nodes share, also while some of them have not noticed a promotion yet.
    pub async fn read_database_identity_name(&self) -> Result<String> {
        Ok(sqlx::query_scalar(
            "select system_identifier::text || ':' || (select oid from pg_database where datname = current_database())
             from pg_control_system()",
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Starts a new epoch when this is not the database or not the table the log was begun on.
    pub async fn begin_epoch_after_restore(&self) -> Result<()> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        // Taken first, so that of nodes that notice together one begins the epoch and the others find it begun.
        let recorded: Option<String> =
            sqlx::query_scalar("select lineage from event_log_state for update")
                .fetch_one(&mut *transaction)
                .await?;
        let extent: LogExtent = sqlx::query_as(EXTENT_QUERY).fetch_one(&mut *transaction).await?;
        if extent.is_as_begun {
            return Ok(());
        }
        if recorded.is_some() {
            advance_log_to_epoch(&mut transaction).await?;
            tracing::warn!(
                "the database was restored or promoted: a new epoch of the event log begins"
            );
        }
        record_identity_of_log(&mut transaction).await?;
        Ok(transaction.commit_transaction_within_limit().await?)
    }

    /// Starts a new epoch because what a node delivered contradicts the log, which says nothing of a restore; unless
    /// the epoch is not `known_epoch_start` any more, because somebody else did.
    pub async fn begin_epoch_after_contradiction(&self, known_epoch_start: i64) -> Result<()> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let epoch_start: i64 =
            sqlx::query_scalar("select epoch_start from event_log_state for update")
                .fetch_one(&mut *transaction)
                .await?;
        if epoch_start != known_epoch_start {
            return Ok(());
        }
        advance_log_to_epoch(&mut transaction).await?;
        record_identity_of_log(&mut transaction).await?;
        tracing::warn!("the event log is not the one that was delivered: a new epoch begins");
        Ok(transaction.commit_transaction_within_limit().await?)
    }

    /// Starts a new epoch by hand, for a restore the database cannot notice (a copied data directory).
    pub async fn begin_new_log_epoch(&self) -> Result<()> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        advance_log_to_epoch(&mut transaction).await?;
        Ok(transaction.commit_transaction_within_limit().await?)
    }
}

async fn record_identity_of_log(connection: &mut PgConnection) -> Result<()> {
    sqlx::query(concat!(
        "update event_log_state set lineage = current_lineage, table_identity = current_table from ",
        current_identity!()
    ))
    .execute(connection)
    .await?;
    Ok(())
}

/// Waits until nobody is committing to the log, and keeps everybody from it to the end of the transaction.
pub(super) async fn acquire_log_fence_lock(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(LOG_FENCE_LOCK)
        .execute(connection)
        .await?;
    Ok(())
}

/// The first position of an epoch is drawn by lot within its step: a backup that is restored twice begins two epochs
/// of one number, and a client of the first must not pass for one of the second.
async fn advance_log_to_epoch(connection: &mut PgConnection) -> Result<()> {
    acquire_log_fence_lock(connection).await?;
    // A transaction that has drawn its position and commits later finds itself behind the fence.
    sqlx::query(
        "with before as (
             select epoch_start, greatest(epoch_start - 1, trimmed_through,
                        (select coalesce(max(position), 0) from event_log)) as last_position
             from event_log_state),
         begun as (
             update event_log_state
             set epoch_start = (last_position / $1 + 1) * $1 + floor(random() * ($1 / 2))::bigint
             from before returning event_log_state.epoch_start),
         noted as (
             insert into event_log_epochs (epoch_start, continues)
             select begun.epoch_start, before.last_position from begun, before)
         select setval(pg_get_serial_sequence('event_log', 'position'), begun.epoch_start, false),
                setval('event_log_fence', begun.epoch_start - 1)
         from begun",
    )
    .bind(EPOCH_STEP)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_resume_only_within_the_epoch_and_after_the_trim() {
        let extent = LogExtent {
            epoch_start: 100,
            trimmed_through: 120,
            last_position: 150,
            is_as_begun: true,
        };
        let answers = [98, 99, 119, 120, 150, 151].map(|p| extent.can_resume_after_position(p));
        assert_eq!(answers, [false, false, false, true, true, false]);
    }
}
