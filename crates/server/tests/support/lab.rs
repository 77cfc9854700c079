//! The domain on a database of its own, without a server: for what only SQL can bring about.

use owlpost::database::embedded::EmbeddedDatabase;
use owlpost_domain::{
    DomainConfig, Store,
    people::login::{LoginGrant, LoginOrigin, NewPerson},
};
use sqlx::{Connection as _, PgConnection};

use super::{PASSWORD, TestDatabase, tokens::SECRET};

/// A migrated store. Its database may be the embedded one, which takes one connection at a time.
pub struct DomainLab {
    store: Store,
    url: String,
    pool_size: u32,
    config: DomainConfig,
    embedded: Option<EmbeddedDatabase>,
    _database: TestDatabase,
}

impl Drop for DomainLab {
    fn drop(&mut self) {
        // It waits for the store's connections, which the runtime of this thread has yet to close.
        if let Some(embedded) = self.embedded.take() {
            std::thread::spawn(move || drop(embedded));
        }
    }
}

impl DomainLab {
    pub async fn open() -> Self {
        Self::open_with(DomainConfig::with_secret(SECRET)).await
    }

    pub async fn open_with(config: DomainConfig) -> Self {
        let database = TestDatabase::create();
        let (url, pool_size, embedded) = match database.url() {
            Some(url) => (url.to_owned(), 10, None),
            None => {
                let directory = database.data_directory();
                std::fs::create_dir_all(&directory).expect("a directory");
                let embedded = EmbeddedDatabase::start_server_in_directory(&directory)
                    .expect("an embedded database");
                (embedded.build_url_of_connection(), 1, Some(embedded))
            }
        };
        let store = connect(&url, pool_size, &config).await;
        store.migrate_schema_to_current().await.expect("a schema");
        Self { store, url, pool_size, config, embedded, _database: database }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Registers somebody.
    pub async fn register(&self, email: &str) -> LoginGrant {
        let person = NewPerson { email, name: "Harry", password: PASSWORD, invitation: None };
        let origin = LoginOrigin::default();
        let grant = self.store.register_user_with_password(person, &origin).await;
        grant.expect("somebody new")
    }

    /// Does something on a connection beside the store's, which is opened anew after it.
    pub async fn with_connection<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> T,
    ) -> T {
        self.store.close_all_database_connections().await;
        if let Some(embedded) = &self.embedded {
            // A client that vanishes in the middle of a statement can end it; the server looks after that.
            embedded.restart_server_when_gone().expect("an embedded database");
        }
        let mut connection = PgConnection::connect(&self.url).await.expect("a connection");
        let value = work(&mut connection).await;
        connection.close().await.expect("a clean end");
        self.store = connect(&self.url, self.pool_size, &self.config).await;
        value
    }

    /// A connection of somebody else beside the store's; none on the embedded database, which takes one at a time.
    pub async fn open_foreign_connection(&self) -> Option<PgConnection> {
        if self.embedded.is_some() {
            return None;
        }
        Some(PgConnection::connect(&self.url).await.expect("a connection"))
    }

    /// Runs one statement.
    pub async fn run(&mut self, statement: &'static str) {
        self.with_connection(async |connection| {
            sqlx::raw_sql(statement).execute(connection).await.expect(statement);
        })
        .await;
    }
}

async fn connect(url: &str, pool_size: u32, config: &DomainConfig) -> Store {
    let config = DomainConfig { connection_timeout: super::DEADLINE, ..config.clone() };
    Store::connect_to_database_url(url, pool_size, config).await.expect("a store")
}
