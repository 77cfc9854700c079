//! How long the first page of a search takes among many incidents, for words that are rare and for words that are frequent:
//! on the embedded database, or, with `OWLPOST_TEST_DATABASE_URL` (an administrator's address), on one that is made for it
//! and dropped after it. Prints a table.
//!
//! `cargo run --release -p owlpost --example search_bench [INCIDENTS]`, by default a million.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use owlpost::database::embedded::EmbeddedDatabase;
use owlpost_domain::{DomainConfig, Role, Store, incident_list::IncidentFilter};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

const INCIDENTS: i64 = 1_000_000;
/// Rows of one statement that fills.
const ROWS_AT_ONCE: i64 = 20_000;
const RUNS: usize = 200;
const DATABASE: &str = "owlpost_search_bench";

/// Words of real reports, of which each incident has thirty; and some at a rate of their own.
const FILL: &str = "insert into incidents (id, title, description, location, reported_by)
    select (lpad(to_hex(1700000000000 + n * 20), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8'
                || lpad(to_hex(n), 15, '0'))::uuid,
           word(n, 1) || ' ' || word(n, 2) || ' on host-' || n % 20011 || '.prod.hogwarts.edu '
               || case when n % 41 = 0 then 'shibboleth ' else '' end
               || case when n % 250 = 0 then 'quicksand ' else '' end
               || case when n % 1000 = 0 then 'marmalade ' else '' end
               || case when n < 50000 then 'yesteryear ' else '' end
               || case when n % 5000 = 0 then '\u{706b}\u{707d} ' else '' end
               || 'v' || n % 5 || '.' || n % 31 || '.' || n % 7,
           (select string_agg(word(n, k), ' ') from generate_series(3, 26) k) || ' OPS-' || n,
           'rack ' || n % 97, (select id from users limit 1)
    from generate_series($1::bigint, $2::bigint) n";
const WORDS: &str = "create function pg_temp.words() returns text[] language sql immutable as $$
    select string_to_array('service database latency timeout error disk full memory connection refused certificate expired '
        || 'queue backlog replica lag deploy rollback alert customer login failed payment gateway upstream network packet loss '
        || 'switch router cache miss restart crash loop pod node cluster region degraded slow response users report cannot '
        || 'checkout search index stale email delivery delayed webhook retries dns resolution fails intermittent spike cpu '
        || 'throttled quota exceeded storage bucket permission denied backup missing schedule cron job stuck worker thread', ' ')
    $$";
const WORD: &str =
    "create function pg_temp.word(n bigint, k int) returns text language sql immutable as $$
    select w[1 + abs(hashint8(n * 31 + k)) % array_length(w, 1)] from pg_temp.words() w $$";

/// What is searched, and how many of a million have it.
const QUERIES: [(&str, &str); 11] = [
    ("host-12345.prod.hogwarts.edu", "50"),
    ("OPS-777777", "1"),
    ("\u{706b}\u{707d}", "200"),
    ("marmalade", "1,000"),
    ("quicksand", "4,000"),
    ("shibboleth", "24,000"),
    ("yesteryear", "50,000, the oldest"),
    ("database", "270,000"),
    ("database host-12345", "15"),
    ("prod", "all"),
    ("nothing-like-this", "0"),
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let incidents = std::env::args().nth(1).map_or(INCIDENTS, |text| text.parse().unwrap());
    let config = DomainConfig {
        statement_timeout: Duration::from_secs(600),
        ..DomainConfig::with_secret("a secret of the bench, long enough")
    };
    match std::env::var("OWLPOST_TEST_DATABASE_URL") {
        Ok(admin) => {
            let run = |statement: String| async {
                let mut connection = PgConnection::connect(&admin).await.unwrap();
                connection.execute(AssertSqlSafe(statement)).await.unwrap();
            };
            run(format!("drop database if exists {DATABASE}")).await;
            run(format!("create database {DATABASE}")).await;
            let url = format!("{}/{DATABASE}", admin.rsplit_once('/').unwrap().0);
            measure_searches_on_database(&url, 4, config, incidents, "Postgres").await;
            run(format!("drop database {DATABASE}")).await;
        }
        Err(_) => {
            let directory = tempfile::tempdir().unwrap();
            let embedded = EmbeddedDatabase::start_server_in_directory(directory.path()).unwrap();
            let url = embedded.build_url_of_connection();
            measure_searches_on_database(&url, 1, config, incidents, "embedded").await;
            std::thread::spawn(move || drop(embedded)).join().unwrap();
        }
    }
}

async fn measure_searches_on_database(
    url: &str,
    pool_size: u32,
    config: DomainConfig,
    incidents: i64,
    name: &str,
) {
    let store = Store::connect_to_database_url(url, pool_size, config.clone()).await.unwrap();
    store.migrate_schema_to_current().await.unwrap();
    store.insert_user_with_role("a@b.c", "Somebody", Role::Student, None).await.unwrap();
    store.close_all_database_connections().await;
    let begun = Instant::now();
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(WORDS).await.unwrap();
    connection.execute(WORD).await.unwrap();
    for first in (1..=incidents).step_by(ROWS_AT_ONCE as usize) {
        let fill = FILL.replace("word(n", "pg_temp.word(n");
        let last = (first + ROWS_AT_ONCE - 1).min(incidents);
        sqlx::query(AssertSqlSafe(fill))
            .bind(first)
            .bind(last)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    println!("{name}: {incidents} incidents in {:.0} s", begun.elapsed().as_secs_f64());
    let store = Store::connect_to_database_url(url, pool_size, config.clone()).await.unwrap();
    let begun = Instant::now();
    while store.write_missing_search_texts().await.unwrap() {}
    println!("what search compares written in {:.0} s", begun.elapsed().as_secs_f64());
    // As autovacuum does a while after so many rows were written.
    store.close_all_database_connections().await;
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute("vacuum (analyze) incidents").await.unwrap();
    connection.close().await.unwrap();
    let store = Store::connect_to_database_url(url, pool_size, config).await.unwrap();
    println!("\n| {name}: search | matches of a million | p50 | p95 |\n|---|---|---|---|");
    for (query, matches) in QUERIES {
        let filter = IncidentFilter { search: Some(query.into()), limit: 50, ..Default::default() };
        let mut times = Vec::with_capacity(RUNS);
        let mut found = 0;
        for _ in 0..RUNS {
            let begun = Instant::now();
            found = store.list_incidents_by_filter(&filter).await.unwrap().rows.len();
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let at = |share: usize| times[RUNS * share / 100].as_secs_f64() * 1e3;
        println!("| `{query}` | {matches} ({found} shown) | {:.1} ms | {:.1} ms |", at(50), at(95));
    }
    store.close_all_database_connections().await;
}
