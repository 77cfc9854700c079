//! Names of everything measured in the realtime core and its gateways.

use std::time::{Duration, Instant};

use owlpost_domain::EventName;

use crate::{Realtime, delivery::transport::CloseReason};

/// Seconds from the commit to the hand-over to every transport.
pub const DELIVERY_LATENCY: &str = "owlpost_delivery_latency_seconds";
/// Events handed to sessions, by name.
pub const DELIVERIES: &str = "owlpost_event_deliveries_total";
/// Events received from clients, by name.
pub const CLIENT_EVENTS: &str = "owlpost_client_events_total";
/// Connections opened, by transport and protocol.
pub const CONNECTIONS_OPENED: &str = "owlpost_connections_opened_total";
/// Live sessions.
pub const SESSIONS: &str = "owlpost_sessions";
/// Topics with listeners.
pub const TOPICS: &str = "owlpost_topics";

pub(crate) fn observe_delivery_latency_since(committed_at: Instant) {
    metrics::histogram!(DELIVERY_LATENCY).record(committed_at.elapsed().as_secs_f64());
}

pub(crate) fn count_event_deliveries_by_name(name: EventName, deliveries: u64) {
    metrics::counter!(DELIVERIES, "event" => name.as_str()).increment(deliveries);
}

pub(crate) fn count_session_closed_by_server(reason: CloseReason) {
    metrics::counter!("owlpost_sessions_closed_total", "reason" => reason.as_str()).increment(1);
}

pub(crate) fn count_session_resume_outcome(complete: bool, replayed: usize) {
    let complete = if complete { "true" } else { "false" };
    metrics::counter!("owlpost_resumes_total", "complete" => complete).increment(1);
    metrics::counter!("owlpost_replayed_events_total").increment(replayed as u64);
}

/// `how`: `rolled_back`, or `fenced` when its transaction did not end.
pub(crate) fn count_log_gap_passed_over(how: &'static str) {
    metrics::counter!("owlpost_log_gaps_total", "how" => how).increment(1);
}

/// Zero when nothing is missing.
pub(crate) fn observe_open_log_gap(age: Duration) {
    metrics::gauge!("owlpost_log_gap_age_seconds").set(age.as_secs_f64());
}

pub(crate) fn count_log_epoch_begun() {
    metrics::counter!("owlpost_log_epochs_total").increment(1);
}

/// Events of a newer version that passed through this node. Their names are bounded (see `UnknownName`).
pub(crate) fn count_foreign_log_events(name: EventName, events: u64) {
    metrics::counter!("owlpost_foreign_events_total", "event" => name.as_str()).increment(events);
}

pub(crate) fn count_presence_announcement_left_out() {
    metrics::counter!("owlpost_presence_announcements_left_out_total").increment(1);
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn observe_presence_group_size(changes: usize) {
    metrics::histogram!("owlpost_presence_group_changes").record(changes as f64);
}

impl Realtime {
    /// Sets the gauges that are counted only when somebody looks.
    #[allow(clippy::cast_precision_loss)]
    pub fn refresh_gauges_before_scrape(&self) {
        let (sessions, topics) = self.0.registry.count_sessions_and_topics();
        let (open, idle, most) = self.0.store.read_pool_usage_numbers();
        let counts = self.presence().count_online_users_by_role();
        let gauges = [
            (SESSIONS, sessions as f64),
            (TOPICS, topics as f64),
            ("owlpost_users_online", f64::from(counts.total())),
            (
                "owlpost_incidents_with_viewers",
                self.presence().count_incidents_with_viewers() as f64,
            ),
            ("owlpost_typists", self.0.typing.count_current_typists_here() as f64),
            (
                "owlpost_presence_changes_waiting",
                self.0.presence_writer.count_changes_not_written() as f64,
            ),
            ("owlpost_log_position", self.0.feed.delivered_position() as f64),
            (
                "owlpost_undelivered_change_age_seconds",
                self.0.feed.age_of_undelivered_change().as_secs_f64(),
            ),
            ("owlpost_database_connections", f64::from(open)),
            ("owlpost_database_connections_idle", idle as f64),
            ("owlpost_database_connections_max", f64::from(most)),
            (
                "owlpost_tokio_tasks_alive",
                tokio::runtime::Handle::current().metrics().num_alive_tasks() as f64,
            ),
        ];
        for (name, value) in gauges {
            metrics::gauge!(name).set(value);
        }
        for (task, age) in self.0.health.list_ages_of_tasks() {
            metrics::gauge!("owlpost_task_last_success_age_seconds", "task" => task).set(age);
        }
    }
}
