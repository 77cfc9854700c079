//! Workload 4: many incidents with a few viewers each; comments and typing.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::bail;

use super::fan_out::note_losses_of_phase;
use crate::{
    database::incident_id_of_number,
    fleet::wait_for_counter_at_least,
    measurement::Notebook,
    poster::Pace,
    profile::Profile,
    session::{Load, Session},
    subjects::{Need, Subject},
};

/// The name in the tables.
pub const WORKLOAD: &str = "rooms";
const JOIN_LIMIT: Duration = Duration::from_secs(60);
const TYPING_LIMIT: Duration = Duration::from_secs(10);
/// Comments a second, gentle.
const GENTLE_RATE: f64 = 100.0;
/// Comments on their way, saturated.
const WINDOW_EVENTS: u64 = 64;

/// Measures comments at a gentle rate and at saturation, and typing.
pub fn measure_rooms_of_subject(
    subject: &mut dyn Subject,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    let (rooms, viewers) = (profile.rooms, profile.viewers);
    let clients = rooms * viewers;
    if !subject.abilities().rooms {
        return Ok(());
    }
    // A server that cannot take so many in a reasonable time is asked for fewer rooms.
    let rooms = rooms.min(subject.abilities().most_clients / viewers);
    let need = Need { users: clients, incidents: rooms };
    let mut session = Session::start_server_for_need(subject, need)?;
    session.connect_planned_clients_and_settle(rooms * viewers, |number, mut plan| {
        let room = incident_id_of_number(number % rooms);
        plan.first_event = Some(format!("420[\"room:join\",{{\"room\":\"incident:{room}\"}}]"));
        plan
    })?;
    let tally = session.fleet.tally();
    let everybody = session.clients as u64;
    if !wait_for_counter_at_least(&tally.acks, everybody, JOIN_LIMIT, &tally.lost) {
        bail!("{} of {everybody} joins were answered", tally.acks.load(Ordering::SeqCst));
    }
    session.wait_until_messages_cease();
    let place = format!("{rooms} rooms of {viewers}");
    let label = session.subject.label();
    let mut note = |metric: &str, value: f64| {
        notebook.note_one_measured_value((WORKLOAD, &place), label, metric, value);
    };
    let request = |marker: crate::fleet::Marker| {
        session.subject.comment_request(marker.number as usize % rooms, marker)
    };
    let mut load = Load {
        connections: 4,
        pace: Pace::Steady { per_second: GENTLE_RATE },
        duration: profile.phase,
        most: u64::MAX,
        receivers: viewers as u64,
    };
    let gentle = session.run_phase_of_requests(&request, load)?;
    note("comment p95 ms at 100/s", gentle.receipt_p95_ms);
    load.pace = Pace::Window { events: WINDOW_EVENTS, receivers: viewers as u64 };
    load.connections = 16;
    let saturated = session.run_phase_of_requests(&request, load)?;
    note("comments/s, saturated", saturated.events_per_second());
    note("CPU µs per comment", saturated.processor_micros as f64 / saturated.events as f64);
    note_losses_of_phase(&saturated, &mut note);
    let typing = measure_typing_in_rooms(&session, rooms, viewers)?;
    note("CPU µs per typing delivery", typing.micros_per_delivery);
    note("lost typing deliveries", typing.missing as f64);
    session.end_session_and_server()
}

struct Typing {
    micros_per_delivery: f64,
    missing: u64,
}

/// The first viewer of every room starts typing, and stops: twice the other viewers see it.
fn measure_typing_in_rooms(
    session: &Session<'_>,
    rooms: usize,
    viewers: usize,
) -> anyhow::Result<Typing> {
    let tally = session.fleet.tally();
    let server = session.subject.server()?;
    let before = tally.typing.load(Ordering::SeqCst);
    let micros_before = server.read_processor_time_micros()?;
    for event in ["typing:start", "typing:stop"] {
        for room in 0..rooms {
            let incident = incident_id_of_number(room);
            let text = format!("42[\"{event}\",{{\"incidentId\":\"{incident}\"}}]");
            session.fleet.send_text_from_client(room, text)?;
        }
    }
    let wanted = (2 * rooms * (viewers - 1)) as u64;
    let deadline = Instant::now() + TYPING_LIMIT;
    while tally.typing.load(Ordering::SeqCst) - before < wanted && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    let seen = tally.typing.load(Ordering::SeqCst) - before;
    let micros = server.read_processor_time_micros()? - micros_before;
    Ok(Typing {
        micros_per_delivery: micros as f64 / seen.max(1) as f64,
        missing: wanted.abs_diff(seen),
    })
}
