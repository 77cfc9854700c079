//! Workload 2: a thousand events at once to a thousand clients.

use std::time::{Duration, Instant};

use super::{fan_out::note_losses_of_phase, name_number_of_clients};
use crate::{measurement::Notebook, poster::Pace, profile::Profile, session::Session};

/// The name in the tables.
pub const WORKLOAD: &str = "burst";
const CONNECTIONS: usize = 16;
const LIMIT: Duration = Duration::from_secs(120);
/// Memory within this share of the baseline is back.
const RETURN_SHARE: f64 = 1.1;

/// Posts the burst as fast as requests are answered.
pub fn measure_burst_of_events(
    session: &Session<'_>,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let server = session.subject.server()?;
    let before = server.read_resident_memory_kib()?;
    server.reset_peak_resident_memory()?;
    let phase =
        session.run_phase_of_events(CONNECTIONS, Pace::Closed, LIMIT, profile.burst_events)?;
    let peak = server.read_peak_memory_kib()?;
    let deadline = Instant::now() + profile.memory_return;
    let mut after = server.read_resident_memory_kib()?;
    while after as f64 > before as f64 * RETURN_SHARE && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
        after = after.min(server.read_resident_memory_kib()?);
    }
    let place = name_number_of_clients(session.clients);
    let label = session.subject.label();
    let mut note = |metric: &str, value: f64| {
        notebook.note_one_measured_value((WORKLOAD, &place), label, metric, value);
    };
    let expected = phase.events * session.clients as u64;
    note("lost, %", phase.missing as f64 / expected as f64 * 100.0);
    note("seconds to the last receipt", phase.took.as_secs_f64());
    note("MiB before", before as f64 / 1024.0);
    note("MiB at the peak", peak as f64 / 1024.0);
    note("MiB after", after as f64 / 1024.0);
    note_losses_of_phase(&phase, note);
    Ok(())
}
