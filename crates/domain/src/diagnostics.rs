//! Facts about the database, for `owlpost doctor`.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};

use crate::{
    DomainError, Result, Store, causes::write_causes_without_repetition, store::MIGRATIONS,
};

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

/// Where this address leads, without the password: host, port (or directory of the socket), database and user.
pub fn describe_database_without_password(url: &str) -> String {
    let Ok(options) = PgConnectOptions::from_str(url) else {
        return "an unreadable address".into();
    };
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    format!("{place} (database {database}, user {})", options.get_username())
}

/// Why the database at this address does not answer, in one sentence without the password. The pool knows only that it
/// waited, so one connection is tried by hand.
pub async fn explain_missing_database_answer(
    url: &str,
    error: &DomainError,
    within: Duration,
) -> String {
    let tried = match PgConnectOptions::from_str(url) {
        Ok(options) => tokio::time::timeout(within, options.connect()).await,
        Err(error) => return write_causes_without_repetition(&error),
    };
    match tried {
        Ok(Err(cause)) => write_causes_without_repetition(&cause),
        // It answers by now: then what went wrong before is all there is to say.
        Ok(Ok(_)) => write_causes_without_repetition(error),
        Err(_) => format!("no answer within {} ms", within.as_millis()),
    }
}

impl Store {
    /// Asks the database about version, clock and migrations.
    pub async fn read_current_database_facts(&self) -> Result<DatabaseFacts> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_name_the_place_and_keep_the_password() {
        let text =
            describe_database_without_password("postgres://ron:hunter2@db.hogwarts:5433/owl");
        assert_eq!(text, "db.hogwarts:5433 (database owl, user ron)");
    }
}
