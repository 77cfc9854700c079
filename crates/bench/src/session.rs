//! One server under test with its clients, and the phases every workload is made of.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{
    fleet::{ClientPlan, Fleet, Marker},
    histogram::Histogram,
    machine::{read_busy_time_of_machine, read_own_processor_time, read_processor_time_of_program},
    poster::{Pace, Poster, Request},
    subjects::{Need, Subject},
};

/// Clients that are connecting at the same time.
const AT_ONCE: usize = 256;
const CONNECT_LIMIT: Duration = Duration::from_secs(300);
/// Without a message for this long, everything has arrived.
const QUIET: Duration = Duration::from_millis(500);
const QUIET_LIMIT: Duration = Duration::from_secs(30);
/// Without an arrival for this long, what is missing is lost.
const ARRIVAL_PATIENCE: Duration = Duration::from_secs(5);

/// A started server and the clients that are connected to it.
pub struct Session<'a> {
    /// The server.
    pub subject: &'a mut dyn Subject,
    /// Its clients.
    pub fleet: Fleet,
    /// How many.
    pub clients: usize,
}

/// What connecting came to.
#[derive(Debug, Clone, Copy)]
pub struct Connected {
    /// Connections a second.
    pub per_second: f64,
    /// Presence messages it caused.
    pub presence_messages: u64,
    /// Resident memory each took, in KiB.
    pub kib_each: f64,
}

/// What a phase of events came to.
#[derive(Debug, Clone, Copy)]
pub struct Phase {
    /// Requests answered.
    pub events: u64,
    /// Events received, by all clients together.
    pub deliveries: u64,
    /// Events that should have been received and were not, or were received twice.
    pub missing: u64,
    /// Connections that ended.
    pub lost_connections: u64,
    /// Processor time of the server, in microseconds.
    pub processor_micros: u64,
    /// Processor time of all Postgres processes of the machine, in microseconds.
    pub database_micros: u64,
    /// Share of the machine others had (Postgres among them), in percent.
    pub others_percent: f64,
    /// From the first request to the last receipt.
    pub took: Duration,
    /// From request to receipt: half, and 19 of 20, are at or below.
    pub receipt_p50_ms: f64,
    /// See above.
    pub receipt_p95_ms: f64,
    /// From request to answer: 19 of 20 are at or below.
    pub answer_p95_ms: f64,
}

impl<'a> Session<'a> {
    /// Starts the server, without clients.
    pub fn start_server_for_need(subject: &'a mut dyn Subject, need: Need) -> anyhow::Result<Self> {
        subject.start(need)?;
        Self::attach_to_running_server(subject)
    }

    /// Takes a server that was started, without clients.
    pub fn attach_to_running_server(subject: &'a mut dyn Subject) -> anyhow::Result<Self> {
        Ok(Self { subject, fleet: Fleet::new()?, clients: 0 })
    }

    /// Connects so many more clients and waits until everything they cause is over.
    pub fn connect_clients_and_settle(&mut self, clients: usize) -> anyhow::Result<Connected> {
        self.connect_planned_clients_and_settle(clients, |_, plan| plan)
    }

    /// The same, with each client's plan changed.
    pub fn connect_planned_clients_and_settle(
        &mut self,
        clients: usize,
        change: impl Fn(usize, ClientPlan) -> ClientPlan,
    ) -> anyhow::Result<Connected> {
        let plans = (self.clients..self.clients + clients)
            .map(|number| Ok(change(number, self.subject.plan_client(number)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let tally = self.fleet.tally().clone();
        let presence_before = tally.presence.load(Ordering::SeqCst);
        let memory_before = self.subject.server()?.read_resident_memory_kib()?;
        let took = self.fleet.connect_clients_until_ready(plans, AT_ONCE, CONNECT_LIMIT)?;
        self.clients += clients;
        self.wait_until_messages_cease();
        let memory_after = self.subject.server()?.read_resident_memory_kib()?;
        Ok(Connected {
            per_second: clients as f64 / took.as_secs_f64(),
            presence_messages: tally.presence.load(Ordering::SeqCst) - presence_before,
            kib_each: memory_after.saturating_sub(memory_before) as f64 / clients as f64,
        })
    }

    /// Waits until no client is sent anything any more.
    pub fn wait_until_messages_cease(&self) {
        let messages = &self.fleet.tally().messages;
        let deadline = Instant::now() + QUIET_LIMIT;
        let mut last = (messages.load(Ordering::SeqCst), Instant::now());
        while last.1.elapsed() < QUIET && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
            let now = messages.load(Ordering::SeqCst);
            if now != last.0 {
                last = (now, Instant::now());
            }
        }
    }

    /// Makes the server send events to everybody, and waits until they have arrived.
    pub fn run_phase_of_events(
        &self,
        connections: usize,
        pace: Pace,
        duration: Duration,
        most: u64,
    ) -> anyhow::Result<Phase> {
        let request = |marker| self.subject.event_request(marker);
        let load = Load { connections, pace, duration, most, receivers: self.clients as u64 };
        self.run_phase_of_requests(&request, load)
    }

    /// Posts requests whose events each reach `load.receivers` clients, and waits until they have arrived.
    pub fn run_phase_of_requests(
        &self,
        request: &(dyn Fn(Marker) -> Request + Sync),
        load: Load,
    ) -> anyhow::Result<Phase> {
        let server = self.subject.server()?;
        let tally = self.fleet.tally();
        let answers = Histogram::default();
        let lost_before = tally.lost.load(Ordering::SeqCst);
        let before = ProcessorTimes::read_processor_time_counters(server)?;
        let started = Instant::now();
        let poster = Poster {
            server: server.address,
            connections: load.connections,
            tally,
            request,
            answers: &answers,
        };
        let posted = poster.post_requests_at_pace(load.pace, load.duration, load.most)?;
        let deliveries = self.wait_until_events_arrive(posted.sent * load.receivers);
        let took = started.elapsed();
        let after = ProcessorTimes::read_processor_time_counters(server)?;
        let expected = posted.sent * load.receivers;
        let mut missing = expected.abs_diff(deliveries);
        if missing == 0 {
            let sum = tally.marked_sum.load(Ordering::SeqCst);
            missing = u64::from(sum != posted.number_sum * load.receivers);
        }
        let ms = |share| tally.latency.quantile_of_all_latencies(share).as_secs_f64() * 1e3;
        Ok(Phase {
            events: posted.sent,
            deliveries,
            missing,
            lost_connections: tally.lost.load(Ordering::SeqCst) - lost_before,
            processor_micros: after.server - before.server,
            database_micros: after.database.saturating_sub(before.database),
            others_percent: after.share_of_others_since(&before, took),
            took,
            receipt_p50_ms: ms(0.5),
            receipt_p95_ms: ms(0.95),
            answer_p95_ms: answers.quantile_of_all_latencies(0.95).as_secs_f64() * 1e3,
        })
    }

    fn wait_until_events_arrive(&self, expected: u64) -> u64 {
        let marked = &self.fleet.tally().marked;
        let mut last = (marked.load(Ordering::SeqCst), Instant::now());
        while last.0 < expected && last.1.elapsed() < ARRIVAL_PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
            let now = marked.load(Ordering::SeqCst);
            if now != last.0 {
                last = (now, Instant::now());
            }
        }
        marked.load(Ordering::SeqCst)
    }

    /// Disconnects everybody and stops the server.
    pub fn end_session_and_server(self) -> anyhow::Result<()> {
        self.fleet.disconnect_every_fleet_client()?;
        self.subject.stop();
        Ok(())
    }
}

/// How requests are posted, and how many clients receive each event.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Connections, one thread each.
    pub connections: usize,
    /// When the next is sent.
    pub pace: Pace,
    /// For so long.
    pub duration: Duration,
    /// So many at most.
    pub most: u64,
    /// Clients that receive each event.
    pub receivers: u64,
}

impl Load {
    /// Requests without end for so long, each sent as soon as one before it is answered.
    pub const fn closed_for_duration(
        connections: usize,
        duration: Duration,
        receivers: u64,
    ) -> Self {
        Self { connections, pace: Pace::Closed, duration, most: u64::MAX, receivers }
    }
}

impl Phase {
    /// Events a second, from the first request to the last receipt.
    pub fn events_per_second(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    /// Processor time of the server for each event received, in microseconds.
    pub fn micros_per_delivery(&self) -> f64 {
        self.processor_micros as f64 / self.deliveries.max(1) as f64
    }
}

struct ProcessorTimes {
    server: u64,
    database: u64,
    own: u64,
    machine: u64,
}

impl ProcessorTimes {
    fn read_processor_time_counters(
        server: &crate::process::ServerProcess,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            server: server.read_processor_time_micros()?,
            database: read_processor_time_of_program("postgres"),
            own: read_own_processor_time()?,
            machine: read_busy_time_of_machine()?,
        })
    }

    fn share_of_others_since(&self, before: &Self, took: Duration) -> f64 {
        let ours = (self.server - before.server) + (self.own - before.own);
        let others = (self.machine - before.machine).saturating_sub(ours) as f64;
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        others / (took.as_secs_f64() * 1e6 * processors) * 100.0
    }
}
