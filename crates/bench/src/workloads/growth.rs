//! Workload 7: what twice the clients, twice the rate and twice the log cost. Owl Post only.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::{
    measurement::Notebook,
    poster::Pace,
    profile::Profile,
    session::Session,
    subjects::{Need, Subject, owl_post::OwlPost},
};

/// The name in the tables.
pub const WORKLOAD: &str = "growth";
/// The same work, once, twice and four times.
const STEPS: [u32; 3] = [1, 2, 4];
/// Positions a resuming client is behind: more than the server keeps in memory, so the log is read.
const GAP: i64 = 5_000;
/// Resumes of one step, one after the other.
const RESUMES: usize = 40;
const CATCH_UP_LIMIT: Duration = Duration::from_secs(120);

/// Measures all three.
pub fn measure_growth_of_costs(
    owl_post: &mut OwlPost,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    measure_growth_with_clients(owl_post, profile, notebook)?;
    measure_growth_with_rate(owl_post, profile, notebook)?;
    measure_growth_with_log(owl_post, profile, notebook)
}

fn measure_growth_with_clients(
    owl_post: &mut OwlPost,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let most = profile.growth_clients * STEPS[2] as usize;
    let need = Need { users: most, incidents: 1 };
    let mut session = Session::start_server_for_need(owl_post, need)?;
    for step in STEPS {
        let clients = profile.growth_clients * step as usize;
        session.connect_clients_and_settle(clients - session.clients)?;
        let pace = Pace::Steady { per_second: profile.growth_rate };
        let phase = session.run_phase_of_events(4, pace, profile.phase, u64::MAX)?;
        let cost = phase.processor_micros as f64 / phase.events.max(1) as f64;
        let label = session.subject.label();
        let place = (WORKLOAD, "clients");
        notebook.note_one_measured_value(place, label, &format!("×{step}, µs per event"), cost);
    }
    session.end_session_and_server()
}

fn measure_growth_with_rate(
    owl_post: &mut OwlPost,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let clients = profile.growth_clients;
    let need = Need { users: clients, incidents: 1 };
    let mut session = Session::start_server_for_need(owl_post, need)?;
    session.connect_clients_and_settle(clients)?;
    for step in STEPS {
        let per_second = profile.growth_rate * f64::from(step);
        let phase =
            session.run_phase_of_events(8, Pace::Steady { per_second }, profile.phase, u64::MAX)?;
        let cost = phase.processor_micros as f64 / 1e3 / phase.took.as_secs_f64();
        let label = session.subject.label();
        let place = (WORKLOAD, "rate");
        notebook.note_one_measured_value(place, label, &format!("×{step}, ms per second"), cost);
    }
    session.end_session_and_server()
}

/// The log is filled by SQL, so this needs a Postgres the bench may write to.
fn measure_growth_with_log(
    owl_post: &mut OwlPost,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let mut filled = 0;
    owl_post.start(Need { users: 1, incidents: 1 })?;
    if owl_post.database().is_none() {
        owl_post.stop();
        return Ok(());
    }
    for step in STEPS {
        let rows = profile.growth_log * u64::from(step);
        let database = owl_post.database().context("checked above")?;
        database.append_events_to_log(rows - filled)?;
        filled = rows;
        let last = database.query_one_number_from("select max(position) from event_log")?;
        wait_until_server_follows_log(owl_post, last)?;
        let label = owl_post.label();
        for (name, gap) in [("", GAP), (" and twice the gap", GAP * 2)] {
            let gap = gap.min(last);
            let milliseconds = time_of_one_resume(owl_post, last - gap)?;
            let metric = format!("×{step}{name}, ms per resume");
            notebook.note_one_measured_value((WORKLOAD, "log"), label, &metric, milliseconds);
        }
    }
    owl_post.stop();
    Ok(())
}

/// A new client is told the position the server is at: it is there when that is the log's.
fn wait_until_server_follows_log(owl_post: &OwlPost, last: i64) -> anyhow::Result<()> {
    let deadline = Instant::now() + CATCH_UP_LIMIT;
    let address = owl_post.server()?.address;
    while Instant::now() < deadline {
        if crate::fleet::probe::read_last_event_id(&owl_post.plan_client(0)?, address)? >= last {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    anyhow::bail!("the server did not follow its log within {CATCH_UP_LIMIT:?}")
}

fn time_of_one_resume(owl_post: &OwlPost, last_event_id: i64) -> anyhow::Result<f64> {
    let fleet = crate::fleet::Fleet::new()?;
    let plan = owl_post.plan_client(0)?.resume_after_last_event(last_event_id);
    let plans = vec![plan; RESUMES];
    let took = fleet.connect_clients_until_ready(plans, 1, CATCH_UP_LIMIT)?;
    Ok(took.as_secs_f64() * 1e3 / RESUMES as f64)
}
