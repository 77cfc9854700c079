//! What is counted only when somebody looks.

use owlpost_metrics::*;

use super::parts::Parts;

/// Sets the gauges that are counted only when somebody looks.
#[allow(clippy::cast_precision_loss)]
pub(super) fn set_gauges_of_parts(parts: &Parts) {
    let (sessions, topics) = parts.dispatcher.registry.count_sessions_and_topics();
    let (open, idle, most) = parts.store.read_pool_usage_numbers();
    let counts = parts.directory.count_online_users_by_role();
    let gauges = [
        (SESSIONS, sessions as f64),
        (TOPICS, topics as f64),
        (USERS_ONLINE, f64::from(counts.total())),
        (INCIDENTS_WITH_VIEWERS, parts.directory.count_incidents_with_viewers() as f64),
        (TYPISTS, parts.typing.count_typists_of_node() as f64),
        (PRESENCE_CHANGES_WAITING, parts.presence_queue.count_changes_not_written() as f64),
        (LOG_POSITION, parts.feed.delivered_position() as f64),
        (UNDELIVERED_CHANGE_AGE, parts.feed.age_of_undelivered_change().as_secs_f64()),
        (DATABASE_CONNECTIONS, f64::from(open)),
        (DATABASE_CONNECTIONS_IDLE, idle as f64),
        (DATABASE_CONNECTIONS_MAX, f64::from(most)),
        (TOKIO_TASKS_ALIVE, tokio::runtime::Handle::current().metrics().num_alive_tasks() as f64),
    ];
    for (name, value) in gauges {
        metrics::gauge!(name).set(value);
    }
    for (task, age) in parts.health.list_ages_of_tasks() {
        metrics::gauge!(TASK_LAST_SUCCESS_AGE, "task" => task).set(age);
    }
}
