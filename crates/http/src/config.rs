//! What the HTTP surface can be told.

use std::{sync::Arc, time::Duration};

use owlpost_domain::Role;
use serde::Serialize;
use utoipa::ToSchema;

/// Renders the metrics of the process in Prometheus' text format.
pub type MetricsRenderer = Arc<dyn Fn() -> String + Send + Sync>;

/// Tells whether worker threads of the process are stuck. Asked by every request for the health of the server.
pub type StallCheck = Arc<dyn Fn() -> bool + Send + Sync>;

/// A login shown to everybody, because the server runs for demonstration.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DemoUser {
    /// Address to log in with.
    pub email: String,
    /// Name to show.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Password to log in with.
    pub password: String,
}

/// Everything the HTTP surface is configured with.
#[derive(Clone)]
pub struct HttpConfig {
    /// Path below which the surface is, where it is not at the top: for addresses in bodies.
    pub base_path: String,
    /// Origins of pages that may call with credentials; a single `*` is any origin, without credentials.
    pub cors_origins: Vec<String>,
    /// Largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// Longest time from the head of a request to the head of its answer.
    pub request_timeout: Duration,
    /// Wrong passwords per minute and address; 0 for no limit, of accounts either.
    pub rate_limit_auth: u32,
    /// Registrations per hour and address; 0 for no limit.
    pub rate_limit_register: u32,
    /// Requests per second and user; 0 for no limit.
    pub rate_limit_http: u32,
    /// Requests that notify people, per minute and user; 0 for no limit.
    pub rate_limit_notify: u32,
    /// What `GET /metrics` must be asked with; anybody may without.
    pub metrics_token: Option<String>,
    /// Logins of the demonstration; empty when this is not one.
    pub demo_users: Vec<DemoUser>,
    /// Answers `GET /metrics`.
    pub metrics_renderer: MetricsRenderer,
    /// Fails `GET /health` and `GET /health/ready` while it says so.
    pub workers_stuck: StallCheck,
    /// Silence after which a stream is sent a comment, so that proxies keep it open.
    pub stream_keep_alive: Duration,
    /// What a stream tells its reader to wait before it reconnects.
    pub stream_retry: Duration,
    /// Longest wait for presence changes in flight before presence is read.
    pub presence_settle_timeout: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            base_path: String::new(),
            cors_origins: vec!["http://localhost:3001".to_owned()],
            body_limit_bytes: 256 * 1024,
            request_timeout: Duration::from_secs(10),
            rate_limit_auth: 30,
            rate_limit_register: 60,
            rate_limit_http: 50,
            rate_limit_notify: 60,
            metrics_token: None,
            demo_users: Vec::new(),
            metrics_renderer: Arc::new(String::new),
            workers_stuck: Arc::new(|| false),
            stream_keep_alive: Duration::from_secs(15),
            stream_retry: Duration::from_secs(2),
            presence_settle_timeout: Duration::from_millis(500),
        }
    }
}
