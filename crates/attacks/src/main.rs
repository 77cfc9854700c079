//! `owlpost-attacks`: tries every attack, prints the table, fails if one got through.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;
use owlpost_attacks::{
    attack::{AttackRow, run_attacks_in_order},
    attacks::list_attacks_for_scale,
    report::render_attacks_as_markdown,
};
use owlpost_faults::{
    console::print_line_on_stdout,
    lab::{Lab, Scale},
    report::write_section_between_marks,
    scenario::Outcome,
    server_process::find_server_binary_path,
};

/// Attacks a real server and checks that nobody else notices.
#[derive(Debug, Parser)]
struct Arguments {
    /// Binary of the server [default: OWLPOST_BIN, or beside this program]
    #[arg(long)]
    server: Option<PathBuf>,
    /// Replays the chances of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// Only these attacks, by number, separated by commas
    #[arg(long, value_delimiter = ',')]
    only: Vec<u8>,
    /// The short run
    #[arg(long)]
    quick: bool,
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
    let lab = Lab::open_lab_with_binary(binary, scale, Duration::ZERO).await?;
    let mut attacks = list_attacks_for_scale(scale);
    attacks.retain(|attack| arguments.only.is_empty() || arguments.only.contains(&attack.number));
    let rows = run_attacks_in_order(lab, &attacks, seed, print_row_as_line).await?;
    let table = render_attacks_as_markdown(&rows);
    print_line_on_stdout(format_args!("\n{table}"));
    if let Some(path) = arguments.write {
        let section =
            format!("Seed {seed}; `owlpost-attacks --seed {seed}` replays it.\n\n{table}");
        write_section_between_marks(&path, "owlpost-attacks", &section)?;
    }
    let failed = rows.iter().filter(|row| row.outcome == Outcome::Failed).count();
    if failed > 0 {
        print_line_on_stdout(format_args!("{failed} of {} attacks got through", rows.len()));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_row_as_line(row: &AttackRow) {
    print_line_on_stdout(format_args!(
        "{:>3} {:<44} {:?} in {:.1} s: {}",
        row.number, row.name, row.outcome, row.seconds, row.happened
    ));
}
