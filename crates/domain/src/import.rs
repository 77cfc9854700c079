//! Taking over the people, incidents and comments of another server: of the older Express one, and of what looks like it.
//!
//! The other's tables are read and left as they are. Everything that is taken is written in one transaction; a second
//! run takes what came since.
//!
//! - `foreign_row`: a row of theirs, whose columns go by several names;
//! - `people` and `incidents`: from there to what we keep.

mod foreign_row;
mod incidents;
mod people;

use std::{str::FromStr as _, time::Duration};

use futures_util::{Stream, TryStreamExt as _};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

use crate::{DomainError, Result, Store, import::foreign_row::ForeignRow};

/// The longest wait for the other database: to connect, and for its next row.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(30);
/// Refusals that are kept to be shown; the rest is counted.
const SHOWN_REFUSALS: usize = 20;

/// What an import did, or would do.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// Of `users`.
    pub people: TableReport,
    /// Of `incidents`.
    pub incidents: TableReport,
    /// Of `comments`, if there is such a table.
    pub comments: TableReport,
    /// People who came without a password that can be checked here: they need a new one.
    pub without_password: u64,
    /// Why rows were refused: the first of them, each with the row's id.
    pub refusals: Vec<String>,
}

/// What became of the rows of one table.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TableReport {
    /// Rows that are new here.
    pub taken: u64,
    /// Rows that an import brought before.
    pub known: u64,
    /// Rows that cannot be kept here.
    pub refused: u64,
}

impl ImportReport {
    /// Rows of every table that cannot be kept here.
    pub fn refused(&self) -> u64 {
        self.people.refused + self.incidents.refused + self.comments.refused
    }
}

/// What became of one row.
enum Outcome {
    Taken,
    Known,
}

/// What to do besides taking over what is fine.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportWishes {
    /// Write nothing.
    pub rehearse: bool,
    /// Take the rest when rows are refused; otherwise nothing is taken.
    pub skip_refused: bool,
}

impl Store {
    /// Takes over what the tables `users`, `incidents` and `comments` at another address hold. Nothing is written when
    /// rows are refused, unless that is wished.
    pub async fn import_tables_of_server(
        &self,
        source: &str,
        wishes: ImportWishes,
    ) -> Result<ImportReport> {
        let mut source = connect_to_foreign_database(source).await?;
        let mut report = ImportReport::default();
        let mut transaction = self.pool.library_pool().begin().await?;
        self.import_people_from_source(&mut source, &mut transaction, &mut report).await?;
        self.import_incidents_from_source(&mut source, &mut transaction, &mut report).await?;
        if has_foreign_table_with_name(&mut source, "comments").await? {
            self.import_comments_from_source(&mut source, &mut transaction, &mut report).await?;
        }
        if wishes.rehearse || (report.refused() > 0 && !wishes.skip_refused) {
            transaction.rollback().await?;
        } else {
            sqlx::query("select begin_timelines()").execute(&mut *transaction).await?;
            transaction.commit().await?;
            // Clients hold lists without what came.
            self.begin_new_log_epoch().await?;
        }
        Ok(report)
    }
}

async fn connect_to_foreign_database(url: &str) -> Result<PgConnection> {
    let refuse = |why: String| DomainError::invalid_field_value("from", why);
    let is_known = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    let options = PgConnectOptions::from_str(url)
        .ok()
        .filter(|_| is_known)
        .ok_or_else(|| refuse("must be a postgres:// address".into()))?
        .options([("default_transaction_read_only", "on")]);
    let connecting =
        timeout(SOURCE_TIMEOUT, options.connect()).await.map_err(report_silence_of_source)?;
    let mut connection =
        connecting.map_err(|error| refuse(format!("cannot be connected to: {error}")))?;
    for table in ["users", "incidents"] {
        if !has_foreign_table_with_name(&mut connection, table).await? {
            let message = format!("has no table {table} there");
            return Err(DomainError::invalid_field_value("from", message));
        }
    }
    Ok(connection)
}

fn report_silence_of_source(elapsed: tokio::time::error::Elapsed) -> DomainError {
    DomainError::Unavailable(Box::new(elapsed))
}

async fn has_foreign_table_with_name(source: &mut PgConnection, table: &str) -> Result<bool> {
    let asking = sqlx::query_scalar("select to_regclass(quote_ident($1)) is not null")
        .bind(table)
        .fetch_one(source);
    Ok(timeout(SOURCE_TIMEOUT, asking).await.map_err(report_silence_of_source)??)
}

/// The rows of a table, as they come: there may be more than fit in memory.
fn stream_rows_of_table<'c>(
    source: &'c mut PgConnection,
    table: &'static str,
) -> impl Stream<Item = sqlx::Result<String>> + Unpin + 'c {
    let sql = format!("select row_to_json(foreign_row)::text from {table} as foreign_row");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch(source)
}

async fn next_row_in_time(
    rows: &mut (impl Stream<Item = sqlx::Result<String>> + Unpin),
) -> Result<Option<ForeignRow>> {
    let text =
        timeout(SOURCE_TIMEOUT, rows.try_next()).await.map_err(report_silence_of_source)??;
    text.map(|text| ForeignRow::from_json_text(&text)).transpose()
}

/// Counts what became of a row. What is wrong with the row is a refusal; everything else ends the import.
fn count_outcome_of_row(
    outcome: Result<Outcome>,
    (table, id): (&str, &str),
    counts: &mut TableReport,
    refusals: &mut Vec<String>,
) -> Result<()> {
    match outcome {
        Ok(Outcome::Taken) => counts.taken += 1,
        Ok(Outcome::Known) => counts.known += 1,
        Err(refusal @ DomainError::Validation { .. }) => {
            counts.refused += 1;
            if refusals.len() < SHOWN_REFUSALS {
                refusals.push(format!("{table} {id}: {refusal}"));
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
