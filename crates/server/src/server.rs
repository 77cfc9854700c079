//! The server as a whole: opens the database, builds the application, serves it, and closes in reverse.

use std::{
    fmt::Write as _,
    future::Future,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::OnceLock,
    time::{Duration, Instant},
};

use metrics_exporter_prometheus::PrometheusHandle;
use owlpost_http::StallCheck;
use tokio::net::TcpListener;

use crate::{
    config::Settings,
    database::{Database, open_database_from_settings},
    demo::{DEMO_PASSWORD, DEMO_USERS, mark_people_with_demo_password, seed_missing_demo_castle},
    listener::{serve_connections_until_shutdown, tls::TlsDoor},
    standard_streams::announce_text_on_stdout,
    telemetry::install_metrics_recorder_globally,
    wiring::{Application, build_application_from_parts},
};

/// From the end of the drain until the database must be closed. Within it connections say goodbye too; afterwards
/// there is still time to leave before the process is ended by force.
const CLOSE_DELAY: Duration = Duration::from_millis(3_300);
/// Longest wait for connections to the database that are in use: longer than a statement may take, unless it is one of
/// a migration that was given up.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the server on `listener` until `shutdown` resolves, then drains it and closes the database. A shutdown that
/// comes before the server is ready ends the start.
///
/// Prints one line with the address on stdout when it is ready.
pub async fn run_server_until_shutdown(
    settings: &Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    workers_stuck: StallCheck,
) -> anyhow::Result<()> {
    let metrics = install_metrics_recorder_globally()?;
    let asked_at = OnceLock::new();
    let mut shutdown = pin!(async {
        shutdown.await;
        // The first time it is set.
        let _ = asked_at.set(Instant::now());
    });
    // A certificate that cannot be used is told before anything else is done.
    let tls = settings.open_tls_door_when_configured()?;
    // The embedded database is left to open: half of its files would be unpacked. It takes a second.
    let cancellable = settings.database.database_url.is_some();
    let database = tokio::select! {
        biased;
        () = &mut shutdown, if cancellable => {
            tracing::info!("stopped before the database was open");
            return Ok(());
        }
        database = open_database_from_settings(settings) => database?,
    };
    let outcome = serve_database_until_shutdown(
        settings,
        &database,
        (listener, tls),
        shutdown,
        (metrics, workers_stuck),
    )
    .await;
    let waited = asked_at.get().map_or(Duration::ZERO, Instant::elapsed);
    let stopping = settings.server.shutdown_delay + settings.server.drain_timeout;
    let left = (stopping + CLOSE_DELAY).saturating_sub(waited);
    close_database_within_time(database, left.min(CLOSE_TIMEOUT)).await;
    tracing::info!("stopped");
    outcome
}

/// Everything between the opening and the closing of the database.
async fn serve_database_until_shutdown(
    settings: &Settings,
    database: &Database,
    (listener, tls): (TcpListener, Option<TlsDoor>),
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
    (metrics, workers_stuck): (PrometheusHandle, StallCheck),
) -> anyhow::Result<()> {
    let application = tokio::select! {
        biased;
        () = &mut shutdown => {
            tracing::info!("asked to stop before the server was ready");
            return Ok(());
        }
        application = prepare_application_on_database(settings, database, metrics, workers_stuck) => application?,
    };
    announce_address_to_starter(listener.local_addr()?, settings);
    let (delay, announce_stop) = (settings.server.shutdown_delay, application.announce_stop);
    let shutdown = async {
        shutdown.await;
        announce_stop();
        if !delay.is_zero() {
            tracing::info!(
                seconds = delay.as_secs_f64(),
                "not ready any more, stopping after a delay"
            );
            tokio::time::sleep(delay).await;
        }
    };
    let serving = serve_connections_until_shutdown(
        listener,
        application.router,
        settings.to_listener_config(tls)?,
        shutdown,
        application.close,
    );
    tokio::select! {
        () = serving => {}
        () = database.supervise_database_while_running() => {}
    }
    Ok(())
}

async fn prepare_application_on_database(
    settings: &Settings,
    database: &Database,
    metrics: PrometheusHandle,
    workers_stuck: StallCheck,
) -> anyhow::Result<Application> {
    database.migrate_schema_to_current().await?;
    if settings.server.demo {
        warn_of_demo_on_public_address(settings);
        seed_missing_demo_castle(&database.store).await?;
    } else {
        mark_people_with_demo_password(&database.store).await?;
    }
    build_application_from_parts(settings, database, metrics, workers_stuck).await
}

fn warn_of_demo_on_public_address(settings: &Settings) {
    if !settings.server.host.is_loopback() {
        tracing::warn!(
            address = %settings.server.host,
            "--demo is on, and this server can be reached from elsewhere: everybody who can has Auror logins, whose \
             password is printed at start"
        );
    }
}

/// In a task of its own, so that giving up does not mean to drop the database here, which waits for its connections.
async fn close_database_within_time(database: Database, left: Duration) {
    let closing = tokio::spawn(database.close_database_and_release());
    if tokio::time::timeout(left, closing).await.is_err() {
        tracing::warn!("the database was not closed in time; what was committed is safe");
    }
}

/// The line scripts wait for, then the logins of the demo. The address is in the log as well, for whoever has no
/// stdout.
fn announce_address_to_starter(addr: SocketAddr, settings: &Settings) {
    let mut shown = addr;
    if addr.ip().is_unspecified() {
        // What a person on this machine can open.
        shown.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    tracing::info!(address = %shown, "listening");
    let mut text =
        format!("Owl Post is listening on {}://{shown}\n", settings.choose_scheme_of_address());
    if settings.server.demo {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Demo logins, all with the password {DEMO_PASSWORD}:");
        for (email, name, role) in DEMO_USERS {
            let _ = writeln!(text, "  {:<8} {email:<36} {name}", role.as_str());
        }
    }
    announce_text_on_stdout(text);
}
