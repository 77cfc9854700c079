//! `owlpost serve`

use std::sync::Arc;

use anyhow::Context as _;
use owlpost_http::StallCheck;
use socket2::SockRef;
use tokio::{net::TcpListener, runtime::Handle};

use crate::{
    config::Settings,
    listener::socket_options::{bind_listener_to_address, raise_open_files_limit},
    server::run_server_until_shutdown,
    signals::start_thread_obeying_signals,
    watchdog::Watchdog,
};

/// Runs the server until SIGTERM, SIGINT or SIGHUP; a second signal ends the process at once.
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
    let mut stop = start_thread_obeying_signals(
        settings.server.shutdown_delay + settings.server.drain_timeout,
    )
    .context("signals cannot be handled")?;
    let Some(watchdog) = start_watchdog_unless_off(settings, &listener)? else {
        let shutdown = stop.wait_for_first_signal();
        return run_server_until_shutdown(settings, listener, shutdown, Arc::new(|| false)).await;
    };
    let workers_stuck: StallCheck = Arc::new(watchdog.to_stall_check());
    let shutdown = async {
        stop.wait_for_first_signal().await;
        watchdog.close_door_to_clients();
    };
    tokio::select! {
        outcome = run_server_until_shutdown(settings, listener, shutdown, workers_stuck) => outcome,
        never = watchdog.answer_probes_in_main_task() => match never {},
    }
}

fn start_watchdog_unless_off(
    settings: &Settings,
    listener: &TcpListener,
) -> anyhow::Result<Option<Watchdog>> {
    let timeout = settings.server.watchdog_timeout;
    if timeout.is_zero() {
        return Ok(None);
    }
    let listener = SockRef::from(listener).try_clone().context("the socket cannot be cloned")?;
    Watchdog::start_thread_for_runtime(Handle::current(), listener.into(), timeout)
        .map(Some)
        .context("the watchdog does not start")
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
