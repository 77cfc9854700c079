//! Logs and panics to stderr, and the Prometheus recorder behind `GET /metrics`.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::IsTerminal as _,
    panic::PanicHookInfo,
    sync::OnceLock,
    thread,
    time::Duration,
};

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use owlpost_metrics::{BUILD_INFO, LOG_LINES_DROPPED, describe_metrics_to_recorder};
use parking_lot::Mutex;
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    config::settings::LogFormat,
    standard_streams::{
        LineWriter, open_stderr_without_lock, print::count_lost_announcement_lines,
        write_line_to_stderr,
    },
};

/// Seconds, from half a millisecond: the aim is single-digit milliseconds, the bar 100.
const LATENCY_BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Names of our histograms end like this, so each gets the buckets above.
const LATENCY_SUFFIX: &str = "_seconds";

/// Postgres says at every start that tables exist already.
const DEFAULT_DIRECTIVES: &str = "info,sqlx::postgres::notice=warn";

/// Longest wait at the end of the process for the reader of the last lines.
const LAST_LINES_TIMEOUT: Duration = Duration::from_millis(500);

/// Writes the log. There is none before [`install_logging_to_stderr`].
static LOG: OnceLock<LineWriter> = OnceLock::new();

/// Sends `tracing` events, and panics as such, to stderr. `RUST_LOG` chooses them; `info` by default.
pub fn install_logging_to_stderr(format: LogFormat) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.is_empty() => EnvFilter::try_new(&directives).with_context(|| {
            format!("RUST_LOG {directives:?}: should be a level such as info, or directives such as info,owlpost=debug")
        })?,
        _ => EnvFilter::new(DEFAULT_DIRECTIVES),
    };
    let stderr = open_stderr_without_lock().context("stderr cannot be opened")?;
    let color = stderr.is_terminal();
    let log = LineWriter::start_thread_for_sink("owlpost-log", stderr, report_lost_lines_in_log)
        .context("the thread that writes the log does not start")?;
    let log = LOG.get_or_init(|| log).clone();
    let layer = tracing_subscriber::fmt::layer().with_writer(log).log_internal_errors(false);
    let layer = match format {
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
        LogFormat::Text => layer.with_ansi(color).boxed(),
    };
    // One filter before all layers. With one for each, who only asks whether something is enabled (sqlx does) has the next
    // event of its thread dropped.
    #[cfg(feature = "opentelemetry")]
    let filter = crate::traces::let_spans_pass_filter(filter);
    let registry = tracing_subscriber::registry().with(filter).with(layer);
    #[cfg(feature = "opentelemetry")]
    let registry = registry.with(crate::traces::build_layer_of_traces()?);
    let installed = registry.try_init();
    std::panic::set_hook(Box::new(log_panic_with_place));
    installed.map_err(|error| anyhow::anyhow!("logging cannot be set up: {error}"))
}

fn report_lost_lines_in_log(lines: u64) {
    tracing::warn!(lines, "log lines were lost: stderr could not be written, or not fast enough");
}

/// The hook of the standard library would write to stderr itself, waiting for its reader with a lock in its hands: one
/// panic could hold up every thread that panics later.
fn log_panic_with_place(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let backtrace = Backtrace::capture();
    let captured = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        thread = thread.name().unwrap_or("unnamed"),
        place = panic.location().map(tracing::field::display),
        backtrace = captured.then(|| tracing::field::display(&backtrace)),
        "panicked: {}",
        panic.payload_as_str().unwrap_or("no message"),
    );
}

/// Waits for the last lines of the log to be written, but not for ever, when it is dropped: at the end of `main`,
/// however that ends.
#[derive(Debug)]
pub struct LastLines;

impl Drop for LastLines {
    fn drop(&mut self) {
        #[cfg(feature = "opentelemetry")]
        crate::traces::flush_traces_within_bound(LAST_LINES_TIMEOUT);
        flush_log_within_bound(LAST_LINES_TIMEOUT);
    }
}

/// Waits for the log to be written, but no longer than `timeout`.
pub fn flush_log_within_bound(timeout: Duration) {
    if let Some(log) = LOG.get() {
        log.flush_lines_within_timeout(timeout);
    }
}

/// Says on stderr why the program ends, whatever `RUST_LOG` chooses: a person at a terminal waits for this.
pub fn report_failure_on_stderr(error: &anyhow::Error) {
    use std::io::Write as _;

    let line = format!("owlpost: {error:#}");
    match LOG.get() {
        // Behind what the log says, and without waiting for ever. Writing to the log cannot fail.
        Some(mut log) => drop(log.write_all(format!("{line}\n").as_bytes())),
        None => write_line_to_stderr(line),
    }
}

/// Brings the counters of lost lines up to date.
pub fn refresh_counters_before_scrape() {
    let log = LOG.get().map(LineWriter::lost_lines).unwrap_or_default();
    for (stream, reason, lines) in [
        ("stderr", "queue_full", log.queue_full),
        ("stderr", "write_failed", log.write_failed),
        ("stdout", "write_failed", count_lost_announcement_lines()),
    ] {
        metrics::counter!(LOG_LINES_DROPPED, "stream" => stream, "reason" => reason)
            .absolute(lines);
    }
}

/// The recorder of the process, installed at the first call. The handle renders it; somebody must call its
/// `run_upkeep` from time to time, or histograms grow.
pub fn install_metrics_recorder_globally() -> anyhow::Result<PrometheusHandle> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut installed = INSTALLED.lock();
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix(LATENCY_SUFFIX.to_owned()), &LATENCY_BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("metrics cannot be set up")?;
    describe_metrics_to_recorder();
    let embedded = if cfg!(feature = "embedded-database") { "true" } else { "false" };
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION"), "embedded_database" => embedded)
        .set(1);
    *installed = Some(handle.clone());
    Ok(handle)
}
