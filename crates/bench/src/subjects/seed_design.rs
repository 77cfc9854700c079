//! Express, socket.io and pg in one process: the design the product was first described with.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{
    Abilities, NOT_RUNNING, Need, Places, Subject, command_for_javascript_peer,
    plan_client_with_token, request_for_real_comment, request_for_real_event,
};
use crate::{
    database::{BenchDatabase, user_id_of_number},
    fleet::{ClientPlan, Marker},
    poster::Request,
    process::ServerProcess,
    tokens::{SECRET, mint_token_of_user},
};

/// Its announcements of who came are clients squared: beyond this a run takes minutes.
const MOST_CLIENTS: usize = 1_000;

/// The seed's design, with its database.
pub struct SeedDesign {
    peers: PathBuf,
    admin_url: Option<String>,
    running: Option<(ServerProcess, BenchDatabase)>,
    users: usize,
    authorization: String,
}

impl SeedDesign {
    /// The peer in the directory of peers.
    pub fn new(places: &Places) -> Self {
        Self {
            peers: places.peers.clone(),
            admin_url: places.admin_url.clone(),
            running: None,
            users: 0,
            authorization: String::new(),
        }
    }
}

impl Subject for SeedDesign {
    fn label(&self) -> &'static str {
        "seed's design (Express, pg)"
    }

    fn abilities(&self) -> Abilities {
        Abilities { most_clients: MOST_CLIENTS, rooms: true, database: true }
    }

    fn start(&mut self, need: Need) -> anyhow::Result<()> {
        let admin_url = self.admin_url.as_ref().context("the seed's design needs a Postgres")?;
        let database = BenchDatabase::create_on_postgres_server(admin_url)?;
        let mut command =
            command_for_javascript_peer(Path::new("node"), &self.peers, "seed_design.js");
        command.env("DATABASE_URL", &database.url).env("JWT_SECRET", SECRET);
        let server = ServerProcess::spawn_and_wait_ready(command)?;
        database.insert_users_and_incidents(need.users.max(1), need.incidents)?;
        self.users = need.users.max(1);
        self.authorization = format!("Bearer {}", mint_token_of_user(user_id_of_number(0), 0)?);
        self.running = Some((server, database));
        Ok(())
    }

    fn server(&self) -> anyhow::Result<&ServerProcess> {
        self.running.as_ref().map(|(server, _)| server).context(NOT_RUNNING)
    }

    fn plan_client(&self, number: usize) -> anyhow::Result<ClientPlan> {
        let user = number % self.users;
        let token = mint_token_of_user(user_id_of_number(user), user)?;
        Ok(plan_client_with_token(self.server()?, &token))
    }

    fn event_request(&self, marker: Marker) -> Request {
        request_for_real_event(self.authorization.clone(), marker)
    }

    fn comment_request(&self, incident: usize, marker: Marker) -> Request {
        request_for_real_comment(self.authorization.clone(), incident, marker)
    }

    fn stop(&mut self) {
        self.running = None;
    }
}
