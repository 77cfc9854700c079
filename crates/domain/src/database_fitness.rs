//! What a database must be, besides being there: what it is not is said at start, by name, and not by whatever fails first.

use std::{str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _,
    postgres::PgConnectOptions,
};

/// A pooler that gives a session only to one of two at a time lets the other wait.
const POOLER_PATIENCE: Duration = Duration::from_secs(1);
/// Of the process that works for a connection.
const SESSION: &str = "select pg_backend_pid()";
/// Tables with names of ours where no migration of ours has been.
const TABLES_OF_OTHERS: &str = "select coalesce(string_agg(name, ', '), '')
    from unnest(array['users', 'incidents', 'comments', 'notifications']) as name
    where to_regclass('_sqlx_migrations') is null and to_regclass(quote_ident(name)) is not null";

/// Why a server cannot run on the database at this address, in a sentence that says what to do. `None` when it can, and
/// when the database does not answer.
pub async fn explain_why_database_unfit(url: &str) -> Option<String> {
    let options = PgConnectOptions::from_str(url).ok()?;
    let (mut one, mut other) = (options.connect().await.ok()?, options.connect().await.ok()?);
    let reason = find_first_reason_against(&mut one, &mut other).await;
    let _ = tokio::join!(one.close(), other.close());
    reason.ok().flatten()
}

async fn find_first_reason_against(
    one: &mut PgConnection,
    other: &mut PgConnection,
) -> sqlx::Result<Option<String>> {
    if meets_another_database_session(one, other).await? {
        return Ok(Some(
            "a pooler in front of it gives each transaction another session (pgbouncer with pool_mode = transaction): \
             statement timeouts, locks and prepared statements belong to a session, so let it pool sessions \
             (pool_mode = session), or lead the address past it"
                .to_owned(),
        ));
    }
    let encoding: String =
        read_value_of_text_query(one, "select current_setting('server_encoding')").await?;
    if encoding != "UTF8" {
        return Ok(Some(format!(
            "its encoding is {encoding}, which has no room for what people write: make it with \
             create database … encoding 'UTF8' template template0"
        )));
    }
    let foreign: String = read_value_of_text_query(one, TABLES_OF_OTHERS).await?;
    if !foreign.is_empty() {
        return Ok(Some(format!(
            "another program has tables there ({foreign}), which are left as they are: give Owl Post a database of its \
             own, or a schema (create schema owlpost, and ?options=-csearch_path%3Dowlpost behind the address); what they \
             hold of people and incidents then comes with owlpost import"
        )));
    }
    Ok(None)
}

/// Whether two statements of one connection can meet two sessions. The other begins a transaction on the session that this
/// one has let go of, if that is how sessions are given out.
async fn meets_another_database_session(
    one: &mut PgConnection,
    other: &mut PgConnection,
) -> sqlx::Result<bool> {
    let before: i32 = read_value_of_text_query(one, SESSION).await?;
    other.execute(AssertSqlSafe("begin; select 1")).await?;
    let after =
        tokio::time::timeout(POOLER_PATIENCE, read_value_of_text_query::<i32>(one, SESSION)).await;
    other.execute(AssertSqlSafe("rollback")).await?;
    match after {
        Ok(after) => Ok(after? != before),
        // It waits for the other to be done: there is one session for both.
        Err(_) => Ok(true),
    }
}

/// Text without parameters is sent as it is: nothing is prepared, which poolers get wrong.
async fn read_value_of_text_query<T>(
    connection: &mut PgConnection,
    query: &'static str,
) -> sqlx::Result<T>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    connection.fetch_one(AssertSqlSafe(query)).await?.try_get(0)
}
