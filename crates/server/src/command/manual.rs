//! `owlpost completions` and `owlpost man`: what shells and `man` know of the program, written from its options.

use clap::CommandFactory as _;

use crate::{
    config::{CommandLine, command_line::CompletionsArgs},
    standard_streams::print::print_line_to_stdout,
};

/// Prints what a shell completes the program's commands and options with.
pub(super) fn print_completions_for_shell(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut CommandLine::command(), "owlpost", &mut script);
    print_line_to_stdout(String::from_utf8_lossy(&script).trim_end())
}

/// Prints the page in the format of `man`.
pub(super) fn print_page_of_manual() -> anyhow::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(CommandLine::command()).render(&mut page)?;
    print_line_to_stdout(String::from_utf8_lossy(&page).trim_end())
}
