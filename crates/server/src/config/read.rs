//! Reads the command line, the environment and `.env`, and explains what is wrong with them.

use std::{ffi::OsString, fmt::Write as _, io::Read as _, path::Path};

use anyhow::{Context as _, anyhow, bail};
use clap::{
    CommandFactory as _, FromArgMatches as _,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::CommandLine;

/// Of a file that holds a secret. Somebody may name the wrong one.
const LONGEST_SECRET_BYTES: u64 = 65_536;

/// Reads the arguments of the process, its environment, and `.env` of the working directory.
///
/// Prints help or the version and exits when asked to. Fails with the name of the variable or flag that is
/// wrong and what it should be.
pub fn read_command_line_and_environment() -> anyhow::Result<CommandLine> {
    read_dotenv_file_when_present()?;
    read_command_line_from(std::env::args_os())
}

fn read_dotenv_file_when_present() -> anyhow::Result<()> {
    let path = Path::new(".env");
    if !path.is_file() {
        return Ok(());
    }
    match dotenvy::from_path(path) {
        Ok(()) => Ok(()),
        // The library prints the line, which may hold a secret.
        Err(dotenvy::Error::LineParse(wrong, _)) => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let number = text.lines().position(|line| line.contains(wrong.trim()));
            let place = number.map_or_else(|| "a line".to_owned(), |n| format!("line {}", n + 1));
            bail!("the file .env: {place} should be NAME=value, in quotes if it has spaces or #")
        }
        Err(error) => Err(error).context("the file .env cannot be read"),
    }
}

/// As [`read_command_line_and_environment`], with the given arguments (the first is the program) and no `.env`.
pub fn read_command_line_from(
    args: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> anyhow::Result<CommandLine> {
    let command = build_command_with_global_options()?;
    let matches = match command.clone().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return explain_refusal_with_variable(&command, &error),
    };
    let mut command_line = CommandLine::from_arg_matches(&matches)?;
    command_line.secrets_in_flags = list_secrets_given_as_flags(&command, &matches);
    refuse_options_that_contradict(&command_line)?;
    Ok(command_line)
}

/// The command with its options valid before and after the command name, and without the variables that are
/// set but empty: `docker compose` passes those for what was not set. Secrets may be in files.
fn build_command_with_global_options() -> anyhow::Result<clap::Command> {
    let mut failed = None;
    let mut command = CommandLine::command().mut_args(|arg| {
        let empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        let arg = if empty { arg.env(None) } else { arg };
        let secret = read_secret_from_named_file(&arg).unwrap_or_else(|error| {
            failed = Some(error);
            None
        });
        let arg = match secret {
            Some(secret) => arg.default_value(secret).hide_default_value(true),
            None => arg,
        };
        arg.global(true)
    });
    if let Some(error) = failed {
        return Err(error);
    }
    // Arguments can be shown only once the command is built.
    command.build();
    Ok(command)
}

/// What is in the file that `NAME_FILE` names, for a variable `NAME` that holds a secret, without a line end behind it: as
/// orchestrators mount secrets.
fn read_secret_from_named_file(arg: &clap::Arg) -> anyhow::Result<Option<String>> {
    let Some(variable) = arg.get_env().filter(|_| arg.is_hide_env_values_set()) else {
        return Ok(None);
    };
    let variable = variable.to_string_lossy().into_owned();
    let name = format!("{variable}_FILE");
    let Some(path) = std::env::var_os(&name).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    if std::env::var_os(&variable).is_some_and(|value| !value.is_empty()) {
        bail!("{name} stands instead of {variable}: set one of them");
    }
    let file = std::fs::File::open(&path).with_context(|| format!("{name}: should name a file"))?;
    let mut text = String::new();
    file.take(LONGEST_SECRET_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{name}: should name a file of text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.len() as u64 > LONGEST_SECRET_BYTES {
        bail!(
            "{name}: the file should have a secret in it, of at most {LONGEST_SECRET_BYTES} bytes"
        );
    }
    Ok(Some(text.to_owned()))
}

/// The flags with secrets in them, each with the variable to use instead: every user of the machine can read the
/// arguments of a process.
fn list_secrets_given_as_flags(
    command: &clap::Command,
    matches: &clap::ArgMatches,
) -> Vec<(String, String)> {
    let (mut command, mut matches) = (command, matches);
    let mut found = Vec::new();
    loop {
        let secrets = command.get_arguments().filter(|arg| arg.is_hide_env_values_set());
        for arg in secrets {
            let id = arg.get_id().as_str();
            let given = matches.try_contains_id(id).unwrap_or(false)
                && matches.value_source(id) == Some(ValueSource::CommandLine);
            if let (true, Some(flag), Some(variable)) = (given, arg.get_long(), arg.get_env()) {
                let pair = (format!("--{flag}"), variable.display().to_string());
                if !found.contains(&pair) {
                    found.push(pair);
                }
            }
        }
        let Some((name, below)) = matches.subcommand() else { return found };
        let Some(child) = command.find_subcommand(name) else { return found };
        (command, matches) = (child, below);
    }
}

fn explain_refusal_with_variable<T>(
    command: &clap::Command,
    error: &clap::Error,
) -> anyhow::Result<T> {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        error.exit();
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        error.exit();
    };
    let known = command.get_arguments().find(|arg| arg.to_string() == *flag);
    let Some(arg) = known else { error.exit() };
    let flag = arg.get_long().map_or_else(|| flag.clone(), |long| format!("--{long}"));
    let mut name = String::new();
    match arg.get_env() {
        Some(variable) => write!(name, "{} ({flag})", variable.display())?,
        None => name = flag,
    }
    let value = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) if !arg.is_hide_env_values_set() => format!(" {value:?}"),
        _ => String::new(),
    };
    let expected = match (error.get(ContextKind::ValidValue), std::error::Error::source(error)) {
        (Some(ContextValue::Strings(values)), _) => {
            format!("should be one of {}", values.join(", "))
        }
        (_, Some(cause)) => cause.to_string(),
        _ => "is not acceptable".to_owned(),
    };
    Err(anyhow!("{name}{value}: {expected}"))
}

/// What no single value shows.
fn refuse_options_that_contradict(command_line: &CommandLine) -> anyhow::Result<()> {
    let settings = &command_line.settings;
    let embedded = settings.database.database_url.is_none();
    if embedded && !cfg!(feature = "embedded-database") {
        bail!(
            "DATABASE_URL (--database-url) is missing: this build has no embedded database, \
             so give the address of a Postgres server"
        );
    }
    if !embedded && settings.list_given_jwt_secrets().is_empty() {
        bail!(
            "JWT_SECRET (--jwt-secret) is missing: with DATABASE_URL every node needs the same secret of at least \
             {} bytes; make one with `openssl rand -base64 48`",
            super::MIN_SECRET_BYTES
        );
    }
    if settings.identity.jwt_secret.is_some() && !settings.identity.jwt_secrets.is_empty() {
        bail!(
            "JWT_SECRETS (--jwt-secrets) stands instead of JWT_SECRET (--jwt-secret): set one of them"
        );
    }
    let identity = &settings.identity;
    let provider = [&identity.jwt_jwks, &identity.jwt_issuer, &identity.jwt_audience];
    if provider.iter().any(|part| part.is_some()) && provider.iter().any(|part| part.is_none()) {
        bail!(
            "JWT_JWKS (--jwt-jwks), JWT_ISSUER (--jwt-issuer) and JWT_AUDIENCE (--jwt-audience) belong together: set all \
             of them or none"
        );
    }
    if embedded && settings.database.redis_url.is_some() {
        bail!(
            "REDIS_URL (--redis-url) connects nodes that share a database: set DATABASE_URL (--database-url) as well"
        );
    }
    let tls = &settings.tls;
    if tls.tls_certificate.is_some() != tls.tls_key.is_some() {
        bail!("TLS_CERTIFICATE (--tls-certificate) and TLS_KEY (--tls-key) belong together");
    }
    if tls.tls_certificate.is_some() && !tls.acme_domains.is_empty() {
        bail!("ACME_DOMAINS (--acme-domains) stands instead of TLS_CERTIFICATE: set one of them");
    }
    let any_origin = settings.server.cors_origin.iter().any(|origin| origin == "*");
    if any_origin && settings.server.cors_origin.len() > 1 {
        bail!(
            "SOCKET_IO_CORS_ORIGIN (--cors-origin) should be either * or a list of origins, not both"
        );
    }
    if settings.identity.refresh_token_ttl < settings.identity.access_token_ttl {
        bail!(
            "REFRESH_TOKEN_TTL (--refresh-token-ttl) should not be shorter than ACCESS_TOKEN_TTL"
        );
    }
    Ok(())
}
