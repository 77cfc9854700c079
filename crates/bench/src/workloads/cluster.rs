//! Workload 9: what a node pays for what happens at another one. Owl Post only.

use std::{net::TcpStream, sync::atomic::Ordering, time::Duration};

use anyhow::bail;

use crate::{
    database::incident_id_of_number,
    fleet::{ClientPlan, Fleet, wait_for_counter_at_least},
    measurement::Notebook,
    process::ServerProcess,
    profile::Profile,
    session::{Load, Session},
    subjects::{
        Need, Places, Subject,
        owl_post::{LABEL, OtherNode, OwlPost},
    },
};

/// The name in the tables.
pub const WORKLOAD: &str = "clusters";
/// Nodes of the largest cluster.
const MOST_NODES: usize = 3;
/// Times that each of them starts and stops typing.
const TYPING_ROUNDS: usize = 10;
const CONNECTIONS: usize = 16;
const STEP_LIMIT: Duration = Duration::from_secs(60);
/// After the last message: presence of who left is told a second later.
const AFTERMATH: Duration = Duration::from_millis(1_500);
const USUAL_REDIS: &str = "127.0.0.1:6379";

/// Measures clusters of one, two and three nodes. Everything happens at the first; the others only hear of it.
pub fn measure_clusters_of_nodes(
    places: &Places,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    if places.admin_url.is_none() {
        return Ok(());
    }
    let has_redis = TcpStream::connect(USUAL_REDIS).is_ok();
    let redis_url = has_redis.then(|| format!("redis://{USUAL_REDIS}"));
    for nodes in 1..=MOST_NODES {
        measure_cluster_of_size(places, redis_url.clone(), nodes, profile, notebook)?;
    }
    Ok(())
}

fn measure_cluster_of_size(
    places: &Places,
    redis_url: Option<String>,
    nodes: usize,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let way = if redis_url.is_some() { "Redis" } else { "the log" };
    let place =
        if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes, told by {way}") };
    let mut first = OwlPost::as_node_of_cluster(places, redis_url);
    let people = profile.cluster_people;
    first.start(Need { users: people, incidents: people })?;
    let others = (1..nodes)
        .map(|_| first.start_another_cluster_node())
        .collect::<anyhow::Result<Vec<OtherNode>>>()?;
    let mut note = |what: &str, costs: Costs| {
        let mut one = |who: &str, value: f64| {
            let metric = format!("{who}: µs per {what}");
            notebook.note_one_measured_value((WORKLOAD, &place), LABEL, &metric, value);
        };
        one("where it happens", costs.at_first);
        if let Some(cost) = costs.at_others {
            one("each other", cost);
        }
    };
    note("event", measure_cost_of_events(&mut first, &others, profile)?);
    let plans = plan_people_in_rooms(&first, people)?;
    note("connect and leave", measure_cost_of_visits(&first, &others, &plans)?);
    note("typing", measure_cost_of_typing(&first, &others, &plans)?);
    drop(others);
    first.stop();
    Ok(())
}

/// What one of many things cost, in microseconds of processor time.
struct Costs {
    at_first: f64,
    /// The mean of the other nodes.
    at_others: Option<f64>,
}

/// What all nodes used from its beginning on, the first node first.
struct NodeMeter {
    before: Vec<u64>,
}

impl NodeMeter {
    fn begin_metering_of_nodes(first: &OwlPost, others: &[OtherNode]) -> anyhow::Result<Self> {
        Ok(Self { before: read_processor_times_of_nodes(first, others)? })
    }

    /// Waits for what comes behind, and divides.
    fn divide_costs_by_number(
        &self,
        first: &OwlPost,
        others: &[OtherNode],
        times: u64,
    ) -> anyhow::Result<Costs> {
        std::thread::sleep(AFTERMATH);
        let after = read_processor_times_of_nodes(first, others)?;
        let each = |(before, after): (&u64, &u64)| (after - before) as f64 / times.max(1) as f64;
        let used: Vec<f64> = self.before.iter().zip(&after).map(each).collect();
        let of_others: f64 = used[1..].iter().sum();
        let at_others = (!others.is_empty()).then(|| of_others / others.len() as f64);
        Ok(Costs { at_first: used[0], at_others })
    }
}

fn read_processor_times_of_nodes(
    first: &OwlPost,
    others: &[OtherNode],
) -> anyhow::Result<Vec<u64>> {
    let processes = std::iter::once(first.server()?).chain(others.iter().map(OtherNode::server));
    processes.map(ServerProcess::read_processor_time_micros).collect()
}

/// Incidents are reported as fast as they are answered, and nobody watches.
fn measure_cost_of_events(
    first: &mut OwlPost,
    others: &[OtherNode],
    profile: &Profile,
) -> anyhow::Result<Costs> {
    let load = Load::closed_for_duration(CONNECTIONS, profile.phase, 0);
    let meter = NodeMeter::begin_metering_of_nodes(first, others)?;
    let session = Session::attach_to_running_server(first)?;
    let request = |marker| session.subject.event_request(marker);
    let phase = session.run_phase_of_requests(&request, load)?;
    drop(session);
    meter.divide_costs_by_number(first, others, phase.events)
}

/// Everybody in the room of an incident of their own.
fn plan_people_in_rooms(first: &OwlPost, people: usize) -> anyhow::Result<Vec<ClientPlan>> {
    (0..people)
        .map(|number| {
            let room = incident_id_of_number(number);
            let join = format!("420[\"room:join\",{{\"room\":\"incident:{room}\"}}]");
            Ok(ClientPlan { first_event: Some(join), ..first.plan_client(number)? })
        })
        .collect()
}

/// Everybody comes, joins a room, and leaves.
fn measure_cost_of_visits(
    first: &OwlPost,
    others: &[OtherNode],
    plans: &[ClientPlan],
) -> anyhow::Result<Costs> {
    let meter = NodeMeter::begin_metering_of_nodes(first, others)?;
    let fleet = connect_people_into_rooms(plans)?;
    fleet.disconnect_every_fleet_client()?;
    meter.divide_costs_by_number(first, others, plans.len() as u64)
}

/// Everybody starts and stops typing, a few times, alone in their room.
fn measure_cost_of_typing(
    first: &OwlPost,
    others: &[OtherNode],
    plans: &[ClientPlan],
) -> anyhow::Result<Costs> {
    let fleet = connect_people_into_rooms(plans)?;
    std::thread::sleep(AFTERMATH);
    let meter = NodeMeter::begin_metering_of_nodes(first, others)?;
    let events = ["typing:start", "typing:stop"];
    for event in events.into_iter().cycle().take(events.len() * TYPING_ROUNDS) {
        for number in 0..plans.len() {
            let incident = incident_id_of_number(number);
            let text = format!("42[\"{event}\",{{\"incidentId\":\"{incident}\"}}]");
            fleet.send_text_from_client(number, text)?;
        }
    }
    let typed = plans.len() * events.len() * TYPING_ROUNDS;
    meter.divide_costs_by_number(first, others, typed as u64)
}

fn connect_people_into_rooms(plans: &[ClientPlan]) -> anyhow::Result<Fleet> {
    let fleet = Fleet::new()?;
    fleet.connect_clients_until_ready(plans.to_vec(), CONNECTIONS, STEP_LIMIT)?;
    let tally = fleet.tally();
    let joined =
        wait_for_counter_at_least(&tally.acks, plans.len() as u64, STEP_LIMIT, &tally.lost);
    if !joined {
        bail!("{} of {} joins were answered", tally.acks.load(Ordering::SeqCst), plans.len());
    }
    Ok(fleet)
}
