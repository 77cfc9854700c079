//! What Owl Post must show in the same run as its peers.

use super::format_number_for_table;
use crate::{
    measurement::Notebook,
    subjects::owl_post::{LABEL as OWL_POST, SIGNALR_LABEL, STOMP_LABEL},
    workloads::{
        burst, connect_storm, crowd, fan_out, growth, hold, idle_memory, name_number_of_clients,
        reads, writes,
    },
};

const SEED: &str = "seed's design (Express, pg)";
const NODE: &str = "Node socket.io, bare";
const BUN: &str = "Bun engine, bare";
const SOCKETIOXIDE: &str = "socketioxide, bare";
const FLOOR: &str = "raw floor";
/// Other wires than that of Socket.IO, and how much more a client may cost by them.
const DIALECTS: [(&str, &str, f64); 2] =
    [(SIGNALR_LABEL, "SignalR", 1.3), (STOMP_LABEL, "STOMP", 1.4)];
const THOUSAND: &str = "1000 clients";
const CPU: &str = "CPU µs per delivery";

/// A bar: what, how much it may or must be, and how much it is.
struct Target {
    what: String,
    bar: f64,
    at_most: bool,
    measured: f64,
}

/// The bars and whether they were met; bars whose numbers were not measured are left out.
pub fn write_table_of_targets(notebook: &Notebook) -> String {
    let median = |place: (&str, &str), subject: &str, metric: &str| {
        notebook.summarise_repetitions_of_metric(place, subject, metric).map(|s| s.median)
    };
    let mut targets = list_targets_beside_peers(&median);
    for dialect in DIALECTS {
        targets.extend(list_targets_of_dialect(&median, dialect));
    }
    targets.extend(list_targets_beside_floor(&median));
    targets.extend(list_targets_of_its_own(&median));
    targets.extend(list_targets_of_crowd(&median));
    let mut text = String::from("| target | bar | measured | met |\n|---|---|---|---|\n");
    for target in targets.into_iter().flatten() {
        let met = (target.measured <= target.bar) == target.at_most
            || (target.measured - target.bar).abs() < f64::EPSILON;
        text.push_str(&format!(
            "| {} | {} {} | {} | {} |\n",
            target.what,
            if target.at_most { "≤" } else { "≥" },
            format_number_for_table(target.bar),
            format_number_for_table(target.measured),
            if met { "yes" } else { "**no**" },
        ));
    }
    text
}

type Median<'a> = &'a dyn Fn((&str, &str), &str, &str) -> Option<f64>;

fn require_value_at_most(what: &str, bar: Option<f64>, measured: Option<f64>) -> Option<Target> {
    Some(Target { what: what.to_owned(), bar: bar?, at_most: true, measured: measured? })
}

fn require_value_at_least(what: &str, bar: Option<f64>, measured: Option<f64>) -> Option<Target> {
    Some(Target { what: what.to_owned(), bar: bar?, at_most: false, measured: measured? })
}

fn list_targets_beside_peers(median: Median<'_>) -> Vec<Option<Target>> {
    let saturated = |subject| median((fan_out::SATURATED, THOUSAND), subject, CPU);
    let gentle = |subject| median((fan_out::GENTLE, THOUSAND), subject, "p95 ms");
    let storm = |subject| median((connect_storm::WORKLOAD, THOUSAND), subject, "connects/s");
    let memory =
        |subject| median((idle_memory::WORKLOAD, "5000 clients"), subject, "KiB a connection");
    let write = |subject| median((writes::WORKLOAD, "nobody watching"), subject, "POST/s");
    let flood =
        |subject| median((writes::WORKLOAD, &writes::name_place_in_flight(64)), subject, "POSTs/s");
    let crowded = |subject| median((fan_out::SATURATED, THOUSAND), subject, "p95 ms");
    let own = saturated(OWL_POST);
    vec![
        require_value_at_most(
            "CPU µs per delivery, 1,000 clients saturated: 1.25 × bare socketioxide",
            saturated(SOCKETIOXIDE).map(|cost| cost * 1.25),
            own,
        ),
        require_value_at_most(
            "the same: a fifth of the seed's design",
            saturated(SEED).map(|c| c / 5.0),
            own,
        ),
        require_value_at_most(
            "the same: a third of Bun's engine",
            saturated(BUN).map(|c| c / 3.0),
            own,
        ),
        require_value_at_most(
            "p95 ms at 20 events/s, 1,000 clients: 1.5 × the raw floor",
            gentle(FLOOR).map(|ms| ms * 1.5),
            gentle(OWL_POST),
        ),
        require_value_at_least(
            "connects/s, token check and presence committed",
            Some(3_000.0),
            storm(OWL_POST),
        ),
        require_value_at_most("KiB a connection at 5,000", Some(16.0), memory(OWL_POST)),
        require_value_at_most("the same: less than Node's", memory(NODE), memory(OWL_POST)),
        require_value_at_least(
            "the same: bare socketioxide's, which has neither",
            storm(SOCKETIOXIDE),
            storm(OWL_POST),
        ),
        require_value_at_least(
            "POST /api/incidents per second, 64 in flight: 5 × the seed's design",
            flood(SEED).map(|rate| rate * 5.0),
            flood(OWL_POST),
        ),
        require_value_at_most(
            "p95 ms with 24 events under way, 1,000 clients: bare socketioxide's",
            crowded(SOCKETIOXIDE),
            crowded(OWL_POST),
        ),
        require_value_at_least(
            "POST /api/incidents per second: 2 × the seed's design",
            write(SEED).map(|rate| rate * 2.0),
            write(OWL_POST),
        ),
    ]
}

/// The floor writes one pre-encoded frame to every socket, all that have gathered in one system call, and does nothing else.
fn list_targets_beside_floor(median: Median<'_>) -> Vec<Option<Target>> {
    let beside = |what: String, factor: f64, place: (&str, &str), metric: &str| {
        let bar = median(place, FLOOR, metric).map(|floor| floor * factor);
        require_value_at_most(&what, bar, median(place, OWL_POST, metric))
    };
    let mut targets = Vec::new();
    for clients in [1_000, 5_000, 10_000] {
        let place = name_number_of_clients(clients);
        let what = format!("CPU µs per delivery, {clients} clients saturated: 1.5 × the raw floor");
        targets.push(beside(what, 1.5, (fan_out::SATURATED, &place), CPU));
    }
    for clients in [1_000, 5_000] {
        let place = name_number_of_clients(clients);
        let what = format!("p95 ms when quiet, {clients} clients: 1.15 × the raw floor");
        targets.push(beside(what, 1.15, (fan_out::GENTLE, &place), "p95 ms"));
    }
    targets
}

/// Another wire must not cost much more.
fn list_targets_of_dialect(
    median: Median<'_>,
    (subject, name, factor): (&str, &str, f64),
) -> Vec<Option<Target>> {
    let beside = |what: &str, place: (&str, &str), metric: &str| {
        let bar = median(place, OWL_POST, metric).map(|own| own * factor);
        let what = what.replace("{name}", name).replace("{factor}", &factor.to_string());
        require_value_at_most(&what, bar, median(place, subject, metric))
    };
    vec![
        beside(
            "10,000 by {name}, KiB a connection: {factor} × Socket.IO",
            (idle_memory::WORKLOAD, "10000 clients"),
            "KiB a connection",
        ),
        beside(
            "10,000 by {name}, CPU µs per delivery saturated: {factor} × Socket.IO",
            (fan_out::SATURATED, "10000 clients"),
            CPU,
        ),
        beside(
            "1,000 by {name}, CPU µs per delivery saturated: {factor} × Socket.IO",
            (fan_out::SATURATED, THOUSAND),
            CPU,
        ),
    ]
}

fn list_targets_of_its_own(median: Median<'_>) -> Vec<Option<Target>> {
    let own = |place: (&str, &str), metric: &str| median(place, OWL_POST, metric);
    let burst = |metric| own((burst::WORKLOAD, THOUSAND), metric);
    let grown = |place, last: &str, first: &str| {
        let (last, first) =
            (own((growth::WORKLOAD, place), last)?, own((growth::WORKLOAD, place), first)?);
        Some((last / first).log(4.0))
    };
    let cost_of_incident = |comments| {
        let place = reads::name_place_of_comments(comments);
        let part = |metric| own((reads::WORKLOAD, &place), metric);
        Some(part("server µs per read")? + part("Postgres µs per read")?)
    };
    let held = (hold::WORKLOAD, "10000 clients");
    let quiet = own((writes::WORKLOAD, "nobody watching"), "p95 ms at 20/s");
    vec![
        require_value_at_most(
            "p95 ms at 20 events/s, 100 clients",
            Some(10.0),
            own((fan_out::GENTLE, "100 clients"), "p95 ms"),
        ),
        require_value_at_most(
            "burst of 1,000 events to 1,000 clients: lost, %",
            Some(0.0),
            burst("lost, %"),
        ),
        require_value_at_most("burst: MiB at the peak", Some(150.0), burst("MiB at the peak")),
        require_value_at_most(
            "burst: MiB after, 1.1 × before",
            burst("MiB before").map(|before| before * 1.1),
            burst("MiB after"),
        ),
        require_value_at_least(
            "10,000 held: still connected",
            Some(10_000.0),
            own(held, "still connected"),
        ),
        require_value_at_most(
            "10,000 held: lost deliveries",
            Some(0.0),
            own(held, "lost deliveries"),
        ),
        require_value_at_most(
            "POST p95 ms with 1,000 watching: 1.5 × with nobody",
            quiet.map(|ms| ms * 1.5),
            own((writes::WORKLOAD, "1000 watching"), "p95 ms at 20/s"),
        ),
        require_value_at_most(
            "an incident with 16,000 comments, µs of server and Postgres: 1.2 × one with 10",
            cost_of_incident(reads::COMMENTS[0]).map(|cost| cost * 1.2),
            cost_of_incident(reads::COMMENTS[1]),
        ),
        require_value_at_most(
            "growth with clients: exponent",
            Some(1.0),
            grown("clients", "×4, µs per event", "×1, µs per event"),
        ),
        require_value_at_most(
            "growth with rate: exponent",
            Some(1.0),
            grown("rate", "×4, ms per second", "×1, ms per second"),
        ),
        require_value_at_most(
            "growth of a resume with the log: exponent",
            Some(0.1),
            grown("log", "×4, ms per resume", "×1, ms per resume"),
        ),
    ]
}

/// Everybody is cut off, and comes back at once.
fn list_targets_of_crowd(median: Median<'_>) -> Vec<Option<Target>> {
    let returned = |metric| median((crowd::WORKLOAD, "10000 clients"), OWL_POST, metric);
    vec![
        require_value_at_most(
            "10,000 cut off: s until all are back with all they missed",
            Some(3.0),
            returned("s until all have all they missed"),
        ),
        require_value_at_most(
            "10,000 cut off: lost deliveries",
            Some(0.0),
            returned("lost deliveries"),
        ),
        require_value_at_most(
            "10,000 cut off: p99 ms of the others meanwhile, 2 × before",
            returned("others' p99 ms, before").map(|ms| ms * 2.0),
            returned("others' p99 ms, meanwhile"),
        ),
    ]
}
