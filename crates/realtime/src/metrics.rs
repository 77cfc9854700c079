//! What the core counts, by what happened. Names and their meaning are in `owlpost_metrics`.

use std::time::{Duration, Instant};

use owlpost_domain::EventName;
use owlpost_metrics::*;

/// Begins the counters of each event at zero.
pub(crate) fn begin_counters_of_events() {
    for name in EventName::ALL {
        metrics::counter!(EVENT_DELIVERIES, "event" => name.as_str()).increment(0);
    }
}

pub(crate) fn observe_delivery_latency_since(committed_at: Instant) {
    metrics::histogram!(DELIVERY_LATENCY).record(committed_at.elapsed().as_secs_f64());
}

pub(crate) fn count_event_deliveries_by_name(name: EventName, deliveries: u64) {
    metrics::counter!(EVENT_DELIVERIES, "event" => name.as_str()).increment(deliveries);
}

pub(crate) fn count_session_closed_by_server(reason: &'static str) {
    metrics::counter!(SESSIONS_CLOSED, "reason" => reason).increment(1);
}

pub(crate) fn count_session_resume_outcome(complete: bool, replayed: usize) {
    let complete = if complete { "true" } else { "false" };
    metrics::counter!(RESUMES, "complete" => complete).increment(1);
    metrics::counter!(REPLAYED_EVENTS).increment(replayed as u64);
}

pub(crate) fn count_session_recovery_outcome(recovered: bool) {
    let recovered = if recovered { "true" } else { "false" };
    metrics::counter!(RECOVERIES, "recovered" => recovered).increment(1);
}

/// `how`: `rolled_back`, or `fenced` when its transaction did not end.
pub(crate) fn count_log_gap_passed_over(how: &'static str) {
    metrics::counter!(LOG_GAPS, "how" => how).increment(1);
}

/// Zero when nothing is missing.
pub(crate) fn observe_open_log_gap(age: Duration) {
    metrics::gauge!(LOG_GAP_AGE).set(age.as_secs_f64());
}

pub(crate) fn count_log_epoch_begun() {
    metrics::counter!(LOG_EPOCHS).increment(1);
}

/// Events of a newer version that passed through this node. Their names are bounded (see `UnknownName`).
pub(crate) fn count_foreign_log_events(name: EventName, events: u64) {
    metrics::counter!(FOREIGN_EVENTS, "event" => name.as_str()).increment(events);
}

pub(crate) fn count_receipts_without_room(receipts: u64) {
    metrics::counter!(RECEIPTS_DROPPED).increment(receipts);
}

pub(crate) fn count_escalation_step_made() {
    metrics::counter!(ESCALATION_STEPS).increment(1);
}

pub(crate) fn count_presence_announcements_left_out(announcements: usize) {
    metrics::counter!(PRESENCE_ANNOUNCEMENTS_LEFT_OUT).increment(announcements as u64);
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn observe_presence_group_size(changes: usize) {
    metrics::histogram!(PRESENCE_GROUP_CHANGES).record(changes as f64);
}

pub(crate) fn show_nodes_with_other_secret(nodes: u32) {
    metrics::gauge!(NODES_WITH_OTHER_SECRET).set(f64::from(nodes));
}

pub(crate) fn count_presence_news_dropped() {
    metrics::counter!(PRESENCE_NEWS_DROPPED).increment(1);
}

pub(crate) fn count_bus_message_dropped() {
    metrics::counter!(BUS_MESSAGES_DROPPED).increment(1);
}

/// Of a kind that another version of the server sends.
pub(crate) fn count_bus_message_unknown() {
    metrics::counter!(BUS_MESSAGES_UNKNOWN).increment(1);
}
