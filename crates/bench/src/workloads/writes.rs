//! Workload 6: incidents and comments by `POST`, stored at equal durability, with nobody and with many watching.

use crate::{
    fleet::Marker,
    measurement::Notebook,
    poster::{Pace, Request},
    profile::Profile,
    session::{Load, Phase, Session},
    subjects::{Need, Subject},
};

/// The name in the tables.
pub const WORKLOAD: &str = "writes";
/// Requests a second for the latency: with a thousand watching this is no saturation yet.
const STEADY_RATE: f64 = 20.0;
/// Connections that post as fast as they are answered.
const CLOSED_CONNECTIONS: usize = 16;
/// The same: one alone, a few, and many.
pub const IN_FLIGHT: [usize; 3] = [1, 8, 64];
/// Incidents that comments are on.
const COMMENTED_INCIDENTS: usize = 50;

/// Measures throughput with nobody watching, and latency with nobody and with many.
pub fn measure_writes_of_subject(
    subject: &mut dyn Subject,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    if !subject.abilities().database {
        return Ok(());
    }
    let need = Need { users: profile.watchers, incidents: COMMENTED_INCIDENTS };
    let mut session = Session::start_server_for_need(subject, need)?;
    let label = session.subject.label();
    let note = |notebook: &mut Notebook, place: &str, metric: &str, value: f64| {
        notebook.note_one_measured_value((WORKLOAD, place), label, metric, value);
    };
    let place = "nobody watching";
    measure_phase_of_writes(&session, Pace::Closed, 2, profile)?;
    let closed = measure_phase_of_writes(&session, Pace::Closed, CLOSED_CONNECTIONS, profile)?;
    note(notebook, place, "POST/s", closed.events_per_second());
    note(notebook, place, "p95 ms, saturated", closed.answer_p95_ms);
    note(notebook, place, "CPU µs per POST", closed.processor_micros as f64 / closed.events as f64);
    let steady = Pace::Steady { per_second: STEADY_RATE };
    let quiet = measure_phase_of_writes(&session, steady, 4, profile)?;
    note(notebook, place, "p95 ms at 20/s", quiet.answer_p95_ms);

    for connections in IN_FLIGHT {
        measure_saturated_writes_of_subject(&session, connections, profile, notebook)?;
    }
    session.connect_clients_and_settle(profile.watchers)?;
    let place = format!("{} watching", profile.watchers);
    let watched = measure_phase_of_writes(&session, steady, 4, profile)?;
    note(notebook, &place, "p95 ms at 20/s", watched.answer_p95_ms);
    note(notebook, &place, "lost deliveries", watched.missing as f64);
    session.end_session_and_server()
}

/// The name of a table of writes with so many in flight.
pub fn name_place_in_flight(connections: usize) -> String {
    format!("{connections} in flight")
}

/// Incidents, and comments where the subject has them.
fn measure_saturated_writes_of_subject(
    session: &Session<'_>,
    connections: usize,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let place = name_place_in_flight(connections);
    let label = session.subject.label();
    let incident = |marker| session.subject.event_request(marker);
    let comment = |marker: Marker| {
        session.subject.comment_request(marker.number as usize % COMMENTED_INCIDENTS, marker)
    };
    let kinds: [(&str, &(dyn Fn(Marker) -> Request + Sync)); 2] =
        [("POST", &incident), ("comment", &comment)];
    let has_rooms = session.subject.abilities().rooms;
    for (kind, request) in kinds.into_iter().take(1 + usize::from(has_rooms)) {
        let phase = run_phase_of_writes(session, request, Pace::Closed, connections, profile)?;
        let each = |value: f64| value / phase.events as f64;
        let mut note = |metric: String, value: f64| {
            notebook.note_one_measured_value((WORKLOAD, &place), label, &metric, value);
        };
        note(format!("{kind}s/s"), phase.events_per_second());
        note(format!("{kind} p95 ms"), phase.answer_p95_ms);
        note(format!("server µs per {kind}"), each(phase.processor_micros as f64));
        note(format!("Postgres µs per {kind}"), each(phase.database_micros as f64));
    }
    Ok(())
}

fn measure_phase_of_writes(
    session: &Session<'_>,
    pace: Pace,
    connections: usize,
    profile: &Profile,
) -> anyhow::Result<Phase> {
    let request = |marker| session.subject.event_request(marker);
    run_phase_of_writes(session, &request, pace, connections, profile)
}

fn run_phase_of_writes(
    session: &Session<'_>,
    request: &(dyn Fn(Marker) -> Request + Sync),
    pace: Pace,
    connections: usize,
    profile: &Profile,
) -> anyhow::Result<Phase> {
    let load = Load {
        connections,
        pace,
        duration: profile.phase,
        most: u64::MAX,
        receivers: session.clients as u64,
    };
    session.run_phase_of_requests(request, load)
}
