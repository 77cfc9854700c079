//! `owlpost-faults`: injects every fault, prints the table, fails if a row does.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;
use owlpost_faults::{
    console::print_line_on_stdout,
    lab::{Lab, Scale},
    report::{render_advice_for_operators, render_rows_as_markdown, write_section_between_marks},
    scenario::{Outcome, Row, run_scenarios_in_order},
    scenarios::list_scenarios_for_scale,
    server_process::find_server_binary_path,
};

/// Injects faults into a real server and checks that nothing was lost.
#[derive(Debug, Parser)]
struct Arguments {
    /// Binary of the server [default: OWLPOST_BIN, or beside this program]
    #[arg(long)]
    server: Option<PathBuf>,
    /// Replays the chances of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// Only these scenarios, by number, separated by commas
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The short run
    #[arg(long)]
    quick: bool,
    /// Length of the soak, in seconds
    #[arg(long, default_value_t = 600)]
    soak_seconds: u64,
    /// Document whose generated section is written
    #[arg(long)]
    write: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| rand::random::<u32>().into());
    print_line_on_stdout(format_args!("seed {seed}; replay with --seed {seed}"));
    let scale = if arguments.quick { Scale::Quick } else { Scale::Full };
    let binary = match arguments.server {
        Some(path) => std::path::absolute(path)?,
        None => find_server_binary_path()?,
    };
    let soak = Duration::from_secs(arguments.soak_seconds);
    let lab = Lab::open_lab_with_binary(binary, scale, soak).await?;
    let mut scenarios = list_scenarios_for_scale(scale);
    scenarios.retain(|s| arguments.only.is_empty() || arguments.only.iter().any(|n| n == s.number));
    let rows = run_scenarios_in_order(&lab, &scenarios, seed, print_row_as_line).await;
    let table = render_rows_as_markdown(&rows);
    print_line_on_stdout(format_args!("\n{table}"));
    if let Some(path) = arguments.write {
        let advice = render_advice_for_operators();
        let section = format!(
            "Seed {seed}; `owlpost-faults --seed {seed}` replays it.\n\n{table}\n### What an operator should do\n\n{advice}"
        );
        write_section_between_marks(&path, "owlpost-faults", &section)?;
    }
    let failed = rows.iter().filter(|row| row.outcome == Outcome::Failed).count();
    if failed > 0 {
        print_line_on_stdout(format_args!("{failed} of {} rows failed", rows.len()));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_row_as_line(row: &Row) {
    print_line_on_stdout(format_args!(
        "{:>3} {:<44} {:<9} {:?} in {:.1} s: {}",
        row.number, row.name, row.database, row.outcome, row.seconds, row.happened
    ));
}
