//! The library Owl Post stands on, with its defaults and nothing around it.

use std::process::Command;

use anyhow::Context;

use super::{
    Abilities, NOT_RUNNING, Need, Subject, find_binary_beside_ours, plan_client_without_token,
    request_for_bare_comment, request_for_bare_event,
};
use crate::{
    fleet::{ClientPlan, Marker},
    poster::Request,
    process::ServerProcess,
};

/// Bare socketioxide.
#[derive(Default)]
pub struct BareSocketioxide {
    server: Option<ServerProcess>,
}

impl Subject for BareSocketioxide {
    fn label(&self) -> &'static str {
        "socketioxide, bare"
    }

    fn abilities(&self) -> Abilities {
        Abilities { most_clients: 10_000, rooms: true, database: false }
    }

    fn start(&mut self, _: Need) -> anyhow::Result<()> {
        let command = Command::new(find_binary_beside_ours("owlpost-bench-socketioxide")?);
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
