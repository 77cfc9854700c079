//! Ten thousand connections with presence, held for minutes under a slow stream of events. Owl Post only.

use std::sync::atomic::Ordering;

use super::{fan_out::note_losses_of_phase, name_number_of_clients};
use crate::{
    measurement::Notebook,
    poster::Pace,
    profile::Profile,
    session::Session,
    subjects::{Need, Subject},
};

/// The name in the tables.
pub const WORKLOAD: &str = "hold";
/// Events a second meanwhile: every connection is used again and again.
const EVENTS_PER_SECOND: f64 = 1.0;

/// Connects them, holds them, and counts who is left.
pub fn hold_many_connections_open(
    owl_post: &mut dyn Subject,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let need = Need { users: profile.held_clients, incidents: 1 };
    let mut session = Session::start_server_for_need(owl_post, need)?;
    session.connect_clients_and_settle(profile.held_clients)?;
    let pace = Pace::Steady { per_second: EVENTS_PER_SECOND };
    let phase = session.run_phase_of_events(1, pace, profile.hold, u64::MAX)?;
    let server = session.subject.server()?;
    let resident = server.read_resident_memory_kib()? as f64 / 1024.0;
    let lost = session.fleet.tally().lost.load(Ordering::SeqCst);
    let place = name_number_of_clients(profile.held_clients);
    let label = session.subject.label();
    let mut note = |metric: &str, value: f64| {
        notebook.note_one_measured_value((WORKLOAD, &place), label, metric, value);
    };
    note("seconds", phase.took.as_secs_f64());
    note("still connected", session.clients as f64 - lost as f64);
    note("p95 ms", phase.receipt_p95_ms);
    note("resident MiB", resident);
    let seconds = phase.took.as_secs_f64();
    note("CPU of the server, %", phase.processor_micros as f64 / 1e4 / seconds);
    note_losses_of_phase(&phase, note);
    session.end_session_and_server()
}
