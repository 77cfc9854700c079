//! Connections to Postgres, with a limit of ours on everything that is sent over one.
//!
//! A peer that neither answers nor refuses (a firewall that forgot the connection, a hung host) is not noticed by the
//! database's own timeouts, and a pool that waits for it loses a connection each time. Here a statement that takes
//! longer than it may ends with an error, its connection is closed and not returned, and every older connection is
//! replaced when it is next taken out. The same happens after a fault that says the server at the other end is not
//! the one to talk to any more: it was stopped, or it only reads since another one was promoted.
//!
//! From such a fault on nobody waits long for a connection, until one task has found that the database answers.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::{
    FutureExt as _, StreamExt as _, TryFutureExt as _, TryStreamExt as _, future::BoxFuture,
    stream::BoxStream,
};
use sqlx::{
    Either, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr,
    pool::PoolConnection,
    postgres::{PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::sync::watch;

/// How much longer than the database's own limit ours is, so that its error, which says more, comes first.
const GRACE: Duration = Duration::from_millis(250);

/// How long a connection is waited for while the database does not answer: the caller is told, and comes again.
const UNREACHABLE_PATIENCE: Duration = Duration::from_millis(250);

/// Between two attempts to find that it answers again.
const PROBE_PAUSE: Duration = Duration::from_millis(100);

/// What the pool and the connections on loan share.
#[derive(Debug)]
struct PoolState {
    limit: Duration,
    /// Whether the database answers, as far as is known. While it is false, one task probes.
    is_answering: watch::Sender<bool>,
    /// Whether a statement was refused for want of space, and none was found since.
    lacks_space: AtomicBool,
    made_at: Instant,
    /// When the connections were last found to lead to the wrong place, in milliseconds since the pool was made.
    renewed_at_ms: AtomicU64,
    /// What the database's clock showed when the pool was made, in microseconds of Unix time.
    database_origin_us: AtomicI64,
}

impl PoolState {
    /// Has every connection there is replaced when it is next taken out.
    fn replace_all_older_connections(&self) {
        let now = u64::try_from(self.made_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.renewed_at_ms.fetch_max(now, Ordering::AcqRel);
    }

    fn is_newer_than_renewal(&self, age: Duration) -> bool {
        let renewed_at = Duration::from_millis(self.renewed_at_ms.load(Ordering::Acquire));
        renewed_at.is_zero() || self.made_at + renewed_at + age < Instant::now()
    }
}

/// The pool. Statements are executed on it as on the pool of the library.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionPool {
    pool: PgPool,
    state: Arc<PoolState>,
}

impl ConnectionPool {
    /// Opens the pool; `statement_timeout` is what the database was told, too.
    pub(crate) async fn connect_with_pool_options(
        options: PgPoolOptions,
        to: sqlx::postgres::PgConnectOptions,
        statement_timeout: Duration,
    ) -> sqlx::Result<Self> {
        let state = Arc::new(PoolState {
            limit: statement_timeout + GRACE,
            is_answering: watch::Sender::new(true),
            lacks_space: AtomicBool::new(false),
            made_at: Instant::now(),
            renewed_at_ms: AtomicU64::new(0),
            database_origin_us: AtomicI64::new(0),
        });
        let known = state.clone();
        let pool = options
            .before_acquire(move |_, connection| {
                let is_good = known.is_newer_than_renewal(connection.age);
                async move { Ok(is_good) }.boxed()
            })
            .connect_with(to)
            .await?;
        let pool = Self { pool, state };
        let now = sqlx::query_scalar("select clock_timestamp()").fetch_one(&pool).await?;
        pool.note_clock_of_database(Instant::now(), now);
        Ok(pool)
    }

    /// Takes note of the database's clock, as it was told at `answered_at`.
    pub(crate) fn note_clock_of_database(&self, answered_at: Instant, now: DateTime<Utc>) {
        let since_origin = answered_at.saturating_duration_since(self.state.made_at);
        let since_origin = i64::try_from(since_origin.as_micros()).unwrap_or(i64::MAX);
        let origin = now.timestamp_micros().saturating_sub(since_origin);
        self.state.database_origin_us.store(origin, Ordering::Relaxed);
    }

    /// The end of a time that begins at this moment, by the database's clock. It is early by as long as the answer took
    /// that told the clock, and never late: a change that is no longer waited for must not be applied. Steps of our
    /// clock do not matter; after one of the database's it is wrong until the clock is noted again.
    pub(crate) fn deadline_by_database_clock(&self, limit: Duration) -> DateTime<Utc> {
        let origin = self.state.database_origin_us.load(Ordering::Relaxed);
        let origin = DateTime::from_timestamp_micros(origin).unwrap_or_default();
        origin + self.state.made_at.elapsed() + limit
    }

    /// Whether the database had no room for a statement, and has not proved since that it has.
    pub(crate) fn lacks_space(&self) -> bool {
        self.state.lacks_space.load(Ordering::Relaxed)
    }

    /// Takes note that there is room again.
    pub(crate) fn note_space_was_found(&self) {
        self.state.lacks_space.store(false, Ordering::Relaxed);
    }

    /// The pool of the library, for what it says of itself.
    pub(crate) const fn library_pool(&self) -> &PgPool {
        &self.pool
    }

    /// A connection for several statements, to be returned when they are done. It is closed when it is dropped before:
    /// perhaps in the middle of a statement.
    pub(crate) async fn acquire_connection_with_guard(&self) -> sqlx::Result<GuardedConnection> {
        let run_out_of_patience = async {
            // It ends only with the state, which `self` has.
            let _ = self.state.is_answering.subscribe().wait_for(|answering| !answering).await;
            tokio::time::sleep(UNREACHABLE_PATIENCE).await;
        };
        let connection = tokio::select! {
            biased;
            connection = self.pool.acquire() => connection?,
            () = run_out_of_patience => return Err(sqlx::Error::PoolTimedOut),
        };
        Ok(self.guard_connection_on_loan(connection))
    }

    fn guard_connection_on_loan(&self, connection: PoolConnection<Postgres>) -> GuardedConnection {
        GuardedConnection { connection, pool: self.clone(), is_clean: false }
    }

    /// Has older connections replaced, and nobody wait until the database has answered the one task that probes.
    fn note_fault_of_connection(&self) {
        self.state.replace_all_older_connections();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.state.is_answering.send_replace(false) {
            runtime.spawn(self.clone().probe_until_database_answers());
        }
    }

    async fn probe_until_database_answers(self) {
        while !self.pool.is_closed() && self.probe_database_with_statement().await.is_err() {
            tokio::time::sleep(PROBE_PAUSE).await;
        }
        self.state.is_answering.send_replace(true);
    }

    async fn probe_database_with_statement(&self) -> sqlx::Result<()> {
        // With all the time that a connection may take: a distant database would never be found otherwise.
        let mut connection = self.guard_connection_on_loan(self.pool.acquire().await?);
        connection.run_statement_of_guard("SELECT 1").await
    }

    /// Begins a transaction. It is rolled back when it is dropped.
    pub(crate) async fn begin_transaction_with_guard(&self) -> sqlx::Result<Transaction> {
        let mut connection = self.acquire_connection_with_guard().await?;
        connection.run_statement_of_guard("BEGIN").await?;
        Ok(Transaction { connection: Some(Box::new(connection)) })
    }
}

/// A connection on loan.
#[derive(Debug)]
pub(crate) struct GuardedConnection {
    connection: PoolConnection<Postgres>,
    pool: ConnectionPool,
    /// Whether nothing is under way on it.
    is_clean: bool,
}

impl GuardedConnection {
    /// Gives the connection back. Nothing may be under way on it.
    pub(crate) fn return_connection_to_pool(mut self) {
        self.is_clean = true;
    }

    async fn run_statement_of_guard(&mut self, sql: &'static str) -> sqlx::Result<()> {
        self.is_clean = false;
        let result =
            tokio::time::timeout(self.pool.state.limit, self.connection.execute(sql)).await;
        self.judge_result_of_statement(result).map(drop)
    }

    /// What came of a statement. The connection goes back to the pool unless it stopped in the middle.
    fn judge_result_of_statement<T>(
        &mut self,
        result: Result<sqlx::Result<T>, tokio::time::error::Elapsed>,
    ) -> sqlx::Result<T> {
        let result = result.unwrap_or_else(|elapsed| {
            Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)))
        });
        if result.as_ref().is_err_and(is_want_of_space) {
            self.pool.state.lacks_space.store(true, Ordering::Relaxed);
        }
        let is_broken = result.as_ref().is_err_and(is_fault_of_connection);
        if is_broken {
            self.pool.note_fault_of_connection();
        }
        self.is_clean = !is_broken;
        result
    }
}

impl Drop for GuardedConnection {
    fn drop(&mut self) {
        if !self.is_clean {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for GuardedConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for GuardedConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.is_clean = false;
        &mut self.connection
    }
}

/// 53100: the disk is full. The embedded database has 58030, an I/O error, for it.
fn is_want_of_space(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| code == "53100" || code == "58030")
}

/// Whether an error says that this connection, and those made before it, lead nowhere or to the wrong server.
fn is_fault_of_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        // 25006 a server that only reads, 57P01 to 57P03 one that stops or starts, 08xxx a broken connection.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["25006", "57P01", "57P02", "57P03", "08"].iter().any(|kind| code.starts_with(kind))
        }),
        _ => false,
    }
}

/// A transaction of the domain. Dropped without a commit, it is rolled back; when that does not succeed in time, its
/// connection is closed, which does it as well.
#[derive(Debug)]
pub(crate) struct Transaction {
    connection: Option<Box<GuardedConnection>>,
}

impl Transaction {
    /// Commits; an error leaves open whether it did.
    pub(crate) async fn commit_transaction_within_limit(mut self) -> sqlx::Result<()> {
        match self.connection.take() {
            Some(mut connection) => connection.run_statement_of_guard("COMMIT").await,
            None => Ok(()),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        connection.is_clean = false;
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // Should it fail, the connection is closed, and the database rolls back.
                let _ = connection.run_statement_of_guard("ROLLBACK").await;
            });
        }
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("it is taken by what ends the transaction")
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("it is taken by what ends the transaction")
    }
}

impl<'p> Executor<'p> for &'_ ConnectionPool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        let all = async move {
            let mut guard = pool.acquire_connection_with_guard().await?;
            let rows = guard.connection.fetch_many(query).try_collect::<Vec<_>>();
            let result = tokio::time::timeout(pool.state.limit, rows).await;
            guard.judge_result_of_statement(result)
        };
        all.map_ok(|rows| futures_util::stream::iter(rows).map(Ok)).try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        async move {
            let mut guard = pool.acquire_connection_with_guard().await?;
            let result =
                tokio::time::timeout(pool.state.limit, guard.connection.fetch_optional(query))
                    .await;
            guard.judge_result_of_statement(result)
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        async move {
            let mut guard = pool.acquire_connection_with_guard().await?;
            let prepared = guard.connection.prepare_with(sql, parameters);
            let result = tokio::time::timeout(pool.state.limit, prepared).await;
            guard.judge_result_of_statement(result)
        }
        .boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<sqlx::Describe<Postgres>>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        async move {
            let mut guard = pool.acquire_connection_with_guard().await?;
            let result =
                tokio::time::timeout(pool.state.limit, guard.connection.describe(sql)).await;
            guard.judge_result_of_statement(result)
        }
        .boxed()
    }
}
