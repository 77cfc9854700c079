//! The list of scenarios, in the order of the table; the files hold what each does.

mod commit;
mod connections;
mod disk;
mod failover;
mod followed;
mod life;
mod log;
mod outlets;
mod postgres;
mod presence;
mod requests;
mod resume;
mod soak;

use futures_util::FutureExt as _;

use crate::{
    lab::Scale,
    scenario::{Needs, Scenario},
};

macro_rules! scenarios {
    ($($number:literal $name:literal $needs:ident $short:literal $run:path {
        fault: $fault:literal, expected: $expected:literal, operator: $operator:literal $(,)?
    })+) => {
        vec![$(Scenario {
            number: $number,
            name: $name,
            fault: $fault,
            expected: $expected,
            operator: $operator,
            needs: Needs::$needs,
            in_short_run: $short,
            run: |run| $run(run).boxed(),
        }),+]
    };
}

/// The scenarios of a scale.
pub fn list_scenarios_for_scale(scale: Scale) -> Vec<Scenario> {
    let all = list_every_known_scenario();
    all.into_iter().filter(|s| scale == Scale::Full || s.in_short_run).collect()
}

/// Every scenario, in the order of the table.
#[allow(clippy::too_many_lines)]
pub fn list_every_known_scenario() -> Vec<Scenario> {
    scenarios! {
        "1" "kill after the commit" Postgres true commit::kill_between_commit_and_publish {
            fault: "kill -9 while the commit is under way in Postgres: it commits, nobody publishes",
            expected: "delivered after the restart and on the other node, once",
            operator: "Start the node again, or let the supervisor do it. Nothing else.",
        }
        "1b" "kill at any moment" BothDatabases true commit::kill_again_and_again_under_load {
            fault: "kill -9 again and again at random moments under writers",
            expected: "no acknowledged write lost, all delivered in order and once, presence right",
            operator: "Start the node again. Look for the reason: the out-of-memory killer, or somebody.",
        }
        "2" "kill before the commit" Postgres true commit::kill_between_insert_and_commit {
            fault: "kill -9 after the event's insert, before the commit",
            expected: "nobody sees it, then or ever",
            operator: "As above. The client that wrote got no answer: it retries with its Idempotency-Key.",
        }
        "3" "commits out of order" Postgres true commit::commit_out_of_position_order {
            fault: "a transaction holds an early position open while later ones commit and clients come and go",
            expected: "everyone gets the early one first, or never if it is rolled back; resumes miss nothing",
            operator: "`owlpost_log_gaps_total` counts positions passed over. A delivery latency of seconds means a stuck writer: look at pg_stat_activity.",
        }
        "4" "cut again and again" BothDatabases true connections::cut_clients_while_events_stream {
            fault: "every client cut for about 2 s again and again, with jitter, under a steady stream",
            expected: "100 % delivered",
            operator: "Nothing. `owlpost_resumes_total` shows how often it happens.",
        }
        "5" "a client stops reading" Postgres true connections::stop_reading_for_good {
            fault: "clients leave their socket unread while 8 MB of events come",
            expected: "bounded memory, disconnected with a reason, the others' p99 unchanged, resumed whole",
            operator: "`owlpost_sessions_closed_total{reason=\"slow_consumer\"}` counts them. If many: their network, or a SEND_QUEUE too small for the bursts.",
        }
        "6" "half-open connections" Postgres true connections::leave_connections_half_open {
            fault: "clients go silent with their TCP connection open",
            expected: "gone from presence within ping interval and timeout, nothing left",
            operator: "Shorten SOCKET_IO_PING_INTERVAL and SOCKET_IO_PING_TIMEOUT if ghosts disturb people.",
        }
        "7" "Postgres restarts" OwnCluster true postgres::restart_postgres_under_load {
            fault: "Postgres is stopped as by a crash and started again, under writers",
            expected: "503 with Retry-After, sockets stay, not ready then ready, nothing lost",
            operator: "Bring Postgres back; nodes reconnect by themselves. Do not restart them: that would cut every client.",
        }
        "8" "Postgres hangs" OwnCluster true postgres::freeze_postgres_under_load {
            fault: "SIGSTOP to every Postgres process",
            expected: "writes refused within STATEMENT_TIMEOUT, typing works on, nothing lost",
            operator: "Find what holds Postgres (disk, lock, host). Nodes need nothing.",
        }
        "9" "unknown outcome" BothDatabases true requests::retry_write_of_unknown_outcome {
            fault: "the answer to a create or comment is lost, also to kill -9; retried with the same Idempotency-Key",
            expected: "one row, one broadcast, the first answer again; another body: 409",
            operator: "Nothing. Clients must send the key: without it a retry may write twice.",
        }
        "10" "impossible positions" Postgres true resume::resume_from_impossible_positions {
            fault: "resume from the future, from before the trim, from no number, and after a restore from an older copy",
            expected: "complete: false, never silence, nothing of the wrong history",
            operator: "After a restore nothing: a new epoch begins by itself. A data directory copied as files on the same cluster is the exception, see epochs.",
        }
        "11" "too large a gap" BothDatabases true resume::resume_over_too_large_gap {
            fault: "a client misses one more event than REPLAY_LIMIT, another exactly as many",
            expected: "complete: false and no flood; the other gets all",
            operator: "If `owlpost_resumes_total{complete=\"false\"}` grows in quiet times, raise REPLAY_LIMIT.",
        }
        "12" "reconnect storm" Postgres true connections::storm_of_reconnecting_clients {
            fault: "every client is cut at once and all come back at once",
            expected: "all back, presence right, far fewer database statements than clients",
            operator: "Nothing. Balancers should not slow the storm by rate limits below the number of clients.",
        }
        "13" "SIGTERM under load" BothDatabases true life::drain_server_under_load {
            fault: "SIGTERM while writers write and clients listen",
            expected: "requests in flight are answered, exit code 0, everything delivered after the restart",
            operator: "Give the container at least DRAIN_TIMEOUT and 5 s before SIGKILL.",
        }
        "14" "a handler panics" Postgres true requests::panic_in_one_handler {
            fault: "a panic inside a REST handler and inside a socket handler (OWLPOST_FAULT, a hook for this test)",
            expected: "INTERNAL for that request, every connection lives",
            operator: "Report the log's `panic` line as a bug.",
        }
        "15" "abandoned openings" Postgres true connections::abandon_upgrades_and_polls {
            fault: "upgrades never finished, sessions never entered, polling clients that vanish",
            expected: "all reclaimed; presence within the ping bounds",
            operator: "HEADER_READ_TIMEOUT bounds the first, MAX_CONNECTIONS all of them.",
        }
        "16" "tabs and reloads" BothDatabases true life::open_tabs_and_reload_them {
            fault: "five tabs opened, four closed, reloads in a row, the last closed",
            expected: "others see one join and one leave",
            operator: "Nothing.",
        }
        "17" "expiry and role change" Postgres true life::change_rights_in_mid_session {
            fault: "a token expires, is renewed, a role changes while the socket is open",
            expected: "TOKEN_EXPIRED, grace, then the end; rooms and permissions follow a new role within 1 s",
            operator: "Nothing. A role changed by hand in psql works as well.",
        }
        "18" "back to back" BothDatabases true requests::keep_order_of_one_socket {
            fault: "hundreds of events of one socket without waiting for answers",
            expected: "worked on and seen in order, each answered",
            operator: "RATE_LIMIT_EVENTS bounds how much of this one socket may do.",
        }
        "19" "clock stepped" Postgres true life::step_clock_of_server {
            fault: "the server's clock jumps an hour ahead and back (libfaketime), tokens issued by clocks an hour off",
            expected: "order and delivery hold; expiry follows the server's clock, as the limits below say",
            operator: "Keep NTP running. Ahead: sessions expire early and clients renew. Back: tokens live longer by the step.",
        }
        "20" "a full waiting room" Postgres true log::fill_buffer_behind_gap {
            fault: "more than 10,000 events wait behind the position of a transaction that then commits",
            expected: "its event first, then the others, all of them",
            operator: "Nothing. `owlpost_log_gap_age_seconds` shows how long something has been missing.",
        }
        "21" "a position held for good" Postgres true log::hold_position_past_limit {
            fault: "a hand on psql leaves a transaction open that has taken a position of the log, for longer than LOG_GAP_LIMIT",
            expected: "later events go on after the limit; its own come behind them when it commits; every resume complete",
            operator: "The log line `does not end` names the transaction. End it: until then each of its positions costs LOG_GAP_LIMIT once.",
        }
        "22" "an event of a newer version" Postgres true log::write_event_of_newer_version {
            fault: "rows of the log have a name and topics this version does not know, as in a rolling upgrade",
            expected: "passed through by name, nothing stops, resumes over them are complete",
            operator: "Nothing. `owlpost_foreign_events_total` counts them until the last node is upgraded.",
        }
        "23" "another history" Postgres true log::replace_history_in_place {
            fault: "the log is restored in place or loses its newest rows while nodes and clients stay connected",
            expected: "a new epoch within a second, complete: false to every client, what follows reaches all",
            operator: "Nothing: nodes notice, end their sessions and go on. `owlpost_log_epochs_total` counts it.",
        }
        "24" "a start during a commit" Postgres true log::start_node_during_commit {
            fault: "kill -9 and start while a transaction with an earlier position is about to commit",
            expected: "the node waits for it; what it told reaches everybody",
            operator: "A start that takes LOG_GAP_LIMIT means a transaction that does not end: see the log line.",
        }
        "25" "a silent way to Postgres" Postgres true failover::silence_connections_to_postgres {
            fault: "every connection to Postgres stays open and nothing comes through, as when a firewall forgot them; new ones work",
            expected: "writes refused within their limit, then working over new connections; what was refused is not applied later",
            operator: "Nothing.",
        }
        "26" "failover" OwnCluster true failover::fail_over_to_standby_behind {
            fault: "the address of Postgres leads to a server that only reads, then to a promoted standby that lacks the newest events",
            expected: "not ready meanwhile, writes again at once, a new epoch, complete: false to every client, what follows reaches all",
            operator: "Nothing. What an asynchronous standby had not received is lost, acknowledged or not: use synchronous replication if that must not be.",
        }
        "27" "a full disk" BothDatabases true disk::fill_disk_of_database {
            fault: "the disk of the database is full, and has room again later",
            expected: "503 to writes and not ready until there is room, then all goes on and everything acknowledged is delivered",
            operator: "Make room. Nothing need be restarted.",
        }
        "28" "deleted and forgotten" Postgres true presence::delete_person_and_empty_presence {
            fault: "a connected person is deleted by hand, then the table of presence is emptied while somebody leaves",
            expected: "the deleted are disconnected; within some looks at the lease everybody sees who is there, and the table says so",
            operator: "Nothing.",
        }
        "29" "roles during a connect" Postgres true presence::change_roles_during_connect {
            fault: "a person is promoted and demoted while their client connects",
            expected: "the session has the role of the end: nothing for Aurors is heard",
            operator: "Nothing.",
        }
        "30" "Redis hangs" Postgres true presence::freeze_redis_between_nodes {
            fault: "SIGSTOP to Redis between two nodes, under clients of both; somebody leaves meanwhile",
            expected: "noticed (degraded, not unready), events and presence reach all through the database, the bus again afterwards",
            operator: "Find what holds Redis. Nodes need nothing.",
        }
        "31" "kill while escalating" Postgres true followed::kill_node_while_it_escalates {
            fault: "two nodes race for steps of escalations that are due, and one is killed with -9 again and again",
            expected: "each step once, each person told once by each, and all of it delivered",
            operator: "Nothing. `owlpost_escalation_steps_total` counts the steps of each node.",
        }
        "32" "Postgres away at the due time" OwnCluster true followed::restart_postgres_when_steps_are_due {
            fault: "Postgres is stopped as by a crash just before steps are due, and started again after",
            expected: "each step once, late by the time Postgres was away",
            operator: "Nothing.",
        }
        "33" "taken in the same moment" Postgres true followed::acknowledge_while_steps_are_due {
            fault: "two people take each incident, at two nodes, around the moments in which its steps are due",
            expected: "one has it, the other is told so, and no step comes after it was taken",
            operator: "Nothing.",
        }
        "34" "notified while cut" Postgres true followed::cut_clients_while_they_are_notified {
            fault: "every client is cut again and again, with jitter, while people are notified",
            expected: "nothing is said to be delivered that no client of its person has heard",
            operator: "Nothing.",
        }
        "35" "a client that never answers" Postgres true followed::notify_client_that_never_answers {
            fault: "a client goes silent with its connection open, and is notified",
            expected: "not said to be delivered; others are",
            operator: "Nothing.",
        }
        "36" "kill while publishing" Postgres true outlets::kill_publishing_node_in_turn {
            fault: "the node that tells webhooks and RabbitMQ is killed with -9 in the middle, then the one that goes on",
            expected: "no event missing at the receivers, in order, repeated ones with the same id",
            operator: "Nothing: another node goes on within 5 s. Receivers drop what they have by its eventId.",
        }
        "37" "a receiver is down" Postgres true outlets::refuse_deliveries_for_moments {
            fault: "a webhook's receiver answers 503 and 404 for a while, again and again, under writers",
            expected: "everything taken in the end, in order",
            operator: "`GET /api/outlets` says since when and why. After WEBHOOK_DISABLE_AFTER the webhook is disabled, and the Aurors are told.",
        }
        "38" "the broker is lost" Postgres true outlets::lose_connection_to_broker {
            fault: "the connection to RabbitMQ is cut, and the broker refuses connections, again and again, under writers",
            expected: "everything published in the end, in order, repeated ones with the same id",
            operator: "Bring the broker back within EVENT_LOG_RETENTION. `owlpost_outlet_lag_events` shows what waits.",
        }
        "soak" "soak" Postgres true soak::connect_and_drop_thousands {
            fault: "connect, join, type, drop, thousands of times",
            expected: "sessions, topics, typists and tasks back to their baseline, memory level",
            operator: "Watch `owlpost_sessions`, `owlpost_topics`, `owlpost_tokio_tasks_alive` and resident memory for a trend.",
        }
    }
}
