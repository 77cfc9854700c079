//! The command line: commands and their arguments.

use clap::{Args, Parser, Subcommand, ValueEnum};
use owlpost_domain::{Role, Scope};

use super::Settings;

/// Owl Post: a real-time incident server for Socket.IO, REST and SSE clients.
///
/// Every option can be given as an environment variable (shown in brackets) or in a file named .env.
/// Durations are milliseconds, or numbers with a unit: 500ms, 30s, 15m, 12h, 7d. What holds a secret can be in a file,
/// which NAME_FILE names.
#[derive(Debug, Clone, Parser)]
#[command(name = "owlpost", version, max_term_width = 110)]
pub struct CommandLine {
    /// Options, valid before and after the command.
    #[command(flatten)]
    pub settings: Settings,
    /// What to do; serve when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags that hold secrets, with the variables to use instead.
    #[arg(skip)]
    pub secrets_in_flags: Vec<(String, String)>,
}

/// What the program can do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run the server (the default)
    Serve,
    /// Bring the database schema up to date and exit
    Migrate(MigrateArgs),
    /// Make and list users
    #[command(subcommand)]
    User(UserCommand),
    /// Print an access token of a user; make, list and revoke API tokens
    Token(TokenArgs),
    /// Take over the people, incidents and comments of another server, such as the older Express one
    Import(ImportArgs),
    /// Check configuration and surroundings; exits with 1 if something is wrong
    Doctor(DoctorArgs),
    /// Print what completes commands and options in a shell: owlpost completions bash > /etc/bash_completion.d/owlpost
    Completions(CompletionsArgs),
    /// Print the manual page: owlpost man > /usr/local/share/man/man1/owlpost.1
    Man,
}

/// Arguments of `completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `migrate`.
#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    /// Also begin a new epoch of the event log, so that clients refetch: after a restore the database cannot notice,
    /// such as a copied data directory
    #[arg(long)]
    pub new_log_epoch: bool,
}

/// Arguments of `import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// Address of the Postgres database with the tables of the other server; it is only read
    #[arg(long, env = "OWLPOST_IMPORT_FROM", hide_env_values = true)]
    pub from: String,
    /// Say what would be taken, and why rows would be refused, and take nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take the rest when rows are refused
    #[arg(long)]
    pub skip_refused: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Look at a server from outside instead, by the address that its clients use: websockets, host, buffering, stickiness
    #[arg(long)]
    pub url: Option<String>,
}

/// What can be done with users.
#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// Make a user
    Add(UserAddArgs),
    /// Change the role of a user
    SetRole(UserSetRoleArgs),
    /// Give a user another password; every login of theirs ends
    SetPassword(UserSetPasswordArgs),
    /// Let a user in no more; what they wrote stays
    Deactivate(UserArgs),
    /// Let a user in again
    Activate(UserArgs),
    /// Delete a user for good: what they wrote stays, as that of a deleted user
    Delete(UserArgs),
    /// List the users
    List,
}

/// Arguments of `user add`.
#[derive(Debug, Clone, Args)]
pub struct UserAddArgs {
    /// Email address; the part before the @ is the handle for mentions
    #[arg(long)]
    pub email: String,
    /// Name shown to others
    #[arg(long)]
    pub name: String,
    /// Role
    #[arg(long, value_enum, ignore_case = true, default_value = "STUDENT")]
    pub role: RoleArg,
    /// Password; when absent, one is generated and printed
    #[arg(long, env = "OWLPOST_USER_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
}

/// Arguments of `user set-role`.
#[derive(Debug, Clone, Args)]
pub struct UserSetRoleArgs {
    /// Email address of the user
    pub email: String,
    /// New role
    #[arg(value_enum, ignore_case = true)]
    pub role: RoleArg,
}

/// Arguments of `user set-password`.
#[derive(Debug, Clone, Args)]
pub struct UserSetPasswordArgs {
    /// Email address of the user
    pub email: String,
    /// Password; when absent, one is generated and printed
    #[arg(long, env = "OWLPOST_USER_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
}

/// Arguments of commands about one user.
#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    /// Email address of the user
    pub email: String,
}

/// Arguments of `token`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct TokenArgs {
    /// What to do with API tokens, the keys of tools
    #[command(subcommand)]
    pub command: Option<TokenCommand>,
    /// Email address of the user whose access token to print
    #[arg(required = true)]
    pub email: Option<String>,
    /// Lifetime, in seconds [default: that of ACCESS_TOKEN_TTL]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub ttl: Option<u64>,
}

/// What can be done with API tokens.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Make an API token of a user, and print it: it is shown this one time
    New(TokenNewArgs),
    /// List the API tokens that are not revoked
    List(TokenListArgs),
    /// Revoke an API token; its sockets and streams are closed
    Revoke(TokenRevokeArgs),
}

/// Arguments of `token new`.
#[derive(Debug, Clone, Args)]
pub struct TokenNewArgs {
    /// Email address of the user whose it shall be
    pub email: String,
    /// What its owner knows it by
    #[arg(long)]
    pub name: String,
    /// What it shall be good for: report, read, write, events; repeated or with commas
    #[arg(long = "scope", required = true, value_delimiter = ',', value_parser = parse_scope_of_token)]
    pub scopes: Vec<Scope>,
    /// Days after which it is good for nothing any more [default: never]
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=3650))]
    pub days: Option<i32>,
}

fn parse_scope_of_token(text: &str) -> Result<Scope, String> {
    text.trim().parse().map_err(|_| "should be report, read, write or events".to_owned())
}

/// Arguments of `token list`.
#[derive(Debug, Clone, Args)]
pub struct TokenListArgs {
    /// Email address of the user whose to list [default: everybody's]
    pub email: Option<String>,
}

/// Arguments of `token revoke`.
#[derive(Debug, Clone, Args)]
pub struct TokenRevokeArgs {
    /// Its id, as `token list` shows it
    pub id: uuid::Uuid,
}

/// A role as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoleArg {
    /// Reports, reads and comments.
    Student,
    /// Also updates, resolves and assigns.
    Prefect,
    /// Also changes roles.
    Auror,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Student => Self::Student,
            RoleArg::Prefect => Self::Prefect,
            RoleArg::Auror => Self::Auror,
        }
    }
}
