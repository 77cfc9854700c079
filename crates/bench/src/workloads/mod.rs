//! What the servers are put through.
//!
//! - [`fan_out`] (1), [`burst`] (2), [`connect_storm`] (3) and [`idle_memory`] (5) share sessions: a server is
//!   started once for each number of clients;
//! - [`start`]: before the first client;
//! - [`rooms`] (4): many small audiences;
//! - [`writes`] (6): requests that are stored, with and without an audience;
//! - [`growth`] (7): twice the clients, the rate, the log;
//! - [`reads`] (8): pages, and incidents with few and many comments;
//! - [`cluster`] (9): what nodes pay for each other;
//! - [`crowd`] (10): ten thousand cut off at once, and back;
//! - [`hold`]: ten thousand connections for minutes.

pub mod burst;
pub mod cluster;
pub mod connect_storm;
pub mod crowd;
pub mod fan_out;
pub mod growth;
pub mod hold;
pub mod idle_memory;
pub mod reads;
pub mod rooms;
pub mod start;
pub mod writes;

use crate::{
    measurement::Notebook,
    profile::Profile,
    session::Session,
    subjects::{Need, Places, Subject, owl_post::OwlPost},
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
    /// Pages and incidents; Owl Post only.
    Reads,
    /// Nodes that hear of each other; Owl Post only.
    Clusters,
    /// Cost as work grows; Owl Post only.
    Growth,
    /// Many cut off at once, and back; Owl Post only.
    Crowd,
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
    for (turn, &clients) in profile.sizes.iter().enumerate() {
        if clients > subject.abilities().most_clients {
            continue;
        }
        let need = Need { users: clients, incidents: 1 };
        let mut session = Session::start_server_for_need(subject, need)?;
        if turn == 0 {
            start::note_start_of_server(&session, notebook)?;
        }
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
    places: &Places,
    workload: Workload,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let mut owl_post = OwlPost::new(places);
    match workload {
        Workload::Reads => reads::measure_reads_of_incidents(&mut owl_post, profile, notebook),
        Workload::Clusters => cluster::measure_clusters_of_nodes(places, profile, notebook),
        Workload::Growth => growth::measure_growth_of_costs(&mut owl_post, profile, notebook),
        Workload::Crowd => crowd::measure_return_of_crowd(&mut owl_post, profile, notebook),
        Workload::Hold => hold::hold_many_connections_open(&mut owl_post, profile, notebook),
        Workload::Clients | Workload::Rooms | Workload::Writes => Ok(()),
    }
}
