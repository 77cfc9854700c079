//! socket.io on Node, bare.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{
    Abilities, NOT_RUNNING, Need, Places, Subject, command_for_javascript_peer,
    plan_client_without_token, request_for_bare_comment, request_for_bare_event,
};
use crate::{
    fleet::{ClientPlan, Marker},
    poster::Request,
    process::ServerProcess,
};

/// socket.io on Node, bare.
pub struct NodeSocketIo {
    peers: PathBuf,
    server: Option<ServerProcess>,
}

impl NodeSocketIo {
    /// The peer in the directory of peers.
    pub fn new(places: &Places) -> Self {
        Self { peers: places.peers.clone(), server: None }
    }
}

impl Subject for NodeSocketIo {
    fn label(&self) -> &'static str {
        "Node socket.io, bare"
    }

    fn abilities(&self) -> Abilities {
        Abilities { most_clients: 10_000, rooms: true, database: false }
    }

    fn start(&mut self, _: Need) -> anyhow::Result<()> {
        let command =
            command_for_javascript_peer(Path::new("node"), &self.peers, "node_socketio.js");
        self.server = Some(ServerProcess::spawn_and_wait_ready(command)?);
        Ok(())
    }

    fn server(&self) -> anyhow::Result<&ServerProcess> {
        self.server.as_ref().context(NOT_RUNNING)
    }

    fn plan_client(&self, _: usize) -> anyhow::Result<ClientPlan> {
        Ok(plan_client_without_token(self.server()?))
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
