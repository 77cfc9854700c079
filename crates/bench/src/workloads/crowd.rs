//! Workload 10: a crowd is cut off at once and comes back for what it missed, while others stay. Owl Post only.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use super::name_number_of_clients;
use crate::{
    fleet::{ClientPlan, Fleet, probe::read_last_event_id, wait_for_counter_at_least},
    histogram::Histogram,
    measurement::Notebook,
    poster::{Pace, Posted, Poster},
    profile::Profile,
    subjects::{Need, Subject, owl_post::OwlPost},
};

/// The name in the tables.
pub const WORKLOAD: &str = "cut off and back";
/// Clients that stay.
const WITNESSES: usize = 100;
/// Events while the crowd is away, of which each of it is to be told.
const MISSED_EVENTS: u64 = 20;
/// Before the cut, and while the crowd comes back.
const STEADY: Pace = Pace::Steady { per_second: 10.0 };
/// For so long of the return.
const MEANWHILE: Duration = Duration::from_secs(3);
/// Nobody waits for anybody else, as far as the kernel's queue of connections goes.
const AT_ONCE: usize = 1_000;
const LIMIT: Duration = Duration::from_secs(120);
const POSTING_CONNECTIONS: usize = 4;

/// Measures how long it takes until the last is back with all it missed, and what those who stayed noticed.
pub fn measure_return_of_crowd(
    owl_post: &mut OwlPost,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let people = profile.held_clients;
    owl_post.start(Need { users: people + WITNESSES, incidents: 1 })?;
    let scene = Scene::connect_witnesses_and_crowd(owl_post, people)?;
    scene.post_events_at_pace(STEADY, profile.phase, u64::MAX)?;
    let p99_before = scene.find_p99_of_witnesses();
    let back = scene.cut_crowd_and_return()?;
    let p99_meanwhile = scene.find_p99_of_witnesses();
    let place = name_number_of_clients(people);
    let mut note = |metric: &str, value: f64| {
        notebook.note_one_measured_value((WORKLOAD, &place), owl_post.label(), metric, value);
    };
    note("s until all are back", back.connected.as_secs_f64());
    note("s until all have all they missed", back.caught_up.as_secs_f64());
    note("lost deliveries", back.lost as f64);
    note("others' p99 ms, before", p99_before);
    note("others' p99 ms, meanwhile", p99_meanwhile);
    drop(scene);
    owl_post.stop();
    Ok(())
}

struct Scene<'a> {
    owl_post: &'a OwlPost,
    witnesses: Fleet,
    crowd: Fleet,
    plans: Vec<ClientPlan>,
}

/// Times from the first dial.
struct Return {
    connected: Duration,
    caught_up: Duration,
    /// Missed events that somebody was not told, or twice.
    lost: u64,
}

impl<'a> Scene<'a> {
    fn connect_witnesses_and_crowd(owl_post: &'a OwlPost, people: usize) -> anyhow::Result<Self> {
        let plan = |number| owl_post.plan_client(number);
        let witnesses = Fleet::new()?;
        let plans = (0..WITNESSES).map(plan).collect::<anyhow::Result<_>>()?;
        witnesses.connect_clients_until_ready(plans, WITNESSES, LIMIT)?;
        let crowd = Fleet::new()?;
        let plans =
            (WITNESSES..WITNESSES + people).map(plan).collect::<anyhow::Result<Vec<_>>>()?;
        crowd.connect_clients_until_ready(plans.clone(), AT_ONCE, LIMIT)?;
        Ok(Self { owl_post, witnesses, crowd, plans })
    }

    /// The latencies are those of the witnesses.
    fn post_events_at_pace(
        &self,
        pace: Pace,
        duration: Duration,
        most: u64,
    ) -> anyhow::Result<Posted> {
        let poster = Poster {
            server: self.owl_post.server()?.address,
            connections: POSTING_CONNECTIONS,
            tally: self.witnesses.tally(),
            request: &|marker| self.owl_post.event_request(marker),
            answers: &Histogram::default(),
        };
        let posted = poster.post_requests_at_pace(pace, duration, most)?;
        let tally = self.witnesses.tally();
        wait_for_counter_at_least(
            &tally.marked,
            posted.sent * WITNESSES as u64,
            LIMIT,
            &tally.lost,
        );
        Ok(posted)
    }

    fn find_p99_of_witnesses(&self) -> f64 {
        let latency = &self.witnesses.tally().latency;
        latency.quantile_of_all_latencies(0.99).as_secs_f64() * 1e3
    }

    /// The crowd counts what it missed, and nothing that is said later.
    fn cut_crowd_and_return(&self) -> anyhow::Result<Return> {
        let server = self.owl_post.server()?.address;
        let seen_by_all = read_last_event_id(&self.plans[0], server)?;
        self.crowd.disconnect_every_fleet_client()?;
        let missed = self.post_events_at_pace(Pace::Closed, LIMIT, MISSED_EVENTS)?;
        let tally = self.crowd.tally();
        tally.follow_phase_of_markers(self.witnesses.tally().phase.load(Ordering::SeqCst));
        let plans: Vec<_> =
            self.plans.iter().map(|plan| plan.resume_after_last_event(seen_by_all)).collect();
        let people = plans.len() as u64;
        thread::scope(|scope| {
            let others = scope.spawn(|| self.post_events_at_pace(STEADY, MEANWHILE, u64::MAX));
            let started = Instant::now();
            let connected = self.crowd.connect_clients_until_ready(plans, AT_ONCE, LIMIT)?;
            wait_for_counter_at_least(&tally.marked, missed.sent * people, LIMIT, &tally.lost);
            let caught_up = started.elapsed();
            others.join().map_err(|_| anyhow::anyhow!("a posting thread panicked"))??;
            let arrived = tally.marked.load(Ordering::SeqCst);
            let sum = tally.marked_sum.load(Ordering::SeqCst);
            let lost = (missed.sent * people).abs_diff(arrived);
            let lost = lost.max(u64::from(sum != missed.number_sum * people));
            Ok(Return { connected, caught_up, lost })
        })
    }
}
