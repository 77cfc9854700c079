//! The servers that are measured, all behind one trait.
//!
//! - [`owl_post`]: the product, whole: database, token checks, presence, event log;
//! - [`seed_design`]: Express, socket.io and pg, as the product was first described;
//! - [`bare_peer`]: bare libraries, neither tokens nor database, and the floor: one pre-encoded frame to every
//!   socket, nothing else.

pub mod bare_peer;
pub mod owl_post;
pub mod seed_design;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::{
    database::{incident_id_of_number, user_id_of_number},
    fleet::{ClientPlan, Dialect, Marker},
    poster::Request,
    process::ServerProcess,
    profile::Profile,
};

/// What a workload needs of a server before its first client.
#[derive(Debug, Clone, Copy, Default)]
pub struct Need {
    /// Users that connect.
    pub users: usize,
    /// Incidents that have rooms.
    pub incidents: usize,
}

/// What a server can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Clients beyond which a run would take minutes.
    pub most_clients: usize,
    /// It has rooms, typing and comments.
    pub rooms: bool,
    /// It stores what is posted.
    pub database: bool,
}

/// A server that can be measured.
pub trait Subject: Send + Sync {
    /// Its name in the tables.
    fn label(&self) -> &'static str;
    /// What it can be asked to do.
    fn abilities(&self) -> Abilities;
    /// Starts it, with what the workload needs in place.
    fn start(&mut self, need: Need) -> anyhow::Result<()>;
    /// Its process, while it runs.
    fn server(&self) -> anyhow::Result<&ServerProcess>;
    /// How a client with this number connects. Clients share users when there are more of them.
    fn plan_client(&self, number: usize) -> anyhow::Result<ClientPlan>;
    /// The request that makes it send an event to everybody.
    fn event_request(&self, marker: Marker) -> Request;
    /// The request that makes it send an event to the room of an incident.
    fn comment_request(&self, incident: usize, marker: Marker) -> Request;
    /// Stops it and removes its data.
    fn stop(&mut self);
}

/// Where things are.
#[derive(Debug, Clone)]
pub struct Places {
    /// The `owlpost` binary.
    pub owlpost: PathBuf,
    /// The directory of the peers written in JavaScript, with their modules installed.
    pub peers: PathBuf,
    /// A Postgres server whose user may create databases; without it Owl Post runs on its embedded one.
    pub admin_url: Option<String>,
}

/// Every subject, the product first.
pub fn list_all_known_subjects(places: &Places, profile: &Profile) -> Vec<Box<dyn Subject>> {
    let mut subjects: Vec<Box<dyn Subject>> = vec![
        Box::new(owl_post::OwlPost::new(places)),
        Box::new(owl_post::OwlPost::with_clients_of_dialect(places, Dialect::SignalR)),
        Box::new(owl_post::OwlPost::with_clients_of_dialect(places, Dialect::Stomp)),
        Box::new(seed_design::SeedDesign::new(places)),
    ];
    // Without a Postgres server the first is on it already.
    if profile.embedded_database && places.admin_url.is_some() {
        subjects.insert(1, Box::new(owl_post::OwlPost::on_embedded_database(places)));
    }
    for peer in bare_peer::BarePeer::list_all_bare_peers(places) {
        subjects.push(Box::new(peer));
    }
    subjects
}

/// A binary that was built beside this one.
pub fn find_binary_beside_ours(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| anyhow::anyhow!("{name} is not beside {}: build it first", own.display()))
}

/// The same event as Owl Post sends, with the same fields and size, for servers that send what they are given.
fn build_event_payload_for_bare(marker: Marker) -> String {
    let user = sample_user_of_payload();
    json!({
        "incident": {
            "id": incident_id_of_number(marker.number as usize),
            "title": marker.as_text(),
            "description": DESCRIPTION,
            "severity": "MISCHIEF",
            "status": "OPEN",
            "location": LOCATION,
            "reportedBy": user,
            "assignee": null,
            "createdAt": "2026-01-01T12:00:00.000000Z",
            "updatedAt": "2026-01-01T12:00:00.000000Z",
            "resolvedAt": null,
            "resolvedBy": null,
            "resolution": null,
            "version": 1,
        },
        "createdBy": user,
        "eventId": marker.number.to_string(),
    })
    .to_string()
}

fn build_comment_payload_for_bare(incident: usize, marker: Marker) -> String {
    let user = sample_user_of_payload();
    let incident = incident_id_of_number(incident);
    json!({
        "comment": {
            "id": incident_id_of_number(marker.number as usize),
            "incidentId": incident,
            "content": marker.as_text(),
            "author": user,
            "createdAt": "2026-01-01T12:00:00.000000Z",
        },
        "incidentId": incident,
        "author": user,
        "eventId": marker.number.to_string(),
    })
    .to_string()
}

fn sample_user_of_payload() -> serde_json::Value {
    json!({
        "id": user_id_of_number(0),
        "email": "pupil.0@hogwarts.edu",
        "name": "Pupil Number 0",
        "role": "AUROR",
    })
}

/// What is posted to servers that make the payload themselves.
fn build_incident_body_to_post(marker: Marker) -> String {
    json!({
        "title": marker.as_text(),
        "description": DESCRIPTION,
        "severity": "MISCHIEF",
        "location": LOCATION,
    })
    .to_string()
}

const DESCRIPTION: &str =
    "Somebody has let a niffler loose in the trophy room and nobody can find it";
const LOCATION: &str = "Trophy room, third floor";

/// A client of a bare Socket.IO server.
fn plan_client_without_token(server: &ServerProcess) -> ClientPlan {
    ClientPlan {
        dialect: Dialect::SocketIo,
        server: server.address,
        path: "/socket.io/?EIO=4&transport=websocket".to_owned(),
        connect_packet: Some("40".to_owned()),
        awaits_acknowledgement: false,
        first_event: None,
    }
}

/// A client that proves who it is, and is told so.
fn plan_client_with_token(server: &ServerProcess, token: &str) -> ClientPlan {
    ClientPlan {
        connect_packet: Some(format!("40{{\"token\":\"{token}\"}}")),
        awaits_acknowledgement: true,
        ..plan_client_without_token(server)
    }
}

/// The same by SignalR: the token is in the query, as browsers have to put it.
fn plan_client_of_hub(server: &ServerProcess, token: &str) -> ClientPlan {
    ClientPlan {
        dialect: Dialect::SignalR,
        path: format!("/hub/incidents?access_token={token}"),
        connect_packet: Some("{\"protocol\":\"json\",\"version\":1}\u{1e}".to_owned()),
        awaits_acknowledgement: true,
        ..plan_client_without_token(server)
    }
}

/// The same by STOMP: it hears what the others hear without asking.
fn plan_client_of_stomp(server: &ServerProcess, token: &str) -> ClientPlan {
    let subscribe = |id: u8, destination: &str, receipt: &str| {
        format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\n{receipt}\n\0")
    };
    let frames = [
        format!("CONNECT\naccept-version:1.2\nAuthorization:Bearer {token}\n\n\0"),
        subscribe(0, "/topic/presence", ""),
        subscribe(1, "/topic/incidents", "receipt:ready\n"),
    ];
    ClientPlan {
        dialect: Dialect::Stomp,
        path: "/ws".to_owned(),
        connect_packet: Some(frames.concat()),
        awaits_acknowledgement: true,
        ..plan_client_without_token(server)
    }
}

fn request_for_bare_event(marker: Marker) -> Request {
    Request {
        path: "/emit".to_owned(),
        authorization: None,
        body: Some(build_event_payload_for_bare(marker)),
    }
}

fn request_for_bare_comment(incident: usize, marker: Marker) -> Request {
    Request {
        path: format!("/emit/incident:{}", incident_id_of_number(incident)),
        authorization: None,
        body: Some(build_comment_payload_for_bare(incident, marker)),
    }
}

fn request_for_real_event(authorization: String, marker: Marker) -> Request {
    Request {
        path: "/api/incidents".to_owned(),
        authorization: Some(authorization),
        body: Some(build_incident_body_to_post(marker)),
    }
}

fn request_for_real_comment(authorization: String, incident: usize, marker: Marker) -> Request {
    Request {
        path: format!("/api/incidents/{}/comments", incident_id_of_number(incident)),
        authorization: Some(authorization),
        body: Some(json!({ "content": marker.as_text() }).to_string()),
    }
}

/// A JavaScript peer, run in its own directory.
fn command_for_javascript_peer(engine: &Path, peers: &Path, file: &str) -> std::process::Command {
    let mut command = std::process::Command::new(engine);
    command.arg(file).current_dir(peers).env("NODE_ENV", "production");
    command
}

const NOT_RUNNING: &str = "the server was not started";
