//! What a server needs before its first client: with an empty database, which it brings into shape.

use crate::{measurement::Notebook, session::Session};

/// The name in the tables.
pub const WORKLOAD: &str = "start";

/// Notes how long the start of the session's server took, and its memory after it.
pub fn note_start_of_server(session: &Session<'_>, notebook: &mut Notebook) -> anyhow::Result<()> {
    let server = session.subject.server()?;
    let place = (WORKLOAD, "an empty database");
    let label = session.subject.label();
    let mut note = |metric: &str, value: f64| {
        notebook.note_one_measured_value(place, label, metric, value);
    };
    note("ms until it listens", server.started_in.as_secs_f64() * 1e3);
    note("resident MiB", server.read_resident_memory_kib()? as f64 / 1024.0);
    Ok(())
}
