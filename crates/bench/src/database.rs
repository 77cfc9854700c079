//! A Postgres database for one server under test, and the rows a workload needs in it.

use std::time::{Duration, Instant};

use anyhow::bail;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// For all users of a workload.
const SEARCHABLE_WITHIN: Duration = Duration::from_secs(120);

/// Made for one server, dropped with it.
pub struct BenchDatabase {
    runtime: Runtime,
    admin_url: String,
    name: String,
    /// Its address.
    pub url: String,
}

impl BenchDatabase {
    /// Creates a database on the server of `admin_url`.
    pub fn create_on_postgres_server(admin_url: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let name = format!("owlpost_bench_{}", Uuid::new_v4().simple());
        let (server, _) = admin_url
            .rsplit_once('/')
            .ok_or_else(|| anyhow::anyhow!("the database URL names no database"))?;
        // The drivers differ in whether they encrypt where nobody asked; on loopback nobody of the subjects shall.
        let url = format!("{server}/{name}?sslmode=disable");
        let database = Self { runtime, admin_url: admin_url.to_owned(), name, url };
        database.run_statement_on_url(
            &database.admin_url,
            &format!("create database {}", database.name),
        )?;
        Ok(database)
    }

    /// Puts users there, a few Aurors and Prefects among them, and incidents reported by the first.
    pub fn insert_users_and_incidents(&self, users: usize, incidents: usize) -> anyhow::Result<()> {
        let roles =
            "case when n % 100 = 0 then 'AUROR' when n % 20 = 0 then 'PREFECT' else 'STUDENT' end";
        self.run_statement_on_url(
            &self.url,
            &format!(
                "insert into users (id, email, name, role)
                 select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                        'pupil.' || n || '@hogwarts.edu', 'Pupil Number ' || n, {roles}
                 from generate_series(0, {users} - 1) n"
            ),
        )?;
        self.run_statement_on_url(
            &self.url,
            &format!(
                "insert into incidents (id, title, reported_by)
                 select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Incident ' || n,
                        '00000000-0000-4000-8000-000000000000'
                 from generate_series(0, {incidents} - 1) n"
            ),
        )?;
        self.run_statement_on_url(&self.url, "vacuum (analyze)")
    }

    /// Waits until Owl Post has written what its search compares of the users: it does that at its leisure, and must not be
    /// measured meanwhile.
    pub fn wait_until_users_searchable(&self) -> anyhow::Result<()> {
        let missing = "select count(*) from users where search_text is null";
        let deadline = Instant::now() + SEARCHABLE_WITHIN;
        while self.query_one_number_from(missing)? > 0 {
            if Instant::now() > deadline {
                bail!("the server has not made its users searchable within {SEARCHABLE_WITHIN:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Puts so many comments on an incident, by the first user.
    pub fn insert_comments_on_incident(
        &self,
        incident: usize,
        comments: u64,
    ) -> anyhow::Result<()> {
        let incident = incident_id_of_number(incident);
        self.run_statement_on_url(
            &self.url,
            &format!(
                "insert into comments (id, incident_id, author_id, content)
                 select gen_random_uuid(), '{incident}', '00000000-0000-4000-8000-000000000000', 'Comment ' || n
                 from generate_series(1, {comments}) n"
            ),
        )?;
        self.run_statement_on_url(&self.url, "vacuum (analyze)")
    }

    /// Makes Owl Post's log this much longer.
    pub fn append_events_to_log(&self, events: u64) -> anyhow::Result<()> {
        self.run_statement_on_url(
            &self.url,
            &format!(
                "insert into event_log (name, audience, payload)
                 select 'comment:deleted', array['incident:' || gen_random_uuid()],
                        json_build_object('commentId', gen_random_uuid(), 'incidentId', gen_random_uuid())
                 from generate_series(1, {events})"
            ),
        )?;
        self.run_statement_on_url(&self.url, "analyze event_log")
    }

    /// A number the database knows.
    pub fn query_one_number_from(&self, query: &str) -> anyhow::Result<i64> {
        let query = query.to_owned();
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.url).await?;
            let number =
                sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(number)
        })
    }

    fn run_statement_on_url(&self, url: &str, statement: &str) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(url).await?;
            connection.execute(AssertSqlSafe(statement.to_owned())).await?;
            Ok(connection.close().await?)
        })
    }
}

impl Drop for BenchDatabase {
    fn drop(&mut self) {
        let statement = format!("drop database if exists {} with (force)", self.name);
        // Left behind, it is a nuisance and no more.
        let _ = self.run_statement_on_url(&self.admin_url, &statement);
    }
}

/// The id of the user with this number.
pub fn user_id_of_number(number: usize) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 + number as u128)
}

/// The id of the incident with this number.
pub fn incident_id_of_number(number: usize) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 + number as u128)
}
