//! The product, as it is shipped: the binary with its defaults, but for the rate limits.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    Abilities, NOT_RUNNING, Need, Places, Subject, plan_client_of_hub, plan_client_of_stomp,
    plan_client_with_token, request_for_real_comment, request_for_real_event,
};
use crate::{
    database::{BenchDatabase, user_id_of_number},
    fleet::{ClientPlan, Dialect, Marker},
    poster::{Connection, Request},
    process::ServerProcess,
    tokens::{SECRET, mint_token_of_user},
};

/// Users registered on the embedded database: each costs a password hash, so clients share them.
const EMBEDDED_USERS: usize = 4;

/// The product's name in the tables.
pub const LABEL: &str = "Owl Post, whole";
/// That of the same with clients that speak SignalR.
pub const SIGNALR_LABEL: &str = "Owl Post by SignalR";
/// That of the same with clients that speak STOMP.
pub const STOMP_LABEL: &str = "Owl Post by STOMP";

/// That of the same on the database that it brings.
pub const EMBEDDED_LABEL: &str = "Owl Post, embedded database";

/// Owl Post, whole.
pub struct OwlPost {
    label: &'static str,
    dialect: Dialect,
    binary: PathBuf,
    admin_url: Option<String>,
    redis_url: Option<String>,
    running: Option<Running>,
}

/// Another node on the database of a running one. Dropping it ends it.
pub struct OtherNode {
    server: ServerProcess,
    // Removed after the process has ended.
    _data: TempDir,
}

impl OtherNode {
    /// Its process.
    pub const fn server(&self) -> &ServerProcess {
        &self.server
    }
}

struct Running {
    server: ServerProcess,
    database: Option<BenchDatabase>,
    users: Vec<Uuid>,
    authorization: String,
    // Removed after the process has ended.
    _data: TempDir,
}

impl OwlPost {
    /// The binary of `places`.
    pub fn new(places: &Places) -> Self {
        Self {
            label: LABEL,
            dialect: Dialect::SocketIo,
            binary: places.owlpost.clone(),
            admin_url: places.admin_url.clone(),
            redis_url: None,
            running: None,
        }
    }

    /// The same as a node of a cluster, whose nodes tell each other by this Redis; without, they read the log.
    pub fn as_node_of_cluster(places: &Places, redis_url: Option<String>) -> Self {
        Self { redis_url, ..Self::new(places) }
    }

    /// Starts another node on the same database.
    pub fn start_another_cluster_node(&self) -> anyhow::Result<OtherNode> {
        let data = tempfile::tempdir()?;
        let command = self.build_command_to_serve(&data, self.running()?.database.as_ref());
        Ok(OtherNode { server: ServerProcess::spawn_and_wait_ready(command)?, _data: data })
    }

    /// The same with clients that speak something else than Socket.IO.
    pub fn with_clients_of_dialect(places: &Places, dialect: Dialect) -> Self {
        let label = match dialect {
            Dialect::SocketIo => LABEL,
            Dialect::SignalR => SIGNALR_LABEL,
            Dialect::Stomp => STOMP_LABEL,
        };
        Self { label, dialect, ..Self::new(places) }
    }

    /// The same on the database that it brings.
    pub fn on_embedded_database(places: &Places) -> Self {
        Self { label: EMBEDDED_LABEL, admin_url: None, ..Self::new(places) }
    }

    /// Its database, when it is not the embedded one.
    pub fn database(&self) -> Option<&BenchDatabase> {
        self.running.as_ref()?.database.as_ref()
    }

    /// A request for what is at a path.
    pub fn build_request_for_path(&self, path: &str) -> anyhow::Result<Request> {
        let authorization = Some(self.running()?.authorization.clone());
        Ok(Request { path: path.to_owned(), authorization, body: None })
    }

    fn running(&self) -> anyhow::Result<&Running> {
        self.running.as_ref().context(NOT_RUNNING)
    }

    fn build_command_to_serve(&self, data: &TempDir, database: Option<&BenchDatabase>) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg("serve")
            .current_dir(data.path())
            .env("SOCKET_IO_PORT", "0")
            .env("JWT_SECRET", SECRET)
            .env("OWLPOST_DATA_DIR", data.path().join("data"))
            .env("MAX_SOCKETS_PER_USER", "1000000")
            .env("RATE_LIMIT_AUTH", "0")
            .env("RATE_LIMIT_REGISTER", "0")
            .env("RATE_LIMIT_HTTP", "0")
            .env("RATE_LIMIT_NOTIFY", "0")
            .env("RATE_LIMIT_EVENTS", "0")
            .env_remove("DATABASE_URL")
            .env_remove("REDIS_URL")
            .stderr(std::process::Stdio::null());
        if let Some(database) = database {
            command.env("DATABASE_URL", &database.url);
        }
        if let Some(redis_url) = &self.redis_url {
            command.env("REDIS_URL", redis_url);
        }
        command
    }
}

impl Subject for OwlPost {
    fn label(&self) -> &'static str {
        self.label
    }

    fn abilities(&self) -> Abilities {
        // What does not depend on the wire is measured once.
        let is_whole = self.dialect == Dialect::SocketIo;
        // Rooms are of incidents that are put into the database beforehand.
        let rooms = is_whole && self.admin_url.is_some();
        let most_clients = if self.label == EMBEDDED_LABEL { 1_000 } else { 10_000 };
        Abilities { most_clients, rooms, database: is_whole }
    }

    fn start(&mut self, need: Need) -> anyhow::Result<()> {
        let data = tempfile::tempdir()?;
        let database = match &self.admin_url {
            Some(url) => Some(BenchDatabase::create_on_postgres_server(url)?),
            None => None,
        };
        let command = self.build_command_to_serve(&data, database.as_ref());
        let server = ServerProcess::spawn_and_wait_ready(command)?;
        let users = match &database {
            Some(database) => {
                database.insert_users_and_incidents(need.users.max(1), need.incidents)?;
                database.wait_until_users_searchable()?;
                (0..need.users.max(1)).map(user_id_of_number).collect()
            }
            None => register_users_over_http(&server)?,
        };
        let authorization = format!("Bearer {}", mint_token_of_user(users[0], 0)?);
        self.running = Some(Running { server, database, users, authorization, _data: data });
        Ok(())
    }

    fn server(&self) -> anyhow::Result<&ServerProcess> {
        Ok(&self.running()?.server)
    }

    fn plan_client(&self, number: usize) -> anyhow::Result<ClientPlan> {
        let running = self.running()?;
        let user = number % running.users.len();
        let token = mint_token_of_user(running.users[user], user)?;
        Ok(match self.dialect {
            Dialect::SocketIo => plan_client_with_token(&running.server, &token),
            Dialect::SignalR => plan_client_of_hub(&running.server, &token),
            Dialect::Stomp => plan_client_of_stomp(&running.server, &token),
        })
    }

    fn event_request(&self, marker: Marker) -> Request {
        let authorization = self.running().map(|running| running.authorization.clone());
        request_for_real_event(authorization.unwrap_or_default(), marker)
    }

    fn comment_request(&self, incident: usize, marker: Marker) -> Request {
        let authorization = self.running().map(|running| running.authorization.clone());
        request_for_real_comment(authorization.unwrap_or_default(), incident, marker)
    }

    fn stop(&mut self) {
        self.running = None;
    }
}

fn register_users_over_http(server: &ServerProcess) -> anyhow::Result<Vec<Uuid>> {
    let mut connection = Connection::open_connection_to_server(server.address)?;
    (0..EMBEDDED_USERS)
        .map(|number| {
            let body = json!({
                "email": format!("pupil.{number}@hogwarts.edu"),
                "name": format!("Pupil Number {number}"),
                "password": "wingardium-leviosa",
            });
            let request = Request {
                path: "/api/auth/register".to_owned(),
                authorization: None,
                body: Some(body.to_string()),
            };
            let (status, answer) = connection.post_and_read_answer(server.address, &request)?;
            if status != 201 {
                bail!("registering was answered {status}");
            }
            let answer: Value = serde_json::from_slice(&answer)?;
            Ok(answer["user"]["id"].as_str().context("a user with an id")?.parse()?)
        })
        .collect()
}
