//! Writers: create, comment, update, resolve, delete, through whatever happens.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use rand::{RngExt as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    castle::Castle,
    checker::AcknowledgedWrite,
    history::read_clock_of_harness,
    people::Person,
    rest::{Answer, Rest},
};

/// Writers at work. Dropping them stops them at once.
#[derive(Debug)]
pub struct Writers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<WriterReport>>,
}

/// What writers saw.
#[derive(Debug, Clone, Default)]
pub struct WriterReport {
    /// Writes answered with success.
    pub succeeded: usize,
    /// Requests answered 503 or not at all, most of them tried again.
    pub failed: usize,
    /// Answers that should never be: 5xx other than 503, 4xx other than 404 and 409.
    pub wrong: Vec<String>,
}

struct Writer {
    name: String,
    rest: Rest,
    person: Person,
    mentions: Vec<String>,
    incidents: Vec<String>,
    own_incidents: Vec<String>,
    own_comments: Vec<(String, String)>,
    rng: StdRng,
    count: usize,
    acknowledged: Arc<Mutex<Vec<AcknowledgedWrite>>>,
    report: WriterReport,
    stop: watch::Receiver<bool>,
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Writers {
    /// Starts writers that write every `pace` or so, each as another Prefect or Auror.
    pub fn spawn_writers_for_castle(castle: &Castle, count: usize, pace: Duration) -> Self {
        let stop = watch::Sender::new(false);
        let spawn_one = |n: usize| {
            let writer = Writer {
                name: format!("writer {n} at {:?}", read_clock_of_harness()),
                rest: castle.rest.clone(),
                person: castle.people[n % 4].clone(),
                mentions: castle.people.iter().map(|person| person.handle.clone()).collect(),
                incidents: castle.incidents.clone(),
                own_incidents: Vec::new(),
                own_comments: Vec::new(),
                rng: castle.run.derive_chances_for_stream(1_000 + n as u64),
                count: 0,
                acknowledged: castle.writes.clone(),
                report: WriterReport::default(),
                stop: stop.subscribe(),
            };
            tokio::spawn(writer.write_until_told_stop(pace))
        };
        let tasks = (0..count).map(spawn_one).collect();
        Self { stop, tasks }
    }

    /// Lets each writer finish what it is at, and gives what they saw together.
    pub async fn stop_writers_and_collect(mut self) -> WriterReport {
        self.stop.send_replace(true);
        let mut all = WriterReport::default();
        for task in std::mem::take(&mut self.tasks) {
            if let Ok(report) = task.await {
                all.succeeded += report.succeeded;
                all.failed += report.failed;
                all.wrong.extend(report.wrong);
            }
        }
        all
    }
}

impl Writer {
    async fn write_until_told_stop(mut self, pace: Duration) -> WriterReport {
        while !*self.stop.borrow() {
            self.count += 1;
            match self.rng.random_range(0..100) {
                0..40 => self.create_incident_with_retries().await,
                40..70 => self.create_comment_with_retries().await,
                70..85 => self.update_incident_in_place().await,
                85..93 => self.resolve_newest_own_incident().await,
                _ => self.delete_newest_own_comment().await,
            }
            let jitter = self.rng.random_range(0.5..1.5);
            let _ = tokio::time::timeout(pace.mul_f64(jitter), self.stop.wait_for(|s| *s)).await;
        }
        self.report
    }

    async fn create_incident_with_retries(&mut self) {
        let severity = ["MISCHIEF", "MISCHIEF", "SERIOUS", "CRITICAL"][self.rng.random_range(0..4)];
        let body = json!({
            "title": format!("{} no {}", self.name, self.count),
            "description": format!("sent:{}", read_clock_of_harness().as_micros()),
            "severity": severity,
        });
        if let Some(answer) = self.post_until_answer_known("/api/incidents", &body).await {
            let id = answer.json["id"].as_str().unwrap_or_default().to_owned();
            self.note_write_as_acknowledged("incident:created", id.clone());
            self.own_incidents.push(id);
        }
    }

    async fn create_comment_with_retries(&mut self) {
        let incident = self.incidents[self.rng.random_range(0..self.incidents.len())].clone();
        let mut content = format!("{} says {}", self.name, self.count);
        if self.rng.random_bool(0.4) {
            let handle = &self.mentions[self.rng.random_range(0..self.mentions.len())];
            content.push_str(&format!(" @{handle}"));
        }
        let path = format!("/api/incidents/{incident}/comments");
        if let Some(answer) =
            self.post_until_answer_known(&path, &json!({ "content": content })).await
        {
            let id = answer.json["id"].as_str().unwrap_or_default().to_owned();
            self.note_write_as_acknowledged("comment:created", id.clone());
            self.own_comments.push((incident, id));
        }
    }

    /// The same key until the outcome is known.
    async fn post_until_answer_known(&mut self, path: &str, body: &Value) -> Option<Answer> {
        let key = format!("{}-{}", self.name, self.count);
        let deadline = read_clock_of_harness() + Duration::from_secs(60);
        loop {
            let token = &self.person.token;
            let sent = self.rest.send_request_with_token(
                Method::POST,
                path,
                token,
                Some(body),
                Some(&key),
            );
            match sent.await {
                Ok(answer) if answer.status == 201 => return Some(answer),
                Ok(answer) if answer.status != 503 => {
                    self.report.wrong.push(format!("POST {path}: {}", answer.text));
                    return None;
                }
                Ok(_) | Err(_) => self.report.failed += 1,
            }
            if read_clock_of_harness() > deadline {
                self.report.wrong.push(format!("POST {path}: no answer in a minute"));
                return None;
            }
            tokio::time::sleep(Duration::from_millis(self.rng.random_range(50..150))).await;
        }
    }

    async fn update_incident_in_place(&mut self) {
        let incident = self.incidents[self.rng.random_range(0..self.incidents.len())].clone();
        let body = json!({ "description": format!("{} changed {}", self.name, self.count) });
        let path = format!("/api/incidents/{incident}");
        if let Some(answer) = self.send_once_and_note(Method::PATCH, &path, Some(&body)).await {
            let key = format!("{incident}:{}", answer.json["version"]);
            self.note_write_as_acknowledged("incident:updated", key);
        }
    }

    async fn resolve_newest_own_incident(&mut self) {
        let Some(incident) = self.own_incidents.pop() else { return };
        let path = format!("/api/incidents/{incident}");
        if self.send_once_and_note(Method::DELETE, &path, None).await.is_some() {
            self.note_write_as_acknowledged("incident:resolved", incident);
        }
    }

    async fn delete_newest_own_comment(&mut self) {
        let Some((incident, comment)) = self.own_comments.pop() else { return };
        let path = format!("/api/incidents/{incident}/comments/{comment}");
        if self.send_once_and_note(Method::DELETE, &path, None).await.is_some() {
            self.note_write_as_acknowledged("comment:deleted", comment);
        }
    }

    async fn send_once_and_note(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Option<Answer> {
        let token = &self.person.token;
        match self.rest.send_request_with_token(method, path, token, body, None).await {
            Ok(answer) if answer.status < 300 => Some(answer),
            Ok(answer) if answer.status == 503 => {
                self.report.failed += 1;
                None
            }
            Ok(answer) => {
                self.report.wrong.push(format!("{path}: {} {}", answer.status, answer.text));
                None
            }
            Err(_) => {
                self.report.failed += 1;
                None
            }
        }
    }

    fn note_write_as_acknowledged(&mut self, event: &str, key: String) {
        self.report.succeeded += 1;
        let write = AcknowledgedWrite { event: event.to_owned(), key };
        self.acknowledged.lock().push(write);
    }
}

impl WriterReport {
    /// Fails when an answer came that should never be.
    pub fn expect_no_wrong_answers(&self) -> anyhow::Result<()> {
        match self.wrong.first() {
            None => Ok(()),
            Some(first) => anyhow::bail!("{} wrong answers, such as {first}", self.wrong.len()),
        }
    }
}
