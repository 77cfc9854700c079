//! The connection to Postgres. What is done through it lives in one module per noun, as `impl Store`.

mod account_lookups;
pub(crate) mod api_token_memory;
pub(crate) mod lookups;

use std::{
    str::FromStr,
    sync::{Arc, LazyLock, OnceLock},
    time::{Duration, Instant},
};

use moka::sync::Cache;
use sqlx::{
    Executor, PgConnection,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use self::{
    account_lookups::AccountLookups, api_token_memory::ApiTokenMemory, lookups::SharedLookups,
};
use crate::{
    Comment, DomainConfig, DomainError, Incident, IncidentId, Result, UserId,
    access_token::{LoginId, TokenSigner},
    account::Account,
    connections::ConnectionPool,
    deadline::ANSWER_GRACE,
    hashing::HashingTurns,
    identity_provider::IdentityProvider,
    push_identity::PushIdentity,
    recovery::{KeptConnection, PidHash},
    write_groups::WriteGroups,
};

/// Those of later releases are left to them: a release works on the schema of the next, so that it can be gone back to.
pub(crate) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("../../migrations");
    migrations.set_ignore_missing(true);
    migrations
});

/// Accounts kept in memory at most.
const ACCOUNT_CACHE_CAPACITY: u64 = 50_000;

/// Logins that are over, kept in memory at most, and how long one is remembered: a token that is used on and on after it
/// asks the database once in that time.
const ENDED_LOGIN_CAPACITY: u64 = 100_000;
const ENDED_LOGIN_TTL: Duration = Duration::from_secs(60);

/// A clock that took longer to be told is not taken note of.
const CLOCK_PATIENCE: Duration = Duration::from_secs(1);

/// How much room proves that there is some: for many changes of ours.
const PROVED_BYTES: i32 = 1 << 20;

/// Incidents known to exist, kept in memory at most, and how long one is believed.
const INCIDENT_CACHE_CAPACITY: u64 = 100_000;
const INCIDENT_CACHE_TTL: Duration = Duration::from_secs(60);

/// The domain's door to the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: ConnectionPool,
    pub(crate) config: Arc<DomainConfig>,
    pub(crate) tokens: Arc<TokenSigner>,
    pub(crate) provider: Option<Arc<IdentityProvider>>,
    pub(crate) accounts: Cache<UserId, Arc<Account>>,
    pub(crate) api_tokens: Arc<ApiTokenMemory>,
    pub(crate) push_identity: Arc<OnceLock<PushIdentity>>,
    /// Logins and API tokens that were found to be over, so that their tokens ask the database no more.
    pub(crate) ended_logins: Cache<LoginId, ()>,
    lookups: Arc<AccountLookups>,
    pub(crate) recovery_lookups: SharedLookups<PidHash, KeptConnection>,
    /// No incident is ever deleted: one that was seen can be believed in.
    pub(crate) seen_incidents: moka::future::Cache<IncidentId, ()>,
    pub(crate) hashing: HashingTurns,
    pub(crate) incident_groups: Arc<WriteGroups<Incident>>,
    pub(crate) comment_groups: Arc<WriteGroups<Comment>>,
}

async fn warn_of_schema_from_later(connection: &mut PgConnection) -> Result<()> {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    let later: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations where version > $1")
        .bind(newest)
        .fetch_one(connection)
        .await?;
    if later > 0 {
        tracing::warn!(
            later,
            "the schema is of a later release; that of the next one is fine, for others nobody has looked"
        );
    }
    Ok(())
}

impl Store {
    /// Opens the pool (at least one connection must succeed) without touching the schema. `pool_size` is 1 on the
    /// embedded database, which accepts a single connection.
    pub async fn connect_to_database_url(
        url: &str,
        pool_size: u32,
        config: DomainConfig,
    ) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                DomainError::invalid_field_value("DATABASE_URL", "must be a postgres:// URL")
            })?
            .application_name("owlpost");
        let timeout_ms = config.statement_timeout.as_millis();
        let pool = PgPoolOptions::new()
            .max_connections(pool_size)
            .min_connections(1)
            .acquire_timeout(config.connection_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    // The third also bounds how long a dead writer can hold back the log (see `event_log`). Processes
                    // that help with one statement take ten milliseconds to start, and cores from all others; so does
                    // compiling it, which Postgres does for the first few of a kind.
                    let settings = format!(
                        "set statement_timeout = {timeout_ms}; set lock_timeout = {timeout_ms}; \
                         set idle_in_transaction_session_timeout = {timeout_ms}; set timezone = 'UTC'; \
                         set max_parallel_workers_per_gather = 0; set jit = off"
                    );
                    connection.execute(sqlx::AssertSqlSafe(settings)).await.map(drop)
                })
            });
        let pool =
            ConnectionPool::connect_with_pool_options(pool, options, config.statement_timeout)
                .await?;
        Ok(Self {
            incident_groups: Arc::new(WriteGroups::new(pool.clone())),
            comment_groups: Arc::new(WriteGroups::new(pool.clone())),
            pool,
            tokens: Arc::new(TokenSigner::new(&config.jwt_secrets)),
            provider: config
                .identity_provider
                .clone()
                .map(|provider| Arc::new(IdentityProvider::from_provider_config(provider))),
            accounts: Cache::builder()
                .max_capacity(ACCOUNT_CACHE_CAPACITY)
                .time_to_live(config.user_cache_ttl)
                .build(),
            api_tokens: Arc::default(),
            push_identity: Arc::default(),
            ended_logins: Cache::builder()
                .max_capacity(ENDED_LOGIN_CAPACITY)
                .time_to_live(ENDED_LOGIN_TTL)
                .build(),
            lookups: Arc::default(),
            recovery_lookups: SharedLookups::default(),
            seen_incidents: moka::future::Cache::builder()
                .max_capacity(INCIDENT_CACHE_CAPACITY)
                .time_to_live(INCIDENT_CACHE_TTL)
                .build(),
            hashing: HashingTurns::new(hashing_slots_for_machine()),
            config: Arc::new(config),
        })
    }

    /// Brings the schema up to date, under an advisory lock, and notices whether the database was restored.
    pub async fn migrate_schema_to_current(&self) -> Result<()> {
        let mut connection = self.pool.acquire_connection_with_guard().await?;
        connection.execute("set statement_timeout = 0; set lock_timeout = 0").await?;
        MIGRATIONS.run(&mut *connection).await.map_err(DomainError::internal_error_from_cause)?;
        warn_of_schema_from_later(&mut connection).await?;
        let timeout_ms = self.config.statement_timeout.as_millis();
        let restore =
            format!("set statement_timeout = {timeout_ms}; set lock_timeout = {timeout_ms}");
        connection.execute(sqlx::AssertSqlSafe(restore)).await?;
        connection.return_connection_to_pool();
        self.begin_epoch_after_restore().await
    }

    /// Whether the database answers, within `within`.
    pub async fn check_database_is_reachable(&self, within: Duration) -> Result<()> {
        let answer = sqlx::query_scalar::<_, i32>("select 1").fetch_one(&self.pool);
        match tokio::time::timeout(within, answer).await {
            Ok(result) => result.map(drop).map_err(Into::into),
            Err(elapsed) => Err(elapsed.into()),
        }
    }

    /// Writes a row that says that this node can, and waits until it is on the disk. Whoever asks learns what a read
    /// does not tell: a full disk, a server that only reads.
    pub async fn prove_writes_of_node(&self, node_id: uuid::Uuid) -> Result<()> {
        let asked_at = Instant::now();
        let written_at = sqlx::query_scalar(
            "insert into write_proofs (node_id, written_at) values ($1, clock_timestamp())
             on conflict (node_id) do update set written_at = excluded.written_at returning written_at",
        )
        .bind(node_id)
        .fetch_one(&self.pool)
        .await?;
        // Whoever waited long, for a connection or for the answer, does not know when the clock showed that.
        let answered_at = Instant::now();
        if answered_at.duration_since(asked_at) < CLOCK_PATIENCE {
            self.pool.note_clock_of_database(answered_at, written_at);
        }
        if self.pool.lacks_space() {
            self.prove_space_of_database().await?;
            self.pool.note_space_was_found();
        }
        Ok(())
    }

    /// Writes a new file and takes it back. The row of a node fits into a page that is there, also on a full disk.
    async fn prove_space_of_database(&self) -> Result<()> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        sqlx::query("truncate space_proofs").execute(&mut *transaction).await?;
        sqlx::query("insert into space_proofs (filler) values (repeat('x', $1))")
            .bind(PROVED_BYTES)
            .execute(&mut *transaction)
            .await?;
        Ok(())
    }

    /// How long to wait for the database in all: longer than any one statement may take, so that its error, which
    /// says more, comes first.
    pub fn longest_wait_for_database(&self) -> Duration {
        self.config.statement_timeout + ANSWER_GRACE
    }

    /// What the domain was configured with.
    pub fn config(&self) -> &DomainConfig {
        &self.config
    }

    /// Signs and verifies access tokens.
    pub fn tokens(&self) -> &TokenSigner {
        &self.tokens
    }

    /// Open, idle and largest number of connections.
    pub fn read_pool_usage_numbers(&self) -> (u32, usize, u32) {
        let pool = self.pool.library_pool();
        (pool.size(), pool.num_idle(), pool.options().get_max_connections())
    }

    /// Closes every connection once it is returned.
    pub async fn close_all_database_connections(&self) {
        self.pool.library_pool().close().await;
    }
}

fn hashing_slots_for_machine() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
