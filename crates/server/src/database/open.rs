//! From the settings to an open database.

use owlpost_domain::{
    Store,
    causes::write_causes_without_repetition,
    database_fitness::explain_why_database_unfit,
    diagnostics::{describe_database_without_password, explain_missing_database_answer},
};

use super::data_dir::DataDir;
use crate::config::Settings;

/// An open store, and what must outlive it.
#[derive(Debug)]
pub struct Database {
    /// The domain's door to the database.
    pub store: Store,
    /// Whether Postgres runs inside this process.
    pub embedded: bool,
    // Dropped in this order: first the database, then the lock on its files.
    #[cfg(feature = "embedded-database")]
    server: Option<std::sync::Arc<super::embedded::EmbeddedDatabase>>,
    #[cfg_attr(not(feature = "embedded-database"), allow(dead_code))]
    data_dir: Option<DataDir>,
}

/// Opens the database of the settings: connects to `DATABASE_URL`, or starts the embedded Postgres. Leaves the
/// schema as it is.
pub async fn open_database_from_settings(settings: &Settings) -> anyhow::Result<Database> {
    match &settings.database.database_url {
        Some(url) => connect_to_database_server(settings, url).await,
        None => open_embedded_database_files(settings).await,
    }
}

async fn connect_to_database_server(settings: &Settings, url: &str) -> anyhow::Result<Database> {
    let secrets = settings.list_given_jwt_secrets();
    anyhow::ensure!(!secrets.is_empty(), "JWT_SECRET is missing");
    let config = settings.to_domain_config(&secrets);
    let within = config.connection_timeout;
    // What does not answer is explained below.
    let unfit = tokio::time::timeout(within, explain_why_database_unfit(url)).await;
    if let Ok(Some(reason)) = unfit {
        anyhow::bail!(
            "DATABASE_URL (--database-url): the database at {} cannot be used: {reason}",
            describe_database_without_password(url)
        );
    }
    let pool_size = settings.database.database_pool_size;
    let store = match Store::connect_to_database_url(url, pool_size, config).await {
        Ok(store) => store,
        Err(error) => anyhow::bail!(
            "DATABASE_URL (--database-url): Postgres at {} does not answer: {}",
            describe_database_without_password(url),
            explain_missing_database_answer(url, &error, within).await
        ),
    };
    Ok(Database {
        store,
        embedded: false,
        #[cfg(feature = "embedded-database")]
        server: None,
        data_dir: None,
    })
}

#[cfg(feature = "embedded-database")]
async fn open_embedded_database_files(settings: &Settings) -> anyhow::Result<Database> {
    use std::sync::Arc;

    use anyhow::Context as _;

    use super::embedded::{CONNECTION_TIMEOUT, EmbeddedDatabase, POOL_SIZE};

    let path = settings.database.data_dir.clone();
    let given = settings.list_given_jwt_secrets();
    let start = move || -> anyhow::Result<_> {
        let data_dir = DataDir::open_with_exclusive_lock(&path)?;
        let secrets =
            if given.is_empty() { vec![data_dir.read_or_generate_jwt_secret()?] } else { given };
        let server = EmbeddedDatabase::start_server_in_directory(data_dir.path())?;
        Ok((data_dir, secrets, Arc::new(server)))
    };
    let (data_dir, secrets, server) =
        tokio::task::spawn_blocking(start).await.context("the embedded database panicked")??;
    let mut config = settings.to_domain_config(&secrets);
    config.connection_timeout = config.connection_timeout.max(CONNECTION_TIMEOUT);
    let store =
        Store::connect_to_database_url(&server.build_url_of_connection(), POOL_SIZE, config)
            .await
            .context("the embedded database does not answer")?;
    Ok(Database { store, embedded: true, server: Some(server), data_dir: Some(data_dir) })
}

#[cfg(not(feature = "embedded-database"))]
async fn open_embedded_database_files(_settings: &Settings) -> anyhow::Result<Database> {
    anyhow::bail!("DATABASE_URL (--database-url) is missing: this build has no embedded database")
}

impl Database {
    /// Brings the schema up to date.
    pub async fn migrate_schema_to_current(&self) -> anyhow::Result<()> {
        let migrated = self.store.migrate_schema_to_current().await;
        migrated.map_err(|error| {
            anyhow::anyhow!(
                "the schema cannot be brought up to date: {}",
                write_causes_without_repetition(&error)
            )
        })
    }

    /// Looks after the embedded database; never resolves. With a database server there is nothing to do.
    pub async fn supervise_database_while_running(&self) {
        #[cfg(feature = "embedded-database")]
        if let Some(server) = &self.server {
            tokio::join!(
                super::embedded::watch_database_and_restart(server, &self.store),
                super::embedded::vacuum_tables_while_running(&self.store),
            );
        }
        std::future::pending::<()>().await;
    }

    /// Closes the connections, stops the embedded database and gives up the data directory.
    pub async fn close_database_and_release(self) {
        self.store.close_all_database_connections().await;
        #[cfg(feature = "embedded-database")]
        if let Some(server) = self.server {
            // Joins the thread of the database, which ends once the last connection is closed.
            let _ = tokio::task::spawn_blocking(move || drop(server)).await;
        }
        drop(self.data_dir);
    }
}
