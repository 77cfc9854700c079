//! Workload 8: pages and single incidents, asked for as fast as they are answered. Owl Post only.

use anyhow::Context;

use crate::{
    database::incident_id_of_number,
    measurement::Notebook,
    poster::Request,
    profile::Profile,
    session::{Load, Session},
    subjects::{Need, Subject, owl_post::OwlPost},
};

/// The name in the tables.
pub const WORKLOAD: &str = "reads";
/// Incidents there are.
const INCIDENTS: usize = 2_000;
/// Comments on the first incident, and on the second.
pub const COMMENTS: [u64; 2] = [10, 16_000];
/// Connections that ask.
const CONNECTIONS: usize = 16;

/// Measures pages of incidents, and incidents with few and with many comments.
pub fn measure_reads_of_incidents(
    owl_post: &mut OwlPost,
    profile: &Profile,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    owl_post.start(Need { users: 100, incidents: INCIDENTS })?;
    if owl_post.database().is_none() {
        owl_post.stop();
        return Ok(());
    }
    let mut places = vec![("a page of 50 incidents".to_owned(), "/api/incidents".to_owned())];
    for (number, comments) in COMMENTS.into_iter().enumerate() {
        let database = owl_post.database().context("checked above")?;
        database.insert_comments_on_incident(number, comments)?;
        let path = format!("/api/incidents/{}", incident_id_of_number(number));
        places.push((name_place_of_comments(comments), path));
    }
    let requests = places
        .into_iter()
        .map(|(place, path)| Ok((place, owl_post.build_request_for_path(&path)?)))
        .collect::<anyhow::Result<Vec<(String, Request)>>>()?;
    let session = Session::attach_to_running_server(owl_post)?;
    for (place, request) in requests {
        let load = Load::closed_for_duration(CONNECTIONS, profile.phase, 0);
        let phase = session.run_phase_of_requests(&|_| request.clone(), load)?;
        let label = session.subject.label();
        let mut note = |metric: &str, value: f64| {
            notebook.note_one_measured_value((WORKLOAD, &place), label, metric, value);
        };
        let each = |value: u64| value as f64 / phase.events as f64;
        note("reads/s", phase.events_per_second());
        note("p95 ms", phase.answer_p95_ms);
        note("server µs per read", each(phase.processor_micros));
        note("Postgres µs per read", each(phase.database_micros));
    }
    session.end_session_and_server()
}

/// The name of the table of an incident with so many comments.
pub fn name_place_of_comments(comments: u64) -> String {
    format!("an incident with {comments} comments")
}
