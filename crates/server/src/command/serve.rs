//! `owlpost serve`

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    config::Settings,
    listener::socket_options::{bind_listener_to_address, raise_open_files_limit},
    server::run_server_until_shutdown,
};

/// Runs the server until SIGTERM or SIGINT; a second signal ends the process at once.
pub(super) async fn serve_until_signal_arrives(settings: &Settings) -> anyhow::Result<()> {
    raise_open_files_and_warn(settings);
    let addr = settings.listen_addr();
    // Bound before anything else starts: a port that is taken is refused at once.
    let listener = bind_listener_to_address(addr).with_context(|| {
        format!(
            "SOCKET_IO_PORT (--port) {}: should be a free port; {addr} cannot be listened on",
            addr.port()
        )
    })?;
    let mut terminate = signal(SignalKind::terminate()).context("no handler for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no handler for SIGINT")?;
    let shutdown = async move {
        wait_for_either_signal(&mut terminate, &mut interrupt).await;
        tokio::spawn(async move {
            wait_for_either_signal(&mut terminate, &mut interrupt).await;
            tracing::warn!("second signal, leaving at once");
            std::process::exit(1);
        });
    };
    run_server_until_shutdown(settings, listener, shutdown).await
}

async fn wait_for_either_signal(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn raise_open_files_and_warn(settings: &Settings) {
    let needed = u64::from(settings.server.max_connections);
    match raise_open_files_limit() {
        Ok(limit) if limit > needed => {}
        Ok(limit) => tracing::warn!(
            limit,
            "the limit of open files is below MAX_CONNECTIONS; raise it with ulimit -n"
        ),
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
    }
}
