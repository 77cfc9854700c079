//! `owlpost import`

use anyhow::bail;
use owlpost_domain::{
    import::{ImportReport, ImportWishes, TableReport},
    people::name::escape_text_for_terminal,
};

use crate::{
    config::{Settings, command_line::ImportArgs},
    database::open_database_from_settings,
    standard_streams::print_line_to_stdout,
};

/// Takes over another server's tables, and says what became of their rows. Fails when rows were refused, unless that was
/// agreed to.
pub(super) async fn import_tables_and_report(
    settings: &Settings,
    args: &ImportArgs,
) -> anyhow::Result<()> {
    let database = open_database_from_settings(settings).await?;
    database.migrate_schema_to_current().await?;
    let wishes = ImportWishes { rehearse: args.dry_run, skip_refused: args.skip_refused };
    let outcome = database.store.import_tables_of_server(&args.from, wishes).await;
    database.close_database_and_release().await;
    let report = outcome?;
    print_report_of_import(&report)?;
    let is_refused = report.refused() > 0 && !args.skip_refused;
    match (args.dry_run, is_refused) {
        (_, true) => {
            bail!("nothing was taken: mend these rows, or leave them out with --skip-refused")
        }
        (true, false) => print_line_to_stdout("Nothing was taken: this was a rehearsal."),
        (false, false) => Ok(()),
    }
}

fn print_report_of_import(report: &ImportReport) -> anyhow::Result<()> {
    for (table, counts) in [
        ("people", &report.people),
        ("incidents", &report.incidents),
        ("comments", &report.comments),
    ] {
        let TableReport { taken, known, refused } = counts;
        print_line_to_stdout(format_args!(
            "{table:<10} {taken} taken, {known} known, {refused} refused"
        ))?;
    }
    if report.without_password > 0 {
        print_line_to_stdout(format_args!(
            "{} of them came without a password that can be checked (bcrypt and argon2 can): they need a new one",
            report.without_password
        ))?;
    }
    for refusal in &report.refusals {
        print_line_to_stdout(format_args!("refused: {}", escape_text_for_terminal(refusal)))?;
    }
    Ok(())
}
