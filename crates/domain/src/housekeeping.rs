//! What is thrown away: old events, spent answers, dead tokens. Every step is bounded and may run on any node.

use crate::{Result, Store};

/// Rows deleted in one statement, so that none holds its locks for long.
const TRIM_ROWS: i64 = 10_000;

impl Store {
    /// Trims the oldest events by age and by number of rows, and remembers how far. True while more is to do. Rows are
    /// counted by their positions, those skipped between two epochs left out. What an outlet has not been told yet is not too
    /// much, only too old.
    pub async fn trim_oldest_log_batch(&self) -> Result<bool> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let cut: Option<i64> = sqlx::query_scalar(
            "with spans as (
                 select epoch_start,
                        coalesce(lead(continues) over newest_last, (select max(position) from event_log)) as ends
                 from (select epoch_start, continues from event_log_epochs union all select 1, 0) epochs
                 window newest_last as (order by epoch_start)),
             counted as (
                 select ends, sum(ends - epoch_start + 1) over (order by epoch_start desc) as rows_from_here,
                        ends - epoch_start + 1 as rows_here
                 from spans where ends >= epoch_start),
             bound as (
                 select max(ends - ($2 - (rows_from_here - rows_here))) as through from counted
                 where rows_from_here > $2),
             told as (
                 select coalesce(min(position), 9223372036854775807) as through from event_outlets
                 where not is_paused and followed_at > now() - make_interval(secs => $1))
             select max(position)
             from (select position, created_at from event_log order by position limit $3) oldest, bound, told
             where created_at < now() - make_interval(secs => $1)
                or (position <= bound.through and position <= told.through)",
        )
        .bind(self.config.event_log_retention.as_secs_f64())
        .bind(self.config.event_log_max_rows)
        .bind(TRIM_ROWS)
        .fetch_one(&mut *transaction)
        .await?;
        let Some(cut) = cut else { return Ok(false) };
        sqlx::query("update event_log_state set trimmed_through = greatest(trimmed_through, $1)")
            .bind(cut)
            .execute(&mut *transaction)
            .await?;
        let deleted = sqlx::query("delete from event_log where position <= $1")
            .bind(cut)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        transaction.commit_transaction_within_limit().await?;
        Ok(deleted >= TRIM_ROWS.unsigned_abs())
    }

    /// Forgets connections that nobody came back for. True while more is to do.
    pub async fn trim_oldest_recoveries_batch(&self) -> Result<bool> {
        let deleted = sqlx::query(
            "delete from recoveries where pid_hash in (
                 select pid_hash from recoveries where last_seen < now() - make_interval(secs => $1)
                 order by last_seen limit $2)",
        )
        .bind(self.config.recovery_retention.as_secs_f64())
        .bind(TRIM_ROWS)
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(deleted >= TRIM_ROWS.unsigned_abs())
    }

    /// Forgets answers past their day and refresh tokens a week past their end.
    pub async fn delete_expired_keys_and_tokens(&self) -> Result<()> {
        sqlx::query(
            "delete from idempotency_keys where created_at < now() - make_interval(secs => $1)",
        )
        .bind(self.config.idempotency_ttl.as_secs_f64())
        .execute(&self.pool)
        .await?;
        for statement in [
            "delete from write_proofs where written_at < now() - interval '1 day'",
            "delete from refresh_tokens where expires_at < now() - interval '7 days'",
            // By where somebody was lately they are known.
            "delete from login_sessions where expires_at < now() - interval '30 days'",
            "delete from api_tokens where least(ended_at, expires_at) < now() - interval '30 days'",
            // A group that nobody has told of for so long begins anew; what it was reported as stays.
            "delete from alert_groups where touched_at < now() - interval '90 days'",
            // A group that goes on for years has had many alerts.
            "delete from alerts where not is_firing and started_at < now() - interval '90 days'",
            "delete from one_time_links where expires_at < now() - interval '7 days'",
        ] {
            sqlx::query(statement).execute(&self.pool).await?;
        }
        Ok(())
    }
}
