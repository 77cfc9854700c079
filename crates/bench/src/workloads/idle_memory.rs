//! Workload 5: what a connection costs that does nothing.

use super::name_number_of_clients;
use crate::{
    measurement::Notebook,
    session::{Connected, Session},
};

/// The name in the tables.
pub const WORKLOAD: &str = "idle memory";

/// Notes the memory of a server whose clients have just connected and been quiet since.
pub fn note_memory_of_idle(
    session: &Session<'_>,
    connected: Connected,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let place = name_number_of_clients(session.clients);
    let resident = session.subject.server()?.read_resident_memory_kib()?;
    let mut note = |metric: &str, value: f64| {
        notebook.note_one_measured_value(
            (WORKLOAD, &place),
            session.subject.label(),
            metric,
            value,
        );
    };
    note("KiB a connection", connected.kib_each);
    note("resident MiB", resident as f64 / 1024.0);
    Ok(())
}
