//! `owlpost migrate`

use crate::{
    config::{MigrateArgs, Settings},
    database::open_database_from_settings,
    standard_streams::print_line_to_stdout,
};

/// Brings the schema up to date.
pub(super) async fn migrate_schema_and_report(
    settings: &Settings,
    args: &MigrateArgs,
) -> anyhow::Result<()> {
    let database = open_database_from_settings(settings).await?;
    database.migrate_schema_to_current().await?;
    if args.new_log_epoch {
        database.store.begin_new_log_epoch().await?;
    }
    database.close_database_and_release().await;
    if args.new_log_epoch {
        print_line_to_stdout("A new epoch of the event log has begun.")?;
    }
    print_line_to_stdout("The database schema is up to date.")
}
