//! Logs to stderr, and the Prometheus recorder behind `GET /metrics`.

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use parking_lot::Mutex;
use tracing_subscriber::EnvFilter;

use crate::config::settings::LogFormat;

/// Seconds, from half a millisecond: the aim is single-digit milliseconds, the bar 100.
const LATENCY_BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Names of our histograms end like this, so each gets the buckets above.
const LATENCY_SUFFIX: &str = "_seconds";

/// Postgres says at every start that tables exist already.
const DEFAULT_DIRECTIVES: &str = "info,sqlx::postgres::notice=warn";

/// Sends `tracing` events to stderr. `RUST_LOG` chooses them; `info` by default.
pub fn install_logging_to_stderr(format: LogFormat) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.is_empty() => EnvFilter::try_new(&directives).with_context(|| {
            format!("RUST_LOG {directives:?}: should be a level such as info, or directives such as info,owlpost=debug")
        })?,
        _ => EnvFilter::new(DEFAULT_DIRECTIVES),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = match format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Text => {
            let color = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(color).try_init()
        }
    };
    installed.map_err(|error| anyhow::anyhow!("logging cannot be set up: {error}"))
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
    *installed = Some(handle.clone());
    Ok(handle)
}
