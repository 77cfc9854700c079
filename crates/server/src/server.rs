//! The server as a whole: opens the database, builds the application, serves it, and closes in reverse.

use std::{fmt::Write as _, future::Future, net::SocketAddr};

use tokio::net::TcpListener;

use crate::{
    config::Settings,
    database::open_database_from_settings,
    demo::{DEMO_PASSWORD, DEMO_USERS, seed_demo_castle_once},
    listener::serve_connections_until_shutdown,
    standard_streams::announce_text_on_stdout,
    telemetry::install_metrics_recorder_globally,
    wiring::build_application_from_parts,
};

/// Runs the server on `listener` until `shutdown` resolves, then drains it and closes the database.
///
/// Prints one line with the address on stdout when it is ready.
pub async fn run_server_until_shutdown(
    settings: &Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let metrics = install_metrics_recorder_globally()?;
    let database = open_database_from_settings(settings).await?;
    database.migrate_schema_to_current().await?;
    if settings.server.demo {
        seed_demo_castle_once(&database.store).await?;
    }
    let application = build_application_from_parts(settings, &database, metrics).await?;
    announce_address_to_starter(listener.local_addr()?, settings);
    let serving = serve_connections_until_shutdown(
        listener,
        application.router,
        settings.to_listener_config()?,
        shutdown,
        application.close,
    );
    tokio::select! {
        () = serving => {}
        () = database.supervise_database_while_running() => {}
    }
    database.close_database_and_release().await;
    tracing::info!("stopped");
    Ok(())
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
    let mut text = format!("Owl Post is listening on http://{shown}\n");
    if settings.server.demo {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Demo logins, all with the password {DEMO_PASSWORD}:");
        for (email, name, role) in DEMO_USERS {
            let _ = writeln!(text, "  {:<8} {email:<36} {name}", role.as_str());
        }
    }
    announce_text_on_stdout(text);
}
