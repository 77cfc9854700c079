//! The commands of the command line, one file each.

mod doctor;
mod import;
mod manual;
mod migrate;
mod outside_look;
mod serve;
mod token;
mod user;

use crate::config::{Command, CommandLine};

/// Runs the command that was asked for; `serve` when none was.
pub async fn run_command_to_end(command_line: CommandLine) -> anyhow::Result<()> {
    let CommandLine { settings, command, .. } = command_line;
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve_until_signal_arrives(&settings).await,
        Command::Migrate(args) => migrate::migrate_schema_and_report(&settings, &args).await,
        Command::User(command) => user::run_user_command_with_store(&settings, command).await,
        Command::Token(args) => token::run_token_command_with_store(&settings, args).await,
        Command::Import(args) => import::import_tables_and_report(&settings, &args).await,
        Command::Doctor(args) => doctor::check_surroundings_and_report(&settings, &args).await,
        Command::Completions(args) => manual::print_completions_for_shell(&args),
        Command::Man => manual::print_page_of_manual(),
    }
}
