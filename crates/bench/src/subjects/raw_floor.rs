//! The floor: what any server must pay to write one frame to every socket.

use std::process::Command;

use anyhow::Context;

use super::{
    Abilities, NOT_RUNNING, Need, Subject, find_binary_beside_ours, request_for_bare_comment,
    request_for_bare_event,
};
use crate::{
    fleet::{ClientPlan, Marker},
    poster::Request,
    process::ServerProcess,
};

/// A raw tokio server that coalesces.
#[derive(Default)]
pub struct RawFloor {
    server: Option<ServerProcess>,
}

impl Subject for RawFloor {
    fn label(&self) -> &'static str {
        "raw floor"
    }

    fn abilities(&self) -> Abilities {
        Abilities { most_clients: 10_000, rooms: false, database: false }
    }

    fn start(&mut self, _: Need) -> anyhow::Result<()> {
        let command = Command::new(find_binary_beside_ours("owlpost-bench-floor")?);
        self.server = Some(ServerProcess::spawn_and_wait_ready(command)?);
        Ok(())
    }

    fn server(&self) -> anyhow::Result<&ServerProcess> {
        self.server.as_ref().context(NOT_RUNNING)
    }

    fn plan_client(&self, _: usize) -> anyhow::Result<ClientPlan> {
        Ok(ClientPlan {
            server: self.server()?.address,
            path: "/".to_owned(),
            connect_packet: None,
            awaits_acknowledgement: false,
            first_event: None,
        })
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
