//! Workload 6: `POST /api/incidents`, stored at equal durability, with nobody and with many watching.

use crate::{
    measurement::Notebook,
    poster::Pace,
    profile::Profile,
    session::{Load, Session},
    subjects::{Need, Subject},
};

/// The name in the tables.
pub const WORKLOAD: &str = "writes";
/// Requests a second for the latency: with a thousand watching this is no saturation yet.
const STEADY_RATE: f64 = 20.0;
/// Connections that post as fast as they are answered.
const CLOSED_CONNECTIONS: usize = 16;

/// Measures throughput with nobody watching, and latency with nobody and with many.
pub fn measure_writes_of_subject(
    subject: &mut dyn Subject,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    if !subject.abilities().database {
        return Ok(());
    }
    let need = Need { users: profile.watchers, incidents: 1 };
    let mut session = Session::start_server_for_need(subject, need)?;
    let label = session.subject.label();
    let mut note = |place: &str, metric: &str, value: f64| {
        notebook.note_one_measured_value((WORKLOAD, place), label, metric, value);
    };
    let place = "nobody watching";
    measure_phase_of_writes(&session, Pace::Closed, 2, profile)?;
    let closed = measure_phase_of_writes(&session, Pace::Closed, CLOSED_CONNECTIONS, profile)?;
    note(place, "POST/s", closed.events as f64 / closed.took.as_secs_f64());
    note(place, "p95 ms, saturated", closed.answer_p95_ms);
    note(place, "CPU µs per POST", closed.processor_micros as f64 / closed.events as f64);
    let steady = Pace::Steady { per_second: STEADY_RATE };
    let quiet = measure_phase_of_writes(&session, steady, 4, profile)?;
    note(place, "p95 ms at 20/s", quiet.answer_p95_ms);

    session.connect_clients_and_settle(profile.watchers)?;
    let place = format!("{} watching", profile.watchers);
    let watched = measure_phase_of_writes(&session, steady, 4, profile)?;
    note(&place, "p95 ms at 20/s", watched.answer_p95_ms);
    note(&place, "lost deliveries", watched.missing as f64);
    session.end_session_and_server()
}

fn measure_phase_of_writes(
    session: &Session<'_>,
    pace: Pace,
    connections: usize,
    profile: &Profile,
) -> anyhow::Result<crate::session::Phase> {
    let request = |marker| session.subject.event_request(marker);
    let load = Load {
        connections,
        pace,
        duration: profile.phase,
        most: u64::MAX,
        receivers: session.clients as u64,
    };
    session.run_phase_of_requests(&request, load)
}
