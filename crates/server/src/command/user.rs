//! `owlpost user add | set-role | list`

use anyhow::Context as _;
use owlpost_domain::Store;
use rand::distr::{Alphanumeric, SampleString as _};

use crate::{
    config::{
        Settings,
        command_line::{UserAddArgs, UserCommand, UserSetRoleArgs},
    },
    database::open_database_from_settings,
    standard_streams::print_line_to_stdout,
};

const GENERATED_PASSWORD_CHARS: usize = 16;

/// Opens the database, migrates it and runs the command on it.
pub(super) async fn run_user_command_with_store(
    settings: &Settings,
    command: UserCommand,
) -> anyhow::Result<()> {
    let database = open_database_from_settings(settings).await?;
    database.migrate_schema_to_current().await?;
    let outcome = match command {
        UserCommand::Add(args) => add_user_and_print(&database.store, args).await,
        UserCommand::SetRole(args) => set_role_and_print(&database.store, &args).await,
        UserCommand::List => list_users_in_columns(&database.store).await,
    };
    database.close_database_and_release().await;
    outcome
}

async fn add_user_and_print(store: &Store, args: UserAddArgs) -> anyhow::Result<()> {
    let generated = args.password.is_none();
    let password = args
        .password
        .unwrap_or_else(|| Alphanumeric.sample_string(&mut rand::rng(), GENERATED_PASSWORD_CHARS));
    let hash = store.hash_password_off_thread(&password).await?;
    let user =
        store.insert_user_with_role(&args.email, &args.name, args.role.into(), Some(hash)).await?;
    print_line_to_stdout(format_args!(
        "{} is a {} now, handle @{}",
        user.email, user.role, user.handle
    ))?;
    if generated {
        print_line_to_stdout(format_args!("password: {password}"))?;
    }
    Ok(())
}

async fn set_role_and_print(store: &Store, args: &UserSetRoleArgs) -> anyhow::Result<()> {
    let user = store
        .find_user_by_email(&args.email)
        .await?
        .with_context(|| format!("there is no user with the email {}", args.email))?;
    let user = store.set_user_role_unchecked(user.id, args.role.into()).await?;
    print_line_to_stdout(format_args!("{} is a {} now", user.email, user.role))?;
    Ok(())
}

async fn list_users_in_columns(store: &Store) -> anyhow::Result<()> {
    let users = store.list_all_known_users().await?;
    for user in &users {
        print_line_to_stdout(format_args!(
            "{}  {:<8} {:<40} {}",
            user.id,
            user.role.as_str(),
            user.email,
            user.name
        ))?;
    }
    Ok(())
}
