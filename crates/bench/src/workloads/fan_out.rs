//! Workload 1: one event to everybody, at a gentle rate and at saturation.

use super::name_number_of_clients;
use crate::{
    measurement::Notebook,
    poster::Pace,
    profile::Profile,
    session::{Phase, Session},
};

/// The name in the tables, gentle.
pub const GENTLE: &str = "fan-out, gentle";
/// The name in the tables, saturated.
pub const SATURATED: &str = "fan-out, saturated";
/// Events a second, gentle.
pub const GENTLE_RATE: f64 = 20.0;
/// Deliveries a second that any of the servers can do: beyond, the gentle rate is lowered.
const GENTLE_DELIVERIES: f64 = 40_000.0;
/// Events on their way, saturated.
const WINDOW_EVENTS: u64 = 24;
/// Connections requests are posted on, saturated.
const WINDOW_CONNECTIONS: usize = 8;

/// Measures both.
pub fn measure_fan_out_workload(
    session: &Session<'_>,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let place = name_number_of_clients(session.clients);
    let label = session.subject.label();
    let per_second = GENTLE_RATE.min(GENTLE_DELIVERIES / session.clients as f64);
    // What happens once, at the first event, is not what is measured.
    session.run_phase_of_events(1, Pace::Closed, profile.phase, 3)?;
    let gentle =
        session.run_phase_of_events(4, Pace::Steady { per_second }, profile.phase, u64::MAX)?;
    let mut note = |workload: &str, metric: &str, value: f64| {
        notebook.note_one_measured_value((workload, &place), label, metric, value);
    };
    note(GENTLE, "events/s", per_second);
    note(GENTLE, "p50 ms", gentle.receipt_p50_ms);
    note(GENTLE, "p95 ms", gentle.receipt_p95_ms);
    note(GENTLE, "CPU µs per delivery", gentle.micros_per_delivery());
    note_losses_of_phase(&gentle, |metric, value| note(GENTLE, metric, value));

    let pace = Pace::Window { events: WINDOW_EVENTS, receivers: session.clients as u64 };
    let saturated =
        session.run_phase_of_events(WINDOW_CONNECTIONS, pace, profile.phase, u64::MAX)?;
    let seconds = saturated.took.as_secs_f64();
    note(SATURATED, "deliveries/s", saturated.deliveries as f64 / seconds);
    note(SATURATED, "p95 ms", saturated.receipt_p95_ms);
    note(SATURATED, "CPU µs per delivery", saturated.micros_per_delivery());
    note_losses_of_phase(&saturated, |metric, value| note(SATURATED, metric, value));
    Ok(())
}

/// Losses belong to every phase.
pub fn note_losses_of_phase(phase: &Phase, mut note: impl FnMut(&str, f64)) {
    note("lost deliveries", phase.missing as f64);
    note("lost connections", phase.lost_connections as f64);
    note("CPU of others, %", phase.others_percent);
}
