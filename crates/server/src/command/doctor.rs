//! `owlpost doctor`: looks at everything that commonly keeps a server from working, and says what to do.

use std::{fmt, net::SocketAddr, time::Duration};

use anyhow::bail;
use owlpost_domain::{
    causes::write_causes_without_repetition, diagnostics::DatabaseFacts,
    outlets::cursor::OutletState,
};
use owlpost_realtime::check_redis_carries_messages;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::outside_look::look_at_server_from_outside;
use crate::{
    config::{MIN_SECRET_BYTES, Settings, command_line::DoctorArgs},
    database::{Database, data_dir::DataDirHeld, open_database_from_settings},
    listener::socket_options::{bind_listener_to_address, raise_open_files_limit},
    standard_streams::print_line_to_stdout,
};

const OLDEST_POSTGRES: i32 = 140_000;
/// Tokens are issued by one clock and read by another.
const MAX_CLOCK_SKEW_MS: u64 = 1000;
const REDIS_TIMEOUT: Duration = Duration::from_secs(3);
/// What listens at our port is asked who it is.
const PORT_TIMEOUT: Duration = Duration::from_secs(3);
/// More than the answer has.
const META_BYTES: u64 = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Notice,
    Bad,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Good => "ok",
            Self::Notice => "note",
            Self::Bad => "FAIL",
        })
    }
}

pub(super) struct Finding {
    subject: &'static str,
    verdict: Verdict,
    details: String,
}

impl Finding {
    pub(super) fn new(subject: &'static str, verdict: Verdict, details: impl Into<String>) -> Self {
        Self { subject, verdict, details: details.into() }
    }
}

/// Prints one line per check. Fails when one of them does.
pub(super) async fn check_surroundings_and_report(
    settings: &Settings,
    args: &DoctorArgs,
) -> anyhow::Result<()> {
    if let Some(url) = &args.url {
        return report_findings_and_fail(&look_at_server_from_outside(url).await);
    }
    // Read and validated before any command runs: a wrong value would not have come this far.
    let mut findings = vec![
        Finding::new("configuration", Verdict::Good, "every option is acceptable"),
        check_secret_strength_of_settings(settings),
        check_port_is_free(settings).await,
        check_open_files_limit(settings),
    ];
    check_database_of_settings(settings, &mut findings).await;
    findings.push(check_redis_of_settings(settings).await);
    report_findings_and_fail(&findings)
}

fn report_findings_and_fail(findings: &[Finding]) -> anyhow::Result<()> {
    for Finding { subject, verdict, details } in findings {
        print_line_to_stdout(format_args!("{verdict:<5} {subject:<14} {details}"))?;
    }
    let failed = findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count();
    if failed > 0 {
        bail!("{failed} of {} checks failed", findings.len());
    }
    Ok(())
}

fn check_secret_strength_of_settings(settings: &Settings) -> Finding {
    let subject = "JWT_SECRET";
    let secrets = settings.list_given_jwt_secrets();
    let count_distinct_bytes = |secret: &String| {
        let mut seen = [false; 256];
        secret.bytes().for_each(|byte| seen[usize::from(byte)] = true);
        seen.iter().filter(|seen| **seen).count()
    };
    let Some(distinct) = secrets.iter().map(count_distinct_bytes).min() else {
        return Finding::new(subject, Verdict::Good, "generated, kept in the data directory");
    };
    if distinct < MIN_SECRET_BYTES / 4 {
        let details = format!(
            "only {distinct} different bytes, easily guessed; use `openssl rand -base64 48`"
        );
        return Finding::new(subject, Verdict::Bad, details);
    }
    let sizes: Vec<String> = secrets.iter().map(|secret| secret.len().to_string()).collect();
    Finding::new(subject, Verdict::Good, format!("{} bytes", sizes.join(" and ")))
}

async fn check_port_is_free(settings: &Settings) -> Finding {
    let addr = settings.listen_addr();
    // Binding needs a runtime only to register the socket; it is closed again at once.
    match bind_listener_to_address(addr) {
        Ok(_) => Finding::new("port", Verdict::Good, format!("{addr} is free")),
        // Looking at a server that runs is what a doctor is for, too.
        Err(_) if answers_as_owl_post_server(addr).await => {
            Finding::new("port", Verdict::Notice, format!("{addr}: an Owl Post server runs there"))
        }
        Err(error) => Finding::new(
            "port",
            Verdict::Bad,
            format!("{addr}: {error}; set SOCKET_IO_PORT to a free port"),
        ),
    }
}

/// Whether what listens at the address describes itself as this product does at `/api/meta`.
async fn answers_as_owl_post_server(mut addr: SocketAddr) -> bool {
    if addr.ip().is_unspecified() {
        addr.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let question = async {
        let mut stream = TcpStream::connect(addr).await?;
        let request =
            format!("GET /api/meta HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(META_BYTES).read_to_end(&mut answer).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&answer).contains(r#""name":"Owl Post""#))
    };
    matches!(tokio::time::timeout(PORT_TIMEOUT, question).await, Ok(Ok(true)))
}

fn check_open_files_limit(settings: &Settings) -> Finding {
    let subject = "open files";
    let wanted = u64::from(settings.server.max_connections);
    match raise_open_files_limit() {
        Ok(limit) if limit > wanted => {
            Finding::new(subject, Verdict::Good, format!("limit {limit}"))
        }
        Ok(limit) => Finding::new(
            subject,
            Verdict::Notice,
            format!("limit {limit}, but MAX_CONNECTIONS is {wanted}: raise it with ulimit -n"),
        ),
        Err(error) => Finding::new(subject, Verdict::Notice, format!("limit unknown: {error}")),
    }
}

async fn check_database_of_settings(settings: &Settings, findings: &mut Vec<Finding>) {
    let subject = "database";
    match open_database_from_settings(settings).await {
        Ok(database) => {
            describe_database_in_findings(&database, findings).await;
            database.close_database_and_release().await;
        }
        Err(error) if error.is::<DataDirHeld>() => {
            findings.push(Finding::new(
                subject,
                Verdict::Notice,
                "embedded, in use by a running server",
            ));
        }
        Err(error) => findings.push(Finding::new(subject, Verdict::Bad, format!("{error:#}"))),
    }
}

async fn describe_database_in_findings(database: &Database, findings: &mut Vec<Finding>) {
    let facts = match database.store.read_current_database_facts().await {
        Ok(facts) => facts,
        Err(error) => {
            findings.push(Finding::new(
                "database",
                Verdict::Bad,
                format!("does not answer: {}", write_causes_without_repetition(&error)),
            ));
            return;
        }
    };
    let kind = if database.embedded { "embedded Postgres" } else { "Postgres" };
    let verdict =
        if facts.version_number >= OLDEST_POSTGRES { Verdict::Good } else { Verdict::Bad };
    let details = format!("{kind} {} answers (14 or newer is needed)", facts.version);
    findings.push(Finding::new("database", verdict, details));
    findings.push(judge_migrations_of_database(&facts));
    findings.push(judge_clock_of_database(&facts));
    if facts.migrations_pending == 0 {
        findings.push(judge_secrets_of_nodes(database).await);
        findings.extend(judge_outlets_of_database(database).await);
    }
}

/// A line for each outlet that is not up to date, or one for all that are.
async fn judge_outlets_of_database(database: &Database) -> Vec<Finding> {
    let subject = "outlets";
    let outlets = match database.store.list_outlets_by_name().await {
        Ok(outlets) => outlets,
        Err(error) => {
            let details = format!("cannot be read: {}", write_causes_without_repetition(&error));
            return vec![Finding::new(subject, Verdict::Bad, details)];
        }
    };
    let describe = |outlet: &OutletState| {
        let name = &outlet.name;
        match (&outlet.failing_since, outlet.lag_events) {
            _ if outlet.is_paused => Some(format!("{name} is disabled")),
            (Some(since), lag) => {
                let error = outlet.last_error.as_deref().unwrap_or("nothing is known of it");
                Some(format!(
                    "{name} has taken nothing since {since:.0?}, {lag} events wait: {error}"
                ))
            }
            (None, lag @ 1..) => Some(format!("{lag} events wait for {name}")),
            (None, _) => None,
        }
    };
    let behind: Vec<_> = outlets.iter().filter_map(describe).collect();
    if behind.is_empty() {
        let details = match outlets.len() {
            0 => "events go nowhere: neither RABBITMQ_URL nor webhooks are configured".to_owned(),
            count => format!("{count}, each has been told of everything"),
        };
        return vec![Finding::new(subject, Verdict::Good, details)];
    }
    behind.into_iter().map(|text| Finding::new(subject, Verdict::Notice, text)).collect()
}

async fn judge_secrets_of_nodes(database: &Database) -> Finding {
    let subject = "nodes";
    match database.store.count_nodes_with_other_secret().await {
        Ok(0) => Finding::new(subject, Verdict::Good, "every running node has this JWT_SECRET"),
        Ok(nodes) => {
            let details = format!(
                "{nodes} running with another JWT_SECRET: tokens of one are refused by the other"
            );
            Finding::new(subject, Verdict::Bad, details)
        }
        Err(error) => {
            let details = format!("cannot be counted: {}", write_causes_without_repetition(&error));
            Finding::new(subject, Verdict::Bad, details)
        }
    }
}

fn judge_migrations_of_database(facts: &DatabaseFacts) -> Finding {
    let subject = "migrations";
    match (facts.migrations_foreign, facts.migrations_pending) {
        (0, 0) => Finding::new(subject, Verdict::Good, "all applied"),
        (0, pending) => {
            let details = format!("{pending} to apply: the next start does, or `owlpost migrate`");
            Finding::new(subject, Verdict::Notice, details)
        }
        (foreign, _) => {
            let details = format!(
                "{foreign} applied ones are unknown to this build, which works on the schema of the next release, and was \
                 never tried on later ones"
            );
            Finding::new(subject, Verdict::Notice, details)
        }
    }
}

fn judge_clock_of_database(facts: &DatabaseFacts) -> Finding {
    let skew_ms = facts.clock_ahead.num_milliseconds();
    let verdict =
        if skew_ms.unsigned_abs() <= MAX_CLOCK_SKEW_MS { Verdict::Good } else { Verdict::Bad };
    let details =
        format!("the database's is {skew_ms} ms ahead of ours (up to {MAX_CLOCK_SKEW_MS} is fine)");
    Finding::new("clock", verdict, details)
}

async fn check_redis_of_settings(settings: &Settings) -> Finding {
    let subject = "redis";
    let Some(url) = &settings.database.redis_url else {
        return Finding::new(subject, Verdict::Good, "not configured: a single node needs none");
    };
    match check_redis_carries_messages(url, REDIS_TIMEOUT).await {
        Ok(()) => Finding::new(subject, Verdict::Good, "answers and carries messages"),
        Err(error) => Finding::new(subject, Verdict::Bad, format!("REDIS_URL: {error}")),
    }
}
