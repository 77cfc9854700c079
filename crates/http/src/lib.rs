//! Owl Post over plain HTTP: REST, server-sent events, and the document that describes them.
//!
//! Read in this order:
//!
//! - [`config`] and [`state`]: what the surface is told, and what every handler holds;
//! - `router`: the table of contents, every route of the crate in one file; then one file per resource:
//!   `auth`, `logins`, `one_time_links`, `tokens`, `users`, `incidents`, `comments`, `notifications`, `presence`, `events` (JSON) and `sse` (streams),
//!   `hooks` (one file per tool), `webhooks`, `outlets`, `meta`, `health`, `docs`;
//! - `extract`: what handlers take, each with refusals in the one documented shape;
//! - [`error`]: the one place that turns a failure into a status, a code and a body;
//! - what stands before the handlers, from the outside in: `observe` (log line, metrics; `request_id` gives each its
//!   id), `protect` (headers, CORS, compression, panics, timeout, size), `admit` (tokens and rates), `doors` (how often
//!   strangers may try), `token_doors` (what a token must open for each operation); `audit` writes who did what to whom;
//! - `openapi`: what makes the routes' document the one at `/api/openapi.json`, with `openapi_operation`, what all
//!   operations share, and `event_schema`, what no type says by itself;
//! - `incident_pages`: what is kept of what many ask for; `operators`: Aurors who come by another door; `accepted_values`: what a client says it takes;
//! - `paths`: those that more than the router speaks of.
//!
//! Authorisation itself is the domain's; publishing what changed is the realtime crate's.

mod accepted_values;
mod acknowledge;
mod admit;
mod audit;
mod auth;
mod comments;
pub mod config;
mod docs;
mod doors;
pub mod error;
mod event_schema;
mod events;
mod extract;
mod health;
mod hooks;
mod incident_pages;
mod incidents;
mod logins;
mod meta;
mod notifications;
mod observe;
mod one_time_links;
mod openapi;
mod openapi_operation;
mod operators;
mod outlets;
mod paths;
mod presence;
mod protect;
mod receipts;
mod request_id;
mod router;
mod sse;
pub mod state;
mod timeline;
mod token_doors;
mod tokens;
mod users;
mod web_push;
mod webhooks;

pub use accepted_values::is_value_accepted_with_quality;
pub use config::{DemoUser, HttpConfig, MetricsRenderer, StallCheck};
pub use error::HttpError;
pub use router::{build_openapi_document_of_routes, build_router_of_http};
pub use state::HttpState;
