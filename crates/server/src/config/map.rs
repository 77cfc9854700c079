//! From the options to what each crate takes.

use std::{net::SocketAddr, sync::Arc};

use owlpost_admission::{Networks, Places};
use owlpost_domain::{
    DomainConfig, Limits, escalation_plan::EscalationConfig, identity_provider::ProviderConfig,
};
use owlpost_gateway::{BrowserGuard, GatewayLimits};
use owlpost_http::{DemoUser, HttpConfig, MetricsRenderer};
use owlpost_realtime::RealtimeConfig;
use owlpost_signalr::SignalRConfig;
use owlpost_socketio::{
    SocketIoConfig,
    admin::{OperatorDoor, console::ConsoleConfig},
};
use owlpost_stomp::StompConfig;

use super::{
    Settings,
    settings::{AdminUiMode, LimitSettings, ProviderUsers},
};
use crate::{
    demo::{DEMO_PASSWORD, DEMO_USERS},
    identity_keys::open_source_of_keys,
    listener::{
        ListenerConfig, acme::AcmeSettings, certificate_files::CertificateFiles, tls::TlsDoor,
    },
};

/// Size of a request's head. Tokens travel in it; 16 kB is what others allow.
const MAX_HEADER_BYTES: usize = 16 * 1024;

impl Settings {
    /// Address to listen on.
    pub fn listen_addr(&self) -> SocketAddr {
        SocketAddr::new(self.server.host, self.server.port)
    }

    /// The keys of access tokens that were given: the first signs.
    pub fn list_given_jwt_secrets(&self) -> Vec<String> {
        let identity = &self.identity;
        identity.jwt_secret.iter().chain(&identity.jwt_secrets).cloned().collect()
    }

    /// Places for as many connections, or as many sessions, as there may be: of all clients and of one address.
    pub fn to_places(&self) -> anyhow::Result<Arc<Places>> {
        let server = &self.server;
        // Behind a proxy are many clients; their sessions are counted by the addresses it forwards.
        let unlimited = server.unlimited_addresses.iter().chain(&server.trusted_proxies);
        Ok(Places::new(
            server.max_connections as usize,
            server.max_connections_per_address as usize,
            Networks::from_texts(unlimited)?,
        ))
    }

    /// The scheme of the server's own address.
    pub fn choose_scheme_of_address(&self) -> &'static str {
        let is_encrypted = self.tls.tls_certificate.is_some() || !self.tls.acme_domains.is_empty();
        if is_encrypted { "https" } else { "http" }
    }

    /// The door of https, and who renews what it shows, in tasks of the runtime; `None` when http is spoken.
    pub fn open_tls_door_when_configured(&self) -> anyhow::Result<Option<TlsDoor>> {
        let tls = &self.tls;
        if let (Some(certificate), Some(key)) = (&tls.tls_certificate, &tls.tls_key) {
            let files = Arc::new(CertificateFiles::open(certificate, key)?);
            tokio::spawn(files.clone().follow_changes_of_files());
            return Ok(Some(TlsDoor::with_certificates(files)?));
        }
        if tls.acme_domains.is_empty() {
            return Ok(None);
        }
        let acme = AcmeSettings {
            domains: tls.acme_domains.clone(),
            contact: tls.acme_contact.clone(),
            directory: tls.acme_directory.clone(),
            cache: tls.acme_cache.clone().unwrap_or_else(|| self.database.data_dir.join("acme")),
        };
        let (door, renewing) = acme.open_door_for_domains()?;
        tokio::spawn(renewing);
        Ok(Some(door))
    }

    /// Bounds of the listener.
    pub fn to_listener_config(&self, tls: Option<TlsDoor>) -> anyhow::Result<ListenerConfig> {
        Ok(ListenerConfig {
            tls,
            places: self.to_places()?,
            trusted_proxies: Networks::from_texts(&self.server.trusted_proxies)?,
            header_read_timeout: self.server.header_read_timeout,
            max_header_bytes: MAX_HEADER_BYTES,
            tcp_user_timeout: self.server.tcp_user_timeout,
            drain_timeout: self.server.drain_timeout,
        })
    }

    /// What the domain takes; `jwt_secrets` are the given ones, or the one of the data directory.
    pub fn to_domain_config(&self, jwt_secrets: &[String]) -> DomainConfig {
        DomainConfig {
            limits: map_limits_from_settings(&self.limits),
            access_token_ttl: self.identity.access_token_ttl,
            refresh_token_ttl: self.identity.refresh_token_ttl,
            user_cache_ttl: self.identity.user_cache_ttl,
            event_log_retention: self.realtime.event_log_retention,
            event_log_max_rows: self.realtime.event_log_max_rows,
            // What the log does not reach nobody can recover.
            recovery_retention: self
                .realtime
                .recovery_retention
                .min(self.realtime.event_log_retention),
            escalation: EscalationConfig {
                seen_timeout: self.realtime.escalation_seen_timeout,
                ack_timeout: self.realtime.escalation_ack_timeout,
                repeat: self.realtime.escalation_repeat,
                steps: self.realtime.escalation_steps,
            },
            hook_rules: self.hooks.to_hook_rules(),
            recoveries_per_user: 2 * i64::from(self.limits.max_sockets_per_user),
            statement_timeout: self.database.statement_timeout,
            connection_timeout: self.database.statement_timeout,
            jwt_secrets: jwt_secrets.iter().map(|secret| secret.clone().into_bytes()).collect(),
            identity_provider: self.to_provider_config(),
            registration: self.identity.registration.clone(),
            admits_demo_users: self.server.demo,
            ..DomainConfig::with_secret([])
        }
    }

    /// The identity provider, if there is one.
    fn to_provider_config(&self) -> Option<ProviderConfig> {
        let identity = &self.identity;
        Some(ProviderConfig {
            source: open_source_of_keys(identity.jwt_jwks.as_deref()?),
            issuer: identity.jwt_issuer.clone()?,
            audience: identity.jwt_audience.clone()?,
            creates_users: identity.jwt_users == ProviderUsers::Create,
        })
    }

    /// What the realtime core takes; `sole_node` when the database serves this process alone.
    pub fn to_realtime_config(&self, sole_node: bool) -> RealtimeConfig {
        RealtimeConfig {
            presence_timeout: self.realtime.presence_timeout,
            typing_timeout: self.realtime.typing_timeout,
            token_grace: self.realtime.token_grace,
            replay_limit: self.realtime.replay_limit,
            log_gap_limit: self.realtime.log_gap_limit,
            send_queue_frames: self.realtime.send_queue as usize,
            slow_consumer_timeout: self.realtime.slow_consumer_timeout,
            sessions_per_user: self.limits.max_sockets_per_user as usize,
            presence_fanout_per_second: self.realtime.presence_fanout,
            sole_node,
            redis_url: self.database.redis_url.clone(),
            ..RealtimeConfig::default()
        }
    }

    /// Bounds of each connection, for every gateway.
    pub fn to_gateway_limits(&self) -> GatewayLimits {
        GatewayLimits {
            max_message_bytes: self.limits.limit_message,
            calls_per_second: self.limits.rate_limit_events,
            calls_burst: self.limits.rate_limit_events.saturating_mul(2),
            ..GatewayLimits::default()
        }
    }

    /// Which web pages may connect to any gateway.
    pub fn to_browser_guard(&self) -> BrowserGuard {
        BrowserGuard::new(self.server.cors_origin.clone())
    }

    /// What the Socket.IO gateway takes.
    pub fn to_socketio_config(&self, door: impl OperatorDoor) -> SocketIoConfig {
        let console = self.server.admin_ui.then(|| ConsoleConfig {
            door: Arc::new(door),
            is_development: self.server.admin_ui_mode == AdminUiMode::Development,
        });
        SocketIoConfig {
            console,
            ping_interval: self.realtime.ping_interval,
            ping_timeout: self.realtime.ping_timeout,
            ..SocketIoConfig::default()
        }
    }

    /// What the SignalR gateway takes.
    pub fn to_signalr_config(&self) -> SignalRConfig {
        SignalRConfig {
            keep_alive_interval: self.realtime.signalr_keep_alive_interval,
            client_timeout: self.realtime.signalr_client_timeout,
            ..SignalRConfig::default()
        }
    }

    /// What the STOMP gateway takes.
    pub fn to_stomp_config(&self) -> StompConfig {
        StompConfig {
            heart_beat: self.realtime.stomp_heartbeat,
            sockjs_cookie: self.realtime.sockjs_cookie,
            guesses_per_minute: self.limits.rate_limit_auth,
            ..StompConfig::default()
        }
    }

    /// What the HTTP surface takes.
    pub fn to_http_config(&self, metrics_renderer: MetricsRenderer) -> HttpConfig {
        let demo_users = if self.server.demo { demo_users_with_password() } else { Vec::new() };
        HttpConfig {
            base_path: self.server.base_path.clone(),
            cors_origins: self.server.cors_origin.clone(),
            body_limit_bytes: self.limits.limit_body,
            request_timeout: self.server.request_timeout,
            rate_limit_auth: self.limits.rate_limit_auth,
            rate_limit_register: self.limits.rate_limit_register,
            rate_limit_http: self.limits.rate_limit_http,
            rate_limit_notify: self.limits.rate_limit_notify,
            metrics_token: self.server.metrics_token.clone(),
            demo_users,
            metrics_renderer,
            ..HttpConfig::default()
        }
    }
}

fn demo_users_with_password() -> Vec<DemoUser> {
    DEMO_USERS
        .iter()
        .map(|(email, name, role)| DemoUser {
            email: (*email).to_owned(),
            name: (*name).to_owned(),
            role: *role,
            password: DEMO_PASSWORD.to_owned(),
        })
        .collect()
}

fn map_limits_from_settings(limits: &LimitSettings) -> Limits {
    Limits {
        title_chars: limits.limit_title as usize,
        text_chars: limits.limit_text as usize,
        location_chars: limits.limit_location as usize,
        name_chars: limits.limit_name as usize,
        mentions_per_comment: limits.limit_mentions as usize,
        page_size: limits.limit_page,
        ..Limits::default()
    }
}
