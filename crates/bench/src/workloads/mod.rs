//! What the servers are put through.
//!
//! - [`fan_out`] (1), [`burst`] (2), [`connect_storm`] (3) and [`idle_memory`] (5) share sessions: a server is
//!   started once for each number of clients;
//! - [`rooms`] (4): many small audiences;
//! - [`writes`] (6): requests that are stored, with and without an audience;
//! - [`growth`] (7): twice the clients, the rate, the log;
//! - [`hold`]: ten thousand connections for minutes.

pub mod burst;
pub mod connect_storm;
pub mod fan_out;
pub mod growth;
pub mod hold;
pub mod idle_memory;
pub mod rooms;
pub mod writes;

use crate::{
    measurement::Notebook,
    profile::Profile,
    session::Session,
    subjects::{Need, Subject, owl_post::OwlPost},
};

/// What can be asked for with `--only`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Workload {
    /// Connect storm, idle memory, fan-out and bursts.
    Clients,
    /// Many rooms with few viewers.
    Rooms,
    /// Stored requests.
    Writes,
    /// Cost as work grows; Owl Post only.
    Growth,
    /// Many connections for minutes; Owl Post only.
    Hold,
}

/// The number of clients, as the tables head it.
pub fn name_number_of_clients(clients: usize) -> String {
    format!("{clients} clients")
}

/// Runs the workloads that share sessions.
pub fn measure_clients_of_subject(
    subject: &mut dyn Subject,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    for &clients in &profile.sizes {
        if clients > subject.abilities().most_clients {
            continue;
        }
        let need = Need { users: clients, incidents: 1 };
        let mut session = Session::start_server_for_need(subject, need)?;
        let connected =
            connect_storm::measure_connect_storm_workload(&mut session, clients, notebook)?;
        idle_memory::note_memory_of_idle(&session, connected, notebook)?;
        fan_out::measure_fan_out_workload(&session, profile, notebook)?;
        if clients == profile.watchers {
            burst::measure_burst_of_events(&session, profile, notebook)?;
        }
        session.end_session_and_server()?;
    }
    Ok(())
}

/// Runs what only Owl Post is asked to do.
pub fn measure_owl_post_alone(
    owl_post: &mut OwlPost,
    workload: Workload,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    match workload {
        Workload::Growth => growth::measure_growth_of_costs(owl_post, profile, notebook),
        Workload::Hold => hold::hold_many_connections_open(owl_post, profile, notebook),
        Workload::Clients | Workload::Rooms | Workload::Writes => Ok(()),
    }
}
