//! Servers without tokens and database, which send what they are given: bare libraries, and the floor.

use std::process::Command;

use anyhow::Context;

use super::{
    Abilities, NOT_RUNNING, Need, Places, Subject, command_for_javascript_peer,
    find_binary_beside_ours, plan_client_without_token, request_for_bare_comment,
    request_for_bare_event,
};
use crate::{
    fleet::{ClientPlan, Marker},
    poster::Request,
    process::ServerProcess,
};

/// What one differs in from another.
struct Kind {
    label: &'static str,
    rooms: bool,
    command: fn(&Places) -> anyhow::Result<Command>,
    plan_client: fn(&ServerProcess) -> ClientPlan,
}

const KINDS: [Kind; 4] = [
    Kind {
        label: "Node socket.io, bare",
        rooms: true,
        command: |places| {
            Ok(command_for_javascript_peer("node".as_ref(), &places.peers, "node_socketio.js"))
        },
        plan_client: plan_client_without_token,
    },
    // The npm packages `bun` and `@socket.io/bun-engine`.
    Kind {
        label: "Bun engine, bare",
        rooms: true,
        command: |places| {
            let bun = places.peers.join("node_modules/.bin/bun");
            Ok(command_for_javascript_peer(&bun, &places.peers, "bun_engine.js"))
        },
        plan_client: plan_client_without_token,
    },
    // The library Owl Post stands on, as anybody gets it: with its defaults and its own engine. Cargo builds it into a
    // directory of its own, since the workspace of Owl Post has another engine.
    Kind {
        label: "socketioxide, bare",
        rooms: true,
        command: |places| {
            Ok(Command::new(places.peers.join("socketioxide/target/release/bare-socketioxide")))
        },
        plan_client: plan_client_without_token,
    },
    // What any server must pay to write one frame to every socket: a tokio server that coalesces.
    Kind {
        label: "raw floor",
        rooms: false,
        command: |_| Ok(Command::new(find_binary_beside_ours("owlpost-bench-floor")?)),
        plan_client: |server| ClientPlan {
            path: "/".to_owned(),
            connect_packet: None,
            ..plan_client_without_token(server)
        },
    },
];

/// One of them.
pub struct BarePeer {
    kind: Kind,
    places: Places,
    server: Option<ServerProcess>,
}

impl BarePeer {
    /// All of them, in the order of the tables.
    pub fn list_all_bare_peers(places: &Places) -> impl Iterator<Item = Self> {
        KINDS.into_iter().map(|kind| Self { kind, places: places.clone(), server: None })
    }
}

impl Subject for BarePeer {
    fn label(&self) -> &'static str {
        self.kind.label
    }

    fn abilities(&self) -> Abilities {
        Abilities { most_clients: 10_000, rooms: self.kind.rooms, database: false }
    }

    fn start(&mut self, _: Need) -> anyhow::Result<()> {
        let command = (self.kind.command)(&self.places)?;
        self.server = Some(ServerProcess::spawn_and_wait_ready(command)?);
        Ok(())
    }

    fn server(&self) -> anyhow::Result<&ServerProcess> {
        self.server.as_ref().context(NOT_RUNNING)
    }

    fn plan_client(&self, _: usize) -> anyhow::Result<ClientPlan> {
        Ok((self.kind.plan_client)(self.server()?))
    }

    fn event_request(&self, marker: Marker) -> Request {
        request_for_bare_event(marker)
    }

    fn comment_request(&self, incident: usize, marker: Marker) -> Request {
        request_for_bare_comment(incident, marker)
    }

    fn stop(&mut self) {
        self.server = None;
    }
}
