//! `owlpost user add | set-role | set-password | deactivate | activate | delete | list`

use anyhow::Context as _;
use owlpost_domain::{
    Applicant, Store, User,
    people::{name::escape_text_for_terminal, standing::StandingChange},
};
use rand::distr::{Alphanumeric, SampleString as _};

use crate::{
    config::{
        Settings,
        command_line::{UserAddArgs, UserArgs, UserCommand, UserSetPasswordArgs, UserSetRoleArgs},
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
    let store = &database.store;
    let outcome = match command {
        UserCommand::Add(args) => add_user_and_print(store, args).await,
        UserCommand::SetRole(args) => set_role_and_print(store, &args).await,
        UserCommand::SetPassword(args) => set_password_and_print(store, args).await,
        UserCommand::Deactivate(args) => set_standing_and_print(store, &args, false).await,
        UserCommand::Activate(args) => set_standing_and_print(store, &args, true).await,
        UserCommand::Delete(args) => delete_user_and_print(store, &args).await,
        UserCommand::List => list_users_in_columns(store).await,
    };
    database.close_database_and_release().await;
    outcome
}

async fn add_user_and_print(store: &Store, args: UserAddArgs) -> anyhow::Result<()> {
    let (password, is_generated) = take_password_or_generate(args.password);
    let own = [&*args.email, &*args.name];
    let hash = store.hash_new_password_of_person(&password, &own, Applicant::default()).await?;
    let user =
        store.insert_user_with_role(&args.email, &args.name, args.role.into(), Some(hash)).await?;
    print_line_to_stdout(format_args!(
        "{} is a {} now, handle @{}",
        user.email, user.role, user.handle
    ))?;
    print_password_when_generated(&password, is_generated)
}

async fn set_role_and_print(store: &Store, args: &UserSetRoleArgs) -> anyhow::Result<()> {
    let user = require_user_with_email(store, &args.email).await?;
    let wanted = StandingChange { role: Some(args.role.into()), active: None };
    let user = store.change_standing_without_actor(user.id, wanted).await?;
    print_line_to_stdout(format_args!("{} is a {} now", user.email, user.role))
}

async fn set_password_and_print(store: &Store, args: UserSetPasswordArgs) -> anyhow::Result<()> {
    let user = require_user_with_email(store, &args.email).await?;
    let (password, is_generated) = take_password_or_generate(args.password);
    store.set_user_password_without_asking(&user, &password).await?;
    print_line_to_stdout(format_args!("{} has another password now", user.email))?;
    print_password_when_generated(&password, is_generated)
}

async fn set_standing_and_print(
    store: &Store,
    args: &UserArgs,
    active: bool,
) -> anyhow::Result<()> {
    let user = require_user_with_email(store, &args.email).await?;
    let wanted = StandingChange { role: None, active: Some(active) };
    let user = store.change_standing_without_actor(user.id, wanted).await?;
    let word = if active { "active" } else { "deactivated" };
    print_line_to_stdout(format_args!("{} is {word} now", user.email))
}

async fn delete_user_and_print(store: &Store, args: &UserArgs) -> anyhow::Result<()> {
    let user = require_user_with_email(store, &args.email).await?;
    store.delete_user_without_actor(user.id).await?;
    print_line_to_stdout(format_args!("{} is deleted", user.email))
}

pub(super) async fn require_user_with_email(store: &Store, email: &str) -> anyhow::Result<User> {
    let found = store.find_user_by_email(email).await?;
    found.with_context(|| format!("there is no user with the email {email}"))
}

fn take_password_or_generate(given: Option<String>) -> (String, bool) {
    let generated = given.is_none();
    let generate = || Alphanumeric.sample_string(&mut rand::rng(), GENERATED_PASSWORD_CHARS);
    (given.unwrap_or_else(generate), generated)
}

fn print_password_when_generated(password: &str, is_generated: bool) -> anyhow::Result<()> {
    if is_generated {
        print_line_to_stdout(format_args!("password: {password}"))?;
    }
    Ok(())
}

async fn list_users_in_columns(store: &Store) -> anyhow::Result<()> {
    for (user, is_deactivated) in store.list_all_known_users().await? {
        print_line_to_stdout(format_args!(
            "{}  {:<8} {:<40} {}{}",
            user.id,
            user.role.as_str(),
            escape_text_for_terminal(&user.email),
            escape_text_for_terminal(&user.name),
            if is_deactivated { "  (deactivated)" } else { "" }
        ))?;
    }
    Ok(())
}
