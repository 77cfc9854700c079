//! The `owlpost` program. Reads its configuration, then runs a command of the library.

use std::{process::ExitCode, time::Duration};

use owlpost::{
    command::run_command_to_end,
    config::read_command_line_and_environment,
    telemetry::{LastLines, install_logging_to_stderr, report_failure_on_stderr},
};

/// Of those tried the one with the least memory for each connection at the same speed: see `docs/BENCHMARKS.md`.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Longest wait, in the end, for threads of the runtime that do not come back.
const RUNTIME_STOP_TIMEOUT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let _last_lines = LastLines;
    match run_program_from_environment() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report_failure_on_stderr(&error);
            ExitCode::FAILURE
        }
    }
}

fn run_program_from_environment() -> anyhow::Result<()> {
    let command_line = read_command_line_and_environment()?;
    install_logging_to_stderr(command_line.settings.server.log_format)?;
    for (flag, variable) in &command_line.secrets_in_flags {
        tracing::warn!(
            "{flag} holds a secret, and everybody on this machine can read the arguments of a process: set {variable} \
             instead"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(run_command_to_end(command_line));
    runtime.shutdown_timeout(RUNTIME_STOP_TIMEOUT);
    outcome
}
