//! Workload 3: everybody connects at once, with token check and presence where the server has them.

use super::name_number_of_clients;
use crate::{
    measurement::Notebook,
    session::{Connected, Session},
};

/// The name in the tables.
pub const WORKLOAD: &str = "connect storm";

/// Connects `clients` at once and notes how fast that went and what it made others receive.
pub fn measure_connect_storm_workload(
    session: &mut Session<'_>,
    clients: usize,
    notebook: &mut Notebook,
) -> anyhow::Result<Connected> {
    let connected = session.connect_clients_and_settle(clients)?;
    let place = name_number_of_clients(clients);
    let mut note = |metric: &str, value: f64| {
        notebook.note_one_measured_value(
            (WORKLOAD, &place),
            session.subject.label(),
            metric,
            value,
        );
    };
    note("connects/s", connected.per_second);
    note("presence messages per client", connected.presence_messages as f64 / clients as f64);
    Ok(connected)
}
