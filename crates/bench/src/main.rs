//! The `owlpost-bench` program: runs the workloads, prints the numbers, writes the report.

use std::process::ExitCode;

use clap::Parser as _;
use owlpost_bench::run::{CommandLine, run_command_of_bench};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run_command_of_bench(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A person at a terminal waits for this.
            #[allow(clippy::print_stderr)]
            {
                eprintln!("owlpost-bench: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
