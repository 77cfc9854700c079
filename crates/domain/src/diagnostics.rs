//! Facts about the database, for `owlpost doctor`.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Result, Store, store::MIGRATIONS};

/// What the database says about itself.
#[derive(Debug, Clone)]
pub struct DatabaseFacts {
    /// Version of Postgres, as it is written.
    pub version: String,
    /// The same as a number: 170005 is 17.5.
    pub version_number: i32,
    /// How far its clock is ahead of ours; negative when behind.
    pub clock_ahead: TimeDelta,
    /// Migrations of this build that were not applied yet.
    pub migrations_pending: usize,
    /// Migrations that were applied and that this build does not have, or has with another content.
    pub migrations_foreign: usize,
}

impl Store {
    /// Asks the database about version, clock and migrations.
    pub async fn read_database_facts_now(&self) -> Result<DatabaseFacts> {
        let before = Utc::now();
        let (version, version_number, now, migrated): (String, i32, DateTime<Utc>, bool) =
            sqlx::query_as(
                "select current_setting('server_version'), current_setting('server_version_num')::int,
                        clock_timestamp(), to_regclass('_sqlx_migrations') is not null",
            )
            .fetch_one(&self.pool)
            .await?;
        let middle = before + (Utc::now() - before) / 2;
        let applied: Vec<(i64, Vec<u8>)> = if migrated {
            sqlx::query_as("select version, checksum from _sqlx_migrations where success")
                .fetch_all(&self.pool)
                .await?
        } else {
            Vec::new()
        };
        let known = |(version, checksum): &&(i64, Vec<u8>)| {
            MIGRATIONS
                .iter()
                .any(|own| own.version == *version && own.checksum == checksum.as_slice())
        };
        let familiar = applied.iter().filter(known).count();
        Ok(DatabaseFacts {
            version,
            version_number,
            clock_ahead: now - middle,
            migrations_pending: MIGRATIONS.iter().count().saturating_sub(familiar),
            migrations_foreign: applied.len() - familiar,
        })
    }
}
