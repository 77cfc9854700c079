//! `owlpost token EMAIL`

use std::time::Duration;

use anyhow::Context as _;

use crate::{
    config::{Settings, command_line::TokenArgs},
    database::open_database_from_settings,
    standard_streams::print_line_to_stdout,
};

/// Prints an access token of a user, for scripts.
pub(super) async fn print_token_of_user(
    settings: &Settings,
    args: &TokenArgs,
) -> anyhow::Result<()> {
    let database = open_database_from_settings(settings).await?;
    database.migrate_schema_to_current().await?;
    let ttl = args.ttl.map_or(settings.identity.access_token_ttl, Duration::from_secs);
    let user = database
        .store
        .find_user_by_email(&args.email)
        .await?
        .with_context(|| format!("there is no user with the email {}", args.email))?;
    let token = database.store.tokens().sign_token_for_user(&user, ttl)?;
    database.close_database_and_release().await;
    print_line_to_stdout(token)
}
