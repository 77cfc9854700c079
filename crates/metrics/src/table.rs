//! The table. A row here is all that a new metric needs besides the place where it is counted.

use crate::{Kind, Label, LabelValues::Known, LabelValues::Open, Metric};

/// The kinds of outlets, as their labels name them.
const OUTLET_KINDS: &[&str] = &["rabbitmq", "webhook", "web-push"];

/// Declares a constant for each name, and the table of all of them.
macro_rules! metrics {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal: $values:expr),*] $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+

        /// Every metric, in the order of the documentation.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: Kind::$kind,
            help: $help,
            labels: &[$(Label { name: $label, values: $values }),*],
        }),+];
    };
}

metrics! {
    // --- delivery
    DELIVERY_LATENCY: Histogram "owlpost_delivery_latency_seconds" []
        "Time from the confirmed commit of an event to its hand-over to every transport of this node.";
    EVENT_DELIVERIES: Counter "owlpost_event_deliveries_total" ["event": Open("name of the event")]
        "Events handed to sessions.";
    SESSIONS: Gauge "owlpost_sessions" []
        "Live sessions: sockets and streams.";
    TOPICS: Gauge "owlpost_topics" []
        "Topics with listeners.";
    SESSIONS_CLOSED: Counter "owlpost_sessions_closed_total"
        ["reason": Known(&["slow_consumer", "token_expired", "user_deleted", "rate_limited", "server_shutdown",
            "unavailable", "superseded", "login_ended"])]
        "Sessions that the server ended.";
    RESUMES: Counter "owlpost_resumes_total" ["complete": Known(&["true", "false"])]
        "Sessions that came back with a position, by whether everything missed could be replayed.";
    REPLAYED_EVENTS: Counter "owlpost_replayed_events_total" []
        "Events replayed to sessions that came back.";
    RECOVERIES: Counter "owlpost_recoveries_total" ["recovered": Known(&["true", "false"])]
        "Socket.IO clients that came back for the connection they had, by whether they got it whole.";

    // --- the log
    LOG_POSITION: Gauge "owlpost_log_position" []
        "Position of the newest event that this node delivered.";
    LOG_GAP_AGE: Gauge "owlpost_log_gap_age_seconds" []
        "How long an open transaction has held back the events behind its position; 0 when none does.";
    LOG_GAPS: Counter "owlpost_log_gaps_total" ["how": Known(&["rolled_back", "fenced"])]
        "Positions passed over: their transaction was rolled back, or did not end within LOG_GAP_LIMIT.";
    LOG_EPOCHS: Counter "owlpost_log_epochs_total" []
        "Histories of the log begun: the database was restored, or its address leads to another server.";
    FOREIGN_EVENTS: Counter "owlpost_foreign_events_total" ["event": Open("name of the event")]
        "Events of a newer version that passed through this node.";
    UNDELIVERED_CHANGE_AGE: Gauge "owlpost_undelivered_change_age_seconds" []
        "How long a change that this node committed has been told to nobody; 0 when there is none.";

    // --- whom it reached
    RECEIPTS_DROPPED: Counter "owlpost_receipts_dropped_total" []
        "Receipts that there was no room for while the database was away.";
    ESCALATION_STEPS: Counter "owlpost_escalation_steps_total" []
        "Steps of escalations that this node made.";

    // --- clients
    CONNECTIONS_OPENED: Counter "owlpost_connections_opened_total"
        ["transport": Known(&["polling", "sockjs-eventsource", "sockjs-websocket", "sockjs-xhr", "sockjs-xhr-streaming", "sse",
            "websocket"]), "protocol": Known(&["eio3", "eio4", "signalr", "stomp"]),
            "format": Known(&["1.0", "1.1", "1.2", "json", "msgpack"])]
        "Connections that were let in: of Socket.IO by the version of their engine, of SignalR, and of STOMP.";
    HANDSHAKES_REFUSED: Counter "owlpost_handshakes_refused_total"
        ["code": Known(&["UNAUTHENTICATED", "TOKEN_EXPIRED", "UNAVAILABLE"])]
        "Connections that were not let in, by what they were told: of Socket.IO and STOMP, and each request of SignalR.";
    ORIGINS_REFUSED: Counter "owlpost_origins_refused_total" []
        "Requests of pages that SOCKET_IO_CORS_ORIGIN does not name.";
    SESSIONS_REFUSED: Counter "owlpost_sessions_refused_total" []
        "Engine.IO sessions, and connections of SignalR and STOMP, that found no place.";
    CONNECTIONS_REFUSED: Counter "owlpost_connections_refused_total" ["reason": Known(&["all", "address"])]
        "TCP connections beyond MAX_CONNECTIONS, or beyond what one address may have.";
    CLIENT_EVENTS: Counter "owlpost_client_events_total" ["event": Open("name of the event, or unknown")]
        "Events received from clients, and calls of a hub under the names of the events they stand for.";
    CLIENT_EVENTS_REFUSED: Counter "owlpost_client_events_refused_total" []
        "Events of clients that send faster than they may.";

    // --- presence
    USERS_ONLINE: Gauge "owlpost_users_online" []
        "Distinct people online in the whole cluster.";
    INCIDENTS_WITH_VIEWERS: Gauge "owlpost_incidents_with_viewers" []
        "Incidents that somebody views, in the whole cluster.";
    TYPISTS: Gauge "owlpost_typists" []
        "People typing on this node.";
    PRESENCE_CHANGES_WAITING: Gauge "owlpost_presence_changes_waiting" []
        "Presence changes of this node that are not in the database yet.";
    PRESENCE_GROUP_CHANGES: Histogram "owlpost_presence_group_changes" []
        "Presence changes written by one transaction.";
    PRESENCE_ANNOUNCEMENTS_LEFT_OUT: Counter "owlpost_presence_announcements_left_out_total" []
        "Joins and leaves beyond PRESENCE_FANOUT_PER_SECOND, told as counts.";
    PRESENCE_NEWS_DROPPED: Counter "owlpost_presence_news_dropped_total" []
        "News of other nodes that the presence task had no room for; it reads the database instead.";

    // --- the other nodes
    BUS_MESSAGES_DROPPED: Counter "owlpost_bus_messages_dropped_total" []
        "Messages to other nodes that were not sent: Redis was away or too slow. The log and the database tell them.";
    BUS_MESSAGES_UNKNOWN: Counter "owlpost_bus_messages_unknown_total" []
        "Messages of another version that this node cannot read.";

    NODES_WITH_OTHER_SECRET: Gauge "owlpost_nodes_with_other_secret" []
        "Live nodes on the same database with another JWT_SECRET: tokens of one are refused by the other.";

    // --- those outside
    OUTLET_POSITION: Gauge "owlpost_outlet_position" ["outlet": Known(OUTLET_KINDS)]
        "Position up to which everything was taken outside, of the last outlet of the kind; 0 where another node publishes.";
    OUTLET_LAG: Gauge "owlpost_outlet_lag_events" ["outlet": Known(OUTLET_KINDS)]
        "Events of the log behind the last outlet of the kind, counted up to 100,000; 0 where another node publishes.";
    OUTLET_EVENTS: Counter "owlpost_outlet_events_total" ["outlet": Known(OUTLET_KINDS)]
        "Events that were taken outside.";
    OUTLET_FAILURES: Counter "owlpost_outlet_failures_total" ["outlet": Known(OUTLET_KINDS)]
        "Deliveries to outside that failed; they are tried again.";
    OUTLET_RECONNECTS: Counter "owlpost_outlet_reconnects_total" ["outlet": Known(&["rabbitmq"])]
        "Connections to outside that were opened, the first one included.";
    OUTLET_GAPS: Counter "owlpost_outlet_gaps_total" ["outlet": Known(OUTLET_KINDS)]
        "Times that the log was trimmed before an outlet had been told of it.";

    // --- HTTP
    HOOK_DELIVERIES: Counter "owlpost_hook_deliveries_total"
        ["hook": Known(&["alertmanager", "grafana", "pagerduty", "generic"]),
         "outcome": Known(&["created", "updated", "acknowledged", "resolved", "unchanged"])]
        "Deliveries of alerts that were taken, by the tool's API and by what they came to.";
    HTTP_REQUESTS: Counter "owlpost_http_requests_total"
        ["method": Open("method"), "route": Open("path of the route"), "status": Open("status, 499 when the client left")]
        "Requests answered.";
    HTTP_REQUEST_SECONDS: Histogram "owlpost_http_request_seconds"
        ["method": Open("method"), "route": Open("path of the route")]
        "Time to answer a request.";

    // --- the process
    DATABASE_CONNECTIONS: Gauge "owlpost_database_connections" []
        "Open connections to Postgres.";
    DATABASE_CONNECTIONS_IDLE: Gauge "owlpost_database_connections_idle" []
        "Those of them that nobody uses.";
    DATABASE_CONNECTIONS_MAX: Gauge "owlpost_database_connections_max" []
        "As many as there may be.";
    TASK_LAST_SUCCESS_AGE: Gauge "owlpost_task_last_success_age_seconds" ["task": Open("name of the task")]
        "How long ago a background task last did its work; past its bound the node is not ready.";
    TOKIO_TASKS_ALIVE: Gauge "owlpost_tokio_tasks_alive" []
        "Tasks of the runtime.";
    RUNTIME_STALLS: Counter "owlpost_runtime_stalls_total" []
        "Times that threads of the runtime did not come back from their work.";
    RUNTIME_WORKERS_STUCK: Gauge "owlpost_runtime_workers_stuck" []
        "Threads of the runtime that do not come back.";
    BUILD_INFO: Gauge "owlpost_build_info"
        ["version": Open("the version"), "embedded_database": Known(&["true", "false"])]
        "1; its labels say what runs.";
    LOG_LINES_DROPPED: Counter "owlpost_log_lines_dropped_total"
        ["stream": Known(&["stderr", "stdout"]), "reason": Known(&["queue_full", "write_failed"])]
        "Lines of the log that nobody will read.";
}
