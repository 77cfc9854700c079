//! The judgement over a castle: the log against what its clients saw, presence against the truth.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use anyhow::{Result, bail};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{
    castle::{Castle, DEADLINE},
    checker::{
        LogEntry, StoredNotification, Verdict, Violation, check_histories_against_log,
        check_notifications_against_log, check_presence_against_truth, check_writes_against_log,
    },
    client::Client,
    database::DatabaseKind,
    history::read_clock_of_harness,
    people::Person,
};

impl Castle {
    /// Writes one last event for everyone and waits until every client has it. Whatever a client has not got by
    /// then it will never get: delivery is in order.
    pub async fn settle_with_last_event(&self) -> Result<i64> {
        self.settle_first_clients_with_event(self.clients.len()).await
    }

    /// The same for the first `count` clients.
    pub async fn settle_first_clients_with_event(&self, count: usize) -> Result<i64> {
        let title = format!("the last event at {:?}", read_clock_of_harness());
        self.create_incident_with_title(&title).await?;
        let position = Mutex::new(0);
        for client in &self.clients[..count] {
            client
                .wait_for_history_condition("the last event", DEADLINE, |history| {
                    // Writers may go on meanwhile: it need not be the newest.
                    let newest = history.segments.last().map(|segment| &segment.events);
                    let found = newest.and_then(|events| {
                        let mut events = events.iter().rev();
                        events.find(|event| event.payload["incident"]["title"] == *title)
                    });
                    found.is_some_and(|event| {
                        *position.lock() = event.position;
                        true
                    })
                })
                .await?;
        }
        Ok(position.into_inner())
    }

    /// Settles, reads the log and judges: deliveries, writes, notifications. Fails with what is wrong; gives the
    /// verdict and a sentence about it.
    pub async fn settle_and_judge_histories(&self) -> Result<(Verdict, String)> {
        let through = self.settle_with_last_event().await?;
        let log = self.read_log_of_castle().await?;
        let histories: Vec<_> = self.clients.iter().map(Client::history).collect();
        let mut verdict = check_histories_against_log(&log, &histories, through);
        let stored = self.read_stored_notifications_of_castle().await?;
        let handles: HashMap<String, String> =
            self.people.iter().map(|p| (p.handle.clone(), p.id.clone())).collect();
        verdict.violations.extend(check_notifications_against_log(&log, &stored, &handles));
        verdict.violations.extend(check_writes_against_log(&log, &self.writes.lock()));
        fail_run_with_violations(&verdict.violations)?;
        let (mut recovered, mut anew) = (0, 0);
        for history in &histories {
            let (recoveries, refusals) = history.count_recoveries_and_refusals();
            (recovered, anew) = (recovered + recoveries, anew + refusals);
        }
        let text = format!(
            "{} clients, {} events in the log: {} of {} owed deliveries made ({:.2} %), in order, none twice; \
             {} notifications stored once; stock clients recovered {recovered} times, began anew {anew} times",
            histories.len(),
            log.len(),
            verdict.delivered,
            verdict.owed,
            verdict.delivered_percent(),
            stored.len(),
        );
        Ok((verdict, text))
    }

    /// Waits until presence is the truth for REST and for every connected client; gives how long it took.
    pub async fn wait_for_presence_truth(
        &self,
        online: &[usize],
        within: Duration,
    ) -> Result<Duration> {
        let truth: BTreeSet<String> =
            online.iter().map(|person| self.people[*person].id.clone()).collect();
        let begun = std::time::Instant::now();
        loop {
            let token = &self.people[0].token;
            let answer = self.rest.get_path_with_token("/api/presence/online", token).await;
            let violations = match answer {
                Ok(answer) => {
                    let users = answer.json["users"].as_array().cloned().unwrap_or_default();
                    let ids = users.iter().filter_map(|user| user["id"].as_str());
                    let seen = ids.map(str::to_owned).collect();
                    let mut all = check_presence_against_truth("REST", &truth, &seen);
                    all.extend(self.check_counts_of_clients(truth.len()));
                    all
                }
                Err(_) => Vec::new(),
            };
            if violations.is_empty() {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > within {
                fail_run_with_violations(&violations)?;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn check_counts_of_clients(&self, total: usize) -> Vec<Violation> {
        let reading = self.clients.iter().filter(|client| client.is_wanted_connected());
        let wrong = reading.filter_map(|client| {
            client.read_history_with_closure(|history| {
                let connected = history.is_caught_up();
                let counts = history.find_signals_by_name("presence:counts").last();
                let shown = counts.and_then(|counts| counts.payload["total"].as_u64());
                let problem = format!("presence:counts says {shown:?}, not {total}");
                (connected && shown != Some(total as u64)).then(|| {
                    let observer = history.client.clone();
                    Violation::PresenceWrong { observer, problem }
                })
            })
        });
        wrong.collect()
    }

    /// The whole log: from Postgres itself, or put together from what each person may read.
    pub async fn read_log_of_castle(&self) -> Result<Vec<LogEntry>> {
        if self.database.kind() == DatabaseKind::Postgres {
            return self.database.read_log_from_postgres().await;
        }
        let mut log = BTreeMap::new();
        for person in &self.people {
            for room in &self.incidents {
                self.read_events_of_person_into(person, room, &mut log).await?;
            }
        }
        Ok(log.into_values().collect())
    }

    async fn read_events_of_person_into(
        &self,
        person: &Person,
        incident: &str,
        log: &mut BTreeMap<i64, LogEntry>,
    ) -> Result<()> {
        let mut after = "0".to_owned();
        loop {
            let path = format!("/api/events?after={after}&limit=100&room=incident:{incident}");
            let page = self.rest.get_path_with_token(&path, &person.token).await?;
            let page = page.expect_status_of_answer(200)?.json;
            let events = page["events"].as_array().cloned().unwrap_or_default();
            for event in &events {
                let position: i64 = event["eventId"].as_str().unwrap_or_default().parse()?;
                let mut payload = event["payload"].clone();
                payload.as_object_mut().map(|fields| fields.remove("eventId"));
                let name = event["event"].as_str().unwrap_or_default().to_owned();
                let audience = derive_audience_from_contract(&name, &payload, person);
                log.insert(position, LogEntry { position, name, audience, payload });
            }
            if events.len() < 100 {
                return Ok(());
            }
            after = page["lastEventId"].as_str().unwrap_or_default().to_owned();
        }
    }

    async fn read_stored_notifications_of_castle(&self) -> Result<Vec<StoredNotification>> {
        if self.database.kind() == DatabaseKind::Postgres {
            return self.database.read_notifications_from_postgres().await;
        }
        let mut stored = Vec::new();
        for person in &self.people {
            let mut path = "/api/notifications?limit=100".to_owned();
            loop {
                let page = self.rest.get_path_with_token(&path, &person.token).await?;
                let page = page.expect_status_of_answer(200)?.json;
                for n in page["notifications"].as_array().into_iter().flatten() {
                    stored.push(read_notification_from_answer(n, person));
                }
                let Some(before) = page["nextBefore"].as_str() else { break };
                path = format!("/api/notifications?limit=100&before={before}");
            }
        }
        Ok(stored)
    }
}

/// Fails with the first few violations and the number of all.
pub fn fail_run_with_violations(violations: &[Violation]) -> Result<()> {
    if violations.is_empty() {
        return Ok(());
    }
    let first: Vec<String> = violations.iter().take(6).map(ToString::to_string).collect();
    bail!("{} violations: {}", violations.len(), first.join("; "))
}

/// Who is entitled to an event by the contract's table; what only one person could read is theirs.
fn derive_audience_from_contract(name: &str, payload: &Value, reader: &Person) -> Vec<String> {
    let room = format!("incident:{}", payload["incidentId"].as_str().unwrap_or_default());
    match name {
        "incident:created" | "incident:resolved" => vec!["everyone".to_owned()],
        "incident:updated" => vec![room, "incidents".to_owned()],
        "comment:created" | "comment:deleted" => vec![room],
        "escalation:critical" => vec!["role:AUROR".to_owned()],
        _ => vec![format!("user:{}", reader.id)],
    }
}

fn read_notification_from_answer(n: &Value, person: &Person) -> StoredNotification {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (id, kind, link) = (text(&n["id"]), text(&n["type"]), text(&n["link"]));
    let cause = match link.split_once("#comment-") {
        Some((_, comment)) => format!("comment:{comment}"),
        // REST does not tell the cause of the others.
        None => id.clone(),
    };
    StoredNotification { id, user_id: person.id.clone(), kind, cause }
}
