//! What an attack is given: a server, its people, and the look at what became of them.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, ensure};
use owlpost_faults::{
    castle::{Castle, DEADLINE},
    lab::Run,
    people::Person,
    rest::Answer,
    wire::WireKind,
};
use parking_lot::Mutex;
use rand::{RngExt as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::intruder::Intruder;

/// Who is in charge.
pub const AUROR: usize = 0;
/// Who reports what bystanders hear.
pub const PREFECT: usize = 2;
/// Who attacks from within.
pub const STUDENT: usize = 4;
/// Whose things are attacked.
pub const VICTIM: usize = 5;
/// Who may be deactivated.
pub const EXPENDABLE: usize = 6;
const PEOPLE: usize = 8;
/// What one attack may leave behind in the memory of the server.
const MOST_GROWTH_BYTES: u64 = 96 << 20;

/// A server with people, and bystanders who are connected all the time.
pub struct Field {
    /// The server and its people.
    pub castle: Castle,
    chances: Mutex<StdRng>,
}

/// What the server was like before an attack.
#[derive(Debug)]
pub struct LookBefore {
    resident_bytes: u64,
    panics: usize,
}

impl Field {
    /// A server with these settings, and bystanders.
    pub async fn prepare_field_for_run(run: &Run, environment: &[(&str, &str)]) -> Result<Self> {
        let mut castle = Castle::build_castle_for_run(run, environment, PEOPLE).await?;
        let rooms = ["incidents".to_owned(), format!("incident:{}", castle.incidents[0])];
        // By SignalR, Socket.IO, polling, and STOMP.
        for (wire, person) in [
            (WireKind::WebSocket, 1),
            (WireKind::WebSocket, PREFECT),
            (WireKind::Polling, 3),
            (WireKind::WebSocket, 7),
            (WireKind::WebSocket, 7),
        ] {
            let plan = castle.plan_client_of_person(person, wire, &rooms);
            castle.add_client_with_plan(person, plan);
        }
        castle.wait_until_all_caught_up().await?;
        let chances = Mutex::new(run.derive_chances_for_stream(7));
        Ok(Self { castle, chances })
    }

    /// Another server, with settings of its own.
    pub async fn prepare_field_with_settings(&self, settings: &[(&str, &str)]) -> Result<Self> {
        Self::prepare_field_for_run(&self.castle.run, settings).await
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.castle.server.address
    }

    /// Somebody.
    pub fn find_person_by_index(&self, index: usize) -> &Person {
        &self.castle.people[index]
    }

    /// Their token.
    pub fn find_token_by_index(&self, index: usize) -> &str {
        &self.castle.people[index].token
    }

    /// A number below `bound`, by the seed.
    pub fn pick_random_number_below(&self, bound: usize) -> usize {
        self.chances.lock().random_range(0..bound)
    }

    /// Bytes by the seed.
    pub fn pick_random_byte_string(&self, count: usize) -> Vec<u8> {
        let mut chances = self.chances.lock();
        (0..count).map(|_| chances.random()).collect()
    }

    /// Enters as a person by Socket.IO.
    pub async fn enter_socket_as_person(&self, index: usize) -> Result<Intruder> {
        Intruder::enter_with_good_token(self.address(), self.find_token_by_index(index)).await
    }

    /// A request as a person.
    pub async fn send_request_as_person(
        &self,
        index: usize,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        self.castle
            .rest
            .send_request_with_token(method, path, self.find_token_by_index(index), body, None)
            .await
    }

    /// The same, and it must have one of these statuses.
    pub async fn expect_status_for_person(
        &self,
        index: usize,
        method: Method,
        path: &str,
        body: Option<&Value>,
        statuses: &[u16],
    ) -> Result<Answer> {
        let answer = self.send_request_as_person(index, method.clone(), path, body).await?;
        let (status, text) = (answer.status, &answer.text);
        ensure!(statuses.contains(&status), "{method} {path} was answered {status}: {text}");
        Ok(answer)
    }

    /// What the server has logged.
    pub fn read_log_of_server(&self) -> Result<String> {
        let bytes = std::fs::read(self.castle.database.log_path())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What the server is like.
    pub async fn look_at_server_before(&self) -> Result<LookBefore> {
        Ok(LookBefore {
            resident_bytes: self.castle.server.read_resident_memory_bytes()?,
            panics: self.count_panics_in_log()?,
        })
    }

    fn count_panics_in_log(&self) -> Result<usize> {
        Ok(self.read_log_of_server()?.matches("panicked at").count())
    }

    /// The process lives, its memory is what it was, nothing panicked, and every bystander hears what happens.
    pub async fn check_server_is_unharmed(&self, before: &LookBefore) -> Result<()> {
        ensure!(self.castle.server.pid().is_some(), "the server has ended");
        let title = format!("all is well {}", self.pick_random_number_below(usize::MAX));
        self.castle.create_incident_with_title(&title).await?;
        for client in &self.castle.clients {
            client
                .wait_for_history_condition("a bystander hears", DEADLINE, |history| {
                    history.all_events().any(|event| event.payload["incident"]["title"] == *title)
                })
                .await?;
        }
        let panics = self.count_panics_in_log()?;
        ensure!(panics == before.panics, "the server panicked");
        // What it has just let go of may take a moment.
        let most = before.resident_bytes + MOST_GROWTH_BYTES;
        let wait = async {
            while self.castle.server.read_resident_memory_bytes()? > most {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            anyhow::Ok(())
        };
        let settled = tokio::time::timeout(Duration::from_secs(15), wait).await;
        let resident = self.castle.server.read_resident_memory_bytes()?;
        ensure!(settled.is_ok(), "memory grew from {} to {resident} bytes", before.resident_bytes);
        settled?
    }

    /// Compares what every bystander heard with the log.
    pub async fn judge_what_bystanders_heard(&mut self) -> Result<String> {
        let (_, text) = self.castle.settle_and_judge_histories().await?;
        Ok(text)
    }

    /// Registers somebody who logs in with a password; the grant.
    pub async fn register_new_person_by_rest(&self, name: &str) -> Result<Value> {
        let body = json!({ "email": format!("{name}@hogwarts.edu"), "name": name,
                           "password": "wingardium-leviosa" });
        let answer = self.castle.rest.post_body_with_token("/api/auth/register", "", &body).await?;
        Ok(answer.expect_status_of_answer(201)?.json)
    }
}
