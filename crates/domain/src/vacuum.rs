//! Dead rows and statistics of tables, on a database that nobody else looks after: a Postgres server has its autovacuum, the embedded
//! one has no process for it. Without, rows that are trimmed leave their room to nobody, and statements are planned for the empty
//! tables of the first day.

use std::time::Duration;

use sqlx::{Executor as _, PgConnection};

use crate::{Result, Store};

/// Changed rows of a table, beyond its share of them, from which on it is due: as autovacuum's, so that small tables do not come again
/// and again.
const CHANGED_ROWS: i32 = 1_000;
/// The share of its rows. Autovacuum's is 0.2; whoever has the one connection waits for nobody else meanwhile, so here it is done in
/// smaller pieces.
const CHANGED_SHARE: f64 = 0.05;
/// Age of the oldest transaction in a table, from which on it is due whatever has changed: half of what Postgres takes for old.
const OLD_TRANSACTIONS: i32 = 100_000_000;
/// How long it may take: less than others wait for the connection, and more than other statements may.
const VACUUM_TIME: Duration = Duration::from_secs(20);

impl Store {
    /// Vacuums and analyzes a table that has changed much since it was, and gives its name; `None` when there is none. Which one of
    /// several is by chance: one that takes too long keeps none from its turn.
    pub async fn vacuum_one_changed_table(&self) -> Result<Option<String>> {
        let due: Option<(String, String)> = sqlx::query_as(
            "select s.relname, format('vacuum (analyze) %I.%I', s.schemaname, s.relname)
             from pg_stat_all_tables s
             join pg_class c on c.oid = s.relid,
             lateral (select greatest(n_dead_tup, n_mod_since_analyze, n_ins_since_vacuum)
                             / ($1 + $2 * greatest(c.reltuples, 0)) as changed,
                             age(c.relfrozenxid) / $3::float8 as aged) as due
             where c.relkind = 'r' and c.relpersistence <> 't' and greatest(changed, aged) > 1
             order by random() limit 1",
        )
        .bind(CHANGED_ROWS)
        .bind(CHANGED_SHARE)
        .bind(OLD_TRANSACTIONS)
        .fetch_optional(&self.pool)
        .await?;
        let Some((table, statement)) = due else { return Ok(None) };
        let mut connection = self.pool.acquire_connection_with_guard().await?;
        let usual = self.config.statement_timeout;
        let vacuum = async {
            set_statement_timeout_of_connection(&mut connection, VACUUM_TIME).await?;
            connection.execute(sqlx::AssertSqlSafe(statement)).await?;
            set_statement_timeout_of_connection(&mut connection, usual).await
        };
        tokio::time::timeout(VACUUM_TIME + usual, vacuum).await??;
        // After a failure it is closed, and its settings with it.
        connection.return_connection_to_pool();
        Ok(Some(table))
    }
}

async fn set_statement_timeout_of_connection(
    connection: &mut PgConnection,
    timeout: Duration,
) -> sqlx::Result<()> {
    let sql = format!("set statement_timeout = {}", timeout.as_millis());
    connection.execute(sqlx::AssertSqlSafe(sql)).await.map(drop)
}
