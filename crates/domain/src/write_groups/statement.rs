//! The statements that write one change, or many of them.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use sqlx::{Arguments as _, Encode, Postgres, Type, postgres::PgArguments};
use uuid::Uuid;

use super::{GroupedChange, GroupedRow};
use crate::{
    DomainError, Result, connections::ConnectionPool, event_drafts::EventDrafts,
    idempotency::TRY_LOCK_OF_KEY,
};

/// What every draft has besides its columns.
const PLAIN_COLUMNS: [(&str, &str); 1] = [("deadline", "timestamptz")];
/// The same where some have keys. `response` is what the request is answered.
const KEYED_COLUMNS: [(&str, &str); 5] = [
    ("deadline", "timestamptz"),
    ("key_user_id", "uuid"),
    ("key", "text"),
    ("request_hash", "bytea"),
    ("response", "text"),
];

/// How many rows of a table are inserted at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupStatement {
    /// How many parameters the statement of one row has.
    pub(crate) columns_alone: usize,
    /// The columns of a draft with their types. The first is `id`.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    /// What drafts refer to: a column, and the table in whose `id` its value must be.
    pub(crate) references: &'static [(&'static str, &'static str)],
    /// The statement up to the values: the table, and its columns.
    pub(crate) insert: &'static str,
    /// The values of these columns, out of a draft.
    pub(crate) values: &'static str,
}

/// An array of each column of some rows, as the parameters of a statement.
#[derive(Debug)]
pub(crate) struct ColumnArrays<'a, R> {
    rows: &'a [&'a R],
    arguments: PgArguments,
}

impl<'a, R> ColumnArrays<'a, R> {
    pub(crate) fn of_rows(rows: &'a [&'a R]) -> Self {
        Self { rows, arguments: PgArguments::default() }
    }

    /// The next column, out of the rows.
    pub(crate) fn add_array_of_column<T>(&mut self, read: impl Fn(&'a R) -> T) -> Result<()>
    where
        Vec<T>: Encode<'a, Postgres> + Type<Postgres>,
    {
        self.add_array_of_values(self.rows.iter().map(|row| read(row)))
    }

    /// The next column, as it was made for the rows.
    pub(crate) fn add_array_of_values<'v, T>(
        &mut self,
        values: impl Iterator<Item = T>,
    ) -> Result<()>
    where
        Vec<T>: Encode<'v, Postgres> + Type<Postgres>,
    {
        self.arguments
            .add(values.collect::<Vec<T>>())
            .map_err(DomainError::internal_error_from_cause)
    }

    pub(crate) fn into_arguments(self) -> PgArguments {
        self.arguments
    }
}

/// What a statement wrote.
#[derive(Debug)]
pub(super) struct WrittenGroup {
    /// The rows, in no order.
    pub(super) ids: Vec<Uuid>,
    /// Of their events, ascending, which is the order of the changes.
    pub(super) positions: Vec<i64>,
}

/// The statements of one kind of rows, written once.
#[derive(Debug)]
pub(super) struct StatementTexts {
    alone: Arc<str>,
    together: Arc<str>,
    /// The same with keys that are claimed.
    keyed: Arc<str>,
}

impl StatementTexts {
    pub(super) fn from_row_kind<R: GroupedRow>() -> Self {
        Self {
            alone: write_statement_of_one::<R>().into(),
            together: R::TOGETHER.write_statement_of_many(false).into(),
            keyed: R::TOGETHER.write_statement_of_many(true).into(),
        }
    }
}

/// The row and its events.
fn write_statement_of_one<R: GroupedRow>() -> String {
    let columns = R::TOGETHER.columns_alone;
    format!(
        "with written as ({})
         insert into event_log (name, audience, payload)
         select name, string_to_array(audience, ' '), payload::json
         from unnest(${}::text[], ${}::text[], ${}::text[]) with ordinality
             as draft (name, audience, payload, ord)
         where exists (select from written) and refuse_late_statement(${})
         order by ord
         returning position",
        R::ALONE,
        columns + 1,
        columns + 2,
        columns + 3,
        columns + 4
    )
}

impl GroupStatement {
    /// Writes the rows of `draft` that nothing stands in the way of, and their events. A row is left out when something
    /// it refers to is locked or missing, when its key is known or in use, and when its deadline is over by the clock of
    /// the database.
    fn write_statement_of_many(&self, has_keys: bool) -> String {
        let Self { columns, references, insert, values, .. } = self;
        let shared: &[(&str, &str)] = if has_keys { &KEYED_COLUMNS } else { &PLAIN_COLUMNS };
        let (mut arrays, mut names) = (String::new(), String::new());
        for (number, (name, kind)) in columns.iter().chain(shared).enumerate() {
            let _ = write!(arrays, "${}::{kind}[], ", number + 1);
            let _ = write!(names, "{name}, ");
        }
        let arrays = arrays.trim_end_matches(", ");
        let mut sql = format!(
            "with draft as materialized (
                select * from unnest({arrays}) with ordinality as draft ({names}ord)
                where clock_timestamp() <= deadline)"
        );
        // Locked as the foreign keys lock them, row by row by the primary key, but without waiting.
        for (column, table) in *references {
            let _ = write!(
                sql,
                ", free_{column} as materialized (
                    select free.id from (select distinct {column} as id from draft) as wanted
                    cross join lateral (
                        select id from {table} where id = wanted.id for key share skip locked) as free)"
            );
        }
        sql.push_str(", ready as materialized (select * from draft where true");
        for (column, _) in *references {
            let _ = write!(sql, " and {column} in (select id from free_{column})");
        }
        if has_keys {
            let _ = write!(sql, " and (key is null or {TRY_LOCK_OF_KEY})");
        }
        sql.push(')');
        if has_keys {
            sql.push_str(
                ", claimed as (
                    insert into idempotency_keys (user_id, key, request_hash, response)
                    select key_user_id, key, request_hash, response::json from ready where key is not null
                    on conflict do nothing returning user_id, key)",
            );
        }
        let _ = write!(sql, ", written as ({insert} select {values} from ready");
        if has_keys {
            sql.push_str(
                " where key is null or (key_user_id, key) in (select user_id, key from claimed)",
            );
        }
        let first = columns.len() + shared.len() + 1;
        let _ = write!(
            sql,
            " order by ord returning id),
             logged as (
                insert into event_log (name, audience, payload)
                select name, string_to_array(audience, ' '), payload::json
                from unnest(${}::uuid[], ${}::text[], ${}::text[], ${}::text[]) with ordinality
                    as event (change_id, name, audience, payload, ord)
                where change_id in (select id from written)
                order by ord
                returning position)
             select array(select id from written), array(select position from logged order by position)",
            first,
            first + 1,
            first + 2,
            first + 3,
        );
        sql
    }
}

/// Writes those of the changes that can be written at once, and all of their events, in one transaction.
pub(super) async fn write_rows_of_group<R: GroupedRow>(
    pool: &ConnectionPool,
    texts: &StatementTexts,
    group: &[&GroupedChange<R>],
) -> sqlx::Result<WrittenGroup> {
    let has_keys = group.iter().any(|change| change.claim.is_some());
    let arguments = bind_changes_of_group(pool, group, has_keys)
        .map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let text = if has_keys { &texts.keyed } else { &texts.together };
    let statement = sqlx::AssertSqlSafe(text.clone());
    let (ids, positions) = sqlx::query_as_with(statement, arguments).fetch_one(pool).await?;
    Ok(WrittenGroup { ids, positions })
}

fn bind_changes_of_group<R: GroupedRow>(
    pool: &ConnectionPool,
    group: &[&GroupedChange<R>],
    has_keys: bool,
) -> Result<PgArguments> {
    let rows: Vec<&R> = group.iter().map(|change| &change.row).collect();
    let mut arrays = ColumnArrays { rows: group, arguments: R::bind_arrays_of_columns(&rows)? };
    arrays.add_array_of_column(|change| {
        pool.deadline_by_database_clock(change.deadline.time_left())
    })?;
    if has_keys {
        let claims: Vec<_> = group.iter().map(|change| change.claim.as_ref()).collect();
        let answers = group
            .iter()
            .map(|change| change.claim.as_ref().map(|_| serde_json::to_string(&change.row)))
            .map(Option::transpose)
            .collect::<serde_json::Result<Vec<_>>>()?;
        arrays.add_array_of_values(claims.iter().map(|claim| claim.map(|(user, _)| *user)))?;
        arrays.add_array_of_values(claims.iter().map(|claim| claim.map(|(_, key)| key.key())))?;
        arrays.add_array_of_values(
            claims.iter().map(|claim| claim.map(|(_, key)| key.request_hash())),
        )?;
        arrays.add_array_of_values(answers.into_iter())?;
    }
    let events = || group.iter().map(|change| (change.row.id(), &change.events));
    arrays.add_array_of_values(
        events().flat_map(|(id, events)| events.names.iter().map(move |_| id)),
    )?;
    arrays.add_array_of_values(events().flat_map(|(_, events)| events.names.iter().copied()))?;
    arrays.add_array_of_values(
        events().flat_map(|(_, events)| events.audiences.iter().map(|text| &**text)),
    )?;
    arrays.add_array_of_values(
        events().flat_map(|(_, events)| events.payloads.iter().map(|text| &**text)),
    )?;
    Ok(arrays.into_arguments())
}

/// Makes the change and its rows of the log in one statement, which is the whole transaction: its positions are drawn
/// and committed without a round trip between. `None` when the row was not written, and then nothing is logged.
pub(super) async fn write_row_of_change<R: GroupedRow>(
    pool: &ConnectionPool,
    texts: &StatementTexts,
    change: &GroupedChange<R>,
) -> Result<Option<(Vec<i64>, Instant)>> {
    let mut arguments = change.row.bind_columns_of_row()?;
    let EventDrafts { names, audiences, payloads, .. } = &change.events;
    // It may lie before a server that hangs for long after it was answered 503: the server refuses it then.
    let deadline = pool.deadline_by_database_clock(change.deadline.time_left());
    arguments
        .add(names)
        .and_then(|()| arguments.add(audiences))
        .and_then(|()| arguments.add(payloads))
        .and_then(|()| arguments.add(deadline))
        .map_err(DomainError::internal_error_from_cause)?;
    change.deadline.refuse_change_after_limit()?;
    let asked_at = Instant::now();
    let statement = sqlx::AssertSqlSafe(texts.alone.clone());
    let positions: Vec<i64> = sqlx::query_scalar_with(statement, arguments).fetch_all(pool).await?;
    Ok((!positions.is_empty()).then_some((positions, asked_at)))
}

/// Whether the database refused something of a row, and would have written the others.
pub(super) fn is_refusal_of_row(error: &sqlx::Error) -> bool {
    match error {
        // 22xxx a value, 23xxx a constraint, 40xxx a conflict with somebody else, 54xxx a size, P0xxx a trigger.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["22", "23", "40", "54", "P0"].iter().any(|kind| code.starts_with(kind))
        }),
        sqlx::Error::Encode(_) => true,
        _ => false,
    }
}
