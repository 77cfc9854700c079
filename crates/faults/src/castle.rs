//! One server with its people and clients.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use parking_lot::Mutex;
use rand::RngExt as _;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    checker::AcknowledgedWrite,
    client::{Client, ClientPlan, Wanted},
    database::{DatabaseKind, RunDatabase},
    lab::Run,
    people::{
        Person, build_arguments_of_first_auror, mint_token_for_person, settle_people_in_castle,
    },
    rest::Rest,
    server_process::ServerProcess,
    wire::WireKind,
};

/// For whatever must happen in the end on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// One server with its people and clients.
pub struct Castle {
    /// Clients first: they are cut before the server goes.
    pub clients: Vec<Client>,
    /// Whose each client is.
    pub owners: Vec<usize>,
    /// The people; the first two are Aurors, the next two Prefects.
    pub people: Vec<Person>,
    /// Incidents that stay open for the whole run.
    pub incidents: Vec<String>,
    /// Writes that were answered with success.
    pub writes: Arc<Mutex<Vec<AcknowledgedWrite>>>,
    /// REST on whatever server is the newest.
    pub rest: Rest,
    /// The server.
    pub server: ServerProcess,
    /// The run.
    pub run: Run,
    /// Address of the newest server.
    pub address: watch::Sender<SocketAddr>,
    environment: Vec<(String, String)>,
    /// Its database. Last: it is dropped when nobody uses it any more.
    pub database: RunDatabase,
}

impl Castle {
    /// A server with `people` people and two open incidents.
    pub async fn build_castle_for_run(
        run: &Run,
        environment: &[(&str, &str)],
        people: usize,
    ) -> Result<Self> {
        let database = run.create_database_for_run().await?;
        Self::build_castle_on_database(run, environment, people, database).await
    }

    /// The same on a database that is there already, perhaps behind a proxy.
    pub async fn build_castle_on_database(
        run: &Run,
        environment: &[(&str, &str)],
        people: usize,
        database: RunDatabase,
    ) -> Result<Self> {
        let environment: Vec<(String, String)> =
            environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        if database.kind() == DatabaseKind::Embedded {
            add_first_auror_before_start(run, &database).await?;
        }
        let server = start_server_on_database(run, &database, &environment).await?;
        let address = watch::Sender::new(server.address);
        let http = reqwest::Client::builder().pool_max_idle_per_host(8).build()?;
        let rest = Rest::new(http, address.subscribe());
        let people = settle_people_in_castle(&database, &rest, people).await?;
        let mut castle = Self {
            clients: Vec::new(),
            owners: Vec::new(),
            people,
            incidents: Vec::new(),
            writes: Arc::default(),
            rest,
            server,
            run: run.clone(),
            address,
            environment,
            database,
        };
        for n in 0..2 {
            let id = castle.create_incident_with_title(&format!("open all day {n}")).await?;
            castle.incidents.push(id);
        }
        Ok(castle)
    }

    /// Starts the server again after it ended; clients find it.
    pub async fn restart_server_after_end(&mut self) -> Result<()> {
        self.server =
            start_server_on_database(&self.run, &self.database, &self.environment).await?;
        self.address.send_replace(self.server.address);
        Ok(())
    }

    /// A second server on the same database.
    pub async fn start_second_node_beside(&self) -> Result<ServerProcess> {
        start_server_on_database(&self.run, &self.database, &self.environment).await
    }

    /// Sets an environment variable of the next start.
    pub fn set_variable_for_restart(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A token of a person, valid from `issued` to `expires` seconds from now.
    pub fn mint_token_for_owner(&self, person: usize, issued: i64, expires: i64) -> String {
        mint_token_for_person(&self.people[person], issued, expires)
    }

    /// What a client of a person would be.
    pub fn plan_client_of_person(
        &self,
        person: usize,
        wire: WireKind,
        rooms: &[String],
    ) -> ClientPlan {
        let owner = &self.people[person];
        let n = self.clients.len();
        // Of those with code of their own, a third each speak SignalR and STOMP.
        let wire = match (wire, n % 6) {
            (WireKind::WebSocket, 0) => WireKind::Hub,
            (WireKind::WebSocket, 4) => WireKind::Stomp,
            (wire, _) => wire,
        };
        ClientPlan {
            name: format!("client {n} ({}, {wire:?})", owner.handle),
            token: owner.token.clone(),
            topics: vec![
                "everyone".to_owned(),
                format!("user:{}", owner.id),
                format!("role:{}", owner.role),
            ],
            rooms: rooms.to_vec(),
            wire,
            receive_buffer_bytes: None,
            // One half of them has code of its own for it, the other has none.
            recovers: n % 2 == 1,
            forgets_events: 0,
            resume_after: None,
            seed: self.run.seed.wrapping_add(n as u64),
        }
    }

    /// Adds a client; gives its index.
    pub fn add_client_with_plan(&mut self, person: usize, plan: ClientPlan) -> usize {
        self.add_client_at_address(person, plan, self.address.subscribe())
    }

    /// Adds a client of another node; gives its index.
    pub fn add_client_at_address(
        &mut self,
        person: usize,
        plan: ClientPlan,
        address: watch::Receiver<SocketAddr>,
    ) -> usize {
        let client = Client::spawn_client_with_plan(plan, address, self.rest.http.clone());
        self.clients.push(client);
        self.owners.push(person);
        self.clients.len() - 1
    }

    /// Adds clients of everybody in turn, a third of them polling, in different rooms; waits until all are there.
    pub async fn add_crowd_of_clients(&mut self, count: usize) -> Result<()> {
        let mut rng = self.run.derive_chances_for_stream(1);
        for n in 0..count {
            let wire = if n % 3 == 2 { WireKind::Polling } else { WireKind::WebSocket };
            let mut rooms = Vec::new();
            if rng.random_bool(0.5) {
                rooms.push("incidents".to_owned());
            }
            if rng.random_bool(0.5) {
                let incident = &self.incidents[rng.random_range(0..self.incidents.len())];
                rooms.push(format!("incident:{incident}"));
            }
            let person = n % self.people.len();
            let plan = self.plan_client_of_person(person, wire, &rooms);
            self.add_client_with_plan(person, plan);
        }
        self.wait_until_all_caught_up().await
    }

    /// Waits until every client is connected and its replay over.
    pub async fn wait_until_all_caught_up(&self) -> Result<()> {
        for client in &self.clients {
            client.wait_until_caught_up(DEADLINE).await?;
        }
        Ok(())
    }

    /// Tells every client what to be.
    pub fn set_wanted_state_of_all(&self, wanted: Wanted) {
        self.clients.iter().for_each(|client| client.set_wanted_connection_state(wanted));
    }

    /// Reports an incident as the first Prefect; gives its id.
    pub async fn create_incident_with_title(&self, title: &str) -> Result<String> {
        let body = json!({ "title": title });
        let token = &self.people[2].token;
        let answer = self.rest.post_body_with_token("/api/incidents", token, &body).await?;
        let answer = answer.expect_status_of_answer(201)?;
        Ok(answer.json["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Comments on an incident; gives the comment's id.
    pub async fn create_comment_as_person(
        &self,
        person: usize,
        incident: &str,
        content: &str,
    ) -> Result<String> {
        let path = format!("/api/incidents/{incident}/comments");
        let body = json!({ "content": content });
        let token = &self.people[person].token;
        let answer = self.rest.post_body_with_token(&path, token, &body).await?;
        let answer = answer.expect_status_of_answer(201)?;
        Ok(answer.json["id"].as_str().unwrap_or_default().to_owned())
    }
}

async fn add_first_auror_before_start(run: &Run, database: &RunDatabase) -> Result<()> {
    let mut command = database.build_command_of_server(&run.lab.binary)?;
    let output = command.args(build_arguments_of_first_auror()).output().await?;
    if !output.status.success() {
        bail!("user add: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

async fn start_server_on_database(
    run: &Run,
    database: &RunDatabase,
    environment: &[(String, String)],
) -> Result<ServerProcess> {
    let mut command = database.build_command_of_server(&run.lab.binary)?;
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    ServerProcess::start_server_until_ready(command, &database.log_path()).await
}
