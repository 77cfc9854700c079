//! `owlpost token EMAIL`, `owlpost token new | list | revoke`

use std::time::Duration;

use owlpost_domain::{
    Store,
    api_tokens::{ApiToken, NewApiToken},
    people::name::escape_text_for_terminal,
};

use super::user::require_user_with_email;
use crate::{
    config::{
        Settings,
        command_line::{TokenArgs, TokenCommand, TokenListArgs, TokenNewArgs},
    },
    database::open_database_from_settings,
    standard_streams::print_line_to_stdout,
};

/// Tokens read at a time.
const PAGE: u32 = 100;

/// Opens the database, migrates it and runs the command on it.
pub(super) async fn run_token_command_with_store(
    settings: &Settings,
    args: TokenArgs,
) -> anyhow::Result<()> {
    let database = open_database_from_settings(settings).await?;
    database.migrate_schema_to_current().await?;
    let store = &database.store;
    let outcome = match args.command {
        Some(TokenCommand::New(new)) => make_token_and_print(store, &new).await,
        Some(TokenCommand::List(list)) => list_tokens_in_columns(store, &list).await,
        Some(TokenCommand::Revoke(revoke)) => {
            let revoked = store.revoke_api_token_without_actor(revoke.id).await;
            match revoked {
                Ok(_) => print_line_to_stdout(format_args!("{} is revoked", revoke.id)),
                Err(error) => Err(error.into()),
            }
        }
        None => {
            let ttl = args.ttl.map_or(settings.identity.access_token_ttl, Duration::from_secs);
            let email = args.email.unwrap_or_default();
            print_token_of_user(store, &email, ttl).await
        }
    };
    database.close_database_and_release().await;
    outcome
}

/// Prints an access token of a user, for scripts.
async fn print_token_of_user(store: &Store, email: &str, ttl: Duration) -> anyhow::Result<()> {
    let user = require_user_with_email(store, email).await?;
    print_line_to_stdout(store.tokens().sign_token_for_user(&user, ttl)?)
}

/// Alone on its line, for scripts.
async fn make_token_and_print(store: &Store, args: &TokenNewArgs) -> anyhow::Result<()> {
    let owner = require_user_with_email(store, &args.email).await?;
    let new = NewApiToken {
        name: &args.name,
        scopes: args.scopes.iter().copied().collect(),
        expires_in_days: args.days,
    };
    let (_, secret) = store.create_api_token_for_owner(&owner, new).await?;
    print_line_to_stdout(secret)
}

async fn list_tokens_in_columns(store: &Store, args: &TokenListArgs) -> anyhow::Result<()> {
    let owner = match &args.email {
        Some(email) => Some(require_user_with_email(store, email).await?.id),
        None => None,
    };
    let mut before = None;
    loop {
        let page = store.list_api_tokens_of_owner(owner, before, PAGE).await?;
        page.rows.iter().try_for_each(print_token_in_columns)?;
        before = page.next_before;
        if before.is_none() {
            return Ok(());
        }
    }
}

fn print_token_in_columns(token: &ApiToken) -> anyhow::Result<()> {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let when = |time: Option<chrono::DateTime<chrono::Utc>>| {
        time.map_or_else(|| "never".to_owned(), |time| time.format("%F %R").to_string())
    };
    print_line_to_stdout(format_args!(
        "{}  {:<40} {:<24} expires {:<16} used {:<16} {}",
        token.id,
        escape_text_for_terminal(&token.owner.email),
        scopes.join(","),
        when(token.expires_at),
        when(token.last_used_at),
        escape_text_for_terminal(&token.name),
    ))
}
