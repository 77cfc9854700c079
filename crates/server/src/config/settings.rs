//! Every option of the server, as flags and environment variables, in the groups `--help` shows.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use owlpost_domain::RegistrationPolicy;

use super::hook_settings::HookSettings;
use super::outlet_settings::OutletSettings;
use super::parse_value::{
    parse_address_of_authority, parse_address_to_listen, parse_duration_within_bounds,
    parse_name_of_domain, parse_network_of_addresses, parse_number_of_port,
    parse_number_within_bounds, parse_origin_of_page, parse_path_of_base, parse_place_of_keys,
    parse_policy_of_registration, parse_secret_of_tokens, parse_size_in_bytes,
    parse_switch_on_or_off, parse_timeout_of_watchdog, parse_token_of_metrics,
    parse_url_of_postgres, parse_url_of_redis,
};

/// All options. A flag wins over the environment, the environment over `.env`, `.env` over the default.
/// Durations are milliseconds, or carry a unit (`30s`, `7d`).
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Where the server listens, and what it says.
    #[command(flatten)]
    pub server: ServerSettings,
    /// Https, spoken by the server itself.
    #[command(flatten)]
    pub tls: TlsSettings,
    /// Where the data is.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// Tokens.
    #[command(flatten)]
    pub identity: IdentitySettings,
    /// Sockets, presence and the event log.
    #[command(flatten)]
    pub realtime: RealtimeSettings,
    /// Alerts that come in.
    #[command(flatten)]
    pub hooks: HookSettings,
    /// Events that go out.
    #[command(flatten)]
    pub outlets: OutletSettings,
    /// Rates and sizes.
    #[command(flatten)]
    pub limits: LimitSettings,
}

/// What becomes of people of an identity provider whom this server does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderUsers {
    /// They are refused.
    Existing,
    /// They become students at first sight.
    Create,
}

/// How much the Admin UI shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AdminUiMode {
    /// How the servers are.
    Production,
    /// Sockets, rooms and events as well.
    Development,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where the server listens, and what it says.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerSettings {
    /// TCP port of everything: REST, SSE, Socket.IO and the dashboard; 0 takes any free port
    #[arg(long, env = "SOCKET_IO_PORT", default_value = "4001", value_parser = parse_number_of_port)]
    pub port: u16,
    /// Address to listen on; 0.0.0.0 for all
    #[arg(long, env = "SOCKET_IO_HOST", default_value = "127.0.0.1", value_parser = parse_address_to_listen)]
    pub host: IpAddr,
    /// Path below which everything is, such as /owl, for a proxy that hands it on as it is [default: none]
    #[arg(long, env = "BASE_PATH", default_value = "", hide_default_value = true, value_parser = parse_path_of_base)]
    pub base_path: String,
    /// Origins of browser pages that may call the server, separated by commas; * for any, then without credentials
    #[arg(long, env = "SOCKET_IO_CORS_ORIGIN", default_value = "http://localhost:3001",
          value_delimiter = ',', value_parser = parse_origin_of_page)]
    pub cors_origin: Vec<String>,
    /// Proxies whose X-Forwarded-For is believed: addresses or networks, separated by commas [default: none]
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_parser = parse_network_of_addresses)]
    pub trusted_proxies: Vec<String>,
    /// What /metrics must be asked with, as Authorization: Bearer; anybody may without it
    #[arg(long, env = "METRICS_TOKEN", hide_env_values = true, value_parser = parse_token_of_metrics)]
    pub metrics_token: Option<String>,
    /// Let Aurors in at /admin/ui, the Admin UI of Socket.IO: who is connected, what goes through, disconnecting
    #[arg(long, env = "ADMIN_UI", value_parser = parse_switch_on_or_off, default_value = "false",
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub admin_ui: bool,
    /// What it shows; development also shows sockets, rooms and every event, without tokens
    #[arg(long, env = "ADMIN_UI_MODE", value_enum, default_value = "production")]
    pub admin_ui_mode: AdminUiMode,
    /// Seed a small castle of users and incidents; its logins are printed at start
    #[arg(long, env = "OWLPOST_DEMO", value_parser = parse_switch_on_or_off, default_value = "false",
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub demo: bool,
    /// Form of the log on stderr; what it holds is chosen by RUST_LOG (default: info)
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Connections open at the same time; further ones are answered 503
    #[arg(long, env = "MAX_CONNECTIONS", default_value = "20000",
          value_parser = parse_number_within_bounds::<u32, 1, 1_000_000>)]
    pub max_connections: u32,
    /// Connections, and as many sockets, open at the same time from one address (of IPv6: one /64 network); further
    /// ones are answered 503; 0 for no limit
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", default_value = "1000",
          value_parser = parse_number_within_bounds::<u32, 0, 1_000_000>)]
    pub max_connections_per_address: u32,
    /// Addresses or networks that limit does not hold for, besides the trusted proxies, separated by commas
    #[arg(long, env = "UNLIMITED_ADDRESSES", default_value = "127.0.0.0/8,::1", value_delimiter = ',',
          value_parser = parse_network_of_addresses)]
    pub unlimited_addresses: Vec<String>,
    /// Longest wait for the head of a request, and idle time of a kept-alive connection, in ms
    #[arg(long, env = "HEADER_READ_TIMEOUT", default_value = "10000",
          value_parser = parse_duration_within_bounds::<1, 3_600_000>)]
    pub header_read_timeout: Duration,
    /// Time after which a peer that acknowledges no data is given up, in ms
    #[arg(long, env = "TCP_USER_TIMEOUT", default_value = "30000",
          value_parser = parse_duration_within_bounds::<1, 3_600_000>)]
    pub tcp_user_timeout: Duration,
    /// Longest time a REST request may take, in ms
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "10000",
          value_parser = parse_duration_within_bounds::<1, 3_600_000>)]
    pub request_timeout: Duration,
    /// Time between the signal to stop and the stop, in which /health/ready is 503 and everything else works as before, so
    /// that load balancers send nobody any more, in ms
    #[arg(long, env = "SHUTDOWN_DELAY", default_value = "0",
          value_parser = parse_duration_within_bounds::<0, 600_000>)]
    pub shutdown_delay: Duration,
    /// Longest wait for requests in flight at shutdown, in ms
    #[arg(long, env = "DRAIN_TIMEOUT", default_value = "20000",
          value_parser = parse_duration_within_bounds::<0, 3_600_000>)]
    pub drain_timeout: Duration,
    /// Time after which a worker thread that does not come back from what it does counts as stuck, and /health fails,
    /// in ms: from 1s to 1h; 0 switches the watchdog off
    #[arg(long, env = "WATCHDOG_TIMEOUT", default_value = "10000", value_parser = parse_timeout_of_watchdog)]
    pub watchdog_timeout: Duration,
}

/// Https, spoken by the server itself.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsSettings {
    /// File with the certificate, and those that vouch for it after it (PEM): the server speaks https, and takes a
    /// renewed one within 10 s
    #[arg(long, env = "TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,
    /// File with the key of the certificate (PEM)
    #[arg(long, env = "TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Names of this server, separated by commas, that an authority shall certify; it must reach the server at port 443
    /// of each
    #[arg(long, env = "ACME_DOMAINS", value_delimiter = ',', value_parser = parse_name_of_domain)]
    pub acme_domains: Vec<String>,
    /// Address of mail that the authority may write to [default: none]
    #[arg(long, env = "ACME_CONTACT")]
    pub acme_contact: Option<String>,
    /// Address of the authority's directory
    #[arg(long, env = "ACME_DIRECTORY", default_value = "https://acme-v02.api.letsencrypt.org/directory",
          value_parser = parse_address_of_authority)]
    pub acme_directory: String,
    /// Where account and certificates are kept [default: acme in the data directory]
    #[arg(long, env = "ACME_CACHE")]
    pub acme_cache: Option<PathBuf>,
}

/// Where the data is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct DatabaseSettings {
    /// Postgres 14 or newer, such as postgres://user:password@host:5432/owlpost; without it, an embedded
    /// Postgres keeps its files in the data directory
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_parser = parse_url_of_postgres)]
    pub database_url: Option<String>,
    /// Connections to Postgres, per node (the embedded one always has a single one)
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value = "10",
          value_parser = parse_number_within_bounds::<u32, 1, 1_000>)]
    pub database_pool_size: u32,
    /// Longest any one statement may take, and longest wait for a connection, in ms
    #[arg(long, env = "STATEMENT_TIMEOUT", default_value = "3000",
          value_parser = parse_duration_within_bounds::<1, 3_600_000>)]
    pub statement_timeout: Duration,
    /// Directory of the embedded database and the generated secret; one process at a time holds it
    #[arg(long, env = "OWLPOST_DATA_DIR", default_value = "./owlpost-data")]
    pub data_dir: PathBuf,
    /// Redis that connects the nodes of a cluster, such as redis://host:6379/0; a single node needs none
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_parser = parse_url_of_redis)]
    pub redis_url: Option<String>,
}

/// Tokens.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Identity")]
pub struct IdentitySettings {
    /// Key that signs access tokens (HS256), at least 32 bytes; without it and without DATABASE_URL, one is
    /// generated once and kept in the data directory
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_parser = parse_secret_of_tokens)]
    pub jwt_secret: Option<String>,
    /// Instead of JWT_SECRET, several keys separated by commas: the first signs, and tokens of every one of them are taken.
    /// To change the key, put the new one behind the old on every node, then before it, then take the old one away
    #[arg(long, env = "JWT_SECRETS", hide_env_values = true, value_delimiter = ',', value_parser = parse_secret_of_tokens)]
    pub jwt_secrets: Vec<String>,
    /// Keys of an identity provider whose tokens are taken as well (RS256, ES256, EdDSA): the address of its JSON Web Key
    /// Set, or a file with it
    #[arg(long, env = "JWT_JWKS", value_parser = parse_place_of_keys)]
    pub jwt_jwks: Option<String>,
    /// The iss of the provider's tokens; required with JWT_JWKS
    #[arg(long, env = "JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// What the aud of the provider's tokens must hold; required with JWT_JWKS
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,
    /// What becomes of people of the provider whom this server does not know by their address
    #[arg(long, env = "JWT_USERS", value_enum, default_value = "existing")]
    pub jwt_users: ProviderUsers,
    /// Who may register: open for everybody, closed for nobody without an invitation, or the domains of addresses,
    /// separated by commas
    #[arg(long, env = "REGISTRATION", default_value = "open", value_parser = parse_policy_of_registration)]
    pub registration: RegistrationPolicy,
    /// Lifetime of an access token, in ms
    #[arg(long, env = "ACCESS_TOKEN_TTL", default_value = "900000",
          value_parser = parse_duration_within_bounds::<1, 31_536_000_000>)]
    pub access_token_ttl: Duration,
    /// Lifetime of a refresh token, in ms
    #[arg(long, env = "REFRESH_TOKEN_TTL", default_value = "604800000",
          value_parser = parse_duration_within_bounds::<1, 315_360_000_000>)]
    pub refresh_token_ttl: Duration,
    /// How long a user read from the database may be served from memory, in ms
    #[arg(long, env = "USER_CACHE_TTL", default_value = "30000",
          value_parser = parse_duration_within_bounds::<1, 86_400_000>)]
    pub user_cache_ttl: Duration,
}

/// Sockets, presence and the event log.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Real time")]
pub struct RealtimeSettings {
    /// Time without an answer to a ping after which a socket is dead, in ms
    #[arg(long, env = "SOCKET_IO_PING_TIMEOUT", default_value = "60000",
          value_parser = parse_duration_within_bounds::<1, 86_400_000>)]
    pub ping_timeout: Duration,
    /// Time between pings, in ms
    #[arg(long, env = "SOCKET_IO_PING_INTERVAL", default_value = "25000",
          value_parser = parse_duration_within_bounds::<1, 86_400_000>)]
    pub ping_interval: Duration,
    /// Time without anything to send after which a SignalR client is pinged, in ms
    #[arg(long, env = "SIGNALR_KEEP_ALIVE_INTERVAL", default_value = "15000",
          value_parser = parse_duration_within_bounds::<1, 86_400_000>)]
    pub signalr_keep_alive_interval: Duration,
    /// Silence of a SignalR client that pings by itself after which it is gone, in ms
    #[arg(long, env = "SIGNALR_CLIENT_TIMEOUT", default_value = "30000",
          value_parser = parse_duration_within_bounds::<1, 86_400_000>)]
    pub signalr_client_timeout: Duration,
    /// How often the server gives a STOMP client a sign of life, and wants one of it, in ms; 0 for never
    #[arg(long, env = "STOMP_HEARTBEAT", default_value = "10000",
          value_parser = parse_duration_within_bounds::<0, 86_400_000>)]
    pub stomp_heartbeat: Duration,
    /// Set the cookie JSESSIONID for SockJS clients, by which load balancers keep a client at one node
    #[arg(long, env = "SOCKJS_COOKIE", value_parser = parse_switch_on_or_off, default_value = "false",
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub sockjs_cookie: bool,
    /// Time within which the sessions of a node that died are gone, in ms
    #[arg(long, env = "PRESENCE_TIMEOUT", default_value = "30000",
          value_parser = parse_duration_within_bounds::<1, 86_400_000>)]
    pub presence_timeout: Duration,
    /// Silence after which somebody is no longer typing, in ms
    #[arg(long, env = "TYPING_TIMEOUT", default_value = "3000",
          value_parser = parse_duration_within_bounds::<1, 3_600_000>)]
    pub typing_timeout: Duration,
    /// Time between the expiry of a token and the end of its connection, in ms
    #[arg(long, env = "TOKEN_GRACE", default_value = "30000",
          value_parser = parse_duration_within_bounds::<0, 86_400_000>)]
    pub token_grace: Duration,
    /// Frames waiting for one socket; with one more it is disconnected, to come back and resume
    #[arg(long, env = "SEND_QUEUE", default_value = "4096",
          value_parser = parse_number_within_bounds::<u32, 1, 1_000_000>)]
    pub send_queue: u32,
    /// Time without progress after which a socket with waiting frames is disconnected, in ms
    #[arg(long, env = "SLOW_CONSUMER_TIMEOUT", default_value = "30000",
          value_parser = parse_duration_within_bounds::<1, 86_400_000>)]
    pub slow_consumer_timeout: Duration,
    /// Events one resume replays; a longer gap is answered with complete: false
    #[arg(long, env = "REPLAY_LIMIT", default_value = "1000",
          value_parser = parse_number_within_bounds::<u32, 1, 100_000>)]
    pub replay_limit: u32,
    /// Deliveries per second that single joins and leaves may cost a node; beyond that only counts are sent
    #[arg(long, env = "PRESENCE_FANOUT", default_value = "8000",
          value_parser = parse_number_within_bounds::<u32, 1, 1_000_000_000>)]
    pub presence_fanout: u32,
    /// How long a transaction that does not end may hold back the events behind its own, in ms
    // Whoever commits within 2 s relies on the positions it was given (`PUBLISH_LIMIT` in the domain).
    #[arg(long, env = "LOG_GAP_LIMIT", default_value = "10000",
          value_parser = parse_duration_within_bounds::<3_000, 600_000>)]
    pub log_gap_limit: Duration,
    /// Time after which a critical incident that none of those told has seen is told to the next, in ms; 0 switches that off
    #[arg(long, env = "ESCALATION_SEEN_TIMEOUT", default_value = "60000",
          value_parser = parse_duration_within_bounds::<0, 86_400_000>)]
    pub escalation_seen_timeout: Duration,
    /// Time after which a critical incident that nobody has acknowledged is told to the next, in ms; 0 switches that off
    #[arg(long, env = "ESCALATION_ACK_TIMEOUT", default_value = "300000",
          value_parser = parse_duration_within_bounds::<0, 86_400_000>)]
    pub escalation_ack_timeout: Duration,
    /// Time between two reminders once every Auror and Prefect was told, in ms; 0 for none
    #[arg(long, env = "ESCALATION_REPEAT", default_value = "300000",
          value_parser = parse_duration_within_bounds::<0, 86_400_000>)]
    pub escalation_repeat: Duration,
    /// Steps of one escalation at most; 0 for none
    #[arg(long, env = "ESCALATION_STEPS", default_value = "12",
          value_parser = parse_number_within_bounds::<u32, 0, 1_000>)]
    pub escalation_steps: u32,
    /// Age at which events are trimmed from the log, in ms or with a unit
    #[arg(long, env = "EVENT_LOG_RETENTION", default_value = "7d",
          value_parser = parse_duration_within_bounds::<1, 315_360_000_000>)]
    pub event_log_retention: Duration,
    /// How long a Socket.IO client that lost its connection can recover it, in ms or with a unit; at most
    /// EVENT_LOG_RETENTION; 0 switches it off
    #[arg(long, env = "RECOVERY_RETENTION", default_value = "24h",
          value_parser = parse_duration_within_bounds::<0, 315_360_000_000>)]
    pub recovery_retention: Duration,
    /// Events above which the oldest are trimmed whatever their age
    #[arg(long, env = "EVENT_LOG_MAX_ROWS", default_value = "5000000",
          value_parser = parse_number_within_bounds::<i64, 1, 1_000_000_000_000>)]
    pub event_log_max_rows: i64,
}

/// Rates and sizes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitSettings {
    /// Wrong passwords per minute and address, and with it those of one account, each of which waits longer; 0 for no
    /// limit
    #[arg(long, env = "RATE_LIMIT_AUTH", default_value = "30",
          value_parser = parse_number_within_bounds::<u32, 0, 1_000_000>)]
    pub rate_limit_auth: u32,
    /// Registrations per hour and address; 0 for no limit
    #[arg(long, env = "RATE_LIMIT_REGISTER", default_value = "60",
          value_parser = parse_number_within_bounds::<u32, 0, 1_000_000>)]
    pub rate_limit_register: u32,
    /// Requests that notify people (critical incidents, assignments, mentions) per minute and user; 0 for no limit
    #[arg(long, env = "RATE_LIMIT_NOTIFY", default_value = "60",
          value_parser = parse_number_within_bounds::<u32, 0, 1_000_000>)]
    pub rate_limit_notify: u32,
    /// REST requests per second and user, and of each API token; 0 for no limit
    #[arg(long, env = "RATE_LIMIT_HTTP", default_value = "50",
          value_parser = parse_number_within_bounds::<u32, 0, 1_000_000>)]
    pub rate_limit_http: u32,
    /// Events per second and socket, with bursts of twice as many, and four times as many per second and user or API token; 0 for no
    /// limit
    #[arg(long, env = "RATE_LIMIT_EVENTS", default_value = "50",
          value_parser = parse_number_within_bounds::<u32, 0, 1_000_000>)]
    pub rate_limit_events: u32,
    /// Size of a REST request's body, in bytes
    #[arg(long, env = "LIMIT_BODY", default_value = "256kB", value_parser = parse_size_in_bytes)]
    pub limit_body: usize,
    /// Size of a socket message, in bytes
    #[arg(long, env = "LIMIT_MESSAGE", default_value = "64kB", value_parser = parse_size_in_bytes)]
    pub limit_message: usize,
    /// Sockets of one user on one node
    #[arg(long, env = "MAX_SOCKETS_PER_USER", default_value = "32",
          value_parser = parse_number_within_bounds::<u32, 1, 1_000_000>)]
    pub max_sockets_per_user: u32,
    /// Length of an incident's title, in characters, up to the 200 of its column
    #[arg(long, env = "LIMIT_TITLE", default_value = "200", value_parser = parse_number_within_bounds::<u32, 1, 200>)]
    pub limit_title: u32,
    /// Length of a description, comment or resolution, in characters, up to 100000
    #[arg(long, env = "LIMIT_TEXT", default_value = "10000",
          value_parser = parse_number_within_bounds::<u32, 1, 100_000>)]
    pub limit_text: u32,
    /// Length of a location, in characters, up to the 200 of its column
    #[arg(long, env = "LIMIT_LOCATION", default_value = "200",
          value_parser = parse_number_within_bounds::<u32, 1, 200>)]
    pub limit_location: u32,
    /// Length of a person's name, in characters, up to the 100 of its column
    #[arg(long, env = "LIMIT_NAME", default_value = "100", value_parser = parse_number_within_bounds::<u32, 1, 100>)]
    pub limit_name: u32,
    /// People one comment may mention
    #[arg(long, env = "LIMIT_MENTIONS", default_value = "20",
          value_parser = parse_number_within_bounds::<u32, 1, 1_000>)]
    pub limit_mentions: u32,
    /// Rows of one page of a list
    #[arg(long, env = "LIMIT_PAGE", default_value = "100",
          value_parser = parse_number_within_bounds::<u32, 1, 1_000>)]
    pub limit_page: u32,
}
