//! What the domain can be told: limits, lifetimes and timeouts.

use std::time::Duration;

use crate::{
    alert_rules::HookRules, escalation_plan::EscalationConfig, identity_provider::ProviderConfig,
};

/// Bounds of what people may send. Lengths are in Unicode characters.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest incident title.
    pub title_chars: usize,
    /// Longest description, comment and resolution.
    pub text_chars: usize,
    /// Longest location.
    pub location_chars: usize,
    /// Longest name of a person.
    pub name_chars: usize,
    /// Shortest password.
    pub password_min_chars: usize,
    /// Longest password.
    pub password_max_chars: usize,
    /// Distinct people one comment may mention.
    pub mentions_per_comment: usize,
    /// Logins of one person that are live at the same time; the one not used for longest makes room.
    pub logins_per_user: i64,
    /// API tokens of one person that are live at the same time.
    pub api_tokens_per_user: i64,
    /// Browsers of one person that are told by Web Push.
    pub push_subscriptions_per_user: i64,
    /// Webhooks of everybody together.
    pub webhooks: i64,
    /// Invitations that are open at the same time.
    pub open_invitations: i64,
    /// Rows of a page, and of one answer of the event log.
    pub page_size: u32,
    /// Longest `Idempotency-Key`.
    pub idempotency_key_chars: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            title_chars: 200,
            text_chars: 10_000,
            location_chars: 200,
            name_chars: 100,
            password_min_chars: 8,
            password_max_chars: 200,
            mentions_per_comment: 20,
            logins_per_user: 100,
            api_tokens_per_user: 50,
            push_subscriptions_per_user: 20,
            webhooks: 50,
            open_invitations: 1_000,
            page_size: 100,
            idempotency_key_chars: 255,
        }
    }
}

/// Who may register without an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Everybody.
    Open,
    /// Nobody.
    Closed,
    /// Whose address is of one of these domains, in lower case.
    Domains(Vec<String>),
}

impl RegistrationPolicy {
    /// Whether somebody with this address, in lower case, may register without an invitation.
    pub fn admits_person_with_email(&self, email: &str) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::Domains(domains) => email
                .rsplit_once('@')
                .is_some_and(|(_, of_email)| domains.iter().any(|domain| domain == of_email)),
        }
    }
}

/// Everything the domain is configured with.
#[derive(Debug, Clone)]
pub struct DomainConfig {
    /// Bounds of what people may send.
    pub limits: Limits,
    /// Keys of the access tokens' HMAC, at least 32 bytes each: the first signs, and every one of them verifies.
    pub jwt_secrets: Vec<Vec<u8>>,
    /// Who vouches for people besides this server.
    pub identity_provider: Option<ProviderConfig>,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// Whether people of the demo, whose password everybody knows, are admitted.
    pub admits_demo_users: bool,
    /// Lifetime of a link that sets a password.
    pub password_reset_ttl: Duration,
    /// Lifetime of an invitation.
    pub invitation_ttl: Duration,
    /// Lifetime of an access token.
    pub access_token_ttl: Duration,
    /// Lifetime of a refresh token.
    pub refresh_token_ttl: Duration,
    /// How long a user read from the database may be served from memory.
    pub user_cache_ttl: Duration,
    /// How long an answer is kept for its `Idempotency-Key`.
    pub idempotency_ttl: Duration,
    /// Age at which events are trimmed from the log.
    pub event_log_retention: Duration,
    /// Rows above which the oldest events are trimmed whatever their age.
    pub event_log_max_rows: i64,
    /// How alerts of tools are reported.
    pub hook_rules: HookRules,
    /// When others are told of a critical incident that nobody takes.
    pub escalation: EscalationConfig,
    /// How long a client that lost its connection can recover it; zero: never.
    pub recovery_retention: Duration,
    /// Connections of one user that are kept to be recovered; the oldest make room.
    pub recoveries_per_user: i64,
    /// Longest any one statement may take.
    pub statement_timeout: Duration,
    /// Longest wait for a connection, opening one included.
    pub connection_timeout: Duration,
}

impl DomainConfig {
    /// The product's defaults, with the given signing secret.
    pub fn with_secret(jwt_secret: impl Into<Vec<u8>>) -> Self {
        Self {
            limits: Limits::default(),
            jwt_secrets: vec![jwt_secret.into()],
            identity_provider: None,
            registration: RegistrationPolicy::Open,
            admits_demo_users: false,
            password_reset_ttl: Duration::from_secs(24 * 3600),
            invitation_ttl: Duration::from_secs(7 * 24 * 3600),
            access_token_ttl: Duration::from_secs(15 * 60),
            refresh_token_ttl: Duration::from_secs(7 * 24 * 3600),
            user_cache_ttl: Duration::from_secs(30),
            idempotency_ttl: Duration::from_secs(24 * 3600),
            event_log_retention: Duration::from_secs(7 * 24 * 3600),
            event_log_max_rows: 5_000_000,
            hook_rules: HookRules::default(),
            escalation: EscalationConfig::default(),
            recovery_retention: Duration::from_secs(24 * 3600),
            recoveries_per_user: 64,
            statement_timeout: Duration::from_secs(3),
            connection_timeout: Duration::from_secs(3),
        }
    }

    /// A live connection is noted as seen when that was last done so long ago. A connection whose node dies can be
    /// recovered for that much less.
    pub fn recovery_refresh_age(&self) -> Duration {
        self.recovery_retention / 8
    }
}
