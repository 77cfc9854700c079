//! Owl Post's domain: users, incidents, comments, notifications, presence rows and the event log, on Postgres.
//!
//! Every piece of SQL of the product is in this crate, and nothing here knows HTTP, Socket.IO or a status code.
//! Read in this order:
//!
//! - [`model`]: the nouns of the contract, and [`payload`], what each event says about them
//!   ([`payload_schema`] describes it to others);
//! - [`event`]: event names, topics (rooms), and what one row of the log is, and `event_drafts`, rows that are to be written;
//! - [`error`]: the one error type, with the codes every surface answers, and [`causes`], what the log says of it;
//! - [`recovery`]: what is kept of a connection for its client to come back to;
//! - [`policy`]: who may do what, in one function, and [`authority`], what a token opens of that;
//! - [`validate`]: the limits of every text; [`search_text`]: what search compares, and `search_index`, what is written of it;
//! - [`store`]: the door to Postgres (`connections`: the pool behind it), and in modules of their own what is done through it:
//!   [`people`], [`incidents`], [`incident_list`], [`comments`], [`comment_counts`], [`notifications`], [`event_log`],
//!   [`presence`], [`recoveries`], [`idempotency`], [`housekeeping`], [`import`]; lists come in [`page`]s, and reads of the same moment are [`shared_reads`];
//! - [`acknowledgement`], [`escalation_plan`], `escalation_schedule`, [`escalations`], [`receipts`], [`timeline`]: who has an incident, who is told next when nobody has it, whom
//!   that reached, and everything that happened to it;
//! - [`alert`]: what a tool's delivery comes to, [`alert_rules`] (and `alert_template`), how it is reported, and [`hooks`], the
//!   incidents that alerts become;
//! - [`outlets`]: how far those outside have been told of the log, and which node tells them; [`event_patterns`]: what they want;
//!   [`webhooks`]: addresses of theirs that are called, [`web_push`]: browsers that are told, by the [`push_identity`] of the server;
//! - `change`: the unit of work every change goes through, and `write_groups`: changes that share a commit;
//! - [`constraints`]: what each constraint of the schema means to a client, and `database_error`, what every other
//!   failure of the database does;
//! - [`account`]: a person as everything that admits them needs them; `hashing`: turns of the work that passwords are; `random_token`:
//!   secrets that are drawn;
//! - [`access_token`]: JSON Web Tokens of our own, [`identity_provider`], those of others, and [`api_tokens`], those of tools;
//! - [`fault_hook`]: for tests only.

pub mod access_token;
pub mod account;
pub mod acknowledgement;
pub mod alert;
pub mod alert_rules;
mod alert_template;
pub mod api_tokens;
pub mod authority;
pub mod causes;
mod change;
mod clock;
pub mod comment_counts;
pub mod comments;
pub mod config;
mod connections;
pub mod constraints;
mod database_error;
pub mod database_fitness;
mod deadline;
pub mod diagnostics;
pub mod error;
pub mod escalation_plan;
mod escalation_schedule;
pub mod escalations;
pub mod event;
mod event_drafts;
pub mod event_log;
pub mod event_patterns;
pub mod fault_hook;
mod hashing;
pub mod hooks;
pub mod housekeeping;
pub mod idempotency;
pub mod identity_provider;
pub mod import;
pub mod incident_changes;
pub mod incident_list;
pub mod incidents;
pub mod mentions;
pub mod model;
mod named_schema;
mod notification_drafts;
mod notification_row;
pub mod notifications;
pub mod outlets;
pub mod page;
pub mod payload;
pub mod payload_schema;
pub mod people;
pub mod policy;
pub mod presence;
pub mod push_identity;
mod random_token;
pub mod receipts;
pub mod recoveries;
pub mod recovery;
mod rows;
mod search_index;
pub mod search_text;
pub mod shared_reads;
pub mod store;
pub mod timeline;
mod unread;
mod vacuum;
pub mod validate;
pub mod web_push;
pub mod webhooks;
mod write_groups;

pub use authority::{Authority, Door, Scope};
pub use config::{DomainConfig, Limits, RegistrationPolicy};
pub use error::{DomainError, ErrorCode, Result};
pub use event::{Committed, EventName, EventPayload, LoggedEvent, Topic};
pub use hashing::Applicant;
pub use model::{
    Comment, Incident, IncidentId, IncidentSort, Notification, Role, Severity, Status, User, UserId,
};
pub use store::Store;
