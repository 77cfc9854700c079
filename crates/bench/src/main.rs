//! The `owlpost-bench` program: runs the workloads, prints the numbers, writes the report.

use std::process::ExitCode;

use clap::Parser as _;
use owlpost_bench::{
    console::print_line_on_stderr,
    run::{CommandLine, run_command_of_bench},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run_command_of_bench(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_line_on_stderr(format_args!("owlpost-bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
